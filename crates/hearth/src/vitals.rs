//! What this server uses and does: looked at every other second, remembered for a day.

use std::{
    collections::{HashMap, VecDeque},
    fs,
    os::unix::fs::MetadataExt as _,
    sync::{Arc, Weak},
    time::{Duration, Instant},
};

use cluster::{NodeId, link::PeerFigures};
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike as _,
};
use ops::{History, LinkInfo, NodeReport, RECENT_MAX};
use parking_lot::Mutex;
use router::{Router, Traffic};
use storage::{Clock, SystemClock};
use tokio_util::sync::CancellationToken;
use transport::Gate;

use crate::{cluster::ClusterHost, process};

/// How often is looked.
const LOOK: Duration = Duration::from_secs(2);
/// How often that is remembered for a day.
const REMEMBER: Duration = Duration::from_secs(60);
/// How often the day before yesterday is forgotten.
const FORGET: Duration = Duration::from_secs(60 * 60);
/// Minutes that wait for a database which is away.
const WAITING_MAX: usize = 24 * 60;

/// What this server uses and does.
pub(crate) struct Vitals {
    router: Weak<Router>,
    host: Arc<ClusterHost>,
    gate: Arc<Gate>,
    started_at: i64,
    began: Mark,
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    recent: VecDeque<ops::Vitals>,
    links: HashMap<NodeId, Rate>,
}

/// Bytes of a link so far, and each second since they were looked at before.
#[derive(Clone, Copy)]
struct Rate {
    bytes: (u64, u64),
    per_sec: Option<u64>,
}

/// What only grows, at a moment.
#[derive(Clone, Copy)]
struct Mark {
    at: Instant,
    cpu_micros: u64,
    traffic: Traffic,
}

impl Vitals {
    /// Of the server that starts now.
    pub(crate) fn new(router: &Arc<Router>, host: &Arc<ClusterHost>, gate: &Arc<Gate>) -> Arc<Self> {
        Arc::new(Self {
            router: Arc::downgrade(router),
            host: Arc::clone(host),
            gate: Arc::clone(gate),
            started_at: SystemClock.now_micros(),
            began: Mark::now(router),
            seen: Mutex::default(),
        })
    }

    /// Looks and remembers until the server stops.
    pub(crate) async fn run(self: Arc<Self>, history: History, stop: CancellationToken) {
        let mut ticks = tokio::time::interval_at(tokio::time::Instant::now() + LOOK, LOOK);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut last = self.began;
        let (mut minute, mut waiting) = (last, VecDeque::new());
        let mut forgot_at: Option<Instant> = None;
        while stop.run_until_cancelled(ticks.tick()).await.is_some() {
            let now = self.mark();
            let vitals = self.vitals(&last, &now);
            self.see(vitals, now.at.duration_since(last.at));
            last = now;
            if now.at.duration_since(minute.at) < REMEMBER {
                continue;
            }
            waiting.push_back(self.vitals(&minute, &now));
            minute = now;
            if waiting.len() > WAITING_MAX {
                waiting.pop_front();
            }
            remember(&history, &mut waiting).await;
            if forgot_at.is_none_or(|at| at.elapsed() >= FORGET) {
                match history.prune(vitals.at).await {
                    Ok(_) => forgot_at = Some(now.at),
                    Err(error) => tracing::debug!(%error, "what servers did long ago is not forgotten yet"),
                }
            }
        }
    }

