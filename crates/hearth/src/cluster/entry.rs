//! A session's entry, as it is written in the log and kept by every node: the rest of it is its key, its owner and its
//! stamp already.

use bytes::Bytes;
use cluster::{NodeId, state::Entry};
use protocol::Jid;
use router::SessionEntry;
use serde::{Deserialize, Serialize};

/// What neither key nor owner nor stamp say of a session. Written to logs: another form is another cache.
#[derive(Serialize, Deserialize)]
struct Rest {
    account: i64,
    priority: Option<i8>,
    has_been_available: bool,
    is_interested: bool,
    bound_at_micros: i64,
}

/// The key of a session with this full JID.
pub(super) fn key(full: &Jid) -> Bytes {
    Bytes::copy_from_slice(full.as_str().as_bytes())
}

/// The full JID of a key.
pub(super) fn jid(key: &[u8]) -> Option<Jid> {
    std::str::from_utf8(key).ok()?.parse().ok()
}

/// An entry, where `seq` tells which of two states of it is the newer one.
pub(super) fn write(session: &SessionEntry, seq: u64) -> Entry {
    let rest = Rest {
        account: session.account,
        priority: session.priority,
        has_been_available: session.has_been_available,
        is_interested: session.is_interested,
        bound_at_micros: session.bound_at_micros,
    };
    Entry {
        owner: Some(NodeId(session.node)),
        stamp: session.generation,
        seq,
        expires_at_micros: None,
        value: postcard::to_allocvec(&rest)
            .expect("plain data has a form in bytes")
            .into(),
    }
}

/// The session that has this entry under this key.
pub(super) fn read(key: &[u8], owner: Option<NodeId>, stamp: u64, value: &[u8]) -> Option<SessionEntry> {
    let rest: Result<Rest, _> = postcard::from_bytes(value);
    let rest = rest.inspect_err(|error| tracing::warn!(target: "cluster", %error, "a session's entry cannot be read"));
    let (jid, node, rest) = (jid(key)?, owner?, rest.ok()?);
    Some(SessionEntry {
        jid,
        node: node.0,
        generation: stamp,
        account: rest.account,
        priority: rest.priority,
        has_been_available: rest.has_been_available,
        is_interested: rest.is_interested,
        bound_at_micros: rest.bound_at_micros,
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_session_is_read_as_it_was_written() {
        for priority in [None, Some(-5)] {
            let session = SessionEntry {
                jid: "romeo@example.org/orchard".parse().unwrap(),
                node: 3,
                generation: 77,
                account: 12,
                priority,
                has_been_available: true,
                is_interested: false,
                bound_at_micros: 1_790_000_000_000_000,
            };
            let entry = write(&session, 1);
            let seen = read(&key(&session.jid), entry.owner, entry.stamp, &entry.value);
            assert_eq!(seen, Some(session));
        }
        assert_eq!(read(b"romeo@example.org/orchard", Some(NodeId(3)), 77, b""), None);
    }
}
