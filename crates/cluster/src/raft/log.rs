//! The log, in memory.

use std::collections::VecDeque;
use std::fmt::Debug;
use std::ops::{Bound, RangeBounds};
use std::sync::Arc;

use openraft::storage::{LogFlushed, RaftLogStorage};
use openraft::{EntryPayload, LogState, OptionalSend, RaftLogReader};
use parking_lot::Mutex;

use super::{Entry, LogId, StorageError, Types, Vote};
use crate::state::Command;

/// Bytes of entries that are sent to another node at a time: with their heads they fit a frame of the links.
const SENT_BYTES: usize = 512 * 1024;

#[derive(Debug, Clone, Default)]
pub(super) struct Log(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<Entry>,
    vote: Option<Vote>,
    committed: Option<LogId>,
    purged: Option<LogId>,
}

impl Kept {
    /// Where the entry of an index is, or would be.
    fn place(&self, index: u64) -> usize {
        let first = self.entries.front().map_or(0, |entry| entry.log_id.index);
        usize::try_from(index.saturating_sub(first)).map_or(usize::MAX, |place| place.min(self.entries.len()))
    }

    fn range(&self, range: &impl RangeBounds<u64>) -> impl Iterator<Item = &Entry> {
        let from = match range.start_bound() {
            Bound::Included(index) => self.place(*index),
            Bound::Excluded(index) => self.place(index.saturating_add(1)),
            Bound::Unbounded => 0,
        };
        let to = match range.end_bound() {
            Bound::Included(index) => self.place(index.saturating_add(1)),
            Bound::Excluded(index) => self.place(*index),
            Bound::Unbounded => self.entries.len(),
        };
        self.entries.range(from..to.max(from))
    }
}

fn weight(entry: &Entry) -> usize {
    const HEAD: usize = 256;
    match &entry.payload {
        EntryPayload::Normal(batch) => HEAD + batch.commands.iter().map(Command::weight).sum::<usize>(),
        EntryPayload::Blank | EntryPayload::Membership(_) => HEAD,
    }
}

impl RaftLogReader<Types> for Log {
    async fn try_get_log_entries<R: RangeBounds<u64> + Clone + Debug + OptionalSend>(
        &mut self,
        range: R,
    ) -> Result<Vec<Entry>, StorageError> {
        Ok(self.0.lock().range(&range).cloned().collect())
    }

    async fn limited_get_log_entries(&mut self, start: u64, end: u64) -> Result<Vec<Entry>, StorageError> {
        let kept = self.0.lock();
        let mut bytes = 0;
        let fits = |entry: &&Entry| {
            let is_first = bytes == 0;
            bytes += weight(entry);
            is_first || bytes <= SENT_BYTES
        };
        Ok(kept.range(&(start..end)).take_while(fits).cloned().collect())
    }
}

impl RaftLogStorage<Types> for Log {
    type LogReader = Self;

    async fn get_log_state(&mut self) -> Result<LogState<Types>, StorageError> {
        let kept = self.0.lock();
        Ok(LogState {
            last_purged_log_id: kept.purged,
            last_log_id: kept.entries.back().map(|entry| entry.log_id).or(kept.purged),
        })
    }

    async fn get_log_reader(&mut self) -> Self {
        self.clone()
    }

    async fn save_vote(&mut self, vote: &Vote) -> Result<(), StorageError> {
        self.0.lock().vote = Some(*vote);
        Ok(())
    }

    async fn read_vote(&mut self) -> Result<Option<Vote>, StorageError> {
        Ok(self.0.lock().vote)
    }

    async fn save_committed(&mut self, committed: Option<LogId>) -> Result<(), StorageError> {
        self.0.lock().committed = committed;
        Ok(())
    }

    async fn read_committed(&mut self) -> Result<Option<LogId>, StorageError> {
        Ok(self.0.lock().committed)
    }

    async fn append<I>(&mut self, entries: I, callback: LogFlushed<Types>) -> Result<(), StorageError>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        self.0.lock().entries.extend(entries);
        callback.log_io_completed(Ok(()));
        Ok(())
    }

    async fn truncate(&mut self, log_id: LogId) -> Result<(), StorageError> {
        let mut kept = self.0.lock();
        let place = kept.place(log_id.index);
        kept.entries.truncate(place);
        Ok(())
    }

    async fn purge(&mut self, log_id: LogId) -> Result<(), StorageError> {
        let mut kept = self.0.lock();
        let place = kept.place(log_id.index.saturating_add(1));
        kept.entries.drain(..place);
        kept.purged = Some(log_id);
        Ok(())
    }
}
