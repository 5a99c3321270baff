//! What all tasks of a node's links share.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use foldhash::fast::RandomState;
use metrics::counter;
use parking_lot::Mutex;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::connection;
use super::control::Control;
use super::dial::keep_up;
use super::frame::Header;
use super::greet::{GreetError, Greeted, answer};
use super::hello::{Hello, Purpose, Refusal, say};
use super::identity::Identity;
use super::listener::{Place, Porch};
use super::peer::{Arrived, Line, Peer};
use super::receiver::Receiver;
use super::settings::LinkSettings;
use crate::{Group, NodeId};

/// Peers at a time. A cluster of the kind that one Raft group carries has twenty.
const PEERS: usize = 256;
/// Lives that are remembered to be over. Ids are never used again, and who was forgotten thousands of lives ago has
/// long had its connections time out.
const REMEMBERED_DEAD: usize = 4096;
/// A peer hears of what was handled with whatever else is said to it, or after so many messages, or after this time: it
/// only needs to know what it can forget, and a word for each message would cost both as much as the message. What it has
/// not heard of when this process dies goes another way once more, so it is not told much later.
const TELL_HANDLED_MESSAGES: u64 = 64;
const TELL_HANDLED: Duration = Duration::from_millis(10);

/// Random numbers, for pauses that must not fall together.
pub type Random = Arc<dyn Fn() -> u64 + Send + Sync>;

pub(crate) struct Core {
    pub(crate) identity: Identity,
    pub(crate) settings: LinkSettings,
    pub(crate) receiver: Arc<dyn Receiver>,
    pub(crate) runtime: Handle,
    pub(crate) random: Random,
    pub(crate) stop: CancellationToken,
    pub(crate) began: Instant,
    pub(crate) strangers: AtomicU64,
    pub(crate) group: Mutex<Option<Group>>,
    peers: Mutex<HashMap<NodeId, Arc<Peer>, RandomState>>,
    dead: Mutex<BTreeSet<NodeId>>,
    connections: AtomicU64,
    porch: Arc<Porch>,
}

/// A connection in its place, ready to run.
pub(crate) struct Admitted {
    pub(crate) peer: Arc<Peer>,
    pub(crate) connection: u64,
    pub(crate) close: CancellationToken,
    pub(crate) group: Option<Group>,
    pub(crate) purpose: Purpose,
    pub(crate) control: Option<(Arc<Control>, mpsc::Receiver<super::control::Queued>)>,
}

impl Admitted {
    /// Gives the place back: the connection broke before it ran.
    pub(crate) fn abandon(self) {
        if let Some((control, queued)) = self.control {
            drop(queued);
            control.close();
        }
        self.peer.dismiss(self.purpose, self.connection);
    }
}

impl Core {
    pub(crate) fn new(
        identity: Identity,
        settings: LinkSettings,
        receiver: Arc<dyn Receiver>,
        runtime: Handle,
        random: Random,
    ) -> Self {
        Self {
            identity,
            settings,
            receiver,
            runtime,
            random,
            stop: CancellationToken::new(),
            began: Instant::now(),
            strangers: AtomicU64::new(0),
            group: Mutex::new(None),
            peers: Mutex::default(),
            dead: Mutex::default(),
            connections: AtomicU64::new(0),
            porch: Arc::default(),
        }
    }

    pub(crate) fn node(&self) -> NodeId {
        self.identity.node()
    }

    pub(crate) fn group(&self) -> Option<Group> {
        *self.group.lock()
    }

    pub(crate) fn peer(&self, node: NodeId) -> Option<Arc<Peer>> {
        self.peers.lock().get(&node).cloned()
    }

    pub(crate) fn peers(&self) -> Vec<Arc<Peer>> {
        self.peers.lock().values().cloned().collect()
    }

    /// Our greeting to a node, or to whoever is there.
    pub(crate) fn hello(&self, purpose: Purpose, to: Option<NodeId>) -> Hello {
        let known = to.and_then(|to| self.peer(to));
        let hello = Hello {
            protocol: self.settings.protocol,
            node: self.node(),
            group: self.group(),
            address: self.settings.address,
            name: self.settings.name.clone(),
            version: self.settings.version.clone(),
            purpose,
            to,
            received: known.map_or(0, |peer| peer.received()),
        };
        hello.trimmed()
    }

    /// Our greeting to one that has greeted us.
    pub(crate) fn hello_to(&self, caller: &Hello) -> Hello {
        self.hello(caller.purpose, Some(caller.node))
    }

    /// The peer, which begins to exist here if it did not yet.
    pub(crate) fn meet(self: &Arc<Self>, node: NodeId) -> Result<Arc<Peer>, Refusal> {
        let mut peers = self.peers.lock();
        if let Some(peer) = peers.get(&node) {
            return Ok(Arc::clone(peer));
        }
        if self.dead.lock().contains(&node) {
            return Err(Refusal::Dead);
        }
        if peers.len() >= PEERS {
            return Err(Refusal::Full);
        }
        let (peer, arrivals) = Peer::new(node);
        peers.insert(node, Arc::clone(&peer));
        drop(peers);
        self.handling()
            .spawn(handle_arrivals(Arc::clone(self), Arc::clone(&peer), arrivals));
        for purpose in [Purpose::Control, Purpose::Data] {
            self.runtime
                .spawn(keep_up(Arc::clone(self), Arc::clone(&peer), purpose));
        }
        Ok(peer)
    }

