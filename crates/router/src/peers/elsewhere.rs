//! Sessions on other nodes: bare JID → entries. A server that is alone pays one atomic load for it. The key is in the
//! entries, and nowhere else: there may be a million of them.

use std::{
    hash::BuildHasher,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
};

use foldhash::fast::RandomState;
use hashbrown::{HashTable, hash_table::Entry};
use parking_lot::{RwLock, RwLockReadGuard};
use protocol::Jid;
use smallvec::SmallVec;

use super::SessionEntry;

/// One account's sessions on other nodes, oldest first.
pub(crate) type Entries = SmallVec<[Arc<SessionEntry>; 1]>;

#[derive(Default)]
struct Shard {
    entries: RwLock<HashTable<Entries>>,
    /// Held by who has looked somebody up and has not sent yet.
    under_way: RwLock<()>,
    /// Beside the lock, which whoever looks something up writes to anyway.
    hits: AtomicU64,
    misses: AtomicU64,
}

/// As many as the directory of own sessions has, for the same reason.
const SHARDS: usize = 64;

/// Every session of other nodes.
pub(crate) struct Elsewhere {
    shards: Vec<Shard>,
    hasher: RandomState,
    count: AtomicUsize,
}

impl Default for Elsewhere {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Shard::default()).collect(),
            hasher: RandomState::default(),
            count: AtomicUsize::new(0),
        }
    }
}

impl Elsewhere {
    /// The shard, and the hash to look for in it. The table chooses by other bits of it.
    fn shard(&self, bare: &str) -> (&Shard, u64) {
        let hash = self.hasher.hash_one(bare);
        let place = (hash >> u32::BITS) % SHARDS as u64;
        (&self.shards[usize::try_from(place).expect("below SHARDS")], hash)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.count.load(Ordering::Acquire)
    }

    /// Those of the account `bare`.
    pub(crate) fn of(&self, bare: &str) -> Entries {
        match self.len() {
            0 => Entries::new(),
            _ => {
                let (shard, hash) = self.shard(bare);
                shard.look_up(hash, bare)
            }
        }
    }

    /// Accounts of a host that have sessions; no guests, who have no number.
    pub(crate) fn accounts_at(&self, domain: &str) -> Vec<Jid> {
        let mut accounts = Vec::new();
        for shard in &self.shards {
            let entries = shard.entries.read();
            let first = entries.iter().filter_map(|entries| entries.first());
            let there = first.filter(|entry| entry.jid.domain() == domain && entry.account != 0);
            accounts.extend(there.map(|entry| entry.jid.to_bare()));
        }
        accounts
    }

    /// How often somebody was looked for and found, and not found, while there were other nodes' sessions.
    pub(crate) fn lookups(&self) -> (u64, u64) {
        let count =
            |of: fn(&Shard) -> &AtomicU64| self.shards.iter().map(|shard| of(shard).load(Ordering::Relaxed)).sum();
        (count(|shard| &shard.hits), count(|shard| &shard.misses))
    }

    /// The one of a full JID.
    pub(crate) fn find(&self, full: &Jid) -> Option<Arc<SessionEntry>> {
        self.of(full.bare_str()).into_iter().find(|entry| entry.jid == *full)
    }

