//! What came out of one run of one scenario.

use crate::histogram::Histogram;
use std::fmt;
use std::time::Duration;

/// The figures of a run.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// What was done, in words.
    pub scenario: String,
    /// What is counted: "login", "message", "change"; `None` where nothing is.
    pub unit: Option<&'static str>,
    /// How many there were in the measured time.
    pub count: u64,
    /// The measured time.
    pub elapsed: Duration,
    /// The server's CPU time within it.
    pub cpu: Option<Duration>,
    /// The load generator's CPU time within it.
    pub own_cpu: Duration,
    /// From asking for it to having it.
    pub latency: Histogram,
    /// Where logins were counted: from asking for a resource to having it.
    pub binds: Histogram,
    /// From a server's death until no other one had a session of it in its directory.
    pub gone: Option<Duration>,
    /// Sessions that were open at the end.
    pub sessions: u64,
    /// The server's resident memory before the first and with the last session.
    pub resident: Option<(u64, u64)>,
    /// What became of the messages.
    pub fates: Option<Fates>,
    /// Sessions that failed, and why the first one did.
    pub failed: u64,
    /// Why the first one did.
    pub failure: Option<String>,
}

/// What became of the messages of a whole run, warming up included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fates {
    /// Sent.
    pub sent: u64,
    /// Sent and never seen again.
    pub lost: u64,
    /// Seen more than once.
    pub duplicated: u64,
    /// Seen after a later one.
    pub disordered: u64,
    /// Sent under stream management and not acknowledged in the end.
    pub unacknowledged: u64,
}

impl std::iter::Sum for Fates {
    fn sum<I: Iterator<Item = Self>>(each: I) -> Self {
        each.fold(Self::default(), |sum, one| Self {
            sent: sum.sent + one.sent,
            lost: sum.lost + one.lost,
            duplicated: sum.duplicated + one.duplicated,
            disordered: sum.disordered + one.disordered,
            unacknowledged: sum.unacknowledged + one.unacknowledged,
        })
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "no count here comes near the precision of a float"
)]
impl Report {
    /// CPU microseconds of the server for each login or message.
    #[must_use]
    pub fn cpu_each(&self) -> Option<f64> {
        (self.count > 0).then(|| self.cpu.map(|cpu| micros(cpu) / self.count as f64))?
    }

    /// CPU microseconds of the server in a second.
    #[must_use]
    pub fn cpu_a_second(&self) -> Option<f64> {
        Some(micros(self.cpu?) / self.elapsed.as_secs_f64().max(f64::EPSILON))
    }

    /// CPU microseconds of the load generator for each login or message.
    #[must_use]
    pub fn own_cpu_each(&self) -> f64 {
        micros(self.own_cpu) / self.count.max(1) as f64
    }

    /// Logins or messages a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.count as f64 / self.elapsed.as_secs_f64().max(f64::EPSILON)
    }

    /// Bytes of resident memory for each session.
    #[must_use]
    pub fn bytes_each(&self) -> Option<f64> {
        let (before, after) = self.resident?;
        (self.sessions > 0).then(|| (after as f64 - before as f64) / self.sessions as f64)
    }
}

fn micros(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e6
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.scenario)?;
        if let Some(unit) = self.unit {
            line(f, &format!("{unit}s"), Some(self.count.to_string()))?;
            line(f, &format!("{unit}s/s"), Some(format!("{:.0}", self.rate())))?;
            let cpu = self.cpu_each().map(|cpu| format!("{cpu:.2}"));
            line(f, &format!("CPU µs/{unit}"), cpu)?;
            let own = format!("{:.2}", self.own_cpu_each());
            line(f, &format!("generator's µs/{unit}"), Some(own))?;
            for (name, share) in [("p50", 500), ("p99", 990), ("p99.9", 999)] {
                let value = self.latency.micros_at(share).map(|v| format!("{v:.0}"));
                line(f, &format!("{name} µs"), value)?;
            }
        }
        if let Some((before, after)) = self.resident {
            let grown = format!("{} to {} KiB", before / 1024, after / 1024);
            line(f, "resident", Some(grown))?;
            let each = self.bytes_each().map(|bytes| format!("{bytes:.0}"));
            line(f, "bytes/session", each)?;
        }
        if let Some(fates) = self.fates {
            line(f, "sent", Some(fates.sent.to_string()))?;
            line(f, "lost", Some(fates.lost.to_string()))?;
            line(f, "duplicated", Some(fates.duplicated.to_string()))?;
            line(f, "out of order", Some(fates.disordered.to_string()))?;
            let unacknowledged = fates.unacknowledged.to_string();
            line(f, "unacknowledged", Some(unacknowledged))?;
        }
        if self.failed > 0 {
            line(f, "failed sessions", Some(self.failed.to_string()))?;
        }
        if let Some(failure) = &self.failure {
            line(f, "the first failure", Some(failure.clone()))?;
        }
        Ok(())
    }
}

fn line(f: &mut fmt::Formatter<'_>, name: &str, value: Option<String>) -> fmt::Result {
    match value {
        Some(value) => writeln!(f, "  {name:24} {value}"),
        None => Ok(()),
    }
}
