//! A node's links, as the rest of the cluster sees them.

use std::collections::HashMap;
use std::hash::BuildHasher;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::net::TcpListener;
use tokio::runtime::Handle;

use super::control::{CallError, Control};
use super::core::{Core, Random, accept};
use super::frame::MAX_BODY_BYTES;
use super::greet::{GreetError, call};
use super::hello::{Hello, Purpose};
use super::identity::Identity;
use super::listener::Port;
use super::peer::Peer;
use super::receiver::Receiver;
use super::settings::LinkSettings;
use crate::{Group, NodeId};

/// Why a message was not taken. It comes back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// As much waits for the peer as may: see [`super::UNHANDLED_MESSAGES`] and [`super::UNHANDLED_BYTES`].
    #[error("the peer does not keep up")]
    Full(Bytes),
    /// The peer was never named, or was forgotten.
    #[error("no such peer")]
    Unknown(Bytes),
    /// Longer than [`MAX_BODY_BYTES`].
    #[error("longer than {MAX_BODY_BYTES} bytes")]
    TooLong(Bytes),
}

/// What an attempt to reach a process has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proof {
    /// Its address refuses connections: it is gone.
    Refused,
    /// Another process answers at its address: it is gone.
    AnotherProcess(NodeId),
    /// Nothing: it lives, or is silent, or something lies between.
    Nothing,
}

/// The state of one peer's links, for the console.
#[derive(Debug, Clone)]
pub struct PeerFigures {
    /// Which peer.
    pub node: NodeId,
    /// What it said about itself on the present control connection.
    pub hello: Option<Hello>,
    /// Whether the control connection stands.
    pub control_is_up: bool,
    /// Whether the data connection stands.
    pub data_is_up: bool,
    /// When it was last heard, on either connection.
    pub heard: Option<Instant>,
    /// How long the last ping took, there and back.
    pub round_trip: Option<Duration>,
    /// Bytes read from it in frames, since it was first met.
    pub bytes_in: u64,
    /// Bytes written to it in frames.
    pub bytes_out: u64,
    /// Messages to it that it has not handled yet.
    pub unhandled_messages: usize,
    /// Their bytes.
    pub unhandled_bytes: usize,
}

/// The links of one life of a node. Dropping them closes every connection.
pub struct Links {
    core: Arc<Core>,
    addresses: Vec<SocketAddr>,
}

impl Links {
    /// Begins to take connections at the cluster port. All tasks run on `runtime`.
    pub fn open(
        port: &Port,
        identity: Identity,
        settings: LinkSettings,
        receiver: Arc<dyn Receiver>,
        runtime: &Handle,
        random: Random,
    ) -> io::Result<Self> {
        let _inside = runtime.enter();
        let listeners = port.listeners()?.into_iter().map(TcpListener::from_std);
        let listeners = listeners.collect::<io::Result<Vec<_>>>()?;
        let addresses = listeners
            .iter()
            .map(TcpListener::local_addr)
            .collect::<io::Result<_>>()?;
        let core = Arc::new(Core::new(identity, settings, receiver, runtime.clone(), random));
        for listener in listeners {
            runtime.spawn(accept(Arc::clone(&core), listener));
        }
        Ok(Self { core, addresses })
    }

    /// Where this node listens.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Where its tasks run.
    pub fn runtime(&self) -> &Handle {
        &self.core.runtime
    }

    /// Ends all connections for good, whoever still holds this.
    pub fn end(&self) {
        self.core.stop.cancel();
    }

    /// Whose links these are.
    pub fn node(&self) -> NodeId {
        self.core.node()
    }

    /// The group this node acts in from now on. Data connections of another group end, and the data waits.
    pub fn set_group(&self, group: Option<Group>) {
        if std::mem::replace(&mut *self.core.group.lock(), group) == group {
            return;
        }
        for peer in self.core.peers() {
            peer.close_data_of_others(group);
            peer.look_again();
        }
    }

    /// Whom to keep links to, and where they may be. Peers that are left out are no longer called, but keep what
    /// they have until they are forgotten.
    pub fn set_peers<S: BuildHasher>(&self, peers: &HashMap<NodeId, Vec<SocketAddr>, S>) {
        for node in peers.keys().filter(|node| **node != self.node()) {
            if let Err(refusal) = self.core.meet(*node) {
                tracing::warn!(target: "cluster", %node, "no link: {refusal}");
            }
        }
        for peer in self.core.peers() {
            let addresses = peers.get(&peer.node).cloned().unwrap_or_default();
            if std::mem::replace(&mut *peer.addresses.lock(), addresses.clone()) != addresses {
                peer.look_again();
            }
        }
    }

    /// Who is at an address.
    pub async fn probe(&self, address: SocketAddr) -> Result<Hello, GreetError> {
        Ok(call(&self.core, address, Purpose::Probe, None).await?.hello)
    }

