//! Those who are told of other sessions, and when they heard of the end of each.

use crate::client::{Sessions, Traffic};
use crate::scan;
use crate::wire::Outlets;
use std::time::Instant;

/// Each account watches its own session that has another resource.
#[derive(Debug)]
pub(super) struct Watchers {
    /// How the full JIDs end that are watched: a slash and the resource.
    end: Vec<u8>,
    /// When the watched session of each account was seen to go.
    gone: Vec<Option<Instant>>,
    pub(super) left: usize,
}

impl Watchers {
    pub(super) fn new(accounts: usize, resource: &str) -> Self {
        Self {
            end: format!("/{resource}").into_bytes(),
            gone: vec![None; accounts],
            left: accounts,
        }
    }

    /// When each of the watched sessions was seen to go.
    pub(super) fn gone(&self) -> impl Iterator<Item = Instant> {
        self.gone.iter().copied().flatten()
    }
}

impl Traffic for Watchers {
    fn ready(&mut self, _account: usize, _sessions: &mut Sessions, _out: &mut Outlets) {}

    fn ended(&mut self, _account: usize, _reached: bool) {}

    fn presence(&mut self, account: usize, stanza: &[u8]) {
        let is_end = scan::attribute(stanza, b"type") == Some(b"unavailable");
        let is_watched = scan::attribute(stanza, b"from").is_some_and(|from| from.ends_with(&self.end));
        if is_end && is_watched && self.gone[account].is_none() {
            self.gone[account] = Some(Instant::now());
            self.left -= 1;
        }
    }
}
