//! The state machine.

use std::collections::BTreeMap;

use bytes::Bytes;

use super::shards::Shards;
use super::{CacheId, Change, Command, Entry, Expect, Member, Outcome, Put, Remove};
use crate::NodeId;
use crate::lease::Departed;

/// What all nodes agree on. A copy is cheap.
#[derive(Debug, Clone, Default)]
pub struct Machine {
    pub(super) members: BTreeMap<NodeId, Member>,
    pub(super) departed: Departed,
    pub(super) caches: BTreeMap<CacheId, Shards>,
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
    pub fn get(&self, cache: CacheId, key: &[u8]) -> Option<&Entry> {
        self.caches.get(&cache)?.get(key)
    }

    /// All that a cache holds, in no order.
    pub fn entries(&self, cache: CacheId) -> impl Iterator<Item = (&Bytes, &Entry)> {
        self.caches.get(&cache).into_iter().flat_map(Shards::iter)
    }

    /// How many entries a cache holds.
    #[must_use]
    pub fn len(&self, cache: CacheId) -> usize {
        self.caches.get(&cache).map_or(0, Shards::len)
    }

    /// Whether a cache holds nothing.
    #[must_use]
    pub fn is_empty(&self, cache: CacheId) -> bool {
        self.len(cache) == 0
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
        for shards in self.caches.values_mut() {
            shards.take(|entry| entry.owner == Some(node));
        }
        changes.push(Change::Down(node));
    }

    fn put(&mut self, put: Put, changes: &mut Vec<Change>) -> Outcome {
        if put.entry.owner.is_some_and(|owner| !self.members.contains_key(&owner)) {
            return Outcome::Refused;
        }
        let shards = self.caches.entry(put.cache).or_default();
        let there = shards.get(&put.key);
        match (put.expect, there) {
            (Expect::Free | Expect::Earlier, Some(there)) if !there.is_same(&put.entry) => {
                return Outcome::Taken(there.clone());
            }
            // The same once more, or overtaken by what came later.
            (Expect::Free | Expect::Earlier, Some(there)) if there.seq >= put.entry.seq => return Outcome::Done,
            (Expect::Earlier | Expect::Stamp(_) | Expect::Of(..), None) => return Outcome::Stale,
            (Expect::Of(owner, stamp), Some(there)) if (there.owner, there.stamp) != (Some(owner), stamp) => {
                return match there.is_same(&put.entry) {
                    true => Outcome::Done,
                    false => Outcome::Taken(there.clone()),
                };
            }
            (Expect::Stamp(stamp), Some(there)) if there.stamp != stamp => {
                return match there.is_same(&put.entry) && there.seq == put.entry.seq {
                    true => Outcome::Done,
                    false => Outcome::Taken(there.clone()),
                };
            }
            _ => {}
        }
        shards.insert(put.key.clone(), put.entry.clone());
        changes.push(Change::Put(put.cache, put.key, put.entry));
        Outcome::Done
    }

    fn remove(&mut self, remove: &Remove, changes: &mut Vec<Change>) -> Outcome {
        let Some(shards) = self.caches.get_mut(&remove.cache) else {
            return Outcome::Stale;
        };
        match shards.get(&remove.key) {
            Some(there) if (there.owner, there.stamp) == (remove.owner, remove.stamp) => {}
            _ => return Outcome::Stale,
        }
        if let Some(entry) = shards.remove(&remove.key) {
            changes.push(Change::Removed(remove.cache, remove.key.clone(), entry));
        }
        Outcome::Done
    }

    fn expire(&mut self, now: i64, changes: &mut Vec<Change>) {
        for (cache, shards) in &mut self.caches {
            let gone = shards.take(|entry| entry.expires_at_micros.is_some_and(|at| at <= now));
            changes.extend(gone.into_iter().map(|(key, entry)| Change::Removed(*cache, key, entry)));
        }
    }
}

#[cfg(test)]
#[path = "machine_tests.rs"]
mod tests;
