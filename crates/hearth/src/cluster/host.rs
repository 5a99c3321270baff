//! What the cluster says, told to the switchboard.

use std::{
    collections::HashSet,
    future::Future,
    panic::AssertUnwindSafe,
    pin::Pin,
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use arc_swap::ArcSwapOption;
use bytes::Bytes;
use cluster::{
    Face, Fence, Host, Membership, NodeId,
    state::{Change, Machine},
};
use futures_util::FutureExt as _;
use protocol::Jid;
use router::{Router, SessionEntry, Standalone};
use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
};

use super::{
    SESSIONS, entry,
    peers::{Door, Member},
};

type Boxed<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The server, as the cluster knows it.
pub(crate) struct ClusterHost {
    router: Arc<Router>,
    settings: watch::Receiver<cluster::Settings>,
    runtime: Handle,
    said: Arc<AtomicU64>,
    losses: mpsc::UnboundedSender<Loss>,
    current: ArcSwapOption<Membership>,
}

/// The table of sessions, for people.
pub(super) const FACE: Face = Face {
    lifetime: "as long as the session",
    kept: Some("its entries are the sessions themselves; close sessions to take them out"),
    // Whose it is stands beside it.
    describe: |key, value| match entry::read(key, Some(NodeId(0)), 0, value) {
        Some(session) => (session.jid.to_string(), in_words(&session)),
        None => (Face::UNKNOWN.describe)(key, value),
    },
};

fn in_words(entry: &SessionEntry) -> String {
    let presence = match entry.priority {
        Some(priority) => format!("available, priority {priority}"),
        None => "not available".to_owned(),
    };
    let roster = if entry.is_interested {
        ", gets roster pushes"
    } else {
        ""
    };
    let account = match entry.account {
        0 => "a guest".to_owned(),
        number => format!("account {number}"),
    };
    format!("{presence}{roster}; {account}")
}

/// What has to be told to users and may wait for the database, one after another. There are as many as nodes that die,
/// and their messages were bounded by the links.
enum Loss {
    Node(NodeId),
    Undelivered(NodeId, Vec<Bytes>),
    Sessions(Vec<Arc<SessionEntry>>, HashSet<u64>),
}

impl ClusterHost {
    /// For this switchboard. Must be called in the runtime that it lives in.
    pub(crate) fn new(router: &Arc<Router>, settings: watch::Receiver<cluster::Settings>) -> Arc<Self> {
        let (losses, lost) = mpsc::unbounded_channel();
        let runtime = Handle::current();
        runtime.spawn(tell(Arc::clone(router), lost));
        Arc::new(Self {
            router: Arc::clone(router),
            settings,
            runtime,
            said: Arc::default(),
            losses,
            current: ArcSwapOption::empty(),
        })
    }

    /// The membership, while there is one.
    pub(crate) fn membership(&self) -> Option<Arc<Membership>> {
        self.current.load_full()
    }

    fn member(&self, membership: &Arc<Membership>) -> Member {
        Member {
            membership: Arc::clone(membership),
            said: Arc::clone(&self.said),
            runtime: self.runtime.clone(),
        }
    }

    fn lose(&self, loss: Loss) {
        // Without a teller the server has stopped.
        let _ = self.losses.send(loss);
    }

    /// Everything that the cluster knows, and nothing else.
    fn know(&self, machine: &Machine) {
        let mut known = HashSet::new();
        for entry in machine.entries(SESSIONS) {
            if let Some(entry) = entry::read(entry.key, entry.owner, entry.stamp, entry.value) {
                known.insert((entry.node, entry.generation));
                self.router.on_remote_session(entry);
            }
        }
        let ended = |entry: &SessionEntry| !known.contains(&(entry.node, entry.generation));
        let lost = self.router.take_sessions(ended);
        let nodes = machine.members().keys().map(|node| node.0).collect();
        self.lose(Loss::Sessions(lost, nodes));
    }

    fn change(&self, machine: &Machine, change: &Change) {
        match change {
            Change::Put(cache, key, entry) if *cache == SESSIONS => {
                if let Some(entry) = entry::read(key, entry.owner, entry.stamp, &entry.value) {
                    self.router.on_remote_session(entry);
                }
            }
            Change::Removed(cache, key, entry) if *cache == SESSIONS => {
                if let (Some(full), Some(owner)) = (entry::jid(key), entry.owner) {
                    self.router.on_remote_session_ended(&full, owner.0, entry.stamp);
                }
            }
            Change::Down(node) => self.lose(Loss::Node(*node)),
            Change::Reset => self.know(machine),
            Change::Up(_) | Change::Put(..) | Change::Removed(..) => {}
        }
    }
}

