//! Everyone reaches everyone: of a pair that is cut, one gets no more grants.

use std::collections::{BTreeMap, BTreeSet};

use super::{Ask, Lease, MAX_SERVERS, Micros};
use crate::NodeId;

/// A member that was not heard for so long is named in the asks.
const SILENT: Micros = 2_000_000;

/// The leader looks at pairs only whose both ends it has heard so recently; the dead are no cut pair. Below
/// [`SILENT`], so that one who pauses is out of sight before anybody names it.
const HEARD: Micros = 1_500_000;

/// Which pairs are cut, and since when, as the asks tell the leader.
#[derive(Debug, Default)]
pub(super) struct Reach {
    down: BTreeMap<NodeId, BTreeSet<NodeId>>,
    since: BTreeMap<(NodeId, NodeId), Micros>,
}

impl Reach {
    fn hear(&mut self, from: NodeId, ask: &Ask, is_member: impl Fn(&NodeId) -> bool, now: Micros) {
        let named = ask
            .links_down
            .iter()
            .copied()
            .filter(|node| is_member(node) && *node != from);
        self.down.insert(from, named.take(MAX_SERVERS).collect());
        self.down.retain(|node, _| is_member(node));
        let down = &self.down;
        let is_cut = |a: &NodeId, b: &NodeId| down.get(a).is_some_and(|others| others.contains(b));
        self.since.retain(|(a, b), _| is_member(b) && is_cut(a, b));
        for other in &self.down[&from] {
            self.since.entry((from, *other)).or_insert(now);
        }
    }

    /// How many pairs with `node` have been cut for `long`.
    fn cut(&self, node: NodeId, long: Micros, now: Micros) -> BTreeSet<NodeId> {
        let old = self.since.iter().filter(|(_, since)| now - **since >= long);
        old.filter_map(|((a, b), _)| {
            if *a == node {
                Some(*b)
            } else {
                (*b == node).then_some(*a)
            }
        })
        .collect()
    }

    /// Whether `node` is the one of a cut pair that has to go: it reaches fewer, or as few and came later.
    fn has_to_go(&self, node: NodeId, long: Micros, now: Micros) -> bool {
        let mine = self.cut(node, long, now);
        mine.iter()
            .any(|other| (mine.len(), node) > (self.cut(*other, long, now).len(), *other))
    }
}

impl Lease {
    /// The members that this process has not heard for [`SILENT`] itself. Whoever drives the lease sees to
    /// it that a link that is up says something every second.
    pub(super) fn links_down(&self, now: Micros) -> BTreeSet<NodeId> {
        let silent = self.silence(now).into_iter().filter(|(_, silence)| *silence > SILENT);
        silent
            .map(|(node, _)| node)
            .filter(|node| Some(*node) != self.leader())
            .take(MAX_SERVERS)
            .collect()
    }

    /// Notes what an ask says of the links; whether its sender still gets grants.
    pub(super) fn reaches_enough(&mut self, from: NodeId, ask: &Ask, now: Micros) -> bool {
        let leader = self.me;
        let (Some(view), Some(leadership)) = (&self.view, &mut self.leadership) else {
            return false;
        };
        let proofs = &self.proofs;
        let is_heard = |node: &NodeId| proofs.last_sign(*node).is_some_and(|sign| now - sign <= HEARD);
        let is_member = |node: &NodeId| *node != leader && view.members.contains_key(node) && is_heard(node);
        leadership.reach.hear(from, ask, is_member, now);
        !leadership
            .reach
            .has_to_go(from, self.settings.pair_cut_after - SILENT, now)
    }
}
