//! Rows of one account's message log that live sessions have and have not acknowledged.

use std::collections::HashMap;

use parking_lot::Mutex;
use smallvec::SmallVec;
use storage::LogId;
use tokio::sync::Notify;

/// Nodes that wait to hear of a row.
pub(crate) type Origins = SmallVec<[u64; 1]>;

/// What is in flight.
#[derive(Debug, Default)]
pub(crate) struct InFlight {
    rows: Mutex<HashMap<LogId, Flight>>,
    landed: Notify,
}

/// Who has one row.
#[derive(Debug, Default)]
struct Flight {
    /// Sessions of this node.
    here: usize,
    /// Other nodes that it was sent to.
    there: SmallVec<[u64; 1]>,
    /// The nodes that sent it here, and wait to hear of it.
    origins: Origins,
    /// Claimed, and other nodes are being asked.
    is_asked: bool,
}

impl Flight {
    fn is_over(&self) -> bool {
        self.here == 0 && self.there.is_empty()
    }
}

impl InFlight {
    /// So many sessions here, and sessions on these nodes, have the row.
    pub(crate) fn start(&self, row: LogId, here: usize, there: SmallVec<[u64; 1]>) {
        let flight = Flight {
            here,
            there,
            ..Flight::default()
        };
        self.rows.lock().insert(row, flight);
    }

    /// One more session here has the row, which came from another node.
    pub(crate) fn arrive(&self, row: LogId, origin: u64) {
        let mut rows = self.rows.lock();
        let flight = rows.entry(row).or_default();
        flight.here += 1;
        if !flight.origins.contains(&origin) {
            flight.origins.push(origin);
        }
    }

    /// A session that has the row goes to that node, and takes it along. Whoever sent it here still hears of it from here.
    pub(crate) fn pass_on(&self, row: LogId, node: u64) {
        let mut rows = self.rows.lock();
        let flight = rows.entry(row).or_default();
        flight.here = flight.here.saturating_sub(1);
        if !flight.there.contains(&node) {
            flight.there.push(node);
        }
    }

    /// One session here less has it. Nodes where that was the last of a row that came from there.
    pub(crate) fn land(&self, row: LogId) -> Origins {
        let mut rows = self.rows.lock();
        let Some(flight) = rows.get_mut(&row) else {
            return Origins::new();
        };
        flight.here = flight.here.saturating_sub(1);
        if !flight.is_over() {
            return Origins::new();
        }
        let origins = rows.remove(&row).map(|flight| flight.origins);
        drop(rows);
        self.landed.notify_waiters();
        origins.unwrap_or_default()
    }

    /// That node does not have it any more; `Some` where nobody has it now, with the nodes that it came from.
    pub(crate) fn land_there(&self, row: LogId, node: u64) -> Option<Origins> {
        let mut rows = self.rows.lock();
        let flight = rows.get_mut(&row)?;
        let before = flight.there.len();
        flight.there.retain(|there| *there != node);
        if flight.there.len() == before || !flight.is_over() {
            return None;
        }
        let origins = rows.remove(&row).map(|flight| flight.origins);
        drop(rows);
        self.landed.notify_waiters();
        origins
    }

    /// Nodes that `is_gone` names have nothing any more. The rows that were freed by that, with the nodes that they came
    /// from.
    pub(crate) fn forget(&self, is_gone: impl Fn(u64) -> bool) -> Vec<(LogId, Origins)> {
        let mut freed = Vec::new();
        self.rows.lock().retain(|row, flight| {
            let had = flight.there.len();
            flight.there.retain(|node| !is_gone(*node));
            flight.origins.retain(|node| !is_gone(*node));
            let stays = flight.there.len() == had || !flight.is_over();
            if !stays {
                freed.push((*row, std::mem::take(&mut flight.origins)));
            }
            stays
        });
        self.landed.notify_waiters();
        freed
    }

    /// Waits until no session has the row.
    pub(crate) async fn landed(&self, row: LogId) {
        loop {
            let told = self.landed.notified();
            tokio::pin!(told);
            told.as_mut().enable();
            if !self.rows.lock().contains_key(&row) {
                return;
            }
            told.await;
        }
    }

    /// Takes a free row; false where somebody has it.
    pub(crate) fn claim(&self, row: LogId) -> bool {
        let mut rows = self.rows.lock();
        let is_free = !rows.contains_key(&row);
        if is_free {
            let flight = Flight {
                here: 1,
                is_asked: true,
                ..Flight::default()
            };
            rows.insert(row, flight);
        }
        is_free
    }

    /// Other nodes agree: the row is not yielded any more. False where it was.
    pub(crate) fn settle_claim(&self, row: LogId) -> bool {
        match self.rows.lock().get_mut(&row) {
            Some(flight) => std::mem::take(&mut flight.is_asked),
            None => false,
        }
    }

    /// Frees a row that was claimed and is another's.
    pub(crate) fn give_up(&self, row: LogId) {
        let mut rows = self.rows.lock();
        if rows.get(&row).is_some_and(|flight| flight.is_asked) {
            rows.remove(&row);
        }
        drop(rows);
        self.landed.notify_waiters();
    }

    /// Whether somebody has the row, when another node wants it; a claim that is just being asked for is yielded to one
    /// that goes first.
    pub(crate) fn has(&self, row: LogId, is_yielding: bool) -> bool {
        let mut rows = self.rows.lock();
        match rows.get(&row) {
            Some(flight) if flight.is_asked && is_yielding => {
                rows.remove(&row);
                false
            }
            Some(_) => true,
            None => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_was_passed_on_is_heard_of_where_it_came_from() {
        let (flights, row) = (InFlight::default(), LogId::from_raw(7));
        flights.arrive(row, 3);
        flights.pass_on(row, 2);
        assert!(flights.has(row, true), "nobody else may send it");
        assert_eq!(flights.land_there(row, 2).as_deref(), Some(&[3][..]));
        assert!(!flights.has(row, true));

        flights.arrive(row, 3);
        flights.pass_on(row, 2);
        let freed = flights.forget(|node| node == 2);
        assert_eq!(freed.len(), 1);
        assert_eq!((freed[0].0, freed[0].1.as_slice()), (row, &[3][..]));
    }

    #[test]
    fn a_row_that_came_from_two_nodes_is_heard_of_at_both() {
        let (flights, row) = (InFlight::default(), LogId::from_raw(7));
        for origin in [3, 1, 3] {
            flights.arrive(row, origin);
        }
        assert!(flights.land(row).is_empty() && flights.land(row).is_empty());
        assert_eq!(flights.land(row).as_slice(), [3, 1]);
    }
}
