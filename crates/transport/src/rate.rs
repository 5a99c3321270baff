//! A token bucket: so much per second, and a little more after a quiet time.
//!
//! It answers with a time to wait instead of a refusal, because what it limits is reading: bytes that we do not
//! read stay with their sender, and TCP does the rest.

use std::time::{Duration, Instant};

/// No single wait is longer. It also bounds what a clock that jumps backwards can do.
pub const LONGEST_WAIT: Duration = Duration::from_secs(60);

const NANOS_PER_SECOND: u128 = 1_000_000_000;

/// How much may pass. Per second and in one burst; `per_second` 0 is without limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rate {
    /// What flows in steadily.
    pub per_second: u32,
    /// What a full bucket holds.
    pub burst: u32,
}

impl Rate {
    /// Lets everything pass.
    pub const UNLIMITED: Self = Self {
        per_second: 0,
        burst: 0,
    };

    fn time_for(self, amount: u64) -> Duration {
        let nanos = u128::from(amount) * NANOS_PER_SECOND / u128::from(self.per_second.max(1));
        u64::try_from(nanos).map_or(Duration::MAX, Duration::from_nanos)
    }
}

/// One bucket. Small, because every connection has one.
#[derive(Debug, Clone, Copy)]
pub struct RateLimit {
    rate: Rate,
    /// The moment at which the bucket will be full again; `None` when nothing was ever taken.
    full_at: Option<Instant>,
}

impl RateLimit {
    /// A full bucket.
    pub fn new(rate: Rate) -> Self {
        Self { rate, full_at: None }
    }

    /// Changes the rate and keeps what is owed.
    pub fn set_rate(&mut self, rate: Rate) {
        self.rate = rate;
    }

    /// Takes `amount` out, more than there is if need be, and says how long to wait before taking again.
    pub fn spend(&mut self, now: Instant, amount: usize) -> Duration {
        if self.rate.per_second == 0 {
            return Duration::ZERO;
        }
        let burst = self.rate.time_for(u64::from(self.rate.burst));
        let owed = self
            .full_at
            .map_or(Duration::ZERO, |at| at.saturating_duration_since(now));
        let cost = self.rate.time_for(u64::try_from(amount).unwrap_or(u64::MAX));
        let owed = owed.saturating_add(cost).min(burst.saturating_add(LONGEST_WAIT));
        self.full_at = now.checked_add(owed);
        owed.saturating_sub(burst)
    }

    /// How long to wait until something may pass, without taking anything.
    pub fn wait(&self, now: Instant) -> Duration {
        let mut probe = *self;
        probe.spend(now, 0)
    }
}
