//! The switchboard's hold on its peers. They may change while it runs; everybody who needs them shares this.

use std::{
    collections::HashSet,
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use arc_swap::ArcSwap;
use bytes::Bytes;
use parking_lot::{Mutex, RwLockReadGuard};
use protocol::Jid;
use storage::{AccountId, LogId, Storage};
use tokio::sync::Notify;

use super::{
    Elsewhere, Peers, Standalone, Streams,
    adopt::Arrivals,
    frame::{self, Frame, Landing},
    lend::Loans,
};
use crate::Account;

/// Until frames are offered again to a node that is behind.
const BEHIND: Duration = Duration::from_millis(50);

/// Peers, their sessions, and what is being done for them.
pub(crate) struct Mesh {
    peers: ArcSwap<Arc<dyn Peers>>,
    /// Counts how often they were replaced.
    replaced: AtomicU64,
    /// Sessions on other nodes.
    pub(crate) elsewhere: Elsewhere,
    /// Own sessions that are on their way to other nodes.
    pub(crate) loans: Loans,
    /// Sessions that have come from other nodes, and what waited for them there has not.
    pub(crate) arrivals: Arrivals,
    /// Who has the streams of this node's clients.
    pub(super) streams: Mutex<Option<std::sync::Weak<dyn Streams>>>,
    storage: Storage,
    /// Frames that are sent after the next commit. Bounded by what is in flight: a row is named once.
    committing: Mutex<Vec<Due>>,
    busy: AtomicUsize,
    idle: Notify,
}

/// A frame that is sent after the next commit.
struct Due {
    node: u64,
    frame: Bytes,
    /// The row of which it says that a client has it.
    acknowledged: Option<(AccountId, LogId)>,
}

impl Mesh {
    pub(crate) fn new(storage: Storage) -> Arc<Self> {
        Arc::new(Self {
            peers: ArcSwap::from_pointee(Arc::new(Standalone::default())),
            replaced: AtomicU64::new(0),
            elsewhere: Elsewhere::default(),
            loans: Loans::default(),
            arrivals: Arrivals::default(),
            streams: Mutex::default(),
            storage,
            committing: Mutex::default(),
            busy: AtomicUsize::new(0),
            idle: Notify::new(),
        })
    }

    pub(crate) fn peers(&self) -> Arc<dyn Peers> {
        Arc::clone(&self.peers.load())
    }

    /// Other peers from now on; how often there were others.
    pub(crate) fn replace(&self, peers: Arc<dyn Peers>) -> u64 {
        self.peers.store(Arc::new(peers));
        self.replaced.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Whether they are still those of this replacement.
    pub(crate) fn are_still(&self, replaced: u64) -> bool {
        self.replaced.load(Ordering::Acquire) == replaced
    }

    /// To be held from looking an account's sessions up until what is for them is sent; nothing may be waited for
    /// meanwhile. A server that is alone needs none.
    pub(crate) fn under_way(&self, bare: &str) -> Option<RwLockReadGuard<'_, ()>> {
        (!self.is_alone()).then(|| self.elsewhere.under_way(bare))
    }

    pub(crate) fn is_alone(&self) -> bool {
        self.peers.load().is_alone()
    }

    pub(crate) fn is_acting(&self) -> bool {
        self.peers.load().is_acting()
    }

    pub(crate) fn me(&self) -> u64 {
        self.peers.load().me()
    }

    /// Nodes that have sessions of the account, each once.
    pub(crate) fn nodes_of(&self, account: &Jid) -> Vec<u64> {
        let mut nodes: Vec<u64> = self
            .elsewhere
            .of(account.bare_str())
            .iter()
            .map(|entry| entry.node)
            .collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes
    }

    /// Sends what nobody misses where the node is gone.
    pub(crate) fn send(&self, node: u64, frame: &Frame<'_>) {
        // The sessions that it was about are gone with the node.
        let _ = self.peers.load().send(node, frame::encode(frame));
    }

    /// To every other node.
    pub(crate) fn send_all(&self, frame: &Frame<'_>) {
        let peers = self.peers.load();
        if peers.is_alone() {
            return;
        }
        let bytes = frame::encode(frame);
        for node in peers.nodes() {
            let _ = peers.send(node, bytes.clone());
        }
    }

    /// Sends a frame once everything that was handed to the message log before is written: who reads the log after
    /// the frame sees it. One task sends what has gathered.
    pub(crate) fn send_after_commit(self: &Arc<Self>, node: u64, frame: &Frame<'_>) {
        self.is_due(Due {
            node,
            frame: frame::encode(frame),
            acknowledged: None,
        });
    }

    /// Tells the node that wrote a row of this account that a client has it.
    pub(crate) fn send_acknowledged(self: &Arc<Self>, (node, generation): (u64, u64), account: &Account, row: LogId) {
        let frame = Frame::Landed {
            account: account.jid.as_str(),
            rows: vec![row.raw()],
            generation,
            landing: Landing::Acknowledged,
        };
        self.is_due(Due {
            node,
            frame: frame::encode(&frame),
            acknowledged: Some((account.id, row)),
        });
    }

    fn is_due(self: &Arc<Self>, due: Due) {
        let is_first = {
            let mut committing = self.committing.lock();
            committing.push(due);
            committing.len() == 1
        };
        if is_first {
            let mesh = self.clone();
            self.spawn(async move { mesh.commit().await });
        }
    }

    async fn commit(&self) {
        // Whoever is first from now on starts the next task.
        let mut left = std::mem::take(&mut *self.committing.lock());
        if let Err(error) = self.storage.log().flush().await {
            // The other node looks again when the next session of the account becomes available.
            tracing::warn!(target: "router", %error, "the message log was not written before others were told of it");
        }
        // One that says the same as another is said once.
        let mut said = HashSet::new();
        left.retain(|due| said.insert((due.node, due.frame.clone())));
        loop {
            let peers = self.peers();
            left.retain(|due| peers.send(due.node, due.frame.clone()).is_err());
            // Who is gone needs them no more; who is behind would wait for ever for what it is not told.
            let nodes = peers.nodes();
            for due in left.extract_if(.., |due| !nodes.contains(&due.node)) {
                if let Some((account, row)) = due.acknowledged {
                    // Where it was written after it was acknowledged here, it is still there.
                    self.storage.log().acknowledge(account, [row]);
                }
            }
            if left.is_empty() {
                return;
            }
            tokio::time::sleep(BEHIND).await;
        }
    }

    /// Runs something that others do not wait for; [`crate::Router::settled`] does.
    pub(crate) fn spawn(self: &Arc<Self>, work: impl Future<Output = ()> + Send + 'static) {
        self.busy.fetch_add(1, Ordering::AcqRel);
        let done = Done(self.clone());
        tokio::spawn(async move {
            let _done = done;
            work.await;
        });
    }

    /// Whether something is still being done for other nodes.
    pub(crate) fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire) > 0
    }

    /// Waits until nothing is being done for other nodes.
    pub(crate) async fn settled(&self) {
        loop {
            let told = self.idle.notified();
            tokio::pin!(told);
            told.as_mut().enable();
            if !self.is_busy() {
                return;
            }
            told.await;
        }
    }
}

/// Also where the work panicked.
struct Done(Arc<Mesh>);

impl Drop for Done {
    fn drop(&mut self) {
        if self.0.busy.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.idle.notify_waiters();
        }
    }
}

impl std::fmt::Debug for Mesh {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Mesh")
            .field("me", &self.me())
            .field("elsewhere", &self.elsewhere.len())
            .finish_non_exhaustive()
    }
}
