//! One group's log as the rest of the cluster uses it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use bytes::Bytes;
use openraft::error::{ClientWriteError, RaftError};
use openraft::metrics::WaitError;
use openraft::{Config, EmptyNode, RaftMetrics, SnapshotPolicy};
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;

use super::Raft;
use super::answer::{Incoming, answer};
use super::carrier::Carrier;
use super::log::Log;
use super::rounds::Rounds;
use super::store::{Applier, Store, Watcher};
use super::wire::Wire;
use crate::lease::{Micros, RaftView};
use crate::state::{Batch, Machine, Outcome};
use crate::{Group, NodeId, clock};

/// Between two heartbeats of the leader.
const HEARTBEAT_MILLIS: u64 = 150;
/// Silence of the leader after which others stand for election. A follower elects nobody else for the longer of the
/// two after it heard its leader, which bounds from below how soon a dead leader is replaced.
const ELECTION_MILLIS: (u64, u64) = (600, 900);
/// For openraft to look at the state, after which it forgets what the log was longer.
const CUT_PATIENCE: Duration = Duration::from_secs(5);
/// A learner that is so many log entries behind is not ready to vote.
const LAG_ENTRIES: u64 = 10_000;
/// Log entries in one call. Bytes bound it sooner.
const ENTRIES_PER_CALL: u64 = 64;

/// Why a batch was not proposed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotProposed {
    /// This node does not lead.
    #[error("another node leads")]
    NotLeader,
    /// It has ended.
    #[error("this node's log has ended")]
    Ended,
}

/// This node's part in a group.
pub(crate) struct Consensus {
    pub(super) me: NodeId,
    group: Group,
    pub(super) raft: Raft,
    pub(super) store: Arc<Store>,
    pub(super) rounds: Arc<Rounds>,
    incoming: Incoming,
    pub(super) is_changing: AtomicBool,
    /// Ends with it.
    _cutter: AbortOnDropHandle<()>,
}

impl Consensus {
    /// A node of a group that knows nothing of it yet. Must be called in the runtime that it is to run in.
    pub(crate) async fn join(carrier: Arc<dyn Carrier>, group: Group, watcher: Watcher) -> Result<Arc<Self>, String> {
        let (me, rounds) = (carrier.node(), Arc::new(Rounds::default()));
        let log = Log::default();
        let store = Store::new(log.clone(), watcher);
        let wire = Wire {
            carrier,
            group,
            rounds: Arc::clone(&rounds),
        };
        let config = Arc::new(config(group).validate().map_err(|error| error.to_string())?);
        let applier = Applier(Arc::clone(&store));
        let raft = Raft::new(me.0, config, wire, log, applier).await;
        let raft = raft.map_err(|error| error.to_string())?;
        let cutter = AbortOnDropHandle::new(tokio::spawn(cut(raft.clone(), Arc::clone(&store))));
        Ok(Arc::new(Self {
            me,
            group,
            raft,
            store,
            rounds,
            incoming: Incoming::default(),
            is_changing: AtomicBool::new(false),
            _cutter: cutter,
        }))
    }

    /// The first node of a new group.
    pub(crate) async fn found(carrier: Arc<dyn Carrier>, group: Group, watcher: Watcher) -> Result<Arc<Self>, String> {
        let consensus = Self::join(carrier, group, watcher).await?;
        let me = BTreeSet::from([consensus.me.0]);
        consensus.raft.initialize(me).await.map_err(|error| error.to_string())?;
        Ok(consensus)
    }

    /// Whose part this is.
    pub(crate) fn me(&self) -> NodeId {
        self.me
    }

    /// Whose log this is.
    pub(crate) fn group(&self) -> Group {
        self.group
    }

    /// The state as far as it is known here. To be let go at once: the log waits.
    pub(crate) fn machine(&self) -> impl Deref<Target = Machine> {
        self.store.machine()
    }

    /// A copy of the state, and the index up to which the log was applied to it.
    pub(crate) fn snapshot(&self) -> (u64, Machine) {
        self.store.copy()
    }

    /// The index up to which the log was applied here.
    pub(crate) fn applied(&self) -> watch::Receiver<u64> {
        self.store.applied()
    }

    /// The term, the last entry of the log that is here, and the last one that was applied.
    pub(crate) fn progress(&self) -> (u64, Option<u64>, Option<u64>) {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow();
        let applied = metrics.last_applied.map(|id| id.index);
        (metrics.current_term, metrics.last_log_index, applied)
    }

