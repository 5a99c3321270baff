//! One cache's entries, in shards that are copied when they are written to while somebody holds a copy: taking a copy
//! of everything costs as many counters as there are shards, and never stops who writes.

use std::hash::BuildHasher;
use std::sync::Arc;

use foldhash::fast::{FixedState, RandomState};
use hashbrown::HashTable;

use super::record::{Record, Seen};

/// So many that one shard of a million entries is copied in a fraction of a millisecond.
const SHARDS: usize = 256;

/// Entries by key.
#[derive(Debug, Clone)]
pub(super) struct Shards {
    shards: Vec<Arc<HashTable<Record>>>,
    hasher: RandomState,
}

impl Default for Shards {
    fn default() -> Self {
        Self {
            shards: vec![Arc::default(); SHARDS],
            hasher: RandomState::default(),
        }
    }
}

impl PartialEq for Shards {
    fn eq(&self, other: &Self) -> bool {
        let has = |record: &Record| other.find(record.key()) == Some(record);
        self.len() == other.len() && self.records().all(has)
    }
}

impl Eq for Shards {}

fn place(key: &[u8]) -> usize {
    let hash = FixedState::default().hash_one(key);
    usize::try_from(hash % SHARDS as u64).expect("below SHARDS")
}

impl Shards {
    pub(super) fn get(&self, key: &[u8]) -> Option<Seen<'_>> {
        self.find(key).map(Record::read)
    }

    /// Puts an entry in, whose key has none.
    pub(super) fn insert(&mut self, entry: &Seen<'_>) {
        let hash = self.hasher.hash_one(entry.key);
        let hasher = self.hasher.clone();
        let shard = Arc::make_mut(&mut self.shards[place(entry.key)]);
        shard.insert_unique(hash, Record::of(entry), |record| hasher.hash_one(record.key()));
    }

    /// A shard that somebody holds a copy of is not copied for nothing.
    pub(super) fn remove(&mut self, key: &[u8]) -> Option<Record> {
        self.find(key)?;
        let hash = self.hasher.hash_one(key);
        let shard = Arc::make_mut(&mut self.shards[place(key)]);
        let found = shard.find_entry(hash, |record| record.key() == key).ok()?;
        Some(found.remove().0)
    }

    /// Takes out what fits.
    pub(super) fn take(&mut self, fits: impl Fn(&Seen<'_>) -> bool) -> Vec<Record> {
        let mut taken = Vec::new();
        for shard in &mut self.shards {
            if shard.iter().any(|record| fits(&record.read())) {
                taken.extend(Arc::make_mut(shard).extract_if(|record| fits(&record.read())));
            }
        }
        taken
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Seen<'_>> {
        self.records().map(Record::read)
    }

    fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len()).sum()
    }

    fn records(&self) -> impl Iterator<Item = &Record> {
        self.shards.iter().flat_map(|shard| shard.iter())
    }

    fn find(&self, key: &[u8]) -> Option<&Record> {
        let hash = self.hasher.hash_one(key);
        self.shards[place(key)].find(hash, |record| record.key() == key)
    }
}
