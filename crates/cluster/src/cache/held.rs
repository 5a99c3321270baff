//! What is under a key, and what came of writing something there.

use bytes::Bytes;
use serde::Serialize;

use crate::{NodeId, clock};

/// What is under a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Held<V> {
    /// The value.
    pub value: V,
    /// Changes with everything that is written under the key but a node's own repeated [`Cache::put`](super::Cache::put).
    pub stamp: u64,
    /// Whose it is. A server that is alone has the number 0.
    pub owner: Option<NodeId>,
    /// Whether it is this node's.
    pub is_mine: bool,
    /// When it vanishes by itself, in microseconds since 1970, UTC.
    pub until_micros: Option<i64>,
}

/// What came of writing something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written<V> {
    /// It is there.
    Done,
    /// Something else is there.
    Taken(Held<V>),
    /// What was to be changed is not there any more.
    Stale,
    /// The cache is full of what nobody may take out.
    Full,
}

impl<V> Held<V> {
    pub(super) fn is_over(&self) -> bool {
        self.until_micros.is_some_and(|at| at <= clock::since_1970())
    }
}

/// Whether an entry is to be seen, although nobody may have swept it up yet.
pub(super) fn is_alive(expires_at_micros: Option<i64>) -> bool {
    expires_at_micros.is_none_or(|at| at > clock::since_1970())
}

pub(super) fn bytes(value: &impl Serialize) -> Bytes {
    postcard::to_allocvec(value)
        .expect("plain data has a form in bytes")
        .into()
}
