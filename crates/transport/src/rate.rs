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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    const RATE: Rate = Rate {
        per_second: 1000,
        burst: 500,
    };

    fn at(start: Instant, millis: u64) -> Instant {
        start + Duration::from_millis(millis)
    }

    /// Spends `(at, amount)` one after the other and compares the waits, all in milliseconds.
    fn check(rate: Rate, spent: &[(u64, usize, u64)]) {
        let (start, mut limit) = (Instant::now(), RateLimit::new(rate));
        for (when, amount, wait) in spent {
            let waited = limit.spend(at(start, *when), *amount);
            assert_eq!(waited, Duration::from_millis(*wait), "{amount} at {when}");
            assert_eq!(limit.wait(at(start, *when)), waited, "asking changes nothing");
        }
    }

    #[test]
    fn a_burst_passes_and_the_rest_waits() {
        check(
            RATE,
            &[
                (0, 500, 0),
                (0, 1, 1),
                (0, 99, 100),
                (100, 0, 0),
                (100, 100, 100),
                (10_000, 500, 0),
            ],
        );
        check(RATE, &[(0, 1500, 1000), (999, 0, 1), (1000, 0, 0), (1500, 500, 0)]);
        check(
            Rate {
                per_second: 10,
                burst: 0,
            },
            &[(0, 1, 100), (100, 1, 100)],
        );
        check(Rate::UNLIMITED, &[(0, usize::MAX, 0), (0, usize::MAX, 0)]);
    }

    #[test]
    fn nothing_overflows_and_no_wait_is_longer_than_the_longest() {
        let longest = u64::try_from(LONGEST_WAIT.as_millis()).unwrap();
        check(
            RATE,
            &[(0, usize::MAX, longest), (0, usize::MAX, longest), (longest, 0, 0)],
        );
        check(
            Rate {
                per_second: 1,
                burst: u32::MAX,
            },
            &[(0, 1 << 32, 1000)],
        );
        check(
            Rate {
                per_second: u32::MAX,
                burst: u32::MAX,
            },
            &[(0, 1 << 31, 0)],
        );
    }

    #[test]
    fn a_clock_that_jumps_stops_nobody_for_good() {
        let day = 86_400_000;
        let longest = u64::try_from(LONGEST_WAIT.as_millis()).unwrap();
        check(
            RATE,
            &[(day, 600, 100), (0, 1, longest), (longest, 0, 0), (day, 500, 0)],
        );
    }

    #[test]
    fn a_new_rate_keeps_what_is_owed() {
        let start = Instant::now();
        let mut limit = RateLimit::new(RATE);
        limit.spend(start, 1500);
        limit.set_rate(Rate {
            per_second: 1000,
            burst: 0,
        });
        assert_eq!(limit.wait(start), Duration::from_millis(1500));
        limit.set_rate(Rate::UNLIMITED);
        assert_eq!(limit.spend(start, 1), Duration::ZERO);
    }

    proptest! {
        /// Whoever waits as told never gets more than the burst and what has flowed in since, and never less than
        /// the rate, give or take one read.
        #[test]
        fn what_passes_follows_the_rate(
            per_second in 1_u32..100_000,
            burst in 0_u32..100_000,
            reads in proptest::collection::vec((1_usize..10_000, 0_u64..5_000), 1..100),
        ) {
            let (start, mut limit) = (Instant::now(), RateLimit::new(Rate { per_second, burst }));
            let (mut now, mut passed) = (start, 0_u128);
            for (amount, pause) in reads {
                // One read that alone is worth more than the longest wait is let off lightly.
                let amount = amount.min(50 * usize::try_from(per_second).unwrap());
                let wait = limit.spend(now, amount);
                prop_assert!(wait <= LONGEST_WAIT);
                passed += u128::try_from(amount).unwrap();
                now += wait;
                let flowed = u128::from(per_second) * (now - start).as_nanos() / NANOS_PER_SECOND;
                prop_assert!(passed <= flowed + u128::from(burst) + 1 + u128::from(per_second) / 1_000_000);
                now += Duration::from_millis(pause);
            }
        }

        #[test]
        fn no_input_panics(
            per_second: u32, burst: u32, spent in proptest::collection::vec((any::<usize>(), any::<u32>()), 0..50),
        ) {
            let (start, mut limit) = (Instant::now(), RateLimit::new(Rate { per_second, burst }));
            for (amount, millis) in spent {
                prop_assert!(limit.spend(at(start, millis.into()), amount) <= LONGEST_WAIT);
            }
        }
    }
}
