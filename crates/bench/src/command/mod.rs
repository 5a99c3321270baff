//! The command line: one file for each command.

mod relay;
mod run;
mod under;

use crate::cluster::Cluster;
use crate::compare::Compare;
use crate::console::Console;
use clap::{Parser, Subcommand};

/// Benchmarks of XMPP servers.
#[derive(Debug, Parser)]
#[command(name = "bench", about = "What a chat server costs, beside the least it can cost")]
pub struct Command {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Subcommand)]
enum Act {
    /// Run the null relay, the floor that servers are measured against.
    Relay(relay::Relay),
    /// Put one server under load and print what it took.
    Run(run::Run),
    /// Put the floor, Hearth and others under the same load in turn and print one table.
    Compare(Compare),
    /// Put one server alone and several as a cluster under the same load and print one table.
    Cluster(Cluster),
    /// Ask for the console's pages where there are many accounts and sessions, and print how long they take.
    Console(Console),
    #[command(hide = true)]
    Under(under::Under),
}

impl Command {
    /// Does what the command line says.
    pub fn execute(self) -> anyhow::Result<()> {
        match self.act {
            Act::Relay(relay) => relay.execute(),
            Act::Run(run) => run.execute(),
            Act::Compare(compare) => compare.execute(),
            Act::Cluster(cluster) => cluster.execute(),
            Act::Console(console) => console.execute(),
            Act::Under(under) => under.execute(),
        }
    }
}
