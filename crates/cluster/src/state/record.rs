//! An entry as it is kept: key, value and all else in one piece of memory, for most entries are sessions, and there may be
//! a million of them.

use std::sync::Arc;

use bytes::Bytes;
use serde::{Deserialize, Serialize};

use super::Entry;
use crate::NodeId;

/// An entry in its place. A copy is the same piece of memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Record(Arc<[u8]>);

/// An entry, looked at where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen<'a> {
    /// Its key. Read by itself, so it comes first.
    pub key: &'a [u8],
    /// See [`Entry::owner`].
    pub owner: Option<NodeId>,
    /// See [`Entry::stamp`].
    pub stamp: u64,
    /// See [`Entry::seq`].
    pub seq: u64,
    /// See [`Entry::expires_at_micros`].
    pub expires_at_micros: Option<i64>,
    /// When it was written, where it is nobody's.
    pub(super) age: i64,
    /// See [`Entry::value`].
    pub value: &'a [u8],
}

impl Record {
    pub(super) fn of(entry: &Seen<'_>) -> Self {
        let bytes = postcard::to_allocvec(entry).expect("plain data has a form in bytes");
        Self(bytes.into())
    }

    pub(super) fn key(&self) -> &[u8] {
        postcard::take_from_bytes(&self.0).expect("written by `of`").0
    }

    pub(super) fn read(&self) -> Seen<'_> {
        postcard::from_bytes(&self.0).expect("written by `of`")
    }
}

impl<'a> Seen<'a> {
    pub(super) fn of(key: &'a [u8], entry: &'a Entry, age: i64) -> Self {
        Self {
            key,
            owner: entry.owner,
            stamp: entry.stamp,
            seq: entry.seq,
            expires_at_micros: entry.expires_at_micros,
            age,
            value: &entry.value,
        }
    }

    /// A copy of its key.
    #[must_use]
    pub fn to_key(&self) -> Bytes {
        Bytes::copy_from_slice(self.key)
    }

    /// A copy of it.
    #[must_use]
    pub fn to_entry(&self) -> Entry {
        Entry {
            owner: self.owner,
            stamp: self.stamp,
            seq: self.seq,
            expires_at_micros: self.expires_at_micros,
            value: Bytes::copy_from_slice(self.value),
        }
    }

    /// Whether both are states of one entry.
    pub(super) fn is_same(&self, other: &Entry) -> bool {
        (self.owner, self.stamp) == (other.owner, other.stamp)
    }
}
