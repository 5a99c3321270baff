//! One server alone and several as a cluster, on the same PostgreSQL: what being together costs.

mod group;
mod killed;
mod parts;
mod servers;
mod watch;

use crate::compare::results::Results;
use crate::compare::table::{self, Line};
use crate::postgres::Postgres;
use crate::scram::client::KeyCache;
use crate::{descriptors, hearth, machine};
use anyhow::ensure;
use parts::Part;
use servers::Servers;
use std::path::PathBuf;

/// What the figures are of, for who reads the table.
const NOTES: &str = "\
One alone has clustering off; the nodes have another database on the same PostgreSQL, whose CPU time is not counted.
chat: the two of a pair are at different nodes, and the CPU time is that of all nodes; 'beyond idling' is without what
  they take when nobody says anything.
login: binding enters a session in the log, its end takes it out; 'bind' is from the request to its result.
log: nodes in this process, without clients, each entering and taking out entries of 150 bytes; from proposing a change
  to having it applied; one alone is a group of one.
directory: resident memory of the last node, before and after everybody logged in at the first one.
kill -9: 'directories' until no survivor has a session of the dead node, each asked every 10 ms over its control socket;
  'last one' until every client with another session of the same account at a survivor was told; p50 of those clients.
";

/// Less than a cluster.
const ALONE: usize = 1;

/// What to measure.
#[derive(Clone, Debug, clap::Args)]
pub struct Cluster {
    /// The server; by default the one that was built beside this program.
    #[arg(long)]
    server_bin: Option<PathBuf>,
    /// Servers of the cluster.
    #[arg(long, default_value_t = 3)]
    nodes: usize,
    /// How often each part is done; the median counts.
    #[arg(long, default_value_t = 1)]
    rounds: usize,
    /// How long each measurement takes.
    #[arg(long, default_value_t = 5.0)]
    seconds: f64,
    /// Sessions that chat, two of them with each other.
    #[arg(long, default_value_t = 1_000)]
    sessions: usize,
    /// Messages a second where the rate is given.
    #[arg(long, default_value_t = 1_000)]
    rate: u32,
    /// Sessions that a server hears of which has none of its own.
    #[arg(long, default_value_t = 10_000)]
    entries: usize,
    /// Sessions of the server that is killed.
    #[arg(long, default_value_t = 1_000)]
    ghosts: usize,
    /// Only parts whose name contains this.
    #[arg(long)]
    only: Vec<String>,
}

impl Cluster {
    /// Does every part, with the one server first where it has one, and prints the table.
    pub fn execute(&self) -> anyhow::Result<()> {
        ensure!(self.nodes >= 2, "a cluster has two servers at least");
        let most = self.sessions.max(self.entries).max(2 * self.ghosts);
        descriptors::require_room(most)?;
        let parts = self.parts();
        let postgres = Postgres::start()?;
        let mut alone = self.servers(ALONE, &postgres.create("alone")?)?;
        let mut together = self.servers(self.nodes, &postgres.create("together")?)?;
        let mut keys = KeyCache::default();
        let mut results = Results::default();
        for round in 0..self.rounds {
            for (number, part) in parts.iter().enumerate() {
                for (place, servers) in [&mut alone, &mut together].into_iter().enumerate() {
                    let name = servers.name();
                    eprintln!("round {} of {}: {}: {name}", round + 1, self.rounds, part.name);
                    results.add(number, place, round, part.measure(servers, &mut keys));
                }
            }
        }
        let lines: Vec<Line<'_>> = parts.iter().map(Part::line).collect();
        let (alone, together) = (alone.name(), together.name());
        print!("{}", table::render(&lines, &[&alone, &together], &together, &results));
        print!("{NOTES}");
        println!("{}", machine::facts());
        Ok(())
    }

    fn parts(&self) -> Vec<Part> {
        let mut parts = parts::all(self);
        let is_wanted = |part: &Part| self.only.is_empty() || self.only.iter().any(|only| part.name.contains(only));
        parts.retain(is_wanted);
        parts
    }

    fn servers(&self, count: usize, database: &str) -> anyhow::Result<Servers> {
        let program = hearth::program(self.server_bin.as_deref())?;
        let accounts = self
            .sessions
            .max(self.entries)
            .max(self.ghosts)
            .max(parts::LOGIN_ACCOUNTS);
        Servers::build(&program, count, database, accounts)
    }
}
