//! One cache's entries, in shards that are copied when they are written to while somebody holds a copy: taking a copy
//! of everything costs as many counters as there are shards, and never stops who writes.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use bytes::Bytes;
use foldhash::fast::FixedState;

use super::Entry;

/// So many that one shard of a million entries is copied in a fraction of a millisecond.
const SHARDS: usize = 256;

type Shard = HashMap<Bytes, Entry, foldhash::fast::RandomState>;

/// Entries by key.
#[derive(Debug, Clone)]
pub(crate) struct Shards {
    shards: Vec<Arc<Shard>>,
}

impl Default for Shards {
    fn default() -> Self {
        Self {
            shards: vec![Arc::default(); SHARDS],
        }
    }
}

fn place(key: &[u8]) -> usize {
    let hash = FixedState::default().hash_one(key);
    usize::try_from(hash % SHARDS as u64).expect("below SHARDS")
}

impl Shards {
    pub(crate) fn get(&self, key: &[u8]) -> Option<&Entry> {
        self.shards[place(key)].get(key)
    }

    pub(crate) fn insert(&mut self, key: Bytes, entry: Entry) -> Option<Entry> {
        self.shard(&key).insert(key, entry)
    }

    pub(crate) fn remove(&mut self, key: &[u8]) -> Option<Entry> {
        self.shard(key).remove(key)
    }

    /// Takes out what fits.
    pub(crate) fn take(&mut self, fits: impl Fn(&Entry) -> bool) -> Vec<(Bytes, Entry)> {
        let mut taken = Vec::new();
        for shard in &mut self.shards {
            if shard.values().any(&fits) {
                taken.extend(Arc::make_mut(shard).extract_if(|_, entry| fits(entry)));
            }
        }
        taken
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&Bytes, &Entry)> {
        self.shards.iter().flat_map(|shard| shard.iter())
    }

    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| shard.len()).sum()
    }

    fn shard(&mut self, key: &[u8]) -> &mut Shard {
        Arc::make_mut(&mut self.shards[place(key)])
    }
}
