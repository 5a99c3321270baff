//! Rows of one account's message log that live sessions have and have not acknowledged.

use std::collections::HashMap;

use parking_lot::Mutex;
use protocol::Jid;
use smallvec::SmallVec;
use storage::LogId;
use tokio::sync::Notify;

/// Who waits to hear of a row: nodes, and by which session's generation they know it; 0 where they sent it to whatever
/// sessions are here.
pub(crate) type Origins = SmallVec<[(u64, u64); 1]>;

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
    /// Sessions that took it along to other nodes, by their generations there.
    handed: Vec<(Jid, u64, u64)>,
    /// The nodes that sent it here, and wait to hear of it.
    origins: Origins,
    /// Claimed, and other nodes are being asked.
    is_asked: bool,
}

impl Flight {
    fn is_over(&self) -> bool {
        self.here == 0 && self.away() == 0
    }

    fn away(&self) -> usize {
        self.there.len() + self.handed.len()
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
        if !flight.origins.contains(&(origin, 0)) {
            flight.origins.push((origin, 0));
        }
    }

    /// A session that has the row goes to another node, where it has this generation, and takes it along. The row stays in
    /// flight here, too, until that node says what became of it.
    pub(crate) fn hand_on(&self, row: LogId, session: &Jid, node: u64, generation: u64) {
        let mut rows = self.rows.lock();
        let flight = rows.entry(row).or_default();
        flight.here = flight.here.saturating_sub(1);
        flight.handed.push((session.clone(), node, generation));
    }

    /// A session that has come here from that node, and has this generation here, has taken the row along. True where it has
    /// been here before with the same row: nothing is to be heard of then from where it came.
    pub(crate) fn arrive_handed(&self, row: LogId, session: &Jid, node: u64, generation: u64) -> bool {
        let mut rows = self.rows.lock();
        let flight = rows.entry(row).or_default();
        flight.here += 1;
        let before = flight.handed.len();
        flight.handed.retain(|(handed, _, _)| handed != session);
        let is_back = flight.handed.len() < before;
        if !is_back {
            flight.origins.push((node, generation));
        }
        is_back
    }

    /// One session here less has it. Who waits to hear of it, where that was the last.
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

    /// That node does not have it any more, as far as it was sent there (generation 0), or was taken along by the session of
    /// this generation; `Some` where nobody has it now, with who waits to hear of it.
    pub(crate) fn land_there(&self, row: LogId, node: u64, generation: u64) -> Option<Origins> {
        let mut rows = self.rows.lock();
        let flight = rows.get_mut(&row)?;
        let before = flight.away();
        match generation {
            0 => flight.there.retain(|there| *there != node),
            _ => flight
                .handed
                .retain(|(_, to, handed)| (*to, *handed) != (node, generation)),
        }
        if flight.away() == before || !flight.is_over() {
            return None;
        }
        let origins = rows.remove(&row).map(|flight| flight.origins);
        drop(rows);
        self.landed.notify_waiters();
        origins
    }

    /// Nodes that `is_gone` names have nothing any more. The rows that were freed by that, with who waits to
    /// hear of them.
    pub(crate) fn forget(&self, is_gone: impl Fn(u64) -> bool) -> Vec<(LogId, Origins)> {
        let mut freed = Vec::new();
        self.rows.lock().retain(|row, flight| {
            let had = flight.away();
            flight.there.retain(|node| !is_gone(*node));
            flight.handed.retain(|(_, node, _)| !is_gone(*node));
            flight.origins.retain(|(node, _)| !is_gone(*node));
            let stays = flight.away() == had || !flight.is_over();
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
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn juliet() -> Jid {
        "juliet@localhost/balcony".parse().unwrap()
    }

    #[test]
    fn a_row_that_was_taken_along_is_heard_of_where_it_came_from() {
        let (flights, row) = (InFlight::default(), LogId::from_raw(7));
        flights.arrive(row, 3);
        flights.hand_on(row, &juliet(), 2, 5);
        assert!(flights.has(row, true), "nobody else may send it");
        assert_eq!(flights.land_there(row, 2, 4), None, "that was another session");
        assert_eq!(flights.land_there(row, 2, 5).as_deref(), Some(&[(3, 0)][..]));
        assert!(!flights.has(row, true));

        flights.arrive(row, 3);
        flights.hand_on(row, &juliet(), 2, 5);
        let freed = flights.forget(|node| node == 2);
        assert_eq!((freed[0].0, freed[0].1.as_slice()), (row, &[(3, 0)][..]));
    }

    #[test]
    fn a_row_that_goes_round_ends_where_it_was() {
        let (one, two, row) = (InFlight::default(), InFlight::default(), LogId::from_raw(7));
        one.arrive(row, 3);
        one.hand_on(row, &juliet(), 2, 5);
        assert!(!two.arrive_handed(row, &juliet(), 1, 5));
        two.hand_on(row, &juliet(), 1, 9);
        assert!(one.arrive_handed(row, &juliet(), 2, 9), "so the second hears at once");
        assert_eq!(two.land_there(row, 1, 9).as_deref(), Some(&[(1, 5)][..]));
        // It leaves once more before that is heard of.
        one.hand_on(row, &juliet(), 2, 6);
        assert_eq!(one.land_there(row, 2, 5), None);
        assert!(one.has(row, true));
        assert_eq!(one.land_there(row, 2, 6).as_deref(), Some(&[(3, 0)][..]));
    }

    #[test]
    fn a_row_that_came_from_two_nodes_is_heard_of_at_both() {
        let (flights, row) = (InFlight::default(), LogId::from_raw(7));
        for origin in [3, 1, 3] {
            flights.arrive(row, origin);
        }
        assert!(flights.land(row).is_empty() && flights.land(row).is_empty());
        assert_eq!(flights.land(row).as_slice(), [(3, 0), (1, 0)]);
    }
}
