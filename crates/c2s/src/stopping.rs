//! The server stops. Where others of its cluster go on, streams that can be resumed are left to their clients: those come
//! back at another server (XEP-0198 §5), and nobody sees them go.

use std::{sync::atomic::Ordering, time::Duration};

use protocol::{StreamCondition, StreamError};
use tokio::time::{Instant, sleep, timeout_at};

use crate::Server;

/// Clients that are sent away at a time, so that the other servers can take them up: 2,500 a second.
const AT_A_TIME: usize = 50;
/// Between them.
const PAUSE: Duration = Duration::from_millis(20);

impl Server {
    /// Stops accepting, closes every stream with `system-shutdown`, and waits until all are gone, at most for `patience`.
    /// Where other servers take over, streams that can be resumed wait before that for so long as the settings say.
    pub async fn stop(&self, patience: Duration) {
        self.stopping.cancel();
        let deadline = Instant::now() + patience;
        if self.house.has_others() {
            self.leave(deadline).await;
        }
        self.house.close_all(&shutting_down());
        self.streams.close();
        if timeout_at(deadline, self.streams.wait()).await.is_err() {
            tracing::warn!(target: "c2s", streams = self.streams.len(), "some streams did not close in time");
        }
    }

    /// Sends everybody away, and waits until those who can resume their streams elsewhere have done so.
    async fn leave(&self, deadline: Instant) {
        let secs = self.settings().hand_over_secs;
        let deadline = deadline.min(Instant::now() + Duration::from_secs(secs.into()));
        self.is_leaving.store(secs > 0, Ordering::Release);
        if secs == 0 {
            return;
        }
        for some in self.house.directory().all().chunks(AT_A_TIME) {
            some.iter().for_each(|session| session.inbox.nudge());
            sleep(PAUSE).await;
        }
        self.streams.close();
        if timeout_at(deadline, self.streams.wait()).await.is_err() {
            tracing::info!(target: "c2s", streams = self.streams.len(), "not all clients have come to another server");
        }
        // What waited for them is still to follow.
        while self.house.is_handing_on() && Instant::now() < deadline {
            sleep(PAUSE).await;
        }
    }

    /// Whether streams are to be left to their clients.
    pub(crate) fn is_leaving(&self) -> bool {
        self.is_leaving.load(Ordering::Acquire)
    }
}

/// What clients are told whose streams end.
pub(crate) fn shutting_down() -> StreamError {
    StreamError::with_text(StreamCondition::SystemShutdown, "the server stops")
}
