//! Whether an idle connection is likely to be dead.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// A connection idle for this long may have been cut by something in between.
const TRUSTED_IDLE: Duration = Duration::from_secs(10);

/// Remembers when the database last failed: what has been idle since then is asked before it is used.
#[derive(Debug)]
pub(super) struct Doubt {
    started: Instant,
    /// Milliseconds after `started`, plus one; 0 for never.
    failed: AtomicU64,
}

impl Default for Doubt {
    fn default() -> Self {
        Self {
            started: Instant::now(),
            failed: AtomicU64::new(0),
        }
    }
}

impl Doubt {
    /// A connection failed just now.
    pub(super) fn arise(&self) {
        self.failed.store(self.millis(Instant::now()) + 1, Ordering::Release);
    }

    /// Whether a connection that has been idle for so long should be asked.
    pub(super) fn concerns(&self, idle: Duration) -> bool {
        let failed = self.failed.load(Ordering::Acquire);
        let idle_since = Instant::now().checked_sub(idle).unwrap_or(self.started);
        idle > TRUSTED_IDLE || (failed > 0 && self.millis(idle_since) <= failed)
    }

    fn millis(&self, at: Instant) -> u64 {
        u64::try_from(at.saturating_duration_since(self.started).as_millis()).unwrap_or(u64::MAX - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_connections_that_were_idle_when_it_failed_are_doubted() {
        let doubt = Doubt {
            started: Instant::now() - Duration::from_secs(100),
            failed: AtomicU64::new(0),
        };
        assert!(!doubt.concerns(Duration::from_secs(1)));
        assert!(doubt.concerns(TRUSTED_IDLE + Duration::from_secs(1)));
        doubt.failed.store(
            doubt.millis(Instant::now() - Duration::from_secs(3)) + 1,
            Ordering::Release,
        );
        assert!(doubt.concerns(Duration::from_secs(5)));
        assert!(!doubt.concerns(Duration::from_secs(1)));
        doubt.arise();
        assert!(doubt.concerns(Duration::from_millis(5)));
    }
}
