//! The process's own monotonic clock, by which leases are counted and which goes on while the machine sleeps; and the
//! one on the wall.

use std::time::{SystemTime, UNIX_EPOCH};

use nix::time::{ClockId, clock_gettime};

use crate::lease::Micros;

/// Now, in microseconds since the machine was started.
#[must_use]
pub(crate) fn now() -> Micros {
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME).expect("every Linux since 2.6.39 has this clock");
    time.tv_sec() * 1_000_000 + time.tv_nsec() / 1_000
}

/// What the clock on the wall says, in microseconds since 1970, UTC. Other nodes' clocks say something else.
#[must_use]
pub(crate) fn since_1970() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
