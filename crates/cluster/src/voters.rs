//! Who votes: always an odd number, changed in one joint step.

use std::collections::BTreeSet;

use crate::NodeId;

/// How many of so many members vote: one of two, three of three or four, five from five on. With two voters the
/// loss of either would stop both.
#[must_use]
pub fn wanted(members: usize) -> usize {
    match members {
        0..3 => 1,
        3..5 => 3,
        _ => 5,
    }
}

/// The voters to change to in one joint step, if they have to change. `fit` are the members that answer and have
/// caught up; only they are promoted, and a voter that is merely slow is kept while the number is right. The leader
/// stays a voter.
#[must_use]
pub fn next_voters(
    leader: NodeId,
    members: &BTreeSet<NodeId>,
    fit: &BTreeSet<NodeId>,
    voters: &BTreeSet<NodeId>,
) -> Option<BTreeSet<NodeId>> {
    let may_vote = |node: &&NodeId| **node == leader || fit.contains(*node) || voters.contains(*node);
    let mut candidates: Vec<NodeId> = members.iter().filter(may_vote).copied().collect();
    candidates.sort_by_key(|node| (*node != leader, !voters.contains(node), !fit.contains(node), *node));
    candidates.truncate(wanted(candidates.len()));
    let next: BTreeSet<NodeId> = candidates.into_iter().collect();
    (!next.is_empty() && (next.len() != voters.len() || !voters.is_subset(members))).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(nodes: &[u64]) -> BTreeSet<NodeId> {
        nodes.iter().copied().map(NodeId).collect()
    }

    #[track_caller]
    fn check(members: &[u64], fit: &[u64], voters: &[u64], next: Option<&[u64]>) {
        assert_eq!(
            next_voters(NodeId(1), &set(members), &set(fit), &set(voters)),
            next.map(set)
        );
    }

    #[test]
    fn the_number_of_voters_is_odd_and_changes_in_one_step() {
        check(&[1], &[1], &[1], None);
        check(&[1, 2], &[1, 2], &[1], None);
        check(&[1, 2, 3], &[1, 2, 3], &[1], Some(&[1, 2, 3]));
        check(&[1, 2, 3, 4], &[1, 2, 3, 4], &[1, 2, 3], None);
        check(&[1, 2, 3, 4, 5], &[1, 2, 3, 4, 5], &[1, 2, 3], Some(&[1, 2, 3, 4, 5]));
        check(&[1, 2, 3, 4, 5, 6], &[1, 2, 3, 4, 5, 6], &[1, 2, 3, 4, 5], None);
    }

    #[test]
    fn a_dead_voter_is_replaced_or_the_number_shrinks() {
        check(&[1, 2, 4], &[1, 2, 4], &[1, 2, 3], Some(&[1, 2, 4]));
        check(&[1, 2], &[1, 2], &[1, 2, 3], Some(&[1]));
        check(&[1, 2, 3, 4], &[1, 2, 3, 4], &[1, 2, 3, 4, 5], Some(&[1, 2, 3]));
    }

    #[test]
    fn only_the_fit_are_promoted_and_the_slow_are_kept() {
        check(&[1, 2, 3], &[1, 2], &[1], None);
        check(&[1, 2, 3, 4], &[1, 2, 4], &[1], Some(&[1, 2, 4]));
        check(&[1, 2, 3], &[1], &[1, 2, 3], None);
    }
}
