//! The figures that the server counts, added up: whatever is refused is counted somewhere.

use std::sync::{
    Arc, Once,
    atomic::{AtomicU64, Ordering},
};

use metrics::{Counter, CounterFn, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

/// Increments of all counters that tell of refusals, in this process.
static REFUSALS: AtomicU64 = AtomicU64::new(0);

/// Words in the names of counters that count what was refused.
const TELLING: &[&str] = &["error", "refused", "failed", "failures"];

/// How much was refused so far.
pub(crate) fn refusals() -> u64 {
    REFUSALS.load(Ordering::Relaxed)
}

/// Counts from now on; once for all tests of the process.
pub(crate) fn count() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| metrics::set_global_recorder(Sum).expect("nobody else records"));
}

struct Sum;

struct Refusals;

impl CounterFn for Refusals {
    fn increment(&self, value: u64) {
        REFUSALS.fetch_add(value, Ordering::Relaxed);
    }

    fn absolute(&self, _value: u64) {}
}

impl Recorder for Sum {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        if TELLING.iter().any(|word| key.name().contains(word)) {
            return Counter::from_arc(Arc::new(Refusals));
        }
        Counter::noop()
    }

    fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::noop()
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}
