//! The process's own monotonic clock, by which leases are counted. It goes on while the machine sleeps.

use nix::time::{ClockId, clock_gettime};

use crate::lease::Micros;

/// Now, in microseconds since the machine was started.
#[must_use]
pub(crate) fn now() -> Micros {
    let time = clock_gettime(ClockId::CLOCK_BOOTTIME).expect("every Linux since 2.6.39 has this clock");
    time.tv_sec() * 1_000_000 + time.tv_nsec() / 1_000
}