    /// Who leads, as far as it is known here.
    pub(crate) fn leader(&self) -> Option<NodeId> {
        self.raft.metrics().borrow().current_leader.map(NodeId)
    }

    /// Those who vote.
    pub(crate) fn voters(&self) -> BTreeSet<NodeId> {
        let metrics = self.raft.metrics();
        let metrics = metrics.borrow();
        metrics.membership_config.voter_ids().map(NodeId).collect()
    }

    /// Proposes a batch, on the leader. Where it is committed, and what came of it. May hang while there is no majority,
    /// and may be applied after that.
    pub(crate) async fn propose(&self, batch: Batch) -> Result<(u64, Vec<Outcome>), NotProposed> {
        match self.raft.client_write(batch).await {
            Ok(written) => Ok((written.log_id.index, written.data)),
            Err(RaftError::APIError(ClientWriteError::ForwardToLeader(_))) => Err(NotProposed::NotLeader),
            Err(RaftError::APIError(ClientWriteError::ChangeMembershipError(_)) | RaftError::Fatal(_)) => {
                Err(NotProposed::Ended)
            }
        }
    }

    /// Stands for election at once.
    pub(crate) async fn elect(&self) {
        if let Err(error) = self.raft.trigger().elect().await {
            tracing::debug!(target: "cluster", %error, "no election");
        }
    }

    /// Answers a call of another node's log.
    pub(crate) async fn answer(&self, body: &[u8]) -> Option<Bytes> {
        answer(&self.raft, &self.incoming, self.group, body).await
    }

    /// What the lease wants to know.
    pub(crate) fn view(&self) -> RaftView {
        let now = clock::now();
        let metrics = self.raft.metrics().borrow().clone();
        let term = metrics.current_term;
        let voters: Vec<BTreeSet<u64>> = metrics.membership_config.membership().get_joint_config().clone();
        // Whoever was just elected may not know yet whom the one before let in.
        let knows_all = self.store.applied_term() == Some(term);
        let leader = metrics
            .current_leader
            .filter(|leader| *leader != self.me.0 || knows_all);
        let machine = self.machine();
        let members: BTreeMap<_, _> = machine
            .members()
            .values()
            .map(|member| (member.node, member.server))
            .collect();
        RaftView {
            group: self.group,
            term,
            leader: leader.map(NodeId),
            members,
            voters: voters.iter().flatten().copied().map(NodeId).collect(),
            quorum_round: self.rounds.quorum(self.me.0, term, &voters, now),
            departed: machine.departed().clone(),
        }
    }

    /// How long ago a node last acknowledged this one as the leader; on the leader.
    pub(super) fn answered(&self, node: NodeId, term: u64) -> Micros {
        self.rounds.last(node.0, term)
    }

    /// Ends this node's part.
    pub(crate) async fn end(&self) {
        if let Err(error) = self.raft.shutdown().await {
            tracing::warn!(target: "cluster", %error, "the log did not end well");
        }
    }
}

/// Keeps the log short, as long as openraft runs.
async fn cut(raft: Raft, store: Arc<Store>) {
    loop {
        store.is_long.notified().await;
        let Some((applied, superfluous)) = store.superfluous() else {
            continue;
        };
        if raft.trigger().snapshot().await.is_err() {
            return;
        }
        let is_built =
            |metrics: &RaftMetrics<u64, EmptyNode>| metrics.snapshot.is_some_and(|last| last.index >= applied);
        let built = raft.wait(Some(CUT_PATIENCE)).metrics(is_built, "snapshot").await;
        if matches!(built, Err(WaitError::ShuttingDown)) || raft.trigger().purge_log(superfluous).await.is_err() {
            return;
        }
    }
}

fn config(group: Group) -> Config {
    Config {
        cluster_name: group.to_string(),
        heartbeat_interval: HEARTBEAT_MILLIS,
        election_timeout_min: ELECTION_MILLIS.0,
        election_timeout_max: ELECTION_MILLIS.1,
        max_payload_entries: ENTRIES_PER_CALL,
        // The log is cut by its bytes.
        snapshot_policy: SnapshotPolicy::Never,
        max_in_snapshot_log_to_keep: u64::MAX,
        replication_lag_threshold: LAG_ENTRIES,
        ..Config::default()
    }
}

/// After this time since it was last heard a dead leader can be replaced.
pub(crate) const LEADER_HOLDS: Duration = Duration::from_millis(ELECTION_MILLIS.1 + 20);
