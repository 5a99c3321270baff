//! One cache's entries, in shards that are copied when they are written to while somebody holds a copy: taking a copy
//! of everything costs as many counters as there are shards, and never stops who writes.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::sync::Arc;

use bytes::Bytes;
use foldhash::fast::FixedState;

use super::Entry;

/// An entry in its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) entry: Entry,
    /// When it was written, where it is nobody's.
    pub(super) age: i64,
}

/// So many that one shard of a million entries is copied in a fraction of a millisecond.
const SHARDS: usize = 256;

type Shard = HashMap<Bytes, Slot, foldhash::fast::RandomState>;

/// Entries by key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shards {
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
    pub(super) fn get(&self, key: &[u8]) -> Option<&Slot> {
        self.shards[place(key)].get(key)
    }

    pub(super) fn get_key_value(&self, key: &[u8]) -> Option<(&Bytes, &Slot)> {
        self.shards[place(key)].get_key_value(key)
    }

    pub(super) fn insert(&mut self, key: Bytes, slot: Slot) -> Option<Slot> {
        self.shard(&key).insert(key, slot)
    }

    /// A shard that somebody holds a copy of is not copied for nothing.
    pub(super) fn remove(&mut self, key: &[u8]) -> Option<Slot> {
        self.get(key)?;
        self.shard(key).remove(key)
    }

    /// Takes out what fits.
    pub(super) fn take(&mut self, fits: impl Fn(&Entry) -> bool) -> Vec<(Bytes, Slot)> {
        let mut taken = Vec::new();
        for shard in &mut self.shards {
            if shard.values().any(|slot| fits(&slot.entry)) {
                taken.extend(Arc::make_mut(shard).extract_if(|_, slot| fits(&slot.entry)));
            }
        }
        taken
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&Bytes, &Slot)> {
        self.shards.iter().flat_map(|shard| shard.iter())
    }

    fn shard(&mut self, key: &[u8]) -> &mut Shard {
        Arc::make_mut(&mut self.shards[place(key)])
    }
}
