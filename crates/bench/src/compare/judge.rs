//! Figures and targets.

use crate::report::Report;

/// How much the cost of a message may differ between few sessions and many before it counts
/// as growth, which is what repeated runs differ by.
const GROWTH_NOISE: f64 = 1.10;

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) measure: Measure,
    pub(super) target: Target,
}

/// What is read off a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Measure {
    /// CPU microseconds of the server for each login or message.
    Cpu,
    /// Microseconds that 99 of 100 did not exceed.
    P99,
    /// Bytes of memory for each session.
    Bytes,
    /// The cost of this trial, in parts of that of the trial before.
    Growth,
}

/// What is asked of a server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Target {
    /// Nothing.
    None,
    /// So many times the floor.
    Times(f64),
    /// So much.
    AtMost(f64),
    /// No more than the floor's own, which grows where the processor's caches end.
    NoGrowth,
}

impl Measure {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cpu => "CPU µs each",
            Self::P99 => "p99 µs",
            Self::Bytes => "bytes each",
            Self::Growth => "cost against few",
        }
    }

    /// The figure in `report`; `before` is the report of the trial before.
    pub(super) fn of(self, report: &Report, before: Option<&Report>) -> Option<f64> {
        match self {
            Self::Cpu => report.cpu_each(),
            Self::P99 => report.latency.micros_at(990),
            Self::Bytes => report.bytes_each(),
            Self::Growth => Some(report.cpu_each()? / before?.cpu_each()?),
        }
    }
}

impl Target {
    /// Whether `value`, `ratio` times the floor's `floor`, is good enough; `None` when nothing
    /// is asked.
    pub(super) fn is_met(self, value: f64, floor: f64, ratio: f64) -> Option<bool> {
        match self {
            Self::None => None,
            Self::Times(times) => Some(ratio <= times),
            Self::AtMost(most) => Some(value <= most),
            Self::NoGrowth => Some(value <= GROWTH_NOISE * floor.max(1.0)),
        }
    }

    pub(super) fn text(self) -> String {
        match self {
            Self::None => String::new(),
            Self::Times(times) => format!("≤ {times} ×"),
            Self::AtMost(most) => format!("≤ {most}"),
            Self::NoGrowth => "as the floor".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(target: Target, value: f64, floor: f64, met: Option<bool>) {
        let found = target.is_met(value, floor, value / floor);
        assert_eq!(found, met, "{target:?} {value} {floor}");
    }

    #[test]
    fn targets_are_limits_that_may_be_touched() {
        check(Target::Times(2.5), 25.0, 10.0, Some(true));
        check(Target::Times(2.5), 25.1, 10.0, Some(false));
        check(Target::AtMost(40.0), 40.0, 1.0, Some(true));
        check(Target::AtMost(40.0), 40.1, 100.0, Some(false));
        check(Target::NoGrowth, 1.09, 0.9, Some(true));
        check(Target::NoGrowth, 1.3, 1.0, Some(false));
        check(Target::NoGrowth, 1.3, 1.2, Some(true));
        check(Target::None, 1.0, 1.0, None);
    }
}
