//! Calls that take a while, get lost, or go one way only.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::time::{sleep, timeout};

use super::random::Random;
use crate::NodeId;
use crate::link::CallError;
use crate::raft::Consensus;
use crate::raft::carrier::Carrier;

/// Between all nodes that live.
pub(super) struct Network(Mutex<State>);

struct State {
    random: Random,
    nodes: BTreeMap<NodeId, Arc<Consensus>>,
    cuts: BTreeSet<(NodeId, NodeId)>,
    /// How many of a hundred messages get lost.
    lost_percent: u64,
    delay_millis: (u64, u64),
}

/// One node's end of it.
struct End {
    me: NodeId,
    network: Arc<Network>,
}

impl Network {
    pub(super) fn new(seed: u64) -> Arc<Self> {
        Arc::new(Self(Mutex::new(State {
            random: Random::new(seed),
            nodes: BTreeMap::new(),
            cuts: BTreeSet::new(),
            lost_percent: 0,
            delay_millis: (0, 3),
        })))
    }

    pub(super) fn end(self: &Arc<Self>, me: NodeId) -> Arc<dyn Carrier> {
        let network = Arc::clone(self);
        Arc::new(End { me, network })
    }

    pub(super) fn enter(&self, node: Arc<Consensus>) {
        self.0.lock().nodes.insert(node.me(), node);
    }

    /// The node is dead: nothing comes from it or gets to it any more.
    pub(super) fn take_out(&self, node: NodeId) -> Option<Arc<Consensus>> {
        self.0.lock().nodes.remove(&node)
    }

    pub(super) fn node(&self, node: NodeId) -> Option<Arc<Consensus>> {
        self.0.lock().nodes.get(&node).cloned()
    }

    pub(super) fn nodes(&self) -> Vec<Arc<Consensus>> {
        self.0.lock().nodes.values().cloned().collect()
    }

    /// Some of the nodes and the others do not hear each other; or the others do not hear them.
    pub(super) fn part(&self, is_one_way: bool) {
        let mut state = self.0.lock();
        let all: Vec<_> = state.nodes.keys().copied().collect();
        if all.len() < 2 {
            return;
        }
        let side: Vec<_> = state
            .random
            .side(all.len())
            .into_iter()
            .map(|place| all[place])
            .collect();
        for one in &side {
            for other in all.iter().filter(|other| !side.contains(other)) {
                state.cuts.insert((*one, *other));
                if !is_one_way {
                    state.cuts.insert((*other, *one));
                }
            }
        }
    }

    pub(super) fn worsen(&self) {
        let mut state = self.0.lock();
        state.lost_percent = state.random.between(5, 30);
        state.delay_millis = (0, state.random.between(10, 400));
    }

    pub(super) fn heal(&self) {
        let mut state = self.0.lock();
        state.cuts.clear();
        (state.lost_percent, state.delay_millis) = (0, (0, 3));
    }

    /// How long a message takes; `None` where it gets lost.
    fn takes(&self, from: NodeId, to: NodeId) -> Option<Duration> {
        let mut state = self.0.lock();
        let is_lost = state.cuts.contains(&(from, to)) || state.random.below(100) < state.lost_percent;
        let (least, most) = state.delay_millis;
        let takes = Duration::from_millis(state.random.between(least, most));
        (!is_lost).then_some(takes)
    }

    async fn pass(&self, from: NodeId, to: NodeId) {
        match self.takes(from, to) {
            Some(takes) => sleep(takes).await,
            None => std::future::pending().await,
        }
    }

    /// Has something done at a node, which goes on there when nobody waits for it any more.
    pub(super) async fn ask<T, F>(
        &self,
        from: NodeId,
        to: NodeId,
        patience: Duration,
        act: impl FnOnce(Arc<Consensus>) -> F,
    ) -> Result<T, CallError>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let asked = async {
            if from != to {
                self.pass(from, to).await;
            }
            let node = self.node(to).ok_or(CallError::Unreachable)?;
            let done = tokio::spawn(act(node)).await.map_err(|_| CallError::Unreachable)?;
            if from != to {
                self.pass(to, from).await;
            }
            Ok(done)
        };
        timeout(patience, asked).await.unwrap_or(Err(CallError::Deadline))
    }
}

impl Carrier for End {
    fn node(&self) -> NodeId {
        self.me
    }

    fn call(&self, to: NodeId, body: Bytes, patience: Duration) -> BoxFuture<'_, Result<Bytes, CallError>> {
        let answer = |node: Arc<Consensus>| async move { node.answer(&body).await };
        async move {
            let answered = self.network.ask(self.me, to, patience, answer).await?;
            answered.ok_or(CallError::Failed(Bytes::new()))
        }
        .boxed()
    }
}
