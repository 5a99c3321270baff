//! Figures and targets.

use crate::report::Report;

/// How much the cost of a message may differ between few sessions and many before it counts
/// as growth, which is what repeated runs differ by.
const GROWTH_NOISE: f64 = 1.10;

/// A line of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) measure: Measure,
    pub(crate) target: Target,
}

/// What is read off a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Measure {
    /// CPU microseconds of the server for each login or message.
    Cpu,
    /// The same, without what the server took in the trial before, in which it idled.
    CpuBeyondIdle,
    /// CPU microseconds of the server in a second, whatever it did.
    CpuASecond,
    /// Logins, messages or changes a second.
    Rate,
    /// Microseconds that half of them did not exceed.
    P50,
    /// Microseconds that 99 of 100 did not exceed.
    P99,
    /// Microseconds from asking for a resource to having it that half of them did not exceed.
    BindP50,
    /// The same for 99 of 100.
    BindP99,
    /// Milliseconds that none of them exceeded.
    Last,
    /// Milliseconds until no server had a session of a dead one in its directory.
    Gone,
    /// Bytes of memory for each session.
    Bytes,
    /// The cost of this trial, in parts of that of the trial before.
    Growth,
}

/// What is asked of a server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Target {
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
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cpu => "CPU µs each",
            Self::CpuBeyondIdle => "same beyond idling",
            Self::CpuASecond => "CPU µs a second",
            Self::Rate => "each second",
            Self::P50 => "p50 µs",
            Self::P99 => "p99 µs",
            Self::BindP50 => "bind p50 µs",
            Self::BindP99 => "bind p99 µs",
            Self::Last => "last one ms",
            Self::Gone => "directories ms",
            Self::Bytes => "bytes each",
            Self::Growth => "cost against few",
        }
    }

    /// The figure in `report`; `before` is the report of the trial before.
    pub(crate) fn of(self, report: &Report, before: Option<&Report>) -> Option<f64> {
        match self {
            Self::Cpu => report.cpu_each(),
            Self::CpuBeyondIdle => {
                let idle = before?.cpu_a_second()? / report.rate();
                Some(report.cpu_each()? - idle)
            }
            Self::CpuASecond => report.cpu_a_second(),
            Self::Rate => report.unit.map(|_| report.rate()),
            Self::P50 => report.latency.micros_at(500),
            Self::P99 => report.latency.micros_at(990),
            Self::BindP50 => report.binds.micros_at(500),
            Self::BindP99 => report.binds.micros_at(990),
            Self::Last => Some(report.latency.micros_at(1000)? / 1000.0),
            Self::Gone => Some(report.gone?.as_secs_f64() * 1000.0),
            Self::Bytes => report.bytes_each(),
            Self::Growth => Some(report.cpu_each()? / before?.cpu_each()?),
        }
    }
}

impl Target {
    /// Whether `value`, `ratio` times the floor's `floor`, is good enough; `None` when nothing
    /// is asked.
    pub(crate) fn is_met(self, value: f64, floor: f64, ratio: f64) -> Option<bool> {
        match self {
            Self::None => None,
            Self::Times(times) => Some(ratio <= times),
            Self::AtMost(most) => Some(value <= most),
            Self::NoGrowth => Some(value <= GROWTH_NOISE * floor.max(1.0)),
        }
    }

    pub(crate) fn text(self) -> String {
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
