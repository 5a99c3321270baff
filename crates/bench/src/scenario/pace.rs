//! A steady beat, finer than the milliseconds that epoll can wait for.

use mio::unix::SourceFd;
use nix::sys::time::TimeSpec;
use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
use std::os::fd::{AsFd, AsRawFd};
use std::time::{Duration, Instant};

use crate::wire::Hub;

/// The shortest time between two beats; what is due in between is done together.
const SHORTEST: Duration = Duration::from_micros(100);

/// So many a second, evenly spread, whatever the server does.
#[derive(Debug)]
pub(super) struct Pace {
    timer: TimerFd,
    began: Instant,
    per_second: u32,
    done: u64,
}

impl Pace {
    /// Begins to beat: every beat wakes the hub.
    pub(super) fn start(hub: &mut Hub, per_second: u32) -> anyhow::Result<Self> {
        let beat = (Duration::from_secs(1) / per_second).max(SHORTEST);
        let timer = TimerFd::new(
            ClockId::CLOCK_MONOTONIC,
            TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC,
        )?;
        timer.set(
            Expiration::Interval(TimeSpec::from_duration(beat)),
            TimerSetTimeFlags::empty(),
        )?;
        hub.watch(&mut SourceFd(&timer.as_fd().as_raw_fd()), 1)?;
        Ok(Self {
            timer,
            began: Instant::now(),
            per_second,
            done: 0,
        })
    }

    /// How many are due that were not due before.
    pub(super) fn due(&mut self) -> u64 {
        // The timer beats on only when the last beat has been taken from it. That there is
        // none to take is no harm.
        let _ = self.timer.wait();
        let nanos = self.began.elapsed().as_nanos() * u128::from(self.per_second);
        let due = u64::try_from(nanos / 1_000_000_000).unwrap_or(u64::MAX);
        let fresh = due.saturating_sub(self.done);
        self.done += fresh;
        fresh
    }
}
