//! How each server fares, as it says itself: what it uses and does, and how its links to the others are.

use serde::{Deserialize, Serialize};
use storage::NodeSample;

/// How a server fares. Written to links: append, never reorder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeReport {
    /// When its process started, in microseconds since 1970.
    pub started_at: i64,
    /// What it uses and does now.
    pub now: Vitals,
    /// Open files and sockets at most.
    pub max_descriptors: u64,
    /// Processors of its machine.
    pub cores: u32,
    /// How often a leader was voted for; none where it is in no cluster.
    pub term: Option<u64>,
    /// The last entry of the cluster's log that it has.
    pub log_index: Option<u64>,
    /// The last entry that it has acted on.
    pub applied_index: Option<u64>,
    /// Its links to other servers.
    pub links: Vec<LinkInfo>,
    /// What it used and did lately, oldest first, [`RECENT_MAX`] moments at most; empty where that was not asked for.
    pub recent: Vec<Vitals>,
}

/// Moments that a server remembers to have been lately.
pub const RECENT_MAX: usize = 90;

/// A moment of a server. Written to links: append, never reorder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vitals {
    /// When, in microseconds since 1970.
    pub at: i64,
    /// Since the moment before, in milliseconds: what the counts of stanzas are for.
    pub span_millis: u64,
    /// Resident memory.
    pub memory_bytes: u64,
    /// Processor time, in thousandths of one core.
    pub cpu_permille: u64,
    /// Tasks of the runtime.
    pub tasks: u64,
    /// Threads.
    pub threads: u64,
    /// Open files and sockets.
    pub descriptors: u64,
    /// Clients' connections.
    pub connections: u64,
    /// Clients' sessions.
    pub sessions: u64,
    /// Stanzas from clients since the moment before.
    pub stanzas_in: u64,
    /// Stanzas to clients since the moment before.
    pub stanzas_out: u64,
}

/// A link to another server, as one end sees it. Written to links: append, never reorder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LinkInfo {
    /// The other end's number.
    pub node: u64,
    /// Whether both of its connections stand.
    pub is_up: bool,
    /// How long the last question took, there and back, in microseconds; none before the first.
    pub round_trip_micros: Option<u64>,
    /// How long the other end has been silent, in milliseconds; none where it was never heard.
    pub silent_millis: Option<u64>,
    /// Bytes from it and to it each second, lately; none before they were looked at twice.
    pub per_sec: Option<u64>,
    /// Bytes from it since the link is there.
    pub bytes_in: u64,
    /// Bytes to it.
    pub bytes_out: u64,
    /// Messages to it that it has not handled yet.
    pub unhandled: u64,
}

impl Vitals {
    /// For the table of the last day.
    #[must_use]
    pub fn sample(&self) -> NodeSample {
        let int = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        NodeSample {
            at_micros: self.at,
            memory_bytes: int(self.memory_bytes),
            cpu_permille: int(self.cpu_permille),
            tasks: int(self.tasks),
            threads: int(self.threads),
            descriptors: int(self.descriptors),
            connections: int(self.connections),
            sessions: int(self.sessions),
            stanzas_in: int(self.stanzas_in),
            stanzas_out: int(self.stanzas_out),
        }
    }

    /// From the table of the last day: counts there are those of a minute.
    #[must_use]
    pub fn of(sample: &NodeSample) -> Self {
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        Self {
            at: sample.at_micros,
            span_millis: 60_000,
            memory_bytes: count(sample.memory_bytes),
            cpu_permille: count(sample.cpu_permille),
            tasks: count(sample.tasks),
            threads: count(sample.threads),
            descriptors: count(sample.descriptors),
            connections: count(sample.connections),
            sessions: count(sample.sessions),
            stanzas_in: count(sample.stanzas_in),
            stanzas_out: count(sample.stanzas_out),
        }
    }

    /// A count of this moment as so many each second, in tenths.
    #[must_use]
    pub fn tenths_per_sec(&self, count: u64) -> u64 {
        count.saturating_mul(10_000).checked_div(self.span_millis).unwrap_or(0)
    }
}
