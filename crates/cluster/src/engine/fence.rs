//! Whether this process may act: asked at the two doors of every client stream.

use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::watch;

use crate::clock;
use crate::lease::{Micros, NEVER};

/// For who is in no cluster.
const ALWAYS: Micros = Micros::MAX;

/// Open until a moment of the process's own clock. One for all lives of a process.
#[derive(Debug)]
pub struct Fence {
    until: AtomicI64,
    moved: watch::Sender<Micros>,
}

impl Fence {
    pub(super) fn new() -> Self {
        Self {
            until: AtomicI64::new(NEVER),
            moved: watch::Sender::new(NEVER),
        }
    }

    /// Whether this process may act now. The clock is looked at each time, so that a process that was stopped for a
    /// while finds the fence closed before anybody has told it.
    #[must_use]
    pub fn is_open(&self) -> bool {
        let until = self.until.load(Ordering::Acquire);
        until == ALWAYS || clock::now() < until
    }

    /// Waits until this process may act.
    pub async fn opened(&self) {
        let mut moved = self.moved.subscribe();
        while !self.is_open() {
            // The sender lives as long as this.
            let _ = moved.changed().await;
        }
    }

    pub(super) fn open_until(&self, until: Micros) {
        self.until.store(until, Ordering::Release);
        self.moved
            .send_if_modified(|before| std::mem::replace(before, until) != until);
    }

    pub(super) fn open(&self) {
        self.open_until(ALWAYS);
    }

    pub(super) fn close(&self) {
        self.open_until(NEVER);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use std::sync::Arc;

    use super::*;

    #[tokio::test]
    async fn a_fence_closes_by_itself_and_lets_go_who_waits_when_it_opens() {
        let fence = Arc::new(Fence::new());
        assert!(!fence.is_open());
        fence.open_until(clock::now() + 60_000_000);
        assert!(fence.is_open());
        fence.open_until(clock::now());
        assert!(!fence.is_open());
        let waiting = tokio::spawn({
            let fence = Arc::clone(&fence);
            async move { fence.opened().await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        fence.open();
        waiting.await.unwrap();
        assert!(fence.is_open());
    }
}
