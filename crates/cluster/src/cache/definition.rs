//! What a cache is made with, and how it fares.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::clock;
use crate::state::{Bound, CacheId, Size};

/// A cache, as its owner wants it.
#[derive(Debug, Clone, Copy)]
pub struct Definition {
    /// Its number, given once in the code of who owns the cache, below [`LOCKS`](Self::LOCKS).
    pub id: CacheId,
    /// Its name, for people.
    pub name: &'static str,
    /// Whose its entries are.
    pub belongs: Belongs,
    /// What it may hold.
    pub bound: Bound,
    /// How people see it.
    pub face: Face,
}

/// How people see a cache.
#[derive(Debug, Clone, Copy)]
pub struct Face {
    /// How long its entries last, in words.
    pub lifetime: &'static str,
    /// Why it is not to be cleared, in a clause; none where that does no harm.
    pub kept: Option<&'static str>,
    /// A key and its value in words. What nobody should read, such as a token, is not in them.
    pub describe: fn(key: &[u8], value: &[u8]) -> (String, String),
}

/// Whose the entries of a cache are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Belongs {
    /// Of the node that wrote them, and they vanish with it.
    Node,
    /// Nobody's: they outlive every node, and make room for each other.
    Nobody,
}

/// How long an entry lasts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lasts {
    /// Until somebody takes it out.
    ForEver,
    /// So long from now on.
    For(Duration),
    /// Until this moment, in microseconds since 1970, UTC.
    Until(i64),
}

/// How a cache fares.
#[derive(Debug, Clone, Copy)]
pub struct Info {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub size: Size,
    /// What it may hold.
    pub bound: Bound,
    /// How people see it.
    pub face: Face,
    /// Questions on this node to which it had the answer, since the process started.
    pub hits: u64,
    /// Questions to which it had not.
    pub misses: u64,
    /// Entries that had to make room, as far as the present group or this server alone knows.
    pub evictions: u64,
}

impl Face {
    /// Of bytes that nobody has words for.
    pub const UNKNOWN: Self = Self {
        lifetime: "unknown",
        kept: Some("it is not known what its entries are for"),
        describe: |key, value| {
            let count = |what: &str, bytes: &[u8]| format!("{what} of {} bytes", bytes.len());
            (count("a key", key), count("a value", value))
        },
    };

    /// An entry in these words; one that cannot be read, as that of another version, by its size.
    pub fn decoded<K: DeserializeOwned, V: DeserializeOwned>(
        key: &[u8],
        value: &[u8],
        words: impl FnOnce(K, V) -> (String, String),
    ) -> (String, String) {
        match (postcard::from_bytes(key), postcard::from_bytes(value)) {
            (Ok(key), Ok(value)) => words(key, value),
            _ => (Self::UNKNOWN.describe)(key, value),
        }
    }
}

/// Counts what was asked of a cache on this node.
#[derive(Debug, Default)]
pub(super) struct Counters {
    hits: AtomicU64,
    misses: AtomicU64,
}

impl Definition {
    /// Numbers from here on are those of locks.
    pub const LOCKS: u8 = 0x80;

    /// Where a cache's locks are.
    pub(super) fn locks(id: CacheId) -> CacheId {
        CacheId(id.0 | Self::LOCKS)
    }
}

impl Lasts {
    /// The moment, in microseconds since 1970.
    pub(super) fn until(self) -> Option<i64> {
        match self {
            Self::ForEver => None,
            Self::For(time) => Some(clock::since_1970().saturating_add(micros(time))),
            Self::Until(moment) => Some(moment),
        }
    }
}

impl Counters {
    /// Somebody asked, and there was an answer or there was none.
    pub(super) fn count(&self, is_hit: bool) {
        let counter = if is_hit { &self.hits } else { &self.misses };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// Hits and misses so far.
    pub(super) fn read(&self) -> (u64, u64) {
        (self.hits.load(Ordering::Relaxed), self.misses.load(Ordering::Relaxed))
    }
}

pub(super) fn micros(time: Duration) -> i64 {
    i64::try_from(time.as_micros()).unwrap_or(i64::MAX)
}
