//! What happened in a world, held against what must not.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;

use crate::NodeId;
use crate::raft::Consensus;
use crate::state::{CacheId, Machine};

/// Every node enters keys of its own here.
pub(super) const OWN: CacheId = CacheId(1);
/// All want the same few keys here.
pub(super) const WANTED: CacheId = CacheId(2);

#[derive(Default)]
pub(super) struct History {
    seed: u64,
    said: Mutex<Said>,
}

#[derive(Default)]
struct Said {
    /// The state at each index at which somebody looked at it.
    states: BTreeMap<u64, Machine>,
    /// What was acknowledged, and whose it is.
    acknowledged: Vec<(NodeId, Bytes)>,
    /// Who has which of the keys that all want.
    holders: BTreeMap<Bytes, NodeId>,
    dead: BTreeSet<NodeId>,
}

impl History {
    pub(super) fn of(seed: u64) -> Arc<Self> {
        Arc::new(Self {
            seed,
            ..Self::default()
        })
    }

    /// Follows what a node applies.
    pub(super) async fn watch(self: Arc<Self>, node: Arc<Consensus>) {
        let mut applied = node.applied();
        while applied.changed().await.is_ok() {
            let (index, machine) = node.snapshot();
            self.has_applied(node.me(), index, &machine);
        }
    }

    fn has_applied(&self, node: NodeId, index: u64, machine: &Machine) {
        for cache in [OWN, WANTED] {
            for entry in machine.entries(cache) {
                let owner = entry.owner.expect("all have owners");
                let is_member = machine.members().contains_key(&owner);
                assert!(
                    is_member,
                    "world {}: {:?} is {owner}'s, who is no member",
                    self.seed, entry.key
                );
            }
        }
        let mut said = self.said.lock();
        let known = said.states.entry(index).or_insert_with(|| machine.clone());
        assert!(*known == *machine, "world {}: {node} differs at {index}", self.seed);
    }

    pub(super) fn acknowledged(&self, node: NodeId, key: Bytes) {
        self.said.lock().acknowledged.push((node, key));
    }

    pub(super) fn has(&self, node: NodeId, key: &Bytes) {
        let mut said = self.said.lock();
        let before = said.holders.insert(key.clone(), node);
        let is_free = before.is_none_or(|before| said.dead.contains(&before));
        assert!(
            is_free,
            "world {}: {key:?} is {before:?}'s, and {node} got it",
            self.seed
        );
    }

    pub(super) fn gives_up(&self, key: &Bytes) {
        self.said.lock().holders.remove(key);
    }

    pub(super) fn died(&self, node: NodeId) {
        self.said.lock().dead.insert(node);
    }

    /// How many commands were acknowledged, all of which are there where their nodes live.
    pub(super) fn judge(&self, end: &Machine) -> usize {
        let said = self.said.lock();
        for (node, key) in said.acknowledged.iter().filter(|(node, _)| !said.dead.contains(node)) {
            let is_there = end.get(OWN, key).is_some_and(|entry| entry.owner == Some(*node));
            assert!(
                is_there,
                "world {}: {node}'s {key:?} was acknowledged and is lost",
                self.seed
            );
        }
        for dead in &said.dead {
            assert!(
                !end.members().contains_key(dead),
                "world {}: {dead} is a member",
                self.seed
            );
        }
        said.acknowledged.len()
    }
}
