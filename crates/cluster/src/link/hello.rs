//! The greeting: who is there, for which purpose, in which versions of the protocol.

use std::io;
use std::net::SocketAddr;

use bytes::BytesMut;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncWrite, AsyncWriteExt};

use super::frame::{GREETING_VERSION, Header, put};
use crate::{Group, NodeId};

/// The versions of the link protocol that this build speaks. A build speaks its own and the one before it.
pub const PROTOCOL: Protocol = Protocol { lowest: 1, highest: 1 };
/// A node's name and its version are short; what is longer is cut.
const MAX_TEXT_BYTES: usize = 255;

/// A range of protocol versions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Protocol {
    /// The oldest that is spoken.
    pub lowest: u16,
    /// The newest.
    pub highest: u16,
}

impl Protocol {
    /// The newest version that both speak.
    pub(crate) fn agree(self, other: Self) -> Option<u16> {
        let version = self.highest.min(other.highest);
        (version >= self.lowest.max(other.lowest)).then_some(version)
    }
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Purpose {
    /// Calls, tells and signs of life.
    Control,
    /// The ordered stream of messages.
    Data,
    /// Nothing but the greeting: who is there?
    Probe,
}

/// What a node says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hello {
    /// What it speaks.
    pub protocol: Protocol,
    /// Which life of which process.
    pub node: NodeId,
    /// The group it acts in, if any.
    pub group: Option<Group>,
    /// Where it can be reached, if it knows.
    pub address: Option<SocketAddr>,
    /// What the operator calls it.
    pub name: String,
    /// The version of the server.
    pub version: String,
    /// What the connection is for.
    pub purpose: Purpose,
    /// Whom the caller means to reach; the answering side says nobody.
    pub to: Option<NodeId>,
    /// The last number of the other's ordered stream that arrived here.
    pub received: u64,
}

impl Hello {
    /// Cuts the texts so that a greeting fits its frame.
    pub(crate) fn trimmed(mut self) -> Self {
        for text in [&mut self.name, &mut self.version] {
            text.truncate(text.floor_char_boundary(MAX_TEXT_BYTES));
        }
        self
    }
}

/// Why a node that holds the right certificate is turned away all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum Refusal {
    /// It reached itself.
    #[error("a node does not link to itself")]
    Myself,
    /// It looked for another node at this address.
    #[error("another node lives at this address now")]
    NotMe,
    /// Its life was declared dead.
    #[error("this life was declared dead")]
    Dead,
    /// There is no version of the protocol that both speak.
    #[error("no common protocol version")]
    Protocol,
    /// Data flows only within one group.
    #[error("of another group")]
    OtherGroup,
    /// The two have a connection that takes precedence.
    #[error("there is a connection already")]
    Superfluous,
    /// There are as many peers as there may be.
    #[error("too many peers")]
    Full,
}

/// Writes one frame of the greeting.
pub(crate) async fn say(to: &mut (impl AsyncWrite + Unpin), header: &Header) -> io::Result<()> {
    let mut out = BytesMut::new();
    put(&mut out, GREETING_VERSION, header, &[]);
    to.write_all(&out).await?;
    to.flush().await
}

#[cfg(test)]
mod tests {

    use super::*;

    #[test]
    fn neighbours_agree_on_the_older_version() {
        let check = |a: (u16, u16), b: (u16, u16), expected| {
            let range = |(lowest, highest)| Protocol { lowest, highest };
            assert_eq!(range(a).agree(range(b)), expected, "{a:?} {b:?}");
            assert_eq!(range(b).agree(range(a)), expected, "{b:?} {a:?}");
        };
        check((1, 1), (1, 1), Some(1));
        check((1, 1), (1, 2), Some(1));
        check((1, 2), (2, 3), Some(2));
        check((1, 1), (2, 3), None);
    }
}
