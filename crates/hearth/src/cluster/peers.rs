//! What the switchboard wants of other nodes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use bytes::Bytes;
use cluster::{
    Asked, Fence, Membership, NodeId,
    state::{Command, Expect, Outcome, Put, Remove},
};
use protocol::Jid;
use router::{AskError, Gate, Later, Peers, SessionEntry, Unpublished};
use tokio::runtime::Handle;

use super::{SESSIONS, entry};

/// The fence, as the switchboard of a server asks for it that is in no cluster, or not in one yet.
pub(super) struct Door(pub(super) Arc<Fence>);

/// This server as a member.
#[derive(Clone)]
pub(super) struct Member {
    pub(super) membership: Arc<Membership>,
    /// Counts what is said of own sessions, so that what is newer wins.
    pub(super) said: Arc<AtomicU64>,
    pub(super) runtime: Handle,
}

/// Until the end of a session is offered again to a cluster that did not decide.
const AGAIN: Duration = Duration::from_secs(1);

impl Member {
    fn put(&self, entry: &SessionEntry, expect: Expect) -> Command {
        Command::Put(Put {
            cache: SESSIONS,
            key: entry::key(&entry.jid),
            entry: entry::write(entry, self.said.fetch_add(1, Ordering::Relaxed)),
            expect,
        })
    }

    /// Takes an own session out, however long it takes the cluster to decide.
    pub(super) async fn remove(self, full: Jid, generation: u64) {
        let remove = Command::Remove(Remove {
            cache: SESSIONS,
            key: entry::key(&full),
            owner: Some(self.membership.me()),
            stamp: generation,
        });
        while !self.membership.is_over() {
            if self.membership.propose(remove.clone()).await.is_ok() {
                return;
            }
            tokio::time::sleep(AGAIN).await;
        }
    }

    /// Where the cluster does not decide, the session may be entered yet: whoever gives it up then withdraws it.
    async fn enter(self, entry: SessionEntry, expect: Expect) -> Result<(), Unpublished> {
        if entry.node != self.membership.me().0 {
            return Err(Unpublished::Undecided);
        }
        let put = self.put(&entry, expect);
        match self.membership.propose(put).await {
            Ok(Outcome::Done) => Ok(()),
            Ok(Outcome::Taken(other)) => {
                let other = entry::read(entry.jid.as_str().as_bytes(), other.owner, other.stamp, &other.value);
                Err(other.map_or(Unpublished::Undecided, |other| Unpublished::Taken(Box::new(other))))
            }
            Ok(Outcome::Stale) => Err(Unpublished::Ended),
            // The cache of sessions has no bound and no locks.
            Ok(Outcome::Refused | Outcome::Full | Outcome::Locked(_)) | Err(_) => Err(Unpublished::Undecided),
        }
    }
}

impl Gate for Door {
    fn is_open(&self) -> bool {
        self.0.is_open()
    }

    fn opened(&self) -> Later<()> {
        let fence = Arc::clone(&self.0);
        Box::pin(async move { fence.opened().await })
    }
}

impl Peers for Member {
    fn me(&self) -> u64 {
        self.membership.me().0
    }

    fn is_acting(&self) -> bool {
        self.membership.fence().is_open()
    }

    fn acting(&self) -> Later<()> {
        let fence = Arc::clone(self.membership.fence());
        Box::pin(async move { fence.opened().await })
    }

    fn nodes(&self) -> Vec<u64> {
        self.membership.others().into_iter().map(|node| node.0).collect()
    }

    fn publish(&self, entry: SessionEntry) -> Later<Result<(), Unpublished>> {
        Box::pin(self.clone().enter(entry, Expect::Free))
    }

    fn replace(&self, before: &SessionEntry, entry: SessionEntry) -> Later<Result<(), Unpublished>> {
        let expect = Expect::Of(NodeId(before.node), before.generation);
        Box::pin(self.clone().enter(entry, expect))
    }

    fn update(&self, entry: SessionEntry) {
        let put = self.put(&entry, Expect::Earlier);
        let membership = Arc::clone(&self.membership);
        self.runtime.spawn(async move {
            if let Err(error) = membership.propose(put).await {
                tracing::debug!(target: "cluster", %error, "other nodes do not know yet what is new about a session");
            }
        });
    }

    fn withdraw(&self, full: Jid, generation: u64) -> Later<()> {
        let removing = self.runtime.spawn(self.clone().remove(full, generation));
        Box::pin(async move {
            // Nobody waits longer: it goes on by itself.
            let _ = tokio::time::timeout(AGAIN, removing).await;
        })
    }

    fn send(&self, node: u64, frame: Bytes) -> Result<Duration, Bytes> {
        self.membership.send(NodeId(node), frame)
    }

    fn ask(&self, nodes: Vec<u64>, body: Bytes, patience: Duration) -> Later<Vec<(u64, Result<Bytes, AskError>)>> {
        let membership = Arc::clone(&self.membership);
        Box::pin(async move {
            let nodes = nodes.into_iter().map(NodeId).collect();
            let answers = membership.ask(nodes, body, patience).await.into_iter();
            answers
                .map(|(node, asked)| {
                    let answer = match asked {
                        Asked::Answered(answer) => Ok(answer),
                        Asked::Gone => Err(AskError::Gone),
                        Asked::TooLate => Err(AskError::TooLate),
                    };
                    (node.0, answer)
                })
                .collect()
        })
    }
}
