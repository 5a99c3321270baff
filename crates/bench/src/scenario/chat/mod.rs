//! Pairs of accounts that write to each other: as fast as the server can, or at a given rate.

mod lane;
mod stanza;
mod talk;

use super::pace::Pace;
use super::{Stage, bring_up, send_home, serve};
use crate::client::{Fleet, Goal};
use crate::process::own_cpu;
use crate::report::Report;
use crate::wire::{Hub, Outlets};
use anyhow::ensure;
use stanza::Run;
use std::fmt;
use std::time::{Duration, Instant};
use talk::Talk;

/// Without a sign of life for so long, a message counts as lost.
const GONE: Duration = Duration::from_secs(3);

/// A server may let a client know that it is available before the other servers of its cluster
/// know; what they send until then goes the way of a message to somebody who is away.
const SETTLE: Duration = Duration::from_secs(1);

/// How to chat.
#[derive(Clone, Debug, clap::Args)]
pub struct Chat {
    /// Sessions; two make a pair.
    #[arg(long, default_value_t = Self::default().sessions)]
    pub sessions: usize,
    /// Messages that each session has on their way at the same time. One: then no two share
    /// a packet, as with people who write; with more the cost of sockets is shared by many.
    #[arg(long, default_value_t = Self::default().window)]
    pub window: u32,
    /// Messages a second, by all sessions together, instead of as many as possible.
    #[arg(long)]
    pub rate: Option<u32>,
    /// Enable stream management (XEP-0198) on every session.
    #[arg(long)]
    pub sm: bool,
    /// With stream management: ask for an acknowledgement after so many stanzas.
    #[arg(long, default_value_t = Self::default().ask_every)]
    pub ask_every: u32,
    /// With stream management: stanzas that each session may have sent and not acknowledged.
    #[arg(long, default_value_t = Self::default().unacknowledged)]
    pub unacknowledged: u32,
    /// Let messages enter the log: without the hint `no-store` (XEP-0334).
    #[arg(long)]
    pub store: bool,
    /// Address the full JID instead of the bare one.
    #[arg(long)]
    pub full: bool,
    /// Length of the text.
    #[arg(long, default_value_t = Self::default().text)]
    pub text: usize,
    /// How long to chat before the measurement begins.
    #[arg(long, default_value_t = Self::default().warm_up)]
    pub warm_up: f64,
    /// How long to measure.
    #[arg(long, default_value_t = Self::default().seconds)]
    pub seconds: f64,
}

impl Default for Chat {
    fn default() -> Self {
        Self {
            sessions: 200,
            window: 1,
            rate: None,
            sm: false,
            ask_every: 5,
            unacknowledged: 20,
            store: false,
            full: false,
            text: 100,
            warm_up: 2.0,
            seconds: 5.0,
        }
    }
}

impl Chat {
    /// Logs everybody in, lets them talk, measures, and waits for the last message.
    pub fn run(&self, stage: &mut Stage<'_>) -> anyhow::Result<Report> {
        ensure!(
            self.sessions >= 2 && self.sessions.is_multiple_of(2),
            "an even number of sessions makes pairs"
        );
        ensure!(
            self.ask_every < self.unacknowledged,
            "{} stanzas are to be sent before asking for acknowledgement, but only {} may be sent",
            self.ask_every,
            self.unacknowledged
        );
        let server = stage.server;
        let mut hub = Hub::new()?;
        let talk = Talk::new(self, stage.target, &Run::new()?);
        let mut fleet = Fleet::new(stage.target, stage.keys, self.sessions, self.ask_every, talk)?;
        let goal = Goal::Available {
            stream_management: self.sm,
        };
        bring_up(&mut hub, &mut fleet, self.sessions, goal)?;
        if stage.target.addresses.len() > 1 {
            serve(&mut hub, &mut fleet, SETTLE)?;
        }

        let pace = self.rate.map(|rate| Pace::start(&mut hub, rate));
        let pace = pace.transpose()?;
        fleet.act(&mut hub, |talk, sessions, out| {
            talk.begin(pace, sessions, out);
        });
        serve(&mut hub, &mut fleet, Duration::from_secs_f64(self.warm_up))?;
        fleet.traffic.latency.clear();

        let (cpu, own) = (server.cpu()?, own_cpu()?);
        let (began, before) = (Instant::now(), fleet.traffic.delivered());
        serve(&mut hub, &mut fleet, Duration::from_secs_f64(self.seconds))?;
        let (elapsed, count) = (began.elapsed(), fleet.traffic.delivered() - before);
        let (spent, own_spent) = (server.cpu()?, own_cpu()?);
        let latency = fleet.traffic.latency.clone();

        wait_for_the_last(&mut hub, &mut fleet)?;
        let sessions = hub.connections() as u64;
        let mut fates = fleet.traffic.fates();
        fleet.act(&mut hub, |talk, sessions, _| {
            fates.unacknowledged = talk.unacknowledged(sessions);
        });
        send_home(&mut hub, &mut fleet, self.sessions)?;
        Ok(Report {
            scenario: self.to_string(),
            unit: Some("message"),
            count,
            elapsed,
            cpu: spent.zip(cpu).map(|(after, before)| after - before),
            own_cpu: own_spent - own,
            latency,
            sessions,
            fates: Some(fates),
            failed: fleet.failures.count as u64,
            failure: fleet.failures.first.clone(),
            ..Report::default()
        })
    }
}

impl fmt::Display for Chat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "chat, {} sessions", self.sessions)?;
        match self.rate {
            Some(rate) => write!(f, ", {rate} messages/s")?,
            None => write!(f, ", saturated (window {})", self.window)?,
        }
        f.write_str(if self.store { ", kept" } else { ", no-store" })?;
        f.write_str(if self.sm { ", acknowledged" } else { "" })
    }
}

/// Nobody says anything new; what is on its way arrives, or does not.
fn wait_for_the_last(hub: &mut Hub, fleet: &mut Fleet<'_, Talk>) -> anyhow::Result<()> {
    fleet.act(hub, Talk::end);
    let mut moved = Instant::now();
    let mut last = u64::MAX;
    while moved.elapsed() < GONE {
        let mut open = 0;
        fleet.act(hub, |talk, sessions, _: &mut Outlets| {
            open = talk.outstanding() + talk.unacknowledged(sessions);
        });
        if open == 0 {
            return Ok(());
        }
        if open != last {
            last = open;
            moved = Instant::now();
        }
        hub.round(fleet, Some(Duration::from_millis(50)))?;
    }
    Ok(())
}
