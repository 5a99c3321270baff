//! Rows of one account's message log that live sessions have and have not acknowledged.

use std::collections::HashMap;

use parking_lot::Mutex;
use smallvec::SmallVec;
use storage::LogId;
use tokio::sync::Notify;

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
    /// The node that sent it here, and waits to hear of it.
    origin: Option<u64>,
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
        flight.origin = Some(origin);
    }

    /// One session here less has it. Some node where that was the last of a row that came from there.
    pub(crate) fn land(&self, row: LogId) -> Option<u64> {
        let mut rows = self.rows.lock();
        let flight = rows.get_mut(&row)?;
        flight.here = flight.here.saturating_sub(1);
        let is_over = flight.is_over();
        let origin = is_over
            .then(|| rows.remove(&row))
            .flatten()
            .and_then(|flight| flight.origin);
        drop(rows);
        if is_over {
            self.landed.notify_waiters();
        }
        origin
    }

    /// That node does not have it any more; true where nobody has it now.
    pub(crate) fn land_there(&self, row: LogId, node: u64) -> bool {
        let mut rows = self.rows.lock();
        let Some(flight) = rows.get_mut(&row) else { return false };
        let before = flight.there.len();
        flight.there.retain(|there| *there != node);
        let is_over = flight.there.len() < before && flight.is_over();
        if is_over {
            rows.remove(&row);
            drop(rows);
            self.landed.notify_waiters();
        }
        is_over
    }

    /// Nodes that `is_gone` names have nothing any more. Says whether rows were freed by that.
    pub(crate) fn forget(&self, is_gone: impl Fn(u64) -> bool) -> bool {
        let mut rows = self.rows.lock();
        let before = rows.len();
        rows.retain(|_, flight| {
            let had = flight.there.len();
            flight.there.retain(|node| !is_gone(*node));
            flight.origin = flight.origin.filter(|node| !is_gone(*node));
            flight.there.len() == had || !flight.is_over()
        });
        let is_freed = rows.len() < before;
        drop(rows);
        self.landed.notify_waiters();
        is_freed
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
