//! What nodes say to each other: a postcard header, and stanzas as the bytes that would stand on a stream.
//!
//! Addresses are parsed and stanzas tokenized anew where they arrive, so nothing malformed gets past this door,
//! whatever a node of another version sends.

use bytes::Bytes;
use protocol::Stanza;
use serde::{Deserialize, Serialize, Serializer};

use super::SessionEntry;
use crate::ConflictPolicy;

/// A stanza that finds its session gone looks for another this many times; then it waits like one that nobody takes.
pub(crate) const HOPS_MAX: u8 = 3;
/// Addresses in one frame: a larger audience gets several, so that no frame holds up the link for long.
pub(crate) const ADDRESSES_MAX: usize = 1000;

/// Told, and not answered.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Frame<'a> {
    /// A stanza for sessions of one account.
    Deliver {
        #[serde(borrow)]
        to: Vec<Target<'a>>,
        /// Its row in the message log, which the sending node holds until it hears [`Frame::Landed`].
        log_id: Option<i64>,
        /// A row of the sending node's that waits in the log, and is to be delivered before.
        behind: Option<i64>,
        hops: u8,
        #[serde(serialize_with = "write")]
        stanza: &'a [u8],
    },
    /// Presence for whoever of these addresses is at the node.
    Spread {
        #[serde(borrow)]
        to: Vec<&'a str>,
        #[serde(serialize_with = "write")]
        stanza: &'a [u8],
    },
    /// A feature's word to the sessions of these accounts.
    Told {
        what: &'a str,
        #[serde(borrow)]
        accounts: Vec<&'a str>,
        #[serde(serialize_with = "write")]
        stanza: &'a [u8],
    },
    /// What became of rows that came from the node addressed, with the session that has this generation, or 0 where they
    /// were sent.
    Landed {
        account: &'a str,
        rows: Vec<i64>,
        generation: u64,
        landing: Landing,
    },
    /// The account's message log has something for it.
    Waiting { account: &'a str },
    /// The account's rows in the database have changed.
    Changed { account: &'a str },
    /// The account was deleted or made: what is remembered of it is stale.
    Forget { account: &'a str },
    /// The sessions of a bare JID, or the one of a full JID, are to close; the account is to be forgotten where it is
    /// gone.
    Close {
        account: &'a str,
        condition: &'a str,
        text: &'a str,
        is_removed: bool,
    },
    /// A session of the node addressed has moved to the one that says so: what waits for it is to follow.
    Moved { generation: u64, entry: SessionEntry },
    /// Nothing more comes from here for a session of the node addressed that has moved to another.
    Flushed { jid: &'a str, generation: u64 },
    /// A stanza that waited for a session on the node that it has left.
    Handed {
        #[serde(borrow)]
        to: Target<'a>,
        log_id: Option<i64>,
        #[serde(serialize_with = "write")]
        stanza: &'a [u8],
    },
    /// That was all that came for it there.
    HandedAll {
        #[serde(borrow)]
        to: Target<'a>,
    },
}

/// What became of a row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Landing {
    /// A client has it.
    Acknowledged,
    /// Nobody has it any more.
    GivenBack,
    /// The session that took it along has taken it on, to where it was before.
    CameBack,
}

/// A session of the node that a frame is for.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Target<'a> {
    pub(crate) jid: &'a str,
    pub(crate) generation: u64,
}

/// Asked, and answered.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Question<'a> {
    /// May this session go? The answer is a [`Displaced`].
    Displace {
        jid: &'a str,
        generation: u64,
        policy: Policy,
    },
    /// Which of these rows does the node have in flight? The answer is a list of them.
    Claim { account: &'a str, rows: Vec<i64> },
    /// Is there a session whose client asks for it in these words of its stream's? The answer is a
    /// [`HandOver`](super::moving::HandOver).
    TakeSession {
        #[serde(serialize_with = "write")]
        request: &'a [u8],
    },
    /// Is everything written that the node has put into the message log? The answer is empty, and comes when it is.
    Written,
    /// What are the contacts and the block list of this account, which has sessions at the node? The answer is an option.
    Profile { account: &'a str, number: i64 },
}

/// What became of a session that was to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Displaced {
    /// It has ended, and everybody was told.
    Yes,
    /// The policy keeps it.
    No,
    /// It takes long to end.
    Late,
}

/// [`ConflictPolicy`] on its way.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Policy {
    Kick,
    Refuse,
    KickAfter(u32),
}

impl From<ConflictPolicy> for Policy {
    fn from(policy: ConflictPolicy) -> Self {
        match policy {
            ConflictPolicy::Kick => Self::Kick,
            ConflictPolicy::Refuse => Self::Refuse,
            ConflictPolicy::KickAfter(refusals) => Self::KickAfter(refusals),
        }
    }
}

impl From<Policy> for ConflictPolicy {
    fn from(policy: Policy) -> Self {
        match policy {
            Policy::Kick => Self::Kick,
            Policy::Refuse => Self::Refuse,
            Policy::KickAfter(refusals) => Self::KickAfter(refusals),
        }
    }
}

/// A frame, question or answer as bytes.
pub(crate) fn encode(value: &impl Serialize) -> Bytes {
    postcard::to_allocvec(value)
        .expect("a vector takes what is written to it")
        .into()
}

/// What the bytes are; `None`, counted and logged, where they are nothing that this version knows.
pub(crate) fn decode<'a, T: Deserialize<'a>>(node: u64, bytes: &'a [u8]) -> Option<T> {
    postcard::from_bytes(bytes)
        .inspect_err(|error| {
            metrics::counter!("cluster_frames_unreadable").increment(1);
            tracing::warn!(target: "router", node, %error, "a frame of another node cannot be read");
        })
        .ok()
}

/// A stanza's bytes for a frame.
pub(crate) fn bytes(stanza: &Stanza) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(stanza.size());
    stanza.write(&mut bytes);
    bytes
}

/// The stanza in a frame.
pub(crate) fn stanza(node: u64, bytes: &[u8]) -> Option<Stanza> {
    Stanza::parse(bytes)
        .inspect_err(|error| {
            metrics::counter!("cluster_frames_unreadable").increment(1);
            tracing::warn!(target: "router", node, ?error, "a stanza of another node cannot be read");
        })
        .ok()
}

/// In one copy, where serde would write byte by byte.
fn write<S: Serializer>(bytes: &&[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_bytes(bytes)
}
