//! Where sessions and the log's writer meet. Bounded by rows and by bytes.

use std::future::Future;
use std::time::Duration;

use metrics::{counter, gauge};
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use tokio::time::{Instant, timeout, timeout_at};

use super::LogRow;
use super::batch::{Answer, Batch, Notes, Seen};
use crate::{AccountId, LogId, StorageError};

/// Acknowledgements, logins and the like that may wait, for each row that may: they are small, and
/// when one is dropped a message is delivered twice.
const NOTES_PER_ROW: usize = 4;

/// Nobody waits for an acknowledgement to be written. So it waits for a message to go with: that
/// saves a commit, and often the message, which was acknowledged before it was written.
const PATIENCE: Duration = Duration::from_millis(50);

/// How long whoever hands over a row is asked to pause at the bound.
const PAUSE_MAX: Duration = Duration::from_millis(100);

/// What waits for the writer.
pub(super) struct Queue {
    state: Mutex<State>,
    wake: Notify,
    max_rows: usize,
    max_bytes: usize,
}

#[derive(Default)]
struct State {
    gathered: Batch,
    /// Waiting or being written.
    rows: usize,
    bytes: usize,
    is_closed: bool,
    /// The writer has taken something and is not done with it.
    is_writing: bool,
    /// What the writer met at its last attempt, while it keeps trying.
    trouble: Option<StorageError>,
}

/// What waits for the writer.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct QueueUsage {
    /// Messages that wait, or are being written.
    pub rows: u64,
    /// How many there may be; beyond it senders are told to wait.
    pub rows_max: u64,
    /// What they take.
    pub bytes: u64,
    /// What they may take.
    pub bytes_max: u64,
    /// Why nothing can be written, while that is so.
    pub trouble: Option<String>,
}

/// What there is to write.
enum Taken {
    Batch(Batch),
    /// Something that can wait for [`PATIENCE`].
    OnlyNotes,
    Nothing,
    Closed,
}

impl Queue {
    pub(super) fn new(max_rows: usize, max_bytes: usize) -> Self {
        Self {
            state: Mutex::default(),
            wake: Notify::new(),
            max_rows,
            max_bytes,
        }
    }

    pub(super) fn usage(&self) -> QueueUsage {
        let state = self.state.lock();
        QueueUsage {
            rows: state.rows as u64,
            rows_max: self.max_rows as u64,
            bytes: state.bytes as u64,
            bytes_max: self.max_bytes as u64,
            trouble: state.trouble.as_ref().map(ToString::to_string),
        }
    }

    pub(super) fn pause(&self) -> Duration {
        let (rows, bytes) = {
            let state = self.state.lock();
            (state.rows, state.bytes)
        };
        PAUSE_MAX.mul_f64(over_half(rows, self.max_rows).max(over_half(bytes, self.max_bytes)))
    }

    pub(super) fn append(&self, row: LogRow, answer: Answer) -> Result<(), StorageError> {
        let bytes = row.bytes();
        let is_first = {
            let mut state = self.state.lock();
            if state.is_closed {
                return Err(StorageError::Closed);
            }
            if state.rows >= self.max_rows || state.bytes.saturating_add(bytes) > self.max_bytes {
                counter!("storage_log_full_total").increment(1);
                return Err(StorageError::Full);
            }
            state.rows += 1;
            state.bytes += bytes;
            state.gathered.appends.push(row, answer);
            state.gathered.appends.rows().len() == 1
        };
        if is_first {
            self.wake.notify_one();
        }
        Ok(())
    }

    pub(super) fn acknowledge(&self, account: AccountId, ids: impl IntoIterator<Item = LogId>) {
        let room = self.max_rows.saturating_mul(NOTES_PER_ROW);
        self.note(|notes| {
            for id in ids {
                if notes.acknowledged.len() < room {
                    notes.acknowledged.push((account, id));
                } else {
                    counter!("storage_log_acknowledgements_dropped_total").increment(1);
                }
            }
        });
    }

    pub(super) fn seen(&self, account: AccountId, seen: Seen) {
        let room = self.max_rows;
        self.note(|notes| {
            if notes.seen.len() < room {
                notes.seen.entry(account).or_default().update(seen);
            }
        });
    }

    pub(super) fn forget(&self, account: AccountId) {
        self.note(|notes| notes.forgotten.push(account));
    }

    fn note(&self, add: impl FnOnce(&mut Notes)) {
        let is_news = {
            let mut state = self.state.lock();
            if state.is_closed {
                return;
            }
            let was_empty = state.gathered.is_empty();
            add(&mut state.gathered.notes);
            was_empty || state.gathered.is_awaited()
        };
        if is_news {
            self.wake.notify_one();
        }
    }

