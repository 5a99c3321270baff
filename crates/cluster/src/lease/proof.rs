//! Proof of death: an attempt begun after the last sign of life, refused or answered by a later life.

use std::collections::BTreeMap;

use super::life::Every;
use super::{Answer, Bug, Effect, Lease, Micros, NEVER, ServerId};
use crate::NodeId;

/// Signs of life, and who is proven dead. Holds members of the list and of the row only.
#[derive(Debug, Default)]
pub(super) struct Proofs {
    pub(super) probe: Every,
    signs: BTreeMap<NodeId, Micros>,
    dead: BTreeMap<NodeId, Micros>,
}

impl Proofs {
    pub(super) fn sign(&mut self, node: NodeId, now: Micros) {
        self.signs.insert(node, now);
    }

    pub(super) fn last_sign(&self, node: NodeId) -> Option<Micros> {
        self.signs.get(&node).copied()
    }

    pub(super) fn is_dead(&self, node: NodeId) -> bool {
        self.dead.contains_key(&node)
    }

    pub(super) fn forget(&mut self, is_known: impl Fn(&NodeId) -> bool) {
        self.signs.retain(|node, _| is_known(node));
        self.dead.retain(|node, _| is_known(node));
    }
}

impl Lease {
    /// A connection attempt to a server, begun at `began`, was refused or answered.
    pub fn on_attempt(&mut self, server: ServerId, answer: Answer, began: Micros, now: Micros) {
        if !self.settings.trust_refused || self.has_left() {
            return;
        }
        self.before(now);
        let known: Vec<_> = self
            .members()
            .iter()
            .chain(&self.watch.members)
            .map(|(n, s)| (*n, *s))
            .collect();
        let mut is_new = false;
        for (node, at) in known {
            let sign = *self.proofs.signs.entry(node).or_insert(now);
            // An earlier life there may have taken over as this one and not know it yet.
            let is_later = match answer {
                Answer::Refused => true,
                Answer::Lives(there) => there > node,
            };
            if at == server && is_later && (began > sign || self.has(Bug::Early)) {
                is_new |= self.proofs.dead.insert(node, began).is_none();
            }
        }
        if let Answer::Lives(node) = answer
            && self.proofs.signs.contains_key(&node)
        {
            self.proofs.sign(node, now);
        }
        if is_new && self.leadership.is_none() {
            // It may be the last one that could speak for the group.
            self.emit(Effect::ReadRow);
        }
        if answer == Answer::Refused && self.servers.contains(&server) {
            // Nobody is there who could.
            self.membership.nobody_was_at(server, began);
        }
        // Another process at the address is somebody who could take over; only a refusal says that nobody is there.
        if let (Answer::Refused, Some(leadership)) = (answer, &mut self.leadership) {
            let proven = leadership.nobody_at.entry(server).or_insert(NEVER);
            *proven = (*proven).max(began);
        }
    }
}
