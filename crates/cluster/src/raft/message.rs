//! What the openrafts of two nodes say to each other.

use bytes::Bytes;
use openraft::raft::{AppendEntriesRequest, AppendEntriesResponse, SnapshotResponse, VoteRequest, VoteResponse};
use openraft::{EmptyNode, SnapshotMeta};
use serde::{Deserialize, Serialize};

use super::{Types, Vote};
use crate::Group;

/// A call. Every one names the group whose log it is about.
#[derive(Serialize, Deserialize)]
pub(super) struct Call {
    pub(super) group: Group,
    pub(super) what: What,
}

#[derive(Serialize, Deserialize)]
pub(super) enum What {
    Append(AppendEntriesRequest<Types>),
    Vote(VoteRequest<u64>),
    /// The `index`th piece of a state that is being sent.
    Piece {
        transfer: u64,
        index: u64,
        bytes: Bytes,
    },
    /// All pieces were sent.
    Install {
        transfer: u64,
        pieces: u64,
        vote: Vote,
        meta: SnapshotMeta<u64, EmptyNode>,
    },
}

#[derive(Serialize, Deserialize)]
pub(super) enum Reply {
    Append(AppendEntriesResponse<u64>),
    Vote(VoteResponse<u64>),
    Taken,
    Installed(SnapshotResponse<u64>),
}

pub(super) fn encode(what: &impl Serialize) -> Bytes {
    postcard::to_allocvec(what)
        .expect("plain data has a form in bytes")
        .into()
}

/// The group that a call is about, without reading the rest of it.
pub(crate) fn group_of(call: &[u8]) -> Option<Group> {
    postcard::take_from_bytes::<Group>(call).ok().map(|(group, _)| group)
}
