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

/// Bytes of memory that the log takes for those who lag, at least; who lags more gets the whole state. That costs what the
/// state's bytes cost, so a large state has a longer log. Tests come to little.
const KEPT_BYTES: usize = if cfg!(test) { 4 * 1024 } else { 512 * 1024 };
const KEPT_PART_OF_STATE: usize = 8;

/// Bytes of entries that are sent to another node at a time: with their heads they fit a frame of the links.
const SENT_BYTES: usize = 512 * 1024;

#[derive(Debug, Clone, Default)]
pub(super) struct Log(Arc<Mutex<Kept>>);

impl Log {
    /// Whether it is twice as long as it is to be beside a state of so many bytes.
    pub(super) fn is_long(&self, state_bytes: usize) -> bool {
        self.0.lock().bytes > 2 * to_keep(state_bytes)
    }

    /// The index up to which it is to be forgotten, so that no more is left than is to be kept.
    pub(super) fn superfluous(&self, state_bytes: usize) -> Option<u64> {
        let kept = self.0.lock();
        let (mut bytes, most) = (kept.bytes, to_keep(state_bytes));
        let too_many = kept.entries.iter().take_while(|entry| {
            let is_too_much = bytes > most;
            bytes -= memory(entry);
            is_too_much
        });
        too_many.last().map(|entry| entry.log_id.index)
    }
}

fn to_keep(state_bytes: usize) -> usize {
    KEPT_BYTES.max(state_bytes / KEPT_PART_OF_STATE)
}

#[derive(Debug, Default)]
struct Kept {
    entries: VecDeque<Entry>,
    /// The memory that they take.
    bytes: usize,
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

/// About as many bytes as an entry takes here.
fn memory(entry: &Entry) -> usize {
    size_of::<Entry>()
        + match &entry.payload {
            EntryPayload::Normal(batch) => batch.commands.iter().map(Command::memory).sum::<usize>(),
            EntryPayload::Blank | EntryPayload::Membership(_) => 0,
        }
}

/// About as many as it takes on its way.
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
        let mut kept = self.0.lock();
        for entry in entries {
            kept.bytes += memory(&entry);
            kept.entries.push_back(entry);
        }
        drop(kept);
        callback.log_io_completed(Ok(()));
        Ok(())
    }

    async fn truncate(&mut self, log_id: LogId) -> Result<(), StorageError> {
        let mut kept = self.0.lock();
        let place = kept.place(log_id.index);
        let cut: usize = kept.entries.drain(place..).map(|entry| memory(&entry)).sum();
        kept.bytes -= cut;
        Ok(())
    }

    async fn purge(&mut self, log_id: LogId) -> Result<(), StorageError> {
        let mut kept = self.0.lock();
        let place = kept.place(log_id.index.saturating_add(1));
        let cut: usize = kept.entries.drain(..place).map(|entry| memory(&entry)).sum();
        kept.bytes -= cut;
        kept.purged = Some(log_id);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use bytes::Bytes;
    use openraft::CommittedLeaderId;

    use super::*;
    use crate::state::{Batch, CacheId, Remove};

    fn log(entries: u64) -> Log {
        let entry = |index| Entry {
            log_id: LogId::new(CommittedLeaderId::new(1, 1), index),
            payload: EntryPayload::Normal(Batch {
                commands: vec![Command::Remove(Remove {
                    cache: CacheId(1),
                    key: Bytes::from_static(b"romeo@example.org/orchard"),
                    owner: None,
                    stamp: 1,
                })],
            }),
        };
        let entries: VecDeque<Entry> = (1..=entries).map(entry).collect();
        let bytes = entries.iter().map(memory).sum();
        Log(Arc::new(Mutex::new(Kept {
            entries,
            bytes,
            ..Kept::default()
        })))
    }

    fn one() -> usize {
        log(1).0.lock().bytes
    }

    #[test]
    fn a_log_is_cut_at_twice_what_is_kept_and_that_much_stays() {
        let kept = KEPT_BYTES / one();
        let check = |entries: usize, state: usize, expected: Option<u64>| {
            let log = log(entries as u64);
            assert_eq!(log.is_long(state), expected.is_some(), "{entries} entries");
            let superfluous = log.superfluous(state).filter(|_| log.is_long(state));
            assert_eq!(superfluous, expected, "{entries} entries");
        };
        check(1, 0, None);
        check(2 * kept, 0, None);
        check(3 * kept, 0, Some(2 * kept as u64));
        // A state that is larger than that many entries.
        check(3 * kept, 2 * KEPT_BYTES * KEPT_PART_OF_STATE, None);
    }

    #[tokio::test]
    async fn what_is_cut_is_not_counted_any_more() {
        let mut log = log(10);
        let at = |log: &Log, place: usize| log.0.lock().entries[place].log_id;
        let (third, ninth) = (at(&log, 2), at(&log, 8));
        log.purge(third).await.unwrap();
        log.truncate(ninth).await.unwrap();
        let kept = log.0.lock();
        assert_eq!((kept.entries.len(), kept.bytes), (5, 5 * one()));
    }
}
