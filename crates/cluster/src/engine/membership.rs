//! This process as a member: one number, in one group, until it leaves or is declared dead.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::future::join_all;
use parking_lot::Mutex;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;

use super::NotDone;
use super::fence::Fence;
use super::proposer::Proposer;
use crate::link::{CallError, Links, PeerFigures};
use crate::raft::Consensus;
use crate::state::{Command, Machine, Outcome};
use crate::{Group, NodeId, kind};

/// What came of a question to one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Asked {
    /// Its answer.
    Answered(Bytes),
    /// It is dead, or no member any more.
    Gone,
    /// It may yet act on the question.
    TooLate,
}

/// How far this process has come in its group, and how its links fare: for people who look.
#[derive(Debug, Clone)]
pub struct Figures {
    /// How often a leader was voted for.
    pub term: u64,
    /// The last entry of the log that is here; none before the first.
    pub log_index: Option<u64>,
    /// The last entry that was applied to what this process knows.
    pub applied_index: Option<u64>,
    /// Every process that it keeps a link to.
    pub links: Vec<PeerFigures>,
}

/// A membership.
pub struct Membership {
    pub(super) links: Arc<Links>,
    pub(super) consensus: Arc<Consensus>,
    pub(super) proposer: Arc<Proposer>,
    fence: Arc<Fence>,
    over: CancellationToken,
}

impl Membership {
    pub(super) fn new(
        links: Arc<Links>,
        consensus: Arc<Consensus>,
        proposer: Arc<Proposer>,
        fence: Arc<Fence>,
    ) -> Self {
        Self {
            links,
            consensus,
            proposer,
            fence,
            over: CancellationToken::new(),
        }
    }

    /// This process's number.
    #[must_use]
    pub fn me(&self) -> NodeId {
        self.links.node()
    }

    /// Its group.
    #[must_use]
    pub fn group(&self) -> Group {
        self.consensus.group()
    }

    /// Whether this process may act: one for all its lives.
    #[must_use]
    pub fn fence(&self) -> &Arc<Fence> {
        &self.fence
    }

    /// Whether this membership has ended: nothing that it is asked for is done any more.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.over.is_cancelled()
    }

    pub(super) fn end(&self) {
        self.over.cancel();
    }

    /// Where the cluster's own work is done.
    pub(crate) fn runtime(&self) -> &Handle {
        self.links.runtime()
    }

    /// Looks at what the cluster agrees on, as far as it is known here. The log waits meanwhile.
    pub fn look<T>(&self, look: impl FnOnce(&Machine) -> T) -> T {
        look(&self.consensus.machine())
    }

    /// A copy of what the cluster agrees on, and up to where the log was applied to it: the same on all members that are
    /// as far. Costs next to nothing.
    #[must_use]
    pub fn snapshot(&self) -> (u64, Machine) {
        self.consensus.snapshot()
    }

    /// How far this process has come, and how its links fare.
    #[must_use]
    pub fn figures(&self) -> Figures {
        let (term, log_index, applied_index) = self.consensus.progress();
        Figures {
            term,
            log_index,
            applied_index,
            links: self.links.figures(),
        }
    }

    /// The other members.
    #[must_use]
    pub fn others(&self) -> Vec<NodeId> {
        let me = self.me();
        self.look(|machine| machine.members().keys().copied().filter(|node| *node != me).collect())
    }

    /// Has the cluster decide on a command, and waits until what it decided is known here.
    ///
    /// # Errors
    /// Where it did not decide in time, or this membership has ended. It may do so yet.
    pub async fn propose(&self, command: Command) -> Result<Outcome, NotDone> {
        tokio::select! {
            biased;
            () = self.over.cancelled() => Err(NotDone::Undecided),
            outcome = self.proposer.propose(command) => outcome,
        }
    }

    /// Appends a message to the ordered stream to a member. Never waits.
    ///
    /// # Errors
    /// The message comes back where the member is gone, or does not keep up.
    pub fn send(&self, node: NodeId, message: Bytes) -> Result<Duration, Bytes> {
        use crate::link::SendError::{Full, TooLong, Unknown};
        if self.is_over() {
            return Err(message);
        }
        match self.links.send(node, message) {
            Ok(pause) => Ok(pause),
            Err(Full(message)) => {
                metrics::counter!("cluster_messages_refused").increment(1);
                Err(message)
            }
            Err(Unknown(message) | TooLong(message)) => Err(message),
        }
    }

    /// Asks members; one answer for each.
    pub async fn ask(&self, nodes: Vec<NodeId>, question: Bytes, patience: Duration) -> Vec<(NodeId, Asked)> {
        self.call(kind::ASK, nodes, question, patience).await
    }

    /// The same, with a call of this kind.
    pub(crate) async fn call(
        &self,
        kind: u8,
        nodes: Vec<NodeId>,
        question: Bytes,
        patience: Duration,
    ) -> Vec<(NodeId, Asked)> {
        let deadline = Instant::now() + patience;
        join_all(nodes.into_iter().map(|node| {
            let question = question.clone();
            async move { (node, self.call_one(kind, node, question, deadline).await) }
        }))
        .await
    }

    async fn call_one(&self, kind: u8, node: NodeId, question: Bytes, deadline: Instant) -> Asked {
        loop {
            let is_member = !self.is_over() && self.look(|machine| machine.members().contains_key(&node));
            if !is_member {
                return Asked::Gone;
            }
            match self.links.call(node, kind, question.clone(), deadline).await {
                Ok(answer) => return Asked::Answered(answer),
                Err(CallError::Unreachable | CallError::Busy) if Instant::now() < deadline => {}
                // Its life has ended, or is about to be declared over.
                Err(CallError::OtherGroup) if Instant::now() < deadline => {}
                Err(_) => return Asked::TooLate,
            }
            tokio::time::sleep(ASK_AGAIN).await;
        }
    }
}

/// Until a member is asked again that could not be reached: the link may come back, or the member be declared dead.
const ASK_AGAIN: Duration = Duration::from_millis(50);

/// Once this is set, changes go to the host.
#[derive(Default)]
pub(super) struct Entrance(Mutex<Option<Arc<Membership>>>);

impl Entrance {
    pub(super) fn open(&self, membership: &Arc<Membership>) {
        *self.0.lock() = Some(Arc::clone(membership));
    }

    pub(super) fn close(&self) -> Option<Arc<Membership>> {
        self.0.lock().take()
    }

    pub(super) fn inside(&self) -> Option<Arc<Membership>> {
        self.0.lock().clone()
    }
}
