//! One cache's entries, what they take, and which of them goes first.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::order::Order;
use super::record::Seen;
use super::shards::Shards;
use super::{Bound, Entry};
use crate::NodeId;

/// What some entries take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Size {
    /// How many they are.
    pub entries: u64,
    /// Their keys and values.
    pub bytes: u64,
}

/// What a cache holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Contents {
    pub(super) shards: Shards,
    pub(super) bound: Bound,
    /// Counts what was written: the age of shared entries.
    pub(super) written: i64,
    /// The highest stamp that there ever was.
    pub(super) newest: u64,
    /// How many entries had to make room.
    pub(super) evicted: u64,
    owned: Size,
    /// How many entries each node owns; those that own none are not in it.
    owners: BTreeMap<NodeId, u64>,
    shared: Size,
    /// Shared entries by age.
    ages: Order,
    /// Entries by when they are to vanish.
    due: Order,
}

/// Ages are numbers without gaps; moments are microseconds.
const AGES_PER_CHUNK_BITS: u32 = 10;
const MOMENTS_PER_CHUNK_BITS: u32 = 22;

impl Default for Contents {
    fn default() -> Self {
        Self {
            shards: Shards::default(),
            bound: Bound::default(),
            written: 0,
            newest: 0,
            evicted: 0,
            owned: Size::default(),
            owners: BTreeMap::new(),
            shared: Size::default(),
            ages: Order::new(AGES_PER_CHUNK_BITS),
            due: Order::new(MOMENTS_PER_CHUNK_BITS),
        }
    }
}

impl Contents {
    pub(super) fn get(&self, key: &[u8]) -> Option<Seen<'_>> {
        self.shards.get(key)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = Seen<'_>> {
        self.shards.iter()
    }

    /// Shared entries, the oldest first.
    pub(super) fn by_age(&self) -> impl Iterator<Item = Seen<'_>> {
        self.ages.iter().filter_map(|(_, key)| self.shards.get(key))
    }

    pub(super) fn size(&self) -> Size {
        self.owned + self.shared
    }

    /// How many entries a node owns.
    pub(super) fn owned_by(&self, node: NodeId) -> u64 {
        self.owners.get(&node).copied().unwrap_or(0)
    }

    /// Writes an entry as the youngest.
    pub(super) fn insert(&mut self, key: Bytes, entry: &Entry) {
        self.written += 1;
        self.insert_aged(key, entry, self.written);
    }

    /// Writes an entry of a known age.
    pub(super) fn insert_aged(&mut self, key: Bytes, entry: &Entry, age: i64) {
        self.remove(&key);
        self.newest = self.newest.max(entry.stamp);
        let age = if entry.owner.is_none() { age } else { 0 };
        let seen = Seen::of(&key, entry, age);
        *self.class(&seen) += Size::of(&seen);
        self.shards.insert(&seen);
        if let Some(owner) = entry.owner {
            *self.owners.entry(owner).or_default() += 1;
        }
        if let Some(at) = entry.expires_at_micros {
            self.due.insert(at, key.clone());
        }
        if entry.owner.is_none() {
            self.ages.insert(age, key);
        }
    }

    pub(super) fn remove(&mut self, key: &[u8]) -> Option<Entry> {
        let record = self.shards.remove(key)?;
        let seen = record.read();
        self.forget(&seen);
        Some(seen.to_entry())
    }

    /// Takes out all that is a node's.
    pub(super) fn take_owned(&mut self, node: NodeId) {
        if self.owned_by(node) == 0 {
            return;
        }
        for record in self.shards.take(|entry| entry.owner == Some(node)) {
            self.forget(&record.read());
        }
    }

    /// The entry that vanishes first, and when.
    pub(super) fn first_due(&self) -> Option<&(i64, Bytes)> {
        self.due.first()
    }

    /// Whether an entry finds room where the oldest shared ones make it.
    pub(super) fn has_room_for(&self, key: &[u8], entry: &Entry) -> bool {
        let mut owned = self.owned;
        if let Some(there) = self.get(key).filter(|there| there.owner.is_some()) {
            owned -= Size::of(&there);
        }
        (owned + Size::of(&Seen::of(key, entry, 0))).fits(self.bound)
    }

    /// Takes out the oldest shared entry where there is too much; the one of this key stays.
    pub(super) fn evict(&mut self, but: Option<&Bytes>) -> Option<(Bytes, Entry)> {
        if self.size().fits(self.bound) {
            return None;
        }
        let key = self.ages.iter().map(|(_, key)| key).find(|key| Some(*key) != but)?;
        let key = key.clone();
        let entry = self.remove(&key)?;
        self.evicted += 1;
        Some((key, entry))
    }

    fn forget(&mut self, entry: &Seen<'_>) {
        *self.class(entry) -= Size::of(entry);
        if let Some(owner) = entry.owner
            && let Some(left) = self.owners.get_mut(&owner)
        {
            *left -= 1;
            if *left == 0 {
                self.owners.remove(&owner);
            }
        }
        if let Some(at) = entry.expires_at_micros {
            self.due.remove(at, entry.to_key());
        }
        if entry.owner.is_none() {
            self.ages.remove(entry.age, entry.to_key());
        }
    }

    fn class(&mut self, entry: &Seen<'_>) -> &mut Size {
        match entry.owner {
            Some(_) => &mut self.owned,
            None => &mut self.shared,
        }
    }
}

impl Size {
    fn of(entry: &Seen<'_>) -> Self {
        Self {
            entries: 1,
            bytes: (entry.key.len() + entry.value.len()) as u64,
        }
    }

    fn fits(self, bound: Bound) -> bool {
        bound.entries.is_none_or(|most| self.entries <= most) && bound.bytes.is_none_or(|most| self.bytes <= most)
    }
}

impl std::ops::Add for Size {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            entries: self.entries + other.entries,
            bytes: self.bytes + other.bytes,
        }
    }
}

impl std::ops::AddAssign for Size {
    fn add_assign(&mut self, other: Self) {
        *self = *self + other;
    }
}

impl std::ops::SubAssign for Size {
    fn sub_assign(&mut self, other: Self) {
        self.entries -= other.entries;
        self.bytes -= other.bytes;
    }
}