    /// How this server fares, for whoever asks.
    pub(crate) fn report(&self, is_recent: bool) -> NodeReport {
        let membership = self.host.membership();
        let figures = membership.map(|membership| membership.figures());
        let seen = self.seen.lock();
        let now = seen.recent.back().copied();
        let links = figures.iter().flat_map(|figures| &figures.links);
        NodeReport {
            started_at: self.started_at,
            now: now.unwrap_or_else(|| self.vitals(&self.began, &self.mark())),
            max_descriptors: process::file_limit().0,
            cores: std::thread::available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1)),
            term: figures.as_ref().map(|figures| figures.term),
            log_index: figures.as_ref().and_then(|figures| figures.log_index),
            applied_index: figures.as_ref().and_then(|figures| figures.applied_index),
            links: links.map(|link| seen.link(link)).collect(),
            recent: match is_recent {
                true => seen.recent.iter().copied().collect(),
                false => Vec::new(),
            },
        }
    }

    fn mark(&self) -> Mark {
        self.router.upgrade().map_or(self.began, |router| Mark::now(&router))
    }

    fn vitals(&self, before: &Mark, now: &Mark) -> ops::Vitals {
        let span = now.at.duration_since(before.at);
        let span_micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let cpu = now.cpu_micros.saturating_sub(before.cpu_micros);
        let (memory_bytes, threads) = memory_and_threads();
        let tasks = tokio::runtime::Handle::current().metrics().num_alive_tasks();
        let sessions = self.router.upgrade().map_or(0, |router| router.directory().len());
        ops::Vitals {
            at: SystemClock.now_micros(),
            span_millis: span_micros / 1000,
            memory_bytes,
            cpu_permille: cpu.saturating_mul(1000).checked_div(span_micros).unwrap_or(0),
            tasks: tasks as u64,
            threads,
            descriptors: descriptors(),
            connections: self.gate.open() as u64,
            sessions: sessions as u64,
            stanzas_in: now.traffic.stanzas_in.saturating_sub(before.traffic.stanzas_in),
            stanzas_out: now.traffic.stanzas_out.saturating_sub(before.traffic.stanzas_out),
        }
    }

    fn see(&self, vitals: ops::Vitals, span: Duration) {
        let membership = self.host.membership();
        let links = membership.map(|membership| membership.figures().links);
        let mut seen = self.seen.lock();
        seen.recent.push_back(vitals);
        if seen.recent.len() > RECENT_MAX {
            seen.recent.pop_front();
        }
        let links = links.unwrap_or_default();
        let rates = links.iter().map(|link| {
            let before = seen.links.get(&link.node).copied();
            (link.node, Rate::of(link, before, span))
        });
        seen.links = rates.collect();
    }
}

impl Mark {
    fn now(router: &Router) -> Self {
        Self {
            at: Instant::now(),
            cpu_micros: cpu_micros(),
            traffic: router.directory().traffic(),
        }
    }
}

impl Rate {
    fn of(link: &PeerFigures, before: Option<Self>, span: Duration) -> Self {
        let bytes = (link.bytes_in, link.bytes_out);
        let millis = u64::try_from(span.as_millis()).unwrap_or(u64::MAX);
        let per_sec = before.and_then(|before| {
            let (more_in, more_out) = (
                bytes.0.saturating_sub(before.bytes.0),
                bytes.1.saturating_sub(before.bytes.1),
            );
            let more = more_in.saturating_add(more_out).saturating_mul(1000);
            more.checked_div(millis)
        });
        Self { bytes, per_sec }
    }
}

impl Seen {
    fn link(&self, link: &PeerFigures) -> LinkInfo {
        let micros = |time: Duration| u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        LinkInfo {
            node: link.node.0,
            is_up: link.control_is_up && link.data_is_up,
            round_trip_micros: link.round_trip.map(micros),
            silent_millis: link.heard.map(|heard| micros(heard.elapsed()) / 1000),
            per_sec: self.links.get(&link.node).and_then(|rate| rate.per_sec),
            bytes_in: link.bytes_in,
            bytes_out: link.bytes_out,
            unhandled: link.unhandled_messages as u64,
        }
    }
}

/// Enters what waits, the oldest first, as far as the database takes it.
async fn remember(history: &History, waiting: &mut VecDeque<ops::Vitals>) {
    while let Some(vitals) = waiting.front() {
        if let Err(error) = history.add(vitals).await {
            tracing::debug!(%error, "what this server did is not in the database yet");
            return;
        }
        waiting.pop_front();
    }
}

/// Processor time of this process so far.
fn cpu_micros() -> u64 {
    let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) else {
        return 0;
    };
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    u64::try_from(micros).unwrap_or(0)
}

/// Resident memory in bytes, and threads; where there is no `/proc`, 0.
fn memory_and_threads() -> (u64, u64) {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse::<u64>().ok());
        number.unwrap_or(0)
    };
    (field("VmRSS:") * 1024, field("Threads:"))
}

/// Open files and sockets. Since Linux 6.2 the directory's size says so; before, each entry has to be read.
fn descriptors() -> u64 {
    const PLACE: &str = "/proc/self/fd";
    match fs::metadata(PLACE).map(|place| place.size()) {
        Ok(count @ 1..) => count,
        // One of them is the directory that is being read.
        _ => fs::read_dir(PLACE).map_or(0, |entries| (entries.count() as u64).saturating_sub(1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_uses_something() {
        let (memory, threads) = memory_and_threads();
        assert!(memory > 1 << 20 && threads >= 1, "{memory} bytes, {threads} threads");
        assert!(descriptors() >= 3, "{}", descriptors());
        let before = cpu_micros();
        let mut sum = 0_u64;
        while cpu_micros() == before {
            sum = std::hint::black_box(sum.wrapping_add(1));
        }
    }
}
