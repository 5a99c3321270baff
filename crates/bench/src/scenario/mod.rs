//! What the sessions do, and what is measured while they do it.

pub mod chat;
pub mod idle;
pub mod login;
mod pace;
mod visit;

use crate::client::{Failures, Fleet, Goal, Target, Traffic};
use crate::process::Server;
use crate::report::Report;
use crate::scram::client::KeyCache;
use crate::wire::Hub;
use anyhow::{Context as _, bail};
use std::time::{Duration, Instant};

/// So many sessions are logged in at the same time while a scenario is being set up.
const IN_FLIGHT: usize = 32;
/// A server that has not moved for so long is given up.
const PATIENCE: Duration = Duration::from_secs(30);
/// So long a server may take to close all sessions.
const FAREWELL: Duration = Duration::from_secs(10);

/// One of the scenarios.
#[derive(Clone, Debug, clap::Subcommand)]
pub enum Scenario {
    /// TCP, TLS, SCRAM, resource binding and good-bye.
    Login(login::Login),
    /// Sessions that say nothing.
    Idle(idle::Idle),
    /// Pairs that write to each other.
    Chat(chat::Chat),
}

impl Scenario {
    /// How many accounts there must be.
    #[must_use]
    pub fn accounts(&self) -> usize {
        match self {
            Self::Login(login) => login.accounts,
            Self::Idle(idle) => idle.sessions,
            Self::Chat(chat) => chat.sessions,
        }
    }

    /// Plays it.
    pub fn run(&self, stage: &mut Stage<'_>) -> anyhow::Result<Report> {
        match self {
            Self::Login(login) => login.run(stage),
            Self::Idle(idle) => idle.run(stage),
            Self::Chat(chat) => chat.run(stage),
        }
    }
}

/// What every scenario needs.
#[derive(Debug)]
pub struct Stage<'a> {
    /// The server under load.
    pub target: &'a Target,
    /// Its processes.
    pub server: &'a Server,
    /// Keys derived so far; kept from run to run.
    pub keys: &'a mut KeyCache,
}

/// Creates accounts 0 to `accounts` by in-band registration (XEP-0077). Accounts that exist
/// are left as they are.
pub fn register(stage: &mut Stage<'_>, accounts: usize) -> anyhow::Result<()> {
    visit::everyone(stage, accounts, Goal::Register)
}

/// Logs accounts 0 to `accounts` in, a few at a time.
pub(crate) fn bring_up<T: Traffic>(
    hub: &mut Hub,
    fleet: &mut Fleet<'_, T>,
    accounts: usize,
    goal: Goal,
) -> anyhow::Result<()> {
    let mut begun = 0;
    let mut moved = Instant::now();
    while fleet.reached < accounts {
        while begun < accounts && begun - fleet.reached < IN_FLIGHT {
            fleet.begin(hub, begun, goal)?;
            begun += 1;
        }
        let before = fleet.reached;
        hub.round(fleet, Some(Duration::from_millis(100)))?;
        refuse(&fleet.failures)?;
        if fleet.reached != before {
            moved = Instant::now();
        }
        if moved.elapsed() > PATIENCE {
            bail!("only {} of {accounts} sessions came up", fleet.reached);
        }
    }
    Ok(())
}

/// Serves all sessions for a while.
pub(crate) fn serve<T: Traffic>(hub: &mut Hub, fleet: &mut Fleet<'_, T>, how_long: Duration) -> anyhow::Result<()> {
    let end = Instant::now() + how_long;
    while let Some(left) = end.checked_duration_since(Instant::now()) {
        hub.round(fleet, Some(left))?;
        if left.is_zero() {
            break;
        }
    }
    Ok(())
}

/// Ends all sessions as they should be ended: a server that stays would otherwise have to deal
/// with them during the next scenario.
fn send_home<T: Traffic>(hub: &mut Hub, fleet: &mut Fleet<'_, T>, accounts: usize) -> anyhow::Result<()> {
    fleet.act(hub, |_, sessions, out| {
        for account in 0..accounts {
            sessions.leave(account, out);
        }
    });
    let end = Instant::now() + FAREWELL;
    while hub.connections() > 0 && Instant::now() < end {
        hub.round(fleet, Some(Duration::from_millis(50)))?;
    }
    Ok(())
}

/// Turns the first failure into an error.
fn refuse(failures: &Failures) -> anyhow::Result<()> {
    match &failures.first {
        None => Ok(()),
        Some(first) => Err(anyhow::anyhow!("{first}")).with_context(|| format!("{} sessions failed", failures.count)),
    }
}
