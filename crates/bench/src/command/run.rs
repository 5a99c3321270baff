//! `bench run`.

use crate::client::{Accounts, Security, Target};
use crate::descriptors;
use crate::process::Server;
use crate::scenario::{self, Scenario, Stage};
use crate::scram::client::KeyCache;
use anyhow::{Context as _, ensure};
use std::net::ToSocketAddrs as _;
use std::process::Command;

/// One scenario against one server.
#[derive(Debug, clap::Args)]
pub(super) struct Run {
    #[command(subcommand)]
    scenario: Scenario,
    /// The server's address.
    #[arg(long, global = true, default_value = "127.0.0.1")]
    host: String,
    /// The server's port.
    #[arg(long, global = true, default_value_t = 5222)]
    port: u16,
    /// The XMPP domain.
    #[arg(long, global = true, default_value = "localhost")]
    domain: String,
    /// How connections are protected.
    #[arg(long, global = true, value_enum, default_value = "starttls")]
    security: Security,
    /// The server's process; may be given more than once.
    #[arg(long, global = true)]
    pid: Vec<i32>,
    /// Names of the accounts; `{n}` is a number from 0.
    #[arg(long, global = true, default_value = "user{n}")]
    user: String,
    /// Their passwords; `{n}` likewise.
    #[arg(long, global = true, default_value = "bench")]
    password: String,
    /// Create the accounts by in-band registration (XEP-0077).
    #[arg(long, global = true)]
    register: bool,
    /// Create each account by this shell command, with {user}, {domain} and {password} put in.
    #[arg(long, global = true)]
    create_with: Option<String>,
    /// Loopback addresses to connect from; 0 leaves it to the system.
    #[arg(long, global = true, default_value_t = 64)]
    sources: u16,
}

impl Run {
    /// Creates the accounts if asked to, runs the scenario, prints the report.
    pub(super) fn execute(self) -> anyhow::Result<()> {
        let accounts = self.scenario.accounts();
        descriptors::require_room(accounts)?;
        let target = self.target()?;
        let server = Server { pids: self.pid.clone() };
        let mut stage = Stage {
            target: &target,
            server: &server,
            keys: &mut KeyCache::default(),
        };
        if self.register {
            scenario::register(&mut stage, accounts)?;
        }
        if let Some(command) = &self.create_with {
            create(&target, accounts, command)?;
        }
        print!("{}", self.scenario.run(&mut stage)?);
        Ok(())
    }

    fn target(&self) -> anyhow::Result<Target> {
        let address = (self.host.as_str(), self.port)
            .to_socket_addrs()
            .with_context(|| format!("cannot find {}", self.host))?
            .next()
            .with_context(|| format!("{} has no address", self.host))?;
        Ok(Target {
            domain: self.domain.clone(),
            addresses: vec![address],
            security: self.security,
            accounts: Accounts {
                user: self.user.clone(),
                password: self.password.clone(),
                ..Accounts::default()
            },
            sources: self.sources,
        })
    }
}

fn create(target: &Target, accounts: usize, command: &str) -> anyhow::Result<()> {
    for number in 0..accounts {
        let command = command
            .replace("{user}", &target.accounts.user(number))
            .replace("{domain}", &target.domain)
            .replace("{password}", &target.accounts.password(number));
        let status = Command::new("sh").args(["-c", &command]).status()?;
        ensure!(status.success(), "`{command}` failed: {status}");
    }
    Ok(())
}