    /// Asks at once; the returned future tells.
    pub(super) fn flush(&self) -> impl Future<Output = Result<(), StorageError>> + use<> {
        let (answer, waiting) = oneshot::channel();
        let refusal = {
            let mut state = self.state.lock();
            match &state.trouble {
                Some(trouble) => Some(trouble.clone()),
                None if state.is_closed => Some(StorageError::Closed),
                None => {
                    state.gathered.flushes.push(answer);
                    None
                }
            }
        };
        self.wake.notify_one();
        async move {
            match refusal {
                Some(refusal) => Err(refusal),
                None => waiting.await.unwrap_or(Err(StorageError::Closed)),
            }
        }
    }

    pub(super) fn close(&self) {
        self.state.lock().is_closed = true;
        self.wake.notify_one();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.state.lock().is_closed
    }

    /// Whether everything handed over so far is written.
    pub(super) fn is_settled(&self) -> bool {
        let state = self.state.lock();
        !state.is_writing && state.gathered.is_empty()
    }

    /// Waits for something to write; `None` when the queue is closed and everything has been taken.
    pub(super) async fn gather(&self) -> Option<Batch> {
        let mut patience_ends = None;
        loop {
            let is_over = patience_ends.is_some_and(|end| Instant::now() >= end);
            match self.take(is_over) {
                Taken::Batch(batch) => return Some(batch),
                Taken::Closed => return None,
                Taken::Nothing => self.wake.notified().await,
                Taken::OnlyNotes => {
                    let end = *patience_ends.get_or_insert_with(|| Instant::now() + PATIENCE);
                    let _ = timeout_at(end, self.wake.notified()).await;
                }
            }
        }
    }

    fn take(&self, is_patience_over: bool) -> Taken {
        let mut state = self.state.lock();
        state.is_writing = false;
        if state.gathered.is_empty() {
            return if state.is_closed { Taken::Closed } else { Taken::Nothing };
        }
        if !state.gathered.is_awaited() && !is_patience_over && !state.is_closed {
            return Taken::OnlyNotes;
        }
        state.is_writing = true;
        gauge!("storage_log_queue_rows").set(u32::try_from(state.rows).unwrap_or(u32::MAX));
        Taken::Batch(std::mem::take(&mut state.gathered))
    }

    /// These rows have been answered: there is room for others.
    pub(super) fn release(&self, rows: usize, bytes: usize) {
        let mut state = self.state.lock();
        state.rows = state.rows.saturating_sub(rows);
        state.bytes = state.bytes.saturating_sub(bytes);
    }

    /// The database is away (or, with `None`, back): who waits for a flush is told.
    pub(super) fn trouble(&self, trouble: Option<&StorageError>) {
        let told = {
            let mut state = self.state.lock();
            state.trouble = trouble.cloned();
            if trouble.is_some() {
                std::mem::take(&mut state.gathered.flushes)
            } else {
                Vec::new()
            }
        };
        for (flush, trouble) in told.into_iter().zip(trouble.into_iter().cycle()) {
            let _ = flush.send(Err(trouble.clone()));
        }
    }

    /// Waits until closed, at most for this long.
    pub(super) async fn closed_within(&self, pause: Duration) {
        let _ = timeout(pause, async {
            while !self.is_closed() {
                self.wake.notified().await;
            }
        })
        .await;
    }
}

/// Which part of the upper half of a bound is used.
fn over_half(used: usize, bound: usize) -> f64 {
    let half = (bound / 2).max(1);
    used.saturating_sub(half).min(half) as f64 / half as f64
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn row(bytes: usize) -> LogRow {
        LogRow {
            account: AccountId::new(1),
            id: LogId::from_raw(1),
            peer: String::new(),
            stanza: vec![0; bytes].into(),
            expires_at: None,
        }
    }

    #[test]
    fn who_hands_over_rows_is_asked_to_pause_once_half_of_a_bound_is_used() {
        let of_one = row(100).bytes();
        for (rows_max, bytes_max) in [(100, usize::MAX), (usize::MAX, 100 * of_one)] {
            let queue = Queue::new(rows_max, bytes_max);
            let mut pauses = Vec::new();
            for _ in 0..100 {
                queue.append(row(100), Box::new(|_| {})).unwrap();
                pauses.push(queue.pause());
            }
            assert!(pauses[..50].iter().all(Duration::is_zero), "{pauses:?}");
            assert!(pauses[50..].is_sorted_by(|one, next| one < next), "{pauses:?}");
            assert_eq!(pauses[99], PAUSE_MAX);
            assert!(queue.append(row(100), Box::new(|_| {})).is_err());
        }
    }

    #[test]
    fn the_smallest_queue_pauses() {
        let queue = Queue::new(1, 1000);
        queue.append(row(1), Box::new(|_| {})).unwrap();
        assert!(queue.pause() <= PAUSE_MAX);
    }
}
