//! What a majority has acknowledged, and when it was asked: by this the leader's own lease is counted. openraft tells
//! how long ago that was when it last looked, which is not when we look, so it is counted here.

use std::collections::{BTreeSet, HashMap};

use parking_lot::Mutex;

use crate::lease::{Micros, NEVER};

#[derive(Debug, Default)]
pub(super) struct Rounds(Mutex<HashMap<u64, (u64, Micros)>>);

impl Rounds {
    /// A node has acknowledged this node as the leader of a term, asked at `sent`.
    pub(super) fn acknowledged(&self, node: u64, term: u64, sent: Micros) {
        let mut rounds = self.0.lock();
        let last = rounds.entry(node).or_insert((term, sent));
        *last = (*last).max((term, sent));
    }

    /// When a node was asked what it last acknowledged in this term.
    pub(super) fn last(&self, node: u64, term: u64) -> Micros {
        let rounds = self.0.lock();
        rounds
            .get(&node)
            .filter(|(at, _)| *at == term)
            .map_or(NEVER, |(_, sent)| *sent)
    }

    /// When the newest round was sent that a majority of each of these sets of voters has acknowledged.
    pub(super) fn quorum(&self, me: u64, term: u64, voters: &[BTreeSet<u64>], now: Micros) -> Micros {
        let of_one = |voters: &BTreeSet<u64>| {
            let last = |node: &u64| if *node == me { now } else { self.last(*node, term) };
            let mut rounds: Vec<Micros> = voters.iter().map(last).collect();
            rounds.sort_unstable_by(|one, other| other.cmp(one));
            rounds.get(voters.len() / 2).copied().unwrap_or(NEVER)
        };
        voters.iter().map(of_one).min().unwrap_or(NEVER)
    }

    /// Nodes that are gone.
    pub(super) fn keep(&self, is_there: impl Fn(u64) -> bool) {
        self.0.lock().retain(|node, _| is_there(*node));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Micros = 1_000;

    #[track_caller]
    fn check(acknowledged: &[(u64, u64, Micros)], voters: &[&[u64]], expected: Micros) {
        let rounds = Rounds::default();
        for (node, term, sent) in acknowledged {
            rounds.acknowledged(*node, *term, *sent);
        }
        let voters: Vec<BTreeSet<u64>> = voters.iter().map(|set| set.iter().copied().collect()).collect();
        assert_eq!(rounds.quorum(1, 5, &voters, NOW), expected);
    }

    #[test]
    fn a_round_counts_when_a_majority_of_every_set_has_acknowledged_it() {
        check(&[], &[&[1]], NOW);
        check(&[], &[&[1, 2, 3]], NEVER);
        check(&[(2, 5, 10), (3, 5, 20)], &[&[1, 2, 3]], 20);
        check(&[(2, 5, 10), (2, 5, 5)], &[&[1, 2, 3]], 10);
        check(&[(2, 5, 10), (3, 5, 20), (4, 5, 30)], &[&[1, 2, 3, 4, 5]], 20);
        check(&[(2, 5, 10), (3, 5, 20)], &[&[1, 2, 3], &[2, 4, 5]], NEVER);
        check(&[(2, 5, 10), (3, 5, 20), (4, 5, 30)], &[&[1, 2, 3], &[2, 4, 5]], 10);
    }

    #[test]
    fn what_was_acknowledged_to_an_earlier_leadership_counts_nothing() {
        check(&[(2, 4, 900), (3, 4, 900)], &[&[1, 2, 3]], NEVER);
        check(&[(2, 5, 10), (2, 4, 900)], &[&[1, 2, 3]], 10);
    }
}
