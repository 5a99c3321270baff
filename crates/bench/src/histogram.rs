//! Latencies, counted in buckets whose width grows with the value: three per cent at most.

use std::time::Duration;

/// Buckets for each doubling of the value.
const STEPS: usize = 32;
const STEP_BITS: u32 = STEPS.ilog2();

/// How often each latency occurred.
#[derive(Clone, Debug)]
pub struct Histogram {
    counts: Vec<u64>,
    total: u64,
}

impl Default for Histogram {
    fn default() -> Self {
        Self {
            counts: vec![0; bucket(u64::MAX) + 1],
            total: 0,
        }
    }
}

impl Histogram {
    /// Counts one latency.
    pub fn record(&mut self, nanos: u64) {
        self.counts[bucket(nanos)] += 1;
        self.total += 1;
    }

    /// The same.
    pub fn record_time(&mut self, time: Duration) {
        self.record(u64::try_from(time.as_nanos()).unwrap_or(u64::MAX));
    }

    /// Counts what another one has counted.
    pub fn add(&mut self, other: &Self) {
        for (count, more) in self.counts.iter_mut().zip(&other.counts) {
            *count += more;
        }
        self.total += other.total;
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.counts.fill(0);
        self.total = 0;
    }

    /// How many latencies were counted.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.total
    }

    /// The latency that `share` per mille did not exceed, in microseconds.
    #[must_use]
    pub fn micros_at(&self, share: u64) -> Option<f64> {
        if self.total == 0 {
            return None;
        }
        let rank = (self.total * share).div_ceil(1000).max(1);
        let mut seen = 0;
        let found = self.counts.iter().position(|count| {
            seen += count;
            seen >= rank
        });
        found.map(|bucket| middle(bucket) / 1000.0)
    }
}

fn bucket(nanos: u64) -> usize {
    let small = 2 * STEPS as u64;
    if nanos < small {
        return usize::try_from(nanos).expect("a value below 64 fits");
    }
    let shift = nanos.ilog2() - STEP_BITS;
    let step = usize::try_from(nanos >> shift).expect("a value below 64 fits");
    shift as usize * STEPS + step
}

#[expect(clippy::cast_precision_loss, reason = "a bucket is wider than the loss")]
fn middle(bucket: usize) -> f64 {
    if bucket < 2 * STEPS {
        return bucket as f64;
    }
    let shift = bucket / STEPS - 1;
    let step = bucket - shift * STEPS;
    (step as f64 + 0.5) * 2_f64.powi(i32::try_from(shift).expect("a shift is below 64"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_is_near_the_middle_of_its_bucket() {
        let mut nanos = 1_u64;
        let mut last = 0;
        while nanos < 1 << 60 {
            let found = middle(bucket(nanos));
            #[expect(clippy::cast_precision_loss, reason = "the test allows three per cent")]
            let error = (found - nanos as f64).abs() / nanos as f64;
            assert!(error < 0.03, "{nanos} became {found}");
            assert!(bucket(nanos) >= last, "buckets rise with the value");
            last = bucket(nanos);
            nanos += nanos / 7 + 1;
        }
    }

    #[test]
    fn shares_are_taken_from_the_whole() {
        let mut histogram = Histogram::default();
        assert_eq!(histogram.micros_at(500), None);
        for micros in 1..=1000 {
            histogram.record(micros * 1000);
        }
        for (share, expected) in [(500, 500.0), (990, 990.0), (999, 999.0), (1000, 1000.0)] {
            let found = histogram.micros_at(share).expect("there are values");
            assert!((found / expected - 1.0_f64).abs() < 0.03, "{share}: {found}");
        }
    }
}
