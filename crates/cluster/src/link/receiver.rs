//! What the rest of the cluster hears from the links.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use tokio::runtime::Handle;

use super::hello::{Hello, Purpose};
use crate::{Group, NodeId};

/// Who sent a call or a tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct From {
    /// The node, as its certificate says.
    pub node: NodeId,
    /// The group it speaks for: the receiver's own, or none when it speaks for itself, as one that wants to join does.
    pub group: Option<Group>,
}

/// Why a handler did not do what a call asked. Sent back as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure(pub Bytes);

/// Takes what arrives.
pub trait Receiver: Send + Sync + 'static {
    /// A request. Requests are served side by side, a bounded number for each peer.
    fn on_call(&self, from: From, kind: u8, body: Bytes) -> BoxFuture<'static, Result<Bytes, Failure>>;
    /// A message on the control connection that nobody answers. Must return at once: the connection waits.
    fn on_tell(&self, from: From, kind: u8, body: Bytes);
    /// The next message of a peer's ordered stream. The following one waits until this is done, and in the end so
    /// does the sender; nothing else does. When it is done, the sender forgets the message.
    fn on_data(&self, from: NodeId, body: Bytes) -> BoxFuture<'static, ()>;
    /// Where the ordered streams are read, written and handled, so that no message has to go from thread to thread; `None`:
    /// where the links run.
    fn runtime(&self) -> Option<Handle> {
        None
    }
    /// Something happened to a link. Must return at once.
    fn on_event(&self, event: LinkEvent);
}

/// What happens to links. A connection that replaces another may be up before that one is told to be down, so count
/// connections by their number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkEvent {
    /// A connection stands.
    Up {
        /// Counts the connections of this process.
        connection: u64,
        /// What for.
        purpose: Purpose,
        /// What the peer said about itself.
        peer: Hello,
        /// The protocol version that both use.
        version: u16,
    },
    /// A connection is over.
    Down {
        /// The number it came up with.
        connection: u64,
        /// What it was for.
        purpose: Purpose,
        /// Who was there.
        node: NodeId,
    },
    /// A peer took no connection, because it knows that this life was declared dead.
    TurnedAway {
        /// Who said so.
        node: NodeId,
    },
}
