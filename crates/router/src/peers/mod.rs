//! Other nodes of the cluster, as the switchboard needs them: who else has sessions, and frames to whom has them.
//!
//! | what | file |
//! |---|---|
//! | what the cluster does for the switchboard, and a server that is alone | this one |
//! | sessions on other nodes | `elsewhere` |
//! | what nodes say to each other | `frame` |
//! | the switchboard's hold on its peers, changed while it runs | `mesh` |
//! | what comes in | `arrive`, `ask` |
//! | what did not get there | `undelivered` |
//! | who may send a row of the message log | `claim` |
//! | what waits in the log goes before what comes directly | `backlog` |
//! | a node goes, or this one joins and leaves | `change` |
//! | a client resumes its stream at another node | `moving`, and what is done there (`adopt`) and here (`lend`) |
//!
//! A session belongs to one node, which alone speaks for it: its presence, its inbox, its end. The others know its
//! [`SessionEntry`], and reach it through frames to its node. A frame names the session's generation, so that a frame
//! for an ended session never reaches its successor.

mod adopt;
mod arrive;
mod ask;
mod backlog;
mod change;
mod claim;
mod elsewhere;
mod entry;
pub(crate) mod frame;
mod lend;
mod mesh;
mod moving;
mod profile;
mod tell;
mod undelivered;

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use protocol::Jid;

use crate::Later;

pub(crate) use backlog::Backlog;
pub use backlog::Reading;
pub(crate) use elsewhere::{Elsewhere, Entries};
pub use entry::SessionEntry;
pub(crate) use mesh::Mesh;
pub(crate) use moving::Packed;
pub use moving::{GivenUp, Moving, NotAdopted, Streams};

/// What the cluster does for the switchboard. Everything here is about this life of this process: another life has
/// another node id.
pub trait Peers: Send + Sync + 'static {
    /// This node.
    fn me(&self) -> u64;

    /// Whether there is no cluster. Then nothing else here is called but [`Peers::me`] and [`Peers::is_acting`].
    fn is_alone(&self) -> bool {
        false
    }

    /// Whether this node may act; false while it is fenced. Asked at the two doors of every stream, so it costs one
    /// atomic load.
    fn is_acting(&self) -> bool;

    /// Waits until the node may act again.
    fn acting(&self) -> Later<()>;

    /// The other nodes that live.
    fn nodes(&self) -> Vec<u64>;

    /// Enters a session for all nodes, where its full JID is free. Every node hears of it through
    /// [`crate::Router::on_remote_session`]; the later that is, the longer a stanza to the new session may go the way
    /// of one to an absent client.
    fn publish(&self, entry: SessionEntry) -> Later<Result<(), Unpublished>>;

    /// Enters a session of this node in place of one that another node has published, in one step: no node sees neither,
    /// and none sees both. [`Unpublished::Ended`] where the other is not there any more.
    fn replace(&self, before: &SessionEntry, entry: SessionEntry) -> Later<Result<(), Unpublished>>;

    /// Tells all nodes of a published session's priority and flags; later ones overtake earlier ones, never the other
    /// way round. Nobody waits for it.
    fn update(&self, entry: SessionEntry);

    /// Takes back what was published, if it is still this generation's.
    fn withdraw(&self, full: Jid, generation: u64) -> Later<()>;

    /// Sends a frame to a node: in order for each pair of nodes, and at most once. A node that does not keep up is given
    /// time by whoever sends: so long before the next frame.
    ///
    /// # Errors
    /// The frame comes back where the node is dead, or far behind all the same. What cannot be delivered later on comes
    /// back through [`crate::Router::on_undelivered`].
    fn send(&self, node: u64, frame: Bytes) -> Result<Duration, Bytes>;

    /// Asks nodes; each answers, is gone, or is too late. The list has one answer for each node.
    fn ask(&self, nodes: Vec<u64>, question: Bytes, deadline: Duration) -> Later<Vec<(u64, Result<Bytes, AskError>)>>;
}

/// Why a session was not entered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unpublished {
    /// This session has the full JID.
    Taken(Box<SessionEntry>),
    /// The session that it was to replace has ended.
    Ended,
    /// The cluster did not decide in time, or this node is fenced.
    Undecided,
}

/// Why a node did not answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AskError {
    /// It is dead, or no member any more.
    Gone,
    /// It may yet act on the question.
    TooLate,
}

/// What keeps a server from acting that is in no cluster yet, but should be.
pub trait Gate: Send + Sync + 'static {
    /// Whether it may act: see [`Peers::is_acting`].
    fn is_open(&self) -> bool;

    /// Waits until it may.
    fn opened(&self) -> Later<()>;
}

/// A server without a cluster. It acts, unless a gate keeps it from it.
#[derive(Default)]
pub struct Standalone(Option<Arc<dyn Gate>>);

impl Standalone {
    /// One that acts while the gate is open.
    #[must_use]
    pub fn behind(gate: Arc<dyn Gate>) -> Self {
        Self(Some(gate))
    }
}

impl Peers for Standalone {
    fn me(&self) -> u64 {
        0
    }

    fn is_alone(&self) -> bool {
        true
    }

    fn is_acting(&self) -> bool {
        self.0.as_ref().is_none_or(|gate| gate.is_open())
    }

    fn acting(&self) -> Later<()> {
        match &self.0 {
            Some(gate) => gate.opened(),
            None => Box::pin(std::future::ready(())),
        }
    }

    fn nodes(&self) -> Vec<u64> {
        Vec::new()
    }

    fn publish(&self, _entry: SessionEntry) -> Later<Result<(), Unpublished>> {
        Box::pin(std::future::ready(Ok(())))
    }

    fn replace(&self, _before: &SessionEntry, _entry: SessionEntry) -> Later<Result<(), Unpublished>> {
        Box::pin(std::future::ready(Err(Unpublished::Ended)))
    }

    fn update(&self, _entry: SessionEntry) {}

    fn withdraw(&self, _full: Jid, _generation: u64) -> Later<()> {
        Box::pin(std::future::ready(()))
    }

    fn send(&self, _node: u64, frame: Bytes) -> Result<Duration, Bytes> {
        Err(frame)
    }

    fn ask(
        &self,
        nodes: Vec<u64>,
        _question: Bytes,
        _deadline: Duration,
    ) -> Later<Vec<(u64, Result<Bytes, AskError>)>> {
        let answers = nodes.into_iter().map(|node| (node, Err(AskError::Gone))).collect();
        Box::pin(std::future::ready(answers))
    }
}
