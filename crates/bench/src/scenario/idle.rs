//! Being there and saying nothing: what a session costs in memory.

use super::visit::everyone;
use super::{Stage, bring_up, send_home, serve};
use crate::client::{Fleet, Goal, Sessions, Traffic};
use crate::process::own_cpu;
use crate::report::Report;
use crate::wire::{Hub, Outlets};
use std::time::{Duration, Instant};

/// So many sessions come and go before the first look, so that what a server sets up once is
/// not counted as a session's.
const WARM_UP: usize = 100;
/// After the last login, before the second look.
const SETTLE: Duration = Duration::from_secs(2);

/// How many to be.
#[derive(Clone, Debug, clap::Args)]
pub struct Idle {
    /// Sessions that are open at the same time.
    #[arg(long, default_value_t = Self::default().sessions)]
    pub sessions: usize,
    /// Enable stream management (XEP-0198).
    #[arg(long)]
    pub sm: bool,
    /// For how long to watch the CPU time of the idle sessions.
    #[arg(long, default_value_t = Self::default().seconds)]
    pub seconds: f64,
}

impl Default for Idle {
    fn default() -> Self {
        Self {
            sessions: 10_000,
            sm: false,
            seconds: 3.0,
        }
    }
}

impl Idle {
    /// Looks at the server's memory before the first and after the last session.
    pub fn run(&self, stage: &mut Stage<'_>) -> anyhow::Result<Report> {
        everyone(stage, self.sessions.min(WARM_UP), Goal::Bind)?;
        let server = stage.server;
        let before = server.resident()?;
        let mut hub = Hub::new()?;
        let mut fleet = Fleet::new(stage.target, stage.keys, self.sessions, 1, Silence)?;
        let goal = Goal::Available {
            stream_management: self.sm,
        };
        bring_up(&mut hub, &mut fleet, self.sessions, goal)?;
        serve(&mut hub, &mut fleet, SETTLE)?;

        let (cpu, own) = (server.cpu()?, own_cpu()?);
        let began = Instant::now();
        serve(&mut hub, &mut fleet, Duration::from_secs_f64(self.seconds))?;
        let spent = server.cpu()?;
        let report = Report {
            scenario: "idle".to_owned(),
            elapsed: began.elapsed(),
            cpu: spent.zip(cpu).map(|(after, before)| after - before),
            own_cpu: own_cpu()? - own,
            sessions: hub.connections() as u64,
            resident: before.zip(server.resident()?),
            failed: fleet.failures.count as u64,
            failure: fleet.failures.first.clone(),
            ..Report::default()
        };
        send_home(&mut hub, &mut fleet, self.sessions)?;
        Ok(report)
    }
}

/// Nothing to say.
struct Silence;

impl Traffic for Silence {
    fn ready(&mut self, _account: usize, _sessions: &mut Sessions, _out: &mut Outlets) {}

    fn ended(&mut self, _account: usize, _reached: bool) {}
}