    /// Where data is read, written and handled.
    pub(crate) fn handling(&self) -> Handle {
        self.receiver.runtime().unwrap_or_else(|| self.runtime.clone())
    }

    /// A life is over. It is never linked to again.
    pub(crate) fn bury(&self, node: NodeId) -> Option<Arc<Peer>> {
        let mut peers = self.peers.lock();
        let mut dead = self.dead.lock();
        dead.insert(node);
        if dead.len() > REMEMBERED_DEAD {
            dead.pop_first();
        }
        peers.remove(&node)
    }

    /// Gives a greeted connection its place.
    pub(crate) fn admit(
        self: &Arc<Self>,
        hello: &Hello,
        purpose: Purpose,
        we_called: bool,
    ) -> Result<Admitted, Refusal> {
        let group = self.group();
        if purpose == Purpose::Data && (group.is_none() || group != hello.group) {
            return Err(Refusal::OtherGroup);
        }
        let peer = self.meet(hello.node)?;
        let connection = self.connections.fetch_add(1, Ordering::Relaxed) + 1;
        let control = (purpose == Purpose::Control).then(Control::new);
        let control = control.map(|(control, queued)| (Arc::new(control), queued));
        let close = peer.gone.child_token();
        let line = Line {
            connection,
            preferred: we_called == (self.node() < hello.node),
            close: close.clone(),
            group,
            control: control.as_ref().map(|(control, _)| Arc::clone(control)),
            hello: hello.clone(),
        };
        if !peer.admit(purpose, line, hello.received) {
            return Err(Refusal::Superfluous);
        }
        peer.hear(Instant::now());
        Ok(Admitted {
            peer,
            connection,
            close,
            group,
            purpose,
            control,
        })
    }

    fn count_stranger(&self, reason: &'static str) {
        self.strangers.fetch_add(1, Ordering::Relaxed);
        counter!("cluster_strangers_total", "reason" => reason).increment(1);
    }
}

/// Accepts until the links stop. A greeting is a task of its own, so that nobody waits for a stranger.
pub(crate) async fn accept(core: Arc<Core>, listener: TcpListener) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = core.stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, address)) => match core.porch.enter(address.ip()) {
                Some(place) => drop(core.runtime.spawn(receive(Arc::clone(&core), stream, place))),
                None => core.count_stranger("full"),
            },
            // Out of descriptors: the connections of others must end first.
            Err(error) if is_shortage(&error) => tokio::time::sleep(core.settings.ping_interval).await,
            Err(_) => {}
        }
    }
}

fn is_shortage(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(nix::libc::EMFILE | nix::libc::ENFILE | nix::libc::ENOMEM | nix::libc::ENOBUFS)
    )
}

async fn receive(core: Arc<Core>, stream: TcpStream, place: Place) {
    let greeted = tokio::select! {
        greeted = answer(&core, stream) => greeted,
        () = core.stop.cancelled() => return,
    };
    drop(place);
    match greeted {
        Ok(greeted) => welcome(core, greeted).await,
        Err(GreetError::Refused(refusal)) => tracing::debug!(target: "cluster", "a node was turned away: {refusal}"),
        Err(error) => {
            core.count_stranger("stranger");
            tracing::debug!(target: "cluster", "a stranger on the cluster port: {error}");
        }
    }
}

async fn welcome(core: Arc<Core>, mut greeted: Greeted) {
    let purpose = greeted.hello.purpose;
    if purpose == Purpose::Probe {
        let _ = say(&mut greeted.writer, &Header::Welcome).await;
        return;
    }
    match core.admit(&greeted.hello, purpose, false) {
        Ok(admitted) => {
            let said = tokio::time::timeout(core.settings.silence, say(&mut greeted.writer, &Header::Welcome)).await;
            if matches!(said, Ok(Ok(()))) {
                connection::start(&core, admitted, greeted);
            } else {
                admitted.abandon();
            }
        }
        Err(refusal) => {
            let _ = say(&mut greeted.writer, &Header::Refused(refusal)).await;
        }
    }
}

/// Hands a peer's messages to the handler, one after the other, whatever becomes of the connections. What had arrived
/// from a peer that has died since is handled like the rest.
async fn handle_arrivals(core: Arc<Core>, peer: Arc<Peer>, mut arrivals: mpsc::Receiver<Arrived>) {
    let telling = tokio::time::sleep(TELL_HANDLED);
    tokio::pin!(telling);
    let mut is_armed = false;
    loop {
        let arrival = tokio::select! {
            biased;
            arrival = arrivals.recv() => arrival,
            () = peer.gone.cancelled() => return,
            () = core.stop.cancelled() => return,
            () = &mut telling, if is_armed => {
                is_armed = false;
                if peer.untold() > 0 {
                    peer.writable.notify_one();
                }
                continue;
            }
        };
        let Some((number, body)) = arrival else { return };
        core.receiver.on_data(peer.node, body).await;
        peer.handled.store(number, Ordering::Release);
        if !is_armed {
            is_armed = true;
            telling.as_mut().reset(tokio::time::Instant::now() + TELL_HANDLED);
        }
        if peer.untold() >= TELL_HANDLED_MESSAGES {
            peer.writable.notify_one();
        }
    }
}
