//! A client resumes its stream at another node (XEP-0198 §5): the session moves there.
//!
//! The *new* node asks all others for the session ([`Question::TakeSession`](super::frame::Question)), because the id that
//! the client has says nothing but that it is its own. The *old* node answers with all that makes the session what it is,
//! and lends it: from then on nothing of it acts there, and stanzas wait. The new node enters its session in the old one's
//! place with one compare-and-set of the cluster's table ([`super::Peers::replace`]), which is the moment at which it
//! moves: there is one owner before and one after, and whoever sees the session sees it available all the time.
//!
//! Order is kept by flushing. Once a node sees the new place in the table, it sends there, and tells the old node that
//! nothing more comes ([`Frame::Flushed`](super::frame::Frame)). The old node hands on, in order, what its client had not
//! acknowledged, what waited, and what still comes; when all have flushed, it says that this was all. Meanwhile the new
//! node keeps back what came there directly. A row of the message log that is handed on stays in flight on the old node,
//! which passes on what it hears of it to whoever sent it there.
//!
//! What may go wrong:
//!
//! | when | then |
//! |---|---|
//! | the old node dies, or does not answer, before it lent the session | `item-not-found`; the session ends with its node, or stays parked |
//! | the new node dies, or is late, before the table has changed | the old node takes its entry back, which no late compare-and-set survives, ends the session, and its rows go to others or wait |
//! | the old node dies after that | what it did not hand on is lost, but for rows: these are sent again from the log |
//! | the new node dies after that | its session is lost as any of its others, and what was handed on to it comes back |
//!
//! So a message that was acknowledged to its sender is never lost. It comes *twice* where the client had it, had not said
//! so, and the copy that the server remembered was lost with a node: no `h` of the client's refers to the copy from the
//! log (XEP-0198 §5 allows for that). Likewise a stanza of the client's is processed twice where the old node died after
//! it was processed and before the client heard so.

use std::{collections::VecDeque, sync::Arc};

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::SessionEntry;
use crate::{Delivery, Later, Router, Session};

/// Whoever has the clients' streams, and so knows which may be resumed.
pub trait Streams: Send + Sync + 'static {
    /// Gives up the stream that another node asks for. Its words are those that the same streams there found.
    fn give_up(&self, request: Bytes) -> Later<GivenUp>;
}

/// What became of a stream that another node asked for.
pub enum GivenUp {
    /// There is none that is meant.
    Unknown,
    /// It does not go; this is said to who asks.
    Refused(Vec<u8>),
    /// Its task has ended, and nobody else holds it.
    Stream(Moving),
}

/// A stream without a connection.
pub struct Moving {
    /// Its session, which has not ended.
    pub session: Arc<Session>,
    /// What the client does not have, oldest first.
    pub undelivered: VecDeque<Delivery>,
    /// What its next streams need to know of it.
    pub state: Vec<u8>,
}

/// Why a stream of another node does not go on here.
#[derive(Debug)]
pub enum NotAdopted {
    /// No node has it, or it could not be moved.
    Unknown,
    /// It does not go; these are the words of its streams.
    Refused(Vec<u8>),
}

/// The answer to who asks for a session.
#[derive(Serialize, Deserialize)]
pub(crate) enum HandOver {
    Unknown,
    Refused(Vec<u8>),
    Session(Box<Lent>),
}

/// A session on its way.
#[derive(Serialize, Deserialize)]
pub(crate) struct Lent {
    /// As others know it.
    pub(crate) entry: SessionEntry,
    pub(crate) packed: Packed,
    /// What its next streams need to know of it.
    pub(crate) state: Vec<u8>,
}

/// What is known of a session on its own node alone.
#[derive(Serialize, Deserialize)]
pub(crate) struct Packed {
    pub(crate) presence: Option<Vec<u8>>,
    pub(crate) directed: Vec<String>,
    pub(crate) notes: Vec<String>,
}

impl Router {
    /// Who gives up streams that are resumed at other nodes. They are asked for while they are there.
    pub fn set_streams(&self, streams: std::sync::Weak<dyn Streams>) {
        *self.mesh().streams.lock() = Some(streams);
    }

    pub(super) fn streams(&self) -> Option<Arc<dyn Streams>> {
        self.mesh().streams.lock().as_ref()?.upgrade()
    }
}
