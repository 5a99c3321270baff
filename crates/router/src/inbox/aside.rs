//! What does not go into the queue of an inbox yet.

use std::collections::VecDeque;

use protocol::Stanza;
use storage::LogId;

use super::Delivery;

/// Rows of the log that one session may be behind: a number each, where a stanza would be hundreds of bytes. It is closed
/// when there are more.
pub(crate) const ROWS_MAX: usize = 100_000;

/// Something that waits for a session.
#[derive(Debug)]
pub enum Waiting {
    /// As it is.
    Whole(Delivery),
    /// To be read from the account's message log, of which the session has this row.
    Row(LogId),
}

impl Waiting {
    /// The row that goes once the session has acknowledged the stanza.
    #[must_use]
    pub fn log_id(&self) -> Option<LogId> {
        match self {
            Self::Whole(delivery) => delivery.log_id,
            Self::Row(row) => Some(*row),
        }
    }
}

/// Rows, which the log has anyway, and stanzas that have none.
pub(crate) fn sort(waiting: impl IntoIterator<Item = Waiting>) -> (Vec<LogId>, Vec<Stanza>) {
    let (mut rows, mut stanzas) = (Vec::new(), Vec::new());
    for one in waiting {
        match (one.log_id(), one) {
            (None, Waiting::Whole(delivery)) => stanzas.push(*delivery.stanza),
            (row, _) => rows.extend(row),
        }
    }
    (rows, stanzas)
}

/// In order.
#[derive(Debug, Default)]
pub(super) struct Aside {
    waiting: VecDeque<Waiting>,
    whole: usize,
}

impl Aside {
    pub(super) fn is_empty(&self) -> bool {
        self.waiting.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Waiting> {
        self.waiting.iter()
    }

    pub(super) fn push(&mut self, waiting: Waiting) {
        self.whole += usize::from(matches!(waiting, Waiting::Whole(_)));
        self.waiting.push_back(waiting);
    }

    /// Takes the first, unless that is a row that is not ready.
    pub(super) fn pop_if(&mut self, is_ready: impl Fn(LogId) -> bool) -> Option<Waiting> {
        match self.waiting.front()? {
            Waiting::Row(row) if !is_ready(*row) => return None,
            _ => {}
        }
        let waiting = self.waiting.pop_front()?;
        self.whole -= usize::from(matches!(waiting, Waiting::Whole(_)));
        Some(waiting)
    }

    /// Puts a delivery behind the others: as it is while there are fewer than `whole_max` such ones, and by its row
    /// otherwise. It comes back where it has none, or there are too many.
    pub(super) fn put(&mut self, delivery: Delivery, whole_max: usize) -> Result<(), Delivery> {
        match delivery.log_id {
            _ if self.whole < whole_max => self.push(Waiting::Whole(delivery)),
            Some(row) if self.len() - self.whole < ROWS_MAX => self.push(Waiting::Row(row)),
            _ => return Err(delivery),
        }
        Ok(())
    }

    /// The same, but what has a row is not kept.
    pub(super) fn put_lightly(&mut self, delivery: Delivery, whole_max: usize) -> Result<(), Delivery> {
        let whole_max = delivery.log_id.map_or(whole_max, |_| 0);
        self.put(delivery, whole_max)
    }
}

impl IntoIterator for Aside {
    type Item = Waiting;
    type IntoIter = std::collections::vec_deque::IntoIter<Waiting>;

    fn into_iter(self) -> Self::IntoIter {
        self.waiting.into_iter()
    }
}
