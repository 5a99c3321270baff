//! The floor, Hearth and others in turn, in the same minutes, on the same machine: one table.

mod contender;
mod floor;
mod hearth;
pub(crate) mod judge;
mod other;
pub(crate) mod results;
pub(crate) mod table;
mod trials;

use crate::scenario::Stage;
use crate::scram::client::KeyCache;
use crate::{descriptors, machine};
use contender::Contender;
use results::Results;
use std::path::PathBuf;
use table::Line;
use trials::{Database, Trial};

/// What to compare.
#[derive(Debug, clap::Args)]
pub struct Compare {
    /// The server; by default the one that was built beside this program.
    #[arg(long)]
    server_bin: Option<PathBuf>,
    /// Compare the others with the floor, without Hearth.
    #[arg(long)]
    without_server: bool,
    /// Another server that is running: NAME=HOST:PORT,PID with the port of direct TLS; add
    /// ",register" to have the accounts made in-band (XEP-0077).
    #[arg(long)]
    other: Vec<other::Other>,
    /// A database for the trial on PostgreSQL, instead of a private server started for it.
    #[arg(long)]
    postgres: Option<String>,
    /// Leave out the trial on PostgreSQL.
    #[arg(long, conflicts_with = "postgres")]
    without_postgres: bool,
    /// How often each trial is made; the median counts.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// How long each measurement takes.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Idle sessions.
    #[arg(long, default_value_t = 10_000)]
    idle: usize,
    /// The largest number of sessions.
    #[arg(long, default_value_t = 20_000)]
    most: usize,
    /// Only trials whose name contains this.
    #[arg(long)]
    only: Vec<String>,
    /// Also those trials that no target is set for: other ways to connect, other mixtures.
    #[arg(long)]
    all: bool,
}

impl Compare {
    /// Makes every trial with every contender, in turn, and prints the table.
    pub fn execute(&self) -> anyhow::Result<()> {
        let most = descriptors::make_room(self.most)?;
        let trials = self.trials(most);
        let mut contenders = self.contenders(&trials)?;
        let mut keys = KeyCache::default();
        let mut results = Results::default();
        for round in 0..self.rounds {
            for (number, trial) in trials.iter().enumerate() {
                for (place, contender) in contenders.iter_mut().enumerate() {
                    eprintln!(
                        "round {} of {}: {}: {}",
                        round + 1,
                        self.rounds,
                        trial.name,
                        contender.name()
                    );
                    let report = attempt(contender.as_mut(), trial, &mut keys);
                    results.add(number, place, round, report);
                }
            }
        }
        let names: Vec<&str> = contenders.iter().map(|c| c.name()).collect();
        let lines: Vec<Line<'_>> = trials.iter().map(Trial::line).collect();
        print!("{}", table::render(&lines, &names, hearth::NAME, &results));
        if most < self.most {
            println!("The limit of open files allowed {most} sessions, not {}.", self.most);
        }
        println!("{}", machine::facts());
        Ok(())
    }

    fn trials(&self, most: usize) -> Vec<Trial> {
        let mut trials = trials::accepted(self.seconds, self.idle.min(most), most);
        if self.all {
            trials.extend(trials::further(self.seconds));
        }
        trials.retain(|trial| {
            let family = trial.family();
            let is_wanted = self.only.is_empty() || self.only.iter().any(|o| family.contains(o));
            is_wanted && !(self.without_postgres && trial.database == Database::Postgres)
        });
        trials
    }

    fn contenders(&self, trials: &[Trial]) -> anyhow::Result<Vec<Box<dyn Contender>>> {
        let accounts = trials.iter().map(|trial| trial.scenario.accounts()).max();
        let accounts = accounts.unwrap_or_default();
        let mut contenders: Vec<Box<dyn Contender>> = vec![Box::new(floor::Floor)];
        if !self.without_server {
            let program = crate::hearth::program(self.server_bin.as_deref())?;
            let hearth = hearth::Hearth::new(program, accounts, self.postgres.clone());
            contenders.push(Box::new(hearth));
        }
        for other in &self.other {
            contenders.push(Box::new(other.clone()));
        }
        Ok(contenders)
    }
}

/// One trial with one contender, which is started for it and ended after it.
fn attempt(
    contender: &mut dyn Contender,
    trial: &Trial,
    keys: &mut KeyCache,
) -> anyhow::Result<Option<crate::report::Report>> {
    let Some(started) = contender.start(trial, keys)? else {
        return Ok(None);
    };
    let mut stage = Stage {
        target: &started.target,
        server: &started.server,
        keys,
    };
    trial.scenario.run(&mut stage).map(Some)
}
