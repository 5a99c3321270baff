//! What one commit of the log holds.

use std::collections::{HashMap, HashSet};

use tokio::sync::oneshot;

use super::LogRow;
use crate::{AccountId, LogId, StorageError};

/// Whom to tell that a row is durable.
pub(super) type Answer = Box<dyn FnOnce(Result<(), StorageError>) + Send>;

/// Rows, each with whom to tell.
#[derive(Default)]
pub(super) struct Appends {
    rows: Vec<LogRow>,
    answers: Vec<Answer>,
}

impl Appends {
    pub(super) fn push(&mut self, row: LogRow, answer: Answer) {
        self.rows.push(row);
        self.answers.push(answer);
    }

    pub(super) fn rows(&self) -> &[LogRow] {
        &self.rows
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// What they count for in the bound of the queue.
    pub(super) fn bytes(&self) -> usize {
        self.rows.iter().map(LogRow::bytes).sum()
    }

    /// Cuts off the first `count`, and returns them.
    pub(super) fn split_to(&mut self, count: usize) -> Self {
        let (rows, answers) = (self.rows.split_off(count), self.answers.split_off(count));
        std::mem::replace(self, Self { rows, answers })
    }

    /// Takes out the rows that match.
    fn extract(&mut self, is_wanted: impl Fn(&LogRow) -> bool) -> Self {
        let (mut wanted, mut others) = (Self::default(), Self::default());
        for (row, answer) in self.rows.drain(..).zip(self.answers.drain(..)) {
            if is_wanted(&row) { &mut wanted } else { &mut others }.push(row, answer);
        }
        *self = others;
        wanted
    }

    pub(super) fn answer(self, result: &Result<(), StorageError>) {
        for answer in self.answers {
            answer(result.clone());
        }
    }
}

/// The last that was seen of an account, in microseconds since 1970.
#[derive(Debug, Default, Clone, PartialEq)]
pub(super) struct Seen {
    pub(super) login: Option<i64>,
    /// With the status text.
    pub(super) logout: Option<(i64, String)>,
}

impl Seen {
    pub(super) fn new(at: i64, logout: Option<String>) -> Self {
        match logout {
            Some(status) => Self {
                login: None,
                logout: Some((at, status)),
            },
            None => Self {
                login: Some(at),
                logout: None,
            },
        }
    }

    /// Adds what was seen after this.
    pub(super) fn update(&mut self, later: Self) {
        self.login = later.login.or(self.login);
        self.logout = later.logout.or_else(|| self.logout.take());
    }
}

/// What is written beside the rows, after them and in the order of the fields. That keeps every
/// promise about order: an acknowledgement comes after its row, and nobody writes to an account that
/// is gone.
#[derive(Default)]
pub(super) struct Notes {
    pub(super) acknowledged: Vec<(AccountId, LogId)>,
    pub(super) seen: HashMap<AccountId, Seen>,
    pub(super) forgotten: Vec<AccountId>,
}

impl Notes {
    pub(super) fn is_empty(&self) -> bool {
        self.acknowledged.is_empty() && self.seen.is_empty() && self.forgotten.is_empty()
    }
}

/// As many acknowledgements (or logins) are worth a commit of their own.
const MANY_NOTES: usize = 500;

/// What has gathered since the last commit.
#[derive(Default)]
pub(super) struct Batch {
    pub(super) appends: Appends,
    pub(super) notes: Notes,
    pub(super) flushes: Vec<oneshot::Sender<Result<(), StorageError>>>,
}

impl Batch {
    pub(super) fn is_empty(&self) -> bool {
        self.appends.is_empty() && self.notes.is_empty() && self.flushes.is_empty()
    }

    /// Whether somebody waits for it, or it is large enough to be worth a commit.
    pub(super) fn is_awaited(&self) -> bool {
        !self.appends.is_empty()
            || !self.flushes.is_empty()
            || !self.notes.forgotten.is_empty()
            || self.notes.acknowledged.len() >= MANY_NOTES
            || self.notes.seen.len() >= MANY_NOTES
    }

    /// A row that was acknowledged before it was written need not be: it has arrived. Takes such pairs
    /// out, and returns the rows, so that their senders are answered.
    pub(super) fn take_settled(&mut self) -> Appends {
        if self.appends.is_empty() || self.notes.acknowledged.is_empty() {
            return Appends::default();
        }
        let waiting: HashSet<_> = self.appends.rows.iter().map(LogRow::key).collect();
        let mut settled = HashSet::new();
        self.notes.acknowledged.retain(|key| {
            let is_waiting = waiting.contains(key);
            if is_waiting {
                settled.insert(*key);
            }
            !is_waiting
        });
        if settled.is_empty() {
            Appends::default()
        } else {
            self.appends.extract(|row| settled.contains(&row.key()))
        }
    }
}

impl LogRow {
    fn key(&self) -> (AccountId, LogId) {
        (self.account, self.id)
    }

    /// What it counts for in the bound of the queue.
    pub(super) fn bytes(&self) -> usize {
        self.stanza.len() + self.peer.len()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn row(account: i64, id: i64) -> LogRow {
        LogRow {
            account: AccountId::new(account),
            id: LogId::from_raw(id),
            peer: "romeo@montague.example".to_owned(),
            stanza: "<message/>".into(),
            expires_at: None,
        }
    }

    #[test]
    fn a_row_acknowledged_before_it_was_written_is_not_written_and_its_sender_is_answered() {
        let (tell, told) = std::sync::mpsc::channel();
        let mut batch = Batch::default();
        for id in [1, 2, 3] {
            let tell = tell.clone();
            batch.appends.push(
                row(7, id),
                Box::new(move |result| tell.send((id, result.is_ok())).unwrap()),
            );
        }
        // The second of these was written by an earlier batch, the third is another account's.
        let acknowledged = [(7, 2), (7, 9), (8, 1)];
        let keys = acknowledged.map(|(account, id)| (AccountId::new(account), LogId::from_raw(id)));
        batch.notes.acknowledged.extend(keys);

        batch.take_settled().answer(&Ok(()));

        assert_eq!(told.try_iter().collect::<Vec<_>>(), [(2, true)]);
        assert_eq!(batch.appends.rows(), [row(7, 1), row(7, 3)]);
        assert_eq!(batch.notes.acknowledged, &keys[1..]);
    }

    #[test]
    fn what_was_seen_later_wins_and_keeps_the_rest() {
        let mut seen = Seen::new(1, None);
        seen.update(Seen::new(2, Some("away".to_owned())));
        seen.update(Seen::new(3, None));
        assert_eq!(
            seen,
            Seen {
                login: Some(3),
                logout: Some((2, "away".to_owned()))
            }
        );
    }
}
