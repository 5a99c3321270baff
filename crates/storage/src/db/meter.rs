//! What statements take: those that were slow, and how many wait for a connection.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use parking_lot::Mutex;

use crate::{Clock, SystemClock};

/// Statements remembered at most; the program has not many more.
const SLOW_MAX: usize = 100;
/// A statement that takes longer is slow, unless somebody decides otherwise.
const SLOW_MILLIS: u64 = 500;

/// A statement that was slow. It is remembered as it is written in the program: no value is in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlowStatement {
    /// With `?` for each value.
    pub statement: &'static str,
    /// How often it was slow.
    pub count: u64,
    /// The longest it took, with the wait for a connection, in microseconds.
    pub worst_micros: u64,
    /// When it was slow the last time, in microseconds since 1970.
    pub last_at: i64,
}

/// Counts for all connections to a database.
#[derive(Debug)]
pub(crate) struct Meter {
    slow: Mutex<HashMap<&'static str, SlowStatement>>,
    slow_millis: AtomicU64,
    waiting: AtomicUsize,
}

/// Somebody who waits for a connection.
pub(crate) struct Waits<'a>(&'a AtomicUsize);

impl Drop for Waits<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            slow: Mutex::default(),
            slow_millis: AtomicU64::new(SLOW_MILLIS),
            waiting: AtomicUsize::new(0),
        }
    }
}

impl Meter {
    /// From how many milliseconds on a statement is slow.
    pub(crate) fn set_slow_millis(&self, millis: u64) {
        self.slow_millis.store(millis, Ordering::Relaxed);
    }

    pub(crate) fn slow_millis(&self) -> u64 {
        self.slow_millis.load(Ordering::Relaxed)
    }

    /// A statement began then and is over: takes note where it was slow.
    pub(crate) fn took(&self, statement: &'static str, started: Instant) {
        let took = started.elapsed();
        if took >= Duration::from_millis(self.slow_millis()) {
            self.note(statement, took);
        }
    }

    fn note(&self, statement: &'static str, took: Duration) {
        let millis = u64::try_from(took.as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(statement, millis, "a slow statement");
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let mut slow = self.slow.lock();
        if slow.len() >= SLOW_MAX && !slow.contains_key(statement) {
            let oldest = slow.values().min_by_key(|it| it.last_at).map(|it| it.statement);
            oldest.and_then(|oldest| slow.remove(oldest));
        }
        let entry = slow.entry(statement).or_insert(SlowStatement {
            statement,
            count: 0,
            worst_micros: 0,
            last_at: 0,
        });
        entry.count += 1;
        entry.worst_micros = entry.worst_micros.max(micros);
        entry.last_at = SystemClock.now_micros();
    }

    /// The slow statements, the worst first.
    pub(crate) fn slow(&self) -> Vec<SlowStatement> {
        let mut slow: Vec<_> = self.slow.lock().values().cloned().collect();
        slow.sort_by(|a, b| (b.worst_micros, a.statement).cmp(&(a.worst_micros, b.statement)));
        slow
    }

    /// Counts as somebody who waits for a connection, as long as it lives.
    pub(crate) fn waits(&self) -> Waits<'_> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        Waits(&self.waiting)
    }

    /// How many wait for a connection.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const STATEMENTS: [&str; 3] = ["SELECT a", "SELECT b", "SELECT c"];

    #[test]
    fn slow_statements_are_counted_and_the_worst_comes_first() {
        let meter = Meter::default();
        meter.note(STATEMENTS[0], Duration::from_millis(700));
        meter.note(STATEMENTS[1], Duration::from_millis(900));
        meter.note(STATEMENTS[0], Duration::from_millis(600));
        let slow = meter.slow();
        let told: Vec<_> = slow
            .iter()
            .map(|it| (it.statement, it.count, it.worst_micros))
            .collect();
        assert_eq!(told, [("SELECT b", 1, 900_000), ("SELECT a", 2, 700_000)]);
    }

    #[test]
    fn what_is_quick_enough_is_not_remembered() {
        let meter = Meter::default();
        meter.took(STATEMENTS[0], Instant::now());
        assert_eq!(meter.slow(), []);
        meter.set_slow_millis(0);
        meter.took(STATEMENTS[0], Instant::now());
        assert_eq!(meter.slow().len(), 1);
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let meter = Meter::default();
        for number in 0..SLOW_MAX + 10 {
            let statement: &'static str = Box::leak(format!("SELECT {number}").into_boxed_str());
            meter.note(statement, Duration::from_secs(1));
        }
        assert_eq!(meter.slow().len(), SLOW_MAX);
    }

    #[test]
    fn whoever_gives_a_wait_up_does_not_count_any_more() {
        let meter = Meter::default();
        let waits = (meter.waits(), meter.waits());
        assert_eq!(meter.waiting(), 2);
        drop(waits);
        assert_eq!(meter.waiting(), 0);
    }
}
