//! The process's own monotonic clock, by which leases are counted and which goes on while the machine sleeps; and the
//! one on the wall.

use std::time::{SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};

use crate::lease::Micros;

/// Now, in microseconds since the machine was started.
#[must_use]
pub(crate) fn now() -> Micros {
    #[cfg(test)]
    if let Some(now) = simulated::now() {
        return now;
    }
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME).expect("every Linux since 2.6.39 has this clock");
    time.tv_sec() * 1_000_000 + time.tv_nsec() / 1_000
}

/// What the clock on the wall says, in microseconds since 1970, UTC. Other nodes' clocks say something else.
#[must_use]
pub(crate) fn since_1970() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

/// The clock of a test whose time is made up (tokio's, paused).
#[cfg(test)]
pub(crate) mod simulated {
    use std::cell::Cell;

    use tokio::time::Instant;

    use crate::lease::{Micros, SECOND};

    thread_local! {
        static BEGAN: Cell<Option<Instant>> = const { Cell::new(None) };
    }

    /// From now on this thread goes by it.
    pub(crate) fn begin() {
        BEGAN.set(Some(Instant::now()));
    }

    pub(super) fn now() -> Option<Micros> {
        // As if the machine had been running for a while.
        let since = BEGAN.get()?.elapsed().as_micros();
        Some(1_000 * SECOND + Micros::try_from(since).expect("tests are short"))
    }
}