    /// See [`Mesh::under_way`](super::mesh::Mesh::under_way).
    pub(super) fn under_way(&self, bare: &str) -> RwLockReadGuard<'_, ()> {
        self.shard(bare).0.under_way.read_recursive()
    }

    /// Waits for everybody who looked the account's sessions up before, and has not sent yet. Who looks from now on finds
    /// what there is now.
    pub(super) fn pass(&self, bare: &str) {
        drop(self.shard(bare).0.under_way.write());
    }

    /// Enters a session, or what is new about it. The cluster has one session for each full JID, so what was there
    /// before has ended, or moved; it comes back.
    pub(crate) fn put(&self, entry: SessionEntry) -> Option<Arc<SessionEntry>> {
        let (shard, hash) = self.shard(entry.jid.bare_str());
        let mut table = shard.entries.write();
        let there = table.entry(
            hash,
            |entries| is_of(entries, entry.jid.bare_str()),
            |entries| self.hasher.hash_one(bare(entries)),
        );
        let entry = Arc::new(entry);
        match there {
            Entry::Occupied(mut there) => {
                let entries = there.get_mut();
                if let Some(other) = entries.iter_mut().find(|other| other.jid == entry.jid) {
                    return Some(std::mem::replace(other, entry));
                }
                entries.push(entry);
            }
            Entry::Vacant(free) => _ = free.insert(Entries::from_elem(entry, 1)),
        }
        self.count.fetch_add(1, Ordering::AcqRel);
        None
    }

    /// Takes out the session of a full JID that this node has now, so that no other can.
    pub(crate) fn remove_predecessor(&self, full: &Jid) -> Option<Arc<SessionEntry>> {
        let before = self.find(full)?;
        self.remove(full, before.node, before.generation);
        Some(before)
    }

    /// A session's own node has told those who saw it that it is not available any more: whoever tells of its loss later
    /// need not tell them again.
    pub(crate) fn has_said_goodbye(&self, full: &Jid, node: u64) {
        let (shard, hash) = self.shard(full.bare_str());
        let mut table = shard.entries.write();
        let entries = table.find_mut(hash, |entries| is_of(entries, full.bare_str()));
        let entries = entries.into_iter().flatten();
        for entry in entries.filter(|entry| entry.jid == *full && entry.node == node) {
            Arc::make_mut(entry).priority = None;
        }
    }

    /// Removes this very session; a later one of the same full JID stays.
    pub(crate) fn remove(&self, full: &Jid, node: u64, generation: u64) {
        let (shard, hash) = self.shard(full.bare_str());
        let mut table = shard.entries.write();
        let Ok(mut there) = table.find_entry(hash, |entries| is_of(entries, full.bare_str())) else {
            return;
        };
        let entries = there.get_mut();
        let before = entries.len();
        entries.retain(|entry| (entry.node, entry.generation) != (node, generation));
        self.count.fetch_sub(before - entries.len(), Ordering::AcqRel);
        if entries.is_empty() {
            there.remove();
        }
    }

    /// Takes out all sessions that `is_gone` names. What one call took, no other finds.
    pub(crate) fn take(&self, is_gone: impl Fn(&SessionEntry) -> bool) -> Vec<Arc<SessionEntry>> {
        let mut taken = Vec::new();
        for shard in &self.shards {
            shard.entries.write().retain(|entries| {
                entries.retain(|entry| {
                    let goes = is_gone(entry);
                    if goes {
                        taken.push(entry.clone());
                    }
                    !goes
                });
                !entries.is_empty()
            });
        }
        self.count.fetch_sub(taken.len(), Ordering::AcqRel);
        taken
    }
}

impl Shard {
    fn look_up(&self, hash: u64, bare: &str) -> Entries {
        let found = self.entries.read().find(hash, |entries| is_of(entries, bare)).cloned();
        let counter = if found.is_some() { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
        found.unwrap_or_default()
    }
}

/// Whose entries they are: the table never has none under a key.
fn bare(entries: &Entries) -> &str {
    entries.first().map_or("", |entry| entry.jid.bare_str())
}

fn is_of(entries: &Entries, account: &str) -> bool {
    bare(entries) == account
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn entry(full: &str, node: u64, generation: u64) -> SessionEntry {
        SessionEntry {
            jid: full.parse().unwrap(),
            node,
            generation,
            account: 1,
            priority: None,
            has_been_available: false,
            is_interested: false,
            bound_at_micros: 0,
        }
    }

    #[test]
    fn a_late_removal_leaves_the_successor_alone() {
        let elsewhere = Elsewhere::default();
        let full: Jid = "romeo@localhost/orchard".parse().unwrap();
        elsewhere.put(entry(full.as_str(), 1, 5));
        elsewhere.put(entry(full.as_str(), 2, 5));
        elsewhere.remove(&full, 1, 5);
        assert_eq!(elsewhere.find(&full).map(|entry| entry.node), Some(2));
        assert_eq!(elsewhere.len(), 1);
        elsewhere.remove(&full, 2, 5);
        assert_eq!((elsewhere.find(&full), elsewhere.len()), (None, 0));
    }

    #[test]
    fn who_passes_comes_after_whoever_looked_before() {
        let (elsewhere, told) = (Elsewhere::default(), parking_lot::Mutex::new(Vec::new()));
        std::thread::scope(|threads| {
            let under_way = elsewhere.under_way("romeo@localhost");
            let passed = threads.spawn(|| {
                elsewhere.pass("romeo@localhost");
                told.lock().push("passed");
            });
            // Nobody who looks meanwhile waits for it.
            drop(elsewhere.under_way("romeo@localhost"));
            told.lock().push("sent");
            drop(under_way);
            passed.join().unwrap();
        });
        assert_eq!(*told.lock(), ["sent", "passed"]);
    }

    #[test]
    fn sessions_of_a_node_are_taken_once() {
        let elsewhere = Elsewhere::default();
        for (resource, node) in [("a", 1), ("b", 2), ("c", 2)] {
            elsewhere.put(entry(&format!("romeo@localhost/{resource}"), node, 1));
        }
        assert_eq!(elsewhere.take(|entry| entry.node == 2).len(), 2);
        assert_eq!(elsewhere.take(|entry| entry.node == 2).len(), 0);
        assert_eq!(elsewhere.len(), 1);
    }
}
