//! The state machine.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::contents::{Contents, Size};
use super::{Bound, CacheId, Change, Claim, Command, Entry, Expect, Member, Outcome, Put, Remove, Seen};
use crate::NodeId;
use crate::lease::Departed;

/// What all nodes agree on. A copy is cheap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Machine {
    pub(super) members: BTreeMap<NodeId, Member>,
    pub(super) departed: Departed,
    pub(super) caches: BTreeMap<CacheId, Contents>,
}

impl Machine {
    /// The members, by their lives.
    #[must_use]
    pub fn members(&self) -> &BTreeMap<NodeId, Member> {
        &self.members
    }

    /// Lives that may never be members again.
    #[must_use]
    pub fn departed(&self) -> &Departed {
        &self.departed
    }

    /// What a cache holds under a key.
    #[must_use]
    pub fn get(&self, cache: CacheId, key: &[u8]) -> Option<Seen<'_>> {
        self.caches.get(&cache)?.get(key)
    }

    /// All that a cache holds, in no order.
    pub fn entries(&self, cache: CacheId) -> impl Iterator<Item = Seen<'_>> {
        self.caches.get(&cache).into_iter().flat_map(Contents::iter)
    }

    /// A cache's shared entries, the oldest first.
    pub fn shared(&self, cache: CacheId) -> impl Iterator<Item = Seen<'_>> {
        self.caches.get(&cache).into_iter().flat_map(Contents::by_age)
    }

    /// What a cache holds, all in all.
    #[must_use]
    pub fn size(&self, cache: CacheId) -> Size {
        self.caches.get(&cache).map_or(Size::default(), Contents::size)
    }

    /// About as many bytes as all of it takes.
    pub(crate) fn weight(&self) -> usize {
        const ENTRY: u64 = 64;
        let sizes = self.caches.values().map(Contents::size);
        let bytes: u64 = sizes.map(|size| size.bytes + ENTRY * size.entries).sum();
        usize::try_from(bytes).unwrap_or(usize::MAX)
    }

    /// How many of a cache's entries a node owns.
    #[must_use]
    pub fn owned_by(&self, cache: CacheId, node: NodeId) -> u64 {
        self.caches.get(&cache).map_or(0, |contents| contents.owned_by(node))
    }

    /// What a cache may hold.
    #[must_use]
    pub fn bound(&self, cache: CacheId) -> Bound {
        self.caches
            .get(&cache)
            .map_or(Bound::default(), |contents| contents.bound)
    }

    /// How many of a cache's entries had to make room for others.
    #[must_use]
    pub fn evicted(&self, cache: CacheId) -> u64 {
        self.caches.get(&cache).map_or(0, |contents| contents.evicted)
    }

    /// When the next entry vanishes by itself.
    #[must_use]
    pub fn next_due(&self) -> Option<i64> {
        let due = self.caches.values().filter_map(Contents::first_due);
        due.map(|(at, _)| *at).min()
    }

    /// Does what a command asks, and adds to `changes` what that changed.
    pub fn apply(&mut self, command: Command, changes: &mut Vec<Change>) -> Outcome {
        match command {
            Command::Up(member) => self.up(member, changes),
            Command::Down(node) => {
                self.down(node, changes);
                Outcome::Done
            }
            Command::Put(put) => self.put(put, changes),
            Command::Remove(remove) => self.remove(&remove, changes),
            Command::Expire(now) => {
                self.expire(now, changes);
                Outcome::Done
            }
            Command::Bound(cache, bound) => {
                self.caches.entry(cache).or_default().bound = bound;
                self.make_room(cache, None, changes);
                Outcome::Done
            }
            Command::Claim(claim) => self.claim(claim, changes),
        }
    }

    fn up(&mut self, member: Member, changes: &mut Vec<Change>) -> Outcome {
        if self.members.contains_key(&member.node) {
            return Outcome::Done;
        }
        if self.departed.contains(member.node) {
            return Outcome::Refused;
        }
        // A server takes a number for its next life only when the life before is over.
        let before = self.members.values().filter(|known| known.server == member.server);
        let before: Vec<NodeId> = before.map(|known| known.node).collect();
        if before.iter().any(|known| *known > member.node) {
            return Outcome::Refused;
        }
        for node in before {
            self.down(node, changes);
        }
        self.members.insert(member.node, member.clone());
        changes.push(Change::Up(member));
        Outcome::Done
    }

    fn down(&mut self, node: NodeId, changes: &mut Vec<Change>) {
        self.departed.insert(node);
        if self.members.remove(&node).is_none() {
            return;
        }
        for contents in self.caches.values_mut() {
            contents.take_owned(node);
        }
        changes.push(Change::Down(node));
    }

    fn put(&mut self, put: Put, changes: &mut Vec<Change>) -> Outcome {
        if put.entry.owner.is_some_and(|owner| !self.members.contains_key(&owner)) {
            return Outcome::Refused;
        }
        let contents = self.caches.entry(put.cache).or_default();
        let there = contents.get(&put.key);
        match (put.expect, there) {
            (Expect::Free | Expect::Earlier, Some(there)) if !there.is_same(&put.entry) => {
                return Outcome::Taken(there.to_entry());
            }
            // The same once more, or overtaken by what came later.
            (Expect::Free | Expect::Earlier, Some(there)) if there.seq >= put.entry.seq => return Outcome::Done,
            (Expect::Earlier | Expect::Stamp(_) | Expect::Of(..), None) => return Outcome::Stale,
            (Expect::Of(owner, stamp), Some(there)) if (there.owner, there.stamp) != (Some(owner), stamp) => {
                return match there.is_same(&put.entry) {
                    true => Outcome::Done,
                    false => Outcome::Taken(there.to_entry()),
                };
            }
            (Expect::Stamp(stamp), Some(there)) if there.stamp != stamp => {
                return match there.is_same(&put.entry) && there.seq == put.entry.seq {
                    true => Outcome::Done,
                    false => Outcome::Taken(there.to_entry()),
                };
            }
            _ => {}
        }
        match self.enter(put.cache, put.key, put.entry, changes) {
            true => Outcome::Done,
            false => Outcome::Full,
        }
    }

    fn claim(&mut self, claim: Claim, changes: &mut Vec<Change>) -> Outcome {
        if !self.members.contains_key(&claim.owner) {
            return Outcome::Refused;
        }
        let contents = self.caches.entry(claim.cache).or_default();
        let value = Bytes::copy_from_slice(&claim.request.to_be_bytes());
        let (stamp, seq) = match contents.get(&claim.key) {
            None => (claim.token.max(contents.newest.saturating_add(1)), 0),
            Some(there) if (there.owner, there.value) != (Some(claim.owner), &value[..]) => {
                return Outcome::Taken(there.to_entry());
            }
            Some(there) if there.expires_at_micros >= Some(claim.until_micros) => return Outcome::Locked(there.stamp),
            Some(there) => (there.stamp, there.seq + 1),
        };
        let entry = Entry {
            owner: Some(claim.owner),
            stamp,
            seq,
            expires_at_micros: Some(claim.until_micros),
            value,
        };
        match self.enter(claim.cache, claim.key, entry, changes) {
            true => Outcome::Locked(stamp),
            false => Outcome::Full,
        }
    }

    /// Writes an entry where there is room for it, or can be made.
    fn enter(&mut self, cache: CacheId, key: Bytes, entry: Entry, changes: &mut Vec<Change>) -> bool {
        let contents = self.caches.entry(cache).or_default();
        if !contents.has_room_for(&key, &entry) {
            return false;
        }
        contents.insert(key.clone(), &entry);
        self.make_room(cache, Some(&key), changes);
        changes.push(Change::Put(cache, key, entry));
        true
    }

    fn make_room(&mut self, cache: CacheId, but: Option<&Bytes>, changes: &mut Vec<Change>) {
        let contents = self.caches.entry(cache).or_default();
        while let Some((key, entry)) = contents.evict(but) {
            changes.push(Change::Removed(cache, key, entry));
        }
    }

    fn remove(&mut self, remove: &Remove, changes: &mut Vec<Change>) -> Outcome {
        let Some(contents) = self.caches.get_mut(&remove.cache) else {
            return Outcome::Stale;
        };
        match contents.get(&remove.key) {
            Some(there) if (there.owner, there.stamp) == (remove.owner, remove.stamp) => {}
            _ => return Outcome::Stale,
        }
        if let Some(entry) = contents.remove(&remove.key) {
            changes.push(Change::Removed(remove.cache, remove.key.clone(), entry));
        }
        Outcome::Done
    }

    fn expire(&mut self, now: i64, changes: &mut Vec<Change>) {
        for (cache, contents) in &mut self.caches {
            while let Some((_, key)) = contents.first_due().filter(|(at, _)| *at <= now).cloned() {
                if let Some(entry) = contents.remove(&key) {
                    changes.push(Change::Removed(*cache, key, entry));
                }
            }
        }
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
