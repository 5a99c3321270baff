//! A session as other nodes know it.

use protocol::Jid;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

/// A session of one node, as all others know it. Its presence stanza stays with its node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionEntry {
    /// Full JID.
    #[serde(serialize_with = "write", deserialize_with = "read")]
    pub jid: Jid,
    /// The node that it is on.
    pub node: u64,
    /// Tells it from the other sessions of its node.
    pub generation: u64,
    /// Number of its account; 0 for guests.
    pub account: i64,
    /// Priority of its available presence; `None` while it is not available.
    pub priority: Option<i8>,
    /// Whether it is or was available.
    pub has_been_available: bool,
    /// Whether it gets roster pushes.
    pub is_interested: bool,
    /// When it was bound, in microseconds since 1970, UTC.
    pub bound_at_micros: i64,
}

impl SessionEntry {
    /// Whether both are entries of the same session.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        (self.node, self.generation) == (other.node, other.generation)
    }
}

fn write<S: Serializer>(jid: &Jid, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(jid.as_str())
}

fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Jid, D::Error> {
    String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
}
