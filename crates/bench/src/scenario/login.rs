//! Logging in: TCP, a full TLS handshake, SCRAM, resource binding, and good-bye.

use super::Stage;
use super::visit::{More, Visits};
use crate::client::Goal;
use crate::process::own_cpu;
use crate::report::Report;
use std::time::{Duration, Instant};

/// How to log in.
#[derive(Clone, Debug, clap::Args)]
pub struct Login {
    /// Accounts that log in in turn.
    #[arg(long, default_value_t = Self::default().accounts)]
    pub accounts: usize,
    /// Logins under way at the same time.
    #[arg(long, default_value_t = Self::default().in_flight)]
    pub in_flight: usize,
    /// Logins a second at most; as many as possible when not given.
    #[arg(long)]
    pub rate: Option<u32>,
    /// How long to measure.
    #[arg(long, default_value_t = Self::default().seconds)]
    pub seconds: f64,
}

impl Default for Login {
    fn default() -> Self {
        Self {
            accounts: 100,
            in_flight: 8,
            rate: None,
            seconds: 5.0,
        }
    }
}

impl Login {
    /// Every account logs in once, then the measurement begins.
    pub fn run(&self, stage: &mut Stage<'_>) -> anyhow::Result<Report> {
        let server = stage.server;
        let mut visits = Visits::new(stage, self.accounts, Goal::Bind)?;
        visits.run(self.in_flight, |begun| More::until(begun, self.accounts))?;
        visits.fleet.traffic.latency.clear();
        visits.fleet.binds.clear();
        let reached = visits.fleet.reached;

        let (cpu, own) = (server.cpu()?, own_cpu()?);
        let began = Instant::now();
        let end = began + Duration::from_secs_f64(self.seconds);
        visits.run(self.in_flight, |begun| {
            if Instant::now() >= end {
                More::No
            } else if self.is_due(begun, began.elapsed()) {
                More::Yes
            } else {
                More::NotYet
            }
        })?;
        let elapsed = began.elapsed();
        let spent = server.cpu()?;
        Ok(Report {
            scenario: "login".to_owned(),
            unit: Some("login"),
            count: (visits.fleet.reached - reached) as u64,
            elapsed,
            cpu: spent.zip(cpu).map(|(after, before)| after - before),
            own_cpu: own_cpu()? - own,
            latency: visits.fleet.traffic.latency.clone(),
            binds: visits.fleet.binds.clone(),
            ..Report::default()
        })
    }

    /// Whether login number `begun` may begin.
    fn is_due(&self, begun: usize, elapsed: Duration) -> bool {
        self.rate.is_none_or(|rate| {
            let due = elapsed.as_micros() * u128::from(rate) / 1_000_000;
            due >= begun as u128
        })
    }
}