/// Tells users what they have lost.
async fn tell(router: Arc<Router>, mut lost: mpsc::UnboundedReceiver<Loss>) {
    while let Some(loss) = lost.recv().await {
        match loss {
            Loss::Node(node) => router.on_node_gone(node.0).await,
            Loss::Undelivered(node, messages) => router.on_undelivered(node.0, messages).await,
            Loss::Sessions(lost, nodes) => router.on_sessions_lost(lost, |node| !nodes.contains(&node)).await,
        }
    }
}

/// Sessions of this node that the cluster knows and that are not there: they ended while it could not be told.
fn forgotten(router: &Router, membership: &Membership) -> Vec<(Jid, u64)> {
    let me = Some(membership.me());
    let own: Vec<(Jid, u64)> = membership.look(|machine| {
        let entries = machine.entries(SESSIONS).filter(|entry| entry.owner == me);
        entries
            .filter_map(|entry| Some((entry::jid(entry.key)?, entry.stamp)))
            .collect()
    });
    let is_there = |full: &Jid, generation: u64| {
        let session = router.directory().find(full);
        session.is_some_and(|session| session.generation == generation)
    };
    own.into_iter()
        .filter(|(full, generation)| !is_there(full, *generation))
        .collect()
}

impl Host for ClusterHost {
    fn entered(&self, membership: &Arc<Membership>, machine: &Machine) {
        self.current.store(Some(Arc::clone(membership)));
        self.know(machine);
    }

    fn publish(&self, membership: Arc<Membership>, undelivered: Vec<(NodeId, Vec<Bytes>)>) -> Boxed<()> {
        let (router, member) = (Arc::clone(&self.router), self.member(&membership));
        let joining = self.runtime.spawn(async move {
            router.join(Arc::new(member)).await;
            for (node, messages) in undelivered {
                router.on_undelivered(node.0, messages).await;
            }
        });
        Box::pin(async move {
            // Where it panicked, what was published stays.
            let _ = joining.await;
        })
    }

    fn changed(&self, _membership: &Arc<Membership>, machine: &Machine, changes: &[Change]) {
        for change in changes {
            self.change(machine, change);
        }
    }

    fn undelivered(&self, node: NodeId, messages: Vec<Bytes>) {
        self.lose(Loss::Undelivered(node, messages));
    }

    fn fenced(&self) {
        metrics::counter!("cluster_fenced").increment(1);
        let grace = Duration::from_secs(u64::from(self.settings.borrow().fence_grace_secs));
        let (router, current) = (Arc::clone(&self.router), self.membership());
        let member = current.as_ref().map(|membership| self.member(membership));
        self.runtime.spawn(async move {
            router.on_fenced(grace).await;
            let Some(member) = member else { return };
            member.membership.fence().opened().await;
            for (full, generation) in forgotten(&router, &member.membership) {
                member.clone().remove(full, generation).await;
            }
        });
    }

    fn left(&self, fence: Arc<Fence>) -> Boxed<()> {
        self.current.store(None);
        let router = Arc::clone(&self.router);
        let leaving = self.runtime.spawn(async move { stand_apart(&router, &fence).await });
        Box::pin(async move {
            // Where it panicked, there is nothing else to do.
            let _ = leaving.await;
        })
    }

    fn data(&self, from: NodeId, body: Bytes) -> Boxed<()> {
        let router = Arc::clone(&self.router);
        Box::pin(async move {
            let handled = AssertUnwindSafe(router.on_message(from.0, body)).catch_unwind().await;
            if handled.is_err() {
                // The next one is not held up.
                tracing::error!(target: "cluster", %from, "a message of another node could not be handled");
            }
        })
    }

    fn runtime(&self) -> Option<Handle> {
        Some(self.runtime.clone())
    }

    fn asked(&self, from: NodeId, body: Bytes) -> Boxed<Option<Bytes>> {
        let router = Arc::clone(&self.router);
        let answering = self.runtime.spawn(async move { router.on_ask(from.0, body).await });
        Box::pin(async move { answering.await.ok().flatten() })
    }
}

/// The switchboard of a server that is in no cluster: it acts while the fence is open.
pub(crate) async fn stand_apart(router: &Arc<Router>, fence: &Arc<Fence>) {
    let door = Door(Arc::clone(fence));
    router.leave(Arc::new(Standalone::behind(Arc::new(door)))).await;
}