    /// Tries to prove that the process `node`, which was reached at `address`, is gone. An attempt that begins now;
    /// if the node was heard meanwhile, it proves nothing.
    pub async fn prove_dead(&self, address: SocketAddr, node: NodeId) -> Proof {
        let began = Instant::now();
        let proof = match call(&self.core, address, Purpose::Probe, Some(node)).await {
            Err(GreetError::ConnectionRefused) if self.core.settings.trust_refused => Proof::Refused,
            Err(GreetError::Another(hello)) => Proof::AnotherProcess(hello.node),
            _ => Proof::Nothing,
        };
        match self.heard(node) {
            Some(heard) if heard >= began => Proof::Nothing,
            _ => proof,
        }
    }

    /// Asks a node of this node's group, and waits for the answer until `deadline`.
    pub async fn call(&self, to: NodeId, kind: u8, body: Bytes, deadline: Instant) -> Result<Bytes, CallError> {
        let group = self.core.group();
        self.control(to)?.call(kind, group, body, deadline.into()).await
    }

    /// Asks a node whatever its group is: for who wants to join, or to know.
    pub async fn call_any_group(
        &self,
        to: NodeId,
        kind: u8,
        body: Bytes,
        deadline: Instant,
    ) -> Result<Bytes, CallError> {
        self.control(to)?.call(kind, None, body, deadline.into()).await
    }

    /// Tells a node of this node's group something, if there is a link; whether it arrives is not known.
    pub fn tell(&self, to: NodeId, kind: u8, body: Bytes) -> Result<(), CallError> {
        self.control(to)?.tell(kind, self.core.group(), body)
    }

    /// Tells a node something whatever its group is.
    pub fn tell_any_group(&self, to: NodeId, kind: u8, body: Bytes) -> Result<(), CallError> {
        self.control(to)?.tell(kind, None, body)
    }

    fn control(&self, to: NodeId) -> Result<Arc<Control>, CallError> {
        let peer = self.core.peer(to).ok_or(CallError::Unreachable)?;
        peer.control().ok_or(CallError::Unreachable)
    }

    /// Appends to the ordered stream to a peer, linked or not. Never waits: it is for whoever wants to send more to wait so
    /// long, because the peer does not keep up.
    pub fn send(&self, to: NodeId, message: Bytes) -> Result<Duration, SendError> {
        if message.len() > MAX_BODY_BYTES {
            return Err(SendError::TooLong(message));
        }
        let Some(peer) = self.core.peer(to) else {
            return Err(SendError::Unknown(message));
        };
        let pushed = peer.window.lock().push(message);
        let pause = pushed.map_err(|message| match peer.gone.is_cancelled() {
            true => SendError::Unknown(message),
            false => SendError::Full(message),
        })?;
        peer.writable.notify_one();
        Ok(pause)
    }

    /// The peer's life was declared dead. Its connections end, it is never linked to again, and what it did not
    /// handle comes back, in order. It may have handled the last of it without our having heard so.
    pub fn forget(&self, node: NodeId) -> Vec<Bytes> {
        let Some(peer) = self.core.bury(node) else {
            return Vec::new();
        };
        peer.gone.cancel();
        peer.window.lock().give_back()
    }

    /// What no peer has handled, after [`Links::end`]: by peer, in order. It may have handled the last of it without our
    /// having heard so.
    pub fn give_back(&self) -> Vec<(NodeId, Vec<Bytes>)> {
        let peers = self.core.peers().into_iter();
        let unhandled = peers.map(|peer| (peer.node, peer.window.lock().give_back()));
        unhandled.filter(|(_, messages)| !messages.is_empty()).collect()
    }

    /// When a peer was last heard, on either connection.
    pub fn heard(&self, node: NodeId) -> Option<Instant> {
        self.core.peer(node)?.heard()
    }

    /// Whether there is a connection of that kind to a peer.
    pub fn is_up(&self, node: NodeId, purpose: Purpose) -> bool {
        self.core.peer(node).is_some_and(|peer| peer.is_up(purpose))
    }

    /// Ends a connection to a peer. Another is made if the peer is still wanted.
    pub fn close(&self, node: NodeId, purpose: Purpose) {
        if let Some(peer) = self.core.peer(node) {
            peer.close(purpose);
        }
    }

    /// Connections at the cluster port that were nobody's.
    pub fn strangers(&self) -> u64 {
        self.core.strangers.load(Ordering::Relaxed)
    }

    /// The state of all peers.
    pub fn figures(&self) -> Vec<PeerFigures> {
        self.core.peers().iter().map(|peer| figures(peer)).collect()
    }
}

impl Drop for Links {
    fn drop(&mut self) {
        self.core.stop.cancel();
    }
}

fn figures(peer: &Peer) -> PeerFigures {
    let (unhandled_messages, unhandled_bytes) = peer.window.lock().unhandled();
    PeerFigures {
        node: peer.node,
        hello: peer.hello(),
        control_is_up: peer.is_up(Purpose::Control),
        data_is_up: peer.is_up(Purpose::Data),
        heard: peer.heard(),
        round_trip: peer.round_trip(),
        bytes_in: peer.bytes_in.load(Ordering::Relaxed),
        bytes_out: peer.bytes_out.load(Ordering::Relaxed),
        unhandled_messages,
        unhandled_bytes,
    }
}
