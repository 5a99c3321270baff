//! What is measured, and what is to be read off it.

use super::servers::Servers;
use super::{ALONE, Cluster, group, killed};
use crate::compare::judge::{Measure, Row, Target};
use crate::compare::table::Line;
use crate::report::Report;
use crate::scenario::chat::Chat;
use crate::scenario::idle::Idle;
use crate::scenario::login::Login;
use crate::scenario::{Scenario, Stage};
use crate::scram::client::KeyCache;

/// Accounts that log in in turn.
pub(super) const LOGIN_ACCOUNTS: usize = 100;
/// Session entries that each node proposes at the same time, where the log is to be full.
const IN_FLIGHT: usize = 64;
/// A message between two nodes is to cost less than so many times one within a node.
const AIM: f64 = 2.0;

/// One measurement.
pub(super) struct Part {
    pub(super) name: String,
    rows: Vec<Row>,
    what: What,
}

enum What {
    /// Clients, spread over all servers.
    Clients(Scenario),
    /// Session entries, proposed by nodes in this process.
    Log { in_flight: usize, seconds: f64 },
    /// Sessions at the first server, as another one has them that has none itself.
    Elsewhere(Idle),
    /// A server dies.
    Killed { sessions: usize, is_senior: bool },
}

/// All of them, in the sizes that were asked for.
pub(super) fn all(sizes: &Cluster) -> Vec<Part> {
    let (seconds, ghosts) = (sizes.seconds, sizes.ghosts);
    let log = |in_flight| What::Log { in_flight, seconds };
    let died = |is_senior| What::Killed {
        sessions: ghosts,
        is_senior,
    };
    let mut parts = with_clients(sizes);
    parts.extend([
        part("session changes in the log, one at a time on each node", log(1)).log(),
        part(
            format!("session changes in the log, {IN_FLIGHT} at a time on each node"),
            log(IN_FLIGHT),
        )
        .log(),
        part(format!("kill -9 of a junior with {ghosts} sessions"), died(false)).killed(),
        part(format!("kill -9 of the senior with {ghosts} sessions"), died(true)).killed(),
    ]);
    parts
}

fn with_clients(sizes: &Cluster) -> Vec<Part> {
    let (seconds, rate) = (sizes.seconds, sizes.rate);
    let idle = |sessions| Idle {
        sessions,
        seconds,
        ..Idle::default()
    };
    let chat = Chat {
        sessions: sizes.sessions,
        warm_up: seconds.min(2.0),
        seconds,
        ..Chat::default()
    };
    let steady = Chat {
        rate: Some(rate),
        sm: true,
        ..chat.clone()
    };
    let login = Login {
        accounts: LOGIN_ACCOUNTS,
        seconds,
        ..Login::default()
    };
    vec![
        part(
            format!("directory: {} sessions, in a node that has none of them", sizes.entries),
            What::Elsewhere(idle(sizes.entries)),
        )
        .row(Measure::Bytes, Target::None),
        // Before the chat at a given rate, which has it subtracted.
        clients("idle: a session on each node", Scenario::Idle(idle(sizes.nodes)))
            .row(Measure::CpuASecond, Target::None),
        clients(
            format!("chat over TLS between nodes, acknowledged, {rate}/s, no-store"),
            Scenario::Chat(steady),
        )
        .row(Measure::Cpu, Target::Times(AIM))
        .row(Measure::CpuBeyondIdle, Target::Times(AIM))
        .latency(),
        clients("chat over TLS between nodes, saturated, no-store", Scenario::Chat(chat))
            .row(Measure::Cpu, Target::Times(AIM))
            .row(Measure::Rate, Target::None)
            .latency(),
        clients("login over TLS: two session changes each", Scenario::Login(login))
            .row(Measure::Rate, Target::None)
            .row(Measure::Cpu, Target::None)
            .row(Measure::BindP50, Target::None)
            .row(Measure::BindP99, Target::None)
            .latency(),
    ]
}

fn clients(name: impl Into<String>, scenario: Scenario) -> Part {
    part(name, What::Clients(scenario))
}

fn part(name: impl Into<String>, what: What) -> Part {
    Part {
        name: name.into(),
        rows: Vec::new(),
        what,
    }
}

impl Part {
    pub(super) fn line(&self) -> Line<'_> {
        Line {
            name: &self.name,
            rows: &self.rows,
        }
    }

    fn row(mut self, measure: Measure, target: Target) -> Self {
        self.rows.push(Row { measure, target });
        self
    }

    fn latency(self) -> Self {
        self.row(Measure::P50, Target::None).row(Measure::P99, Target::None)
    }

    fn log(self) -> Self {
        self.row(Measure::Rate, Target::None)
            .row(Measure::Cpu, Target::None)
            .latency()
    }

    fn killed(self) -> Self {
        self.row(Measure::Gone, Target::None).row(Measure::Last, Target::None)
    }

    /// Measures; `None` where the part is not for these servers.
    pub(super) fn measure(&self, servers: &mut Servers, keys: &mut KeyCache) -> anyhow::Result<Option<Report>> {
        let is_alone = servers.count() == ALONE;
        match &self.what {
            What::Clients(scenario) => play(scenario, servers, keys).map(Some),
            What::Log { in_flight, seconds } => group::run(servers.count(), *in_flight, *seconds).map(Some),
            What::Elsewhere(_) | What::Killed { .. } if is_alone => Ok(None),
            What::Elsewhere(idle) => elsewhere(idle, servers, keys).map(Some),
            What::Killed { sessions, is_senior } => killed::run(servers, *sessions, *is_senior, keys).map(Some),
        }
    }
}

fn play(scenario: &Scenario, servers: &mut Servers, keys: &mut KeyCache) -> anyhow::Result<Report> {
    let running = servers.running()?;
    let mut stage = Stage {
        target: &running.target(),
        server: &running.processes(),
        keys,
    };
    scenario.run(&mut stage)
}

/// Clients connect to the first server; the last one is looked at. Memory that a server has once
/// taken tells nothing later, so these have just been started.
fn elsewhere(idle: &Idle, servers: &mut Servers, keys: &mut KeyCache) -> anyhow::Result<Report> {
    let last = servers.count() - 1;
    let running = servers.anew()?;
    let mut stage = Stage {
        target: &running.target_at(&[0]),
        server: &running.process(last),
        keys,
    };
    idle.run(&mut stage)
}
