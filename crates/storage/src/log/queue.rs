//! Where sessions and the log's writer meet. Bounded by rows and by bytes.

use std::future::Future;

use metrics::{counter, gauge};
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};

use super::LogRow;
use super::batch::{Answer, Batch, Notes, Seen};
use crate::{AccountId, LogId, StorageError};

/// Acknowledgements, logins and the like that may wait, for each row that may: they are small, and
/// when one is dropped a message is delivered twice.
const NOTES_PER_ROW: usize = 4;

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

impl Queue {
    pub(super) fn new(max_rows: usize, max_bytes: usize) -> Self {
        Self {
            state: Mutex::default(),
            wake: Notify::new(),
            max_rows,
            max_bytes,
        }
    }

    pub(super) fn append(&self, row: LogRow, answer: Answer) -> Result<(), StorageError> {
        let bytes = row.bytes();
        {
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
        }
        self.wake.notify_one();
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
        {
            let mut state = self.state.lock();
            if state.is_closed {
                return;
            }
            add(&mut state.gathered.notes);
        }
        self.wake.notify_one();
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
        loop {
            let woken = self.wake.notified();
            {
                let mut state = self.state.lock();
                state.is_writing = !state.gathered.is_empty();
                if state.is_writing {
                    gauge!("storage_log_queue_rows").set(u32::try_from(state.rows).unwrap_or(u32::MAX));
                    return Some(std::mem::take(&mut state.gathered));
                }
                if state.is_closed {
                    return None;
                }
            }
            woken.await;
        }
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
    pub(super) async fn closed_within(&self, pause: std::time::Duration) {
        let _ = tokio::time::timeout(pause, async {
            while !self.is_closed() {
                self.wake.notified().await;
            }
        })
        .await;
    }
}
