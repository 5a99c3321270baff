//! What the links of one life bring in.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use super::host::Above;
use super::input::Input;
use super::proposer::propose_for;
use crate::lease::Message;
use crate::link::{Failure, From, LinkEvent, Receiver};
use crate::raft::{Consensus, LEADER_HOLDS, group_of};
use crate::state::{Batch, Command};
use crate::{NodeId, kind};

/// For an answer to be on its way.
const ANSWERED: Duration = Duration::from_millis(20);

/// One life's letter box.
pub(super) struct Post {
    pub(super) me: NodeId,
    pub(super) consensus: Arc<ArcSwapOption<Consensus>>,
    pub(super) inbox: mpsc::Sender<Input>,
    pub(super) above: Above,
}

impl Post {
    /// The driver looks again at what got lost because its inbox was full: everything is said again.
    fn tell(&self, input: Input) {
        if self.inbox.try_send(input).is_err() {
            metrics::counter!("cluster_inputs_dropped").increment(1);
        }
    }

    async fn call(consensus: Option<Arc<Consensus>>, above: Above, from: From, kind: u8, body: Bytes) -> Option<Bytes> {
        if kind == kind::RAFT {
            return consensus?.answer(&body).await;
        }
        // The rest is between members: the links have seen to it that the group is this node's.
        let consensus = consensus.filter(|consensus| from.group == Some(consensus.group()))?;
        match kind {
            kind::PROPOSE => propose_for(&consensus, &body).await,
            kind::ASK => above.host.asked(from.node, body).await,
            kind::TASK => above.tasks.answer(from.node, body).await,
            kind::LEAVE => (consensus.leader() == Some(consensus.me())).then(|| {
                tokio::spawn(let_go(consensus, from.node));
                Bytes::new()
            }),
            kind::STAND => {
                tokio::spawn(stand(consensus));
                Some(Bytes::new())
            }
            _ => None,
        }
    }
}

/// A member leaves. It has its answer before, since nothing more is said to it once that is applied; until then it still
/// votes, so that those who leave together do not take the majority along.
async fn let_go(consensus: Arc<Consensus>, node: NodeId) {
    tokio::time::sleep(ANSWERED).await;
    consensus.without(node).await;
    let commands = vec![Command::Down(node)];
    if let Err(error) = consensus.propose(Batch { commands }).await {
        tracing::debug!(target: "cluster", %error, %node, "a member that has left will be declared dead");
    }
}

/// The leader leaves, and this node may be the next. One that votes alone need not wait until the others would let it.
async fn stand(consensus: Arc<Consensus>) {
    if consensus.voters().len() > 1 {
        tokio::time::sleep(LEADER_HOLDS).await;
    }
    if consensus.leader() != Some(consensus.me()) {
        consensus.elect().await;
    }
}

impl Receiver for Post {
    fn on_call(&self, from: From, kind: u8, body: Bytes) -> BoxFuture<'static, Result<Bytes, Failure>> {
        let consensus = self.consensus.load_full();
        if kind == kind::RAFT
            && let Some(group) = group_of(&body)
            && consensus.as_ref().is_none_or(|consensus| consensus.group() != group)
        {
            self.tell(Input::Called(self.me, group));
            return std::future::ready(Err(Failure(Bytes::new()))).boxed();
        }
        let above = self.above.clone();
        async move {
            let answer = Self::call(consensus, above, from, kind, body).await;
            answer.ok_or_else(|| Failure(Bytes::new()))
        }
        .boxed()
    }

    fn on_tell(&self, from: From, kind: u8, body: Bytes) {
        if kind == kind::LEASE
            && let Ok(message) = postcard::from_bytes::<Message>(&body)
        {
            self.tell(Input::Told(self.me, from.node, message));
        }
    }

    fn on_data(&self, from: NodeId, body: Bytes) -> BoxFuture<'static, ()> {
        self.above.host.data(from, body)
    }

    fn runtime(&self) -> Option<Handle> {
        self.above.host.runtime()
    }

    fn on_event(&self, event: LinkEvent) {
        self.tell(Input::Link(self.me, event));
    }
}
