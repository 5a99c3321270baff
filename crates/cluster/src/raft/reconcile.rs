//! openraft's configuration, brought in line with the members: one change at a time, by the leader.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use openraft::{ChangeMembers, EmptyNode};
use tokio::time::Instant;

use super::Consensus;
use crate::lease::SECOND;
use crate::voters::next_voters;
use crate::{NodeId, clock};

/// A change that takes longer hangs for want of a majority; it may be made later all the same.
const PATIENCE: Duration = Duration::from_secs(10);
/// For others to take over from a leader that leaves.
const HAND_OVER: Duration = Duration::from_secs(1);
/// Between two looks whether another change is over.
const STEP: Duration = Duration::from_millis(10);
/// Log entries that a node may lag behind and still be fit to vote.
const LAG: u64 = 1_000;

/// The next thing to do.
#[derive(Debug, PartialEq, Eq)]
enum Step {
    Add(u64),
    Vote(BTreeSet<u64>),
    Remove(BTreeSet<u64>),
}

impl Consensus {
    /// Makes the next change that is due, on the leader, in a task of its own.
    pub(crate) fn reconcile(self: &Arc<Self>) {
        if self.is_changing.load(Ordering::Acquire) {
            return;
        }
        let Some(step) = self.next_step() else { return };
        self.is_changing.store(true, Ordering::Release);
        let this = Arc::clone(self);
        tokio::spawn(async move {
            tracing::debug!(target: "cluster", ?step, "the configuration changes");
            match tokio::time::timeout(PATIENCE, this.make(step)).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::debug!(target: "cluster", error, "the configuration did not change"),
                Err(_) => tracing::warn!(target: "cluster", "a change of the configuration hangs"),
            }
            this.is_changing.store(false, Ordering::Release);
        });
    }

    /// A member leaves: the others vote without it from now on, where it voted. On the leader.
    pub(crate) async fn without(&self, node: NodeId) {
        let deadline = Instant::now() + HAND_OVER;
        // No other change comes between.
        while self.is_changing.swap(true, Ordering::AcqRel) {
            if Instant::now() >= deadline {
                return;
            }
            tokio::time::sleep(STEP).await;
        }
        let metrics = self.raft.metrics().borrow().clone();
        let mut voters: BTreeSet<NodeId> = metrics.membership_config.membership().voter_ids().map(NodeId).collect();
        if voters.remove(&node) {
            let mut members: BTreeSet<NodeId> = self.machine().members().keys().copied().collect();
            members.remove(&node);
            let mut fit = self.fit(&members);
            fit.insert(self.me);
            let next = next_voters(self.me, &members, &fit, &voters).unwrap_or(voters);
            let next: BTreeSet<u64> = next.iter().map(|node| node.0).collect();
            let change = self.raft.change_membership(next, true);
            if !matches!(tokio::time::timeout_at(deadline, change).await, Ok(Ok(_))) {
                tracing::debug!(target: "cluster", %node, "it still votes although it leaves");
            }
        }
        self.is_changing.store(false, Ordering::Release);
    }

    /// The leader leaves: others vote from now on. Who of them is to lead; `None` where nobody can.
    pub(crate) async fn hand_over(&self) -> Option<NodeId> {
        // No other change comes between.
        if self.is_changing.swap(true, Ordering::AcqRel) {
            return None;
        }
        let metrics = self.raft.metrics().borrow().clone();
        let voters: BTreeSet<NodeId> = metrics.membership_config.membership().voter_ids().map(NodeId).collect();
        let members: BTreeSet<NodeId> = self.machine().members().keys().copied().collect();
        let fit = self.fit(&members);
        let heir = fit.iter().find(|node| voters.contains(*node)).or(fit.first()).copied();
        let next = heir.map(|heir| {
            let others: BTreeSet<NodeId> = members.iter().copied().filter(|node| *node != self.me).collect();
            let left: BTreeSet<NodeId> = voters.intersection(&others).copied().collect();
            next_voters(heir, &others, &fit, &left).unwrap_or(left)
        });
        let handed = match (heir, next) {
            (Some(heir), Some(next)) => {
                let next: BTreeSet<u64> = next.iter().map(|node| node.0).collect();
                let change = self.raft.change_membership(next, true);
                match tokio::time::timeout(HAND_OVER, change).await {
                    Ok(Ok(_)) => Some(heir),
                    Ok(Err(error)) => {
                        tracing::debug!(target: "cluster", %error, "the log was not handed over");
                        None
                    }
                    Err(_) => None,
                }
            }
            _ => None,
        };
        self.is_changing.store(handed.is_some(), Ordering::Release);
        handed
    }

    async fn make(&self, step: Step) -> Result<(), String> {
        let change = match step {
            Step::Add(node) => {
                let added = self.raft.add_learner(node, EmptyNode {}, false).await;
                return added.map(|_| ()).map_err(|error| error.to_string());
            }
            Step::Vote(voters) => ChangeMembers::ReplaceAllVoters(voters),
            Step::Remove(nodes) => ChangeMembers::RemoveNodes(nodes),
        };
        let changed = self.raft.change_membership(change, true).await;
        changed.map(|_| ()).map_err(|error| error.to_string())
    }

    fn next_step(&self) -> Option<Step> {
        let metrics = self.raft.metrics().borrow().clone();
        metrics.replication.as_ref()?;
        let membership = metrics.membership_config.membership();
        let configured: BTreeSet<u64> = membership.nodes().map(|(node, _)| *node).collect();
        let members: BTreeSet<NodeId> = self.machine().members().keys().copied().collect();
        self.rounds.keep(|node| configured.contains(&node));
        if let Some(new) = members.iter().find(|node| !configured.contains(&node.0)) {
            return Some(Step::Add(new.0));
        }
        let mut fit = self.fit(&members);
        fit.insert(self.me);
        let voters: BTreeSet<NodeId> = membership.voter_ids().map(NodeId).collect();
        if let Some(next) = next_voters(self.me, &members, &fit, &voters) {
            return Some(Step::Vote(next.iter().map(|node| node.0).collect()));
        }
        let gone = configured.iter().copied();
        let gone: BTreeSet<u64> = gone
            .filter(|node| !members.contains(&NodeId(*node)) && !voters.contains(&NodeId(*node)))
            .collect();
        (!gone.is_empty()).then_some(Step::Remove(gone))
    }

    /// The members that answer the leader and have caught up.
    fn fit(&self, members: &BTreeSet<NodeId>) -> BTreeSet<NodeId> {
        let metrics = self.raft.metrics().borrow().clone();
        let Some(replication) = &metrics.replication else {
            return BTreeSet::new();
        };
        let (last, term, now) = (metrics.last_log_index.unwrap_or(0), metrics.current_term, clock::now());
        let keeps_up = |node: &&NodeId| {
            let matched = replication
                .get(&node.0)
                .copied()
                .flatten()
                .map_or(0, |log_id| log_id.index);
            matched > 0 && last.saturating_sub(matched) <= LAG && now - self.answered(**node, term) < SECOND
        };
        members
            .iter()
            .filter(|node| **node != self.me)
            .filter(keeps_up)
            .copied()
            .collect()
    }
}
