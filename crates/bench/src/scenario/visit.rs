//! Sessions that come, reach their goal and leave again.

use super::{IN_FLIGHT, PATIENCE, Stage, refuse};
use crate::client::{Fleet, Goal, Sessions, Traffic};
use crate::histogram::Histogram;
use crate::wire::{Hub, Outlets};
use anyhow::bail;
use std::time::{Duration, Instant};

/// Leaves as soon as it has arrived.
#[derive(Debug, Default)]
pub(super) struct Visitors {
    began: Vec<Option<Instant>>,
    /// From dialling to the goal.
    pub(super) latency: Histogram,
}

impl Traffic for Visitors {
    fn ready(&mut self, account: usize, sessions: &mut Sessions, out: &mut Outlets) {
        if let Some(began) = self.began[account] {
            self.latency.record_time(began.elapsed());
        }
        sessions.leave(account, out);
    }

    fn ended(&mut self, account: usize, _reached: bool) {
        self.began[account] = None;
    }
}

/// Whether another visit begins.
#[derive(Clone, Copy, Debug)]
pub(super) enum More {
    /// At once.
    Yes,
    /// Later.
    NotYet,
    /// There were enough.
    No,
}

impl More {
    /// Flat out, `enough` in all.
    pub(super) fn until(begun: usize, enough: usize) -> Self {
        if begun < enough { Self::Yes } else { Self::No }
    }
}

/// Visits by a limited number of accounts, in turn.
pub(super) struct Visits<'a> {
    hub: Hub,
    pub(super) fleet: Fleet<'a, Visitors>,
    goal: Goal,
    accounts: usize,
    begun: usize,
}

impl<'a> Visits<'a> {
    pub(super) fn new(stage: &'a mut Stage<'_>, accounts: usize, goal: Goal) -> anyhow::Result<Self> {
        let visitors = Visitors {
            began: vec![None; accounts],
            latency: Histogram::default(),
        };
        Ok(Self {
            hub: Hub::new()?,
            fleet: Fleet::new(stage.target, stage.keys, accounts, 1, visitors)?,
            goal,
            accounts,
            begun: 0,
        })
    }

    /// Begins visits as `more` says (it is told how many there were), never more than
    /// `in_flight` at a time and never two of the same account, and waits until all are over.
    pub(super) fn run(&mut self, in_flight: usize, mut more: impl FnMut(usize) -> More) -> anyhow::Result<()> {
        let first = self.begun;
        let mut moved = Instant::now();
        let mut is_over = false;
        while !is_over || self.fleet.ended < self.begun {
            while !is_over && self.begun - self.fleet.ended < in_flight {
                match more(self.begun - first) {
                    More::Yes if self.is_next_free() => self.begin()?,
                    More::Yes | More::NotYet => break,
                    More::No => is_over = true,
                }
            }
            let before = self.fleet.ended;
            self.hub.round(&mut self.fleet, Some(Duration::from_millis(1)))?;
            refuse(&self.fleet.failures)?;
            if self.fleet.ended != before {
                moved = Instant::now();
            }
            if moved.elapsed() > PATIENCE {
                bail!("{} sessions neither fail nor end", self.begun - before);
            }
        }
        Ok(())
    }

    /// Whether the account whose turn it is has left.
    fn is_next_free(&self) -> bool {
        self.fleet.traffic.began[self.begun % self.accounts].is_none()
    }

    fn begin(&mut self) -> anyhow::Result<()> {
        let account = self.begun % self.accounts;
        self.fleet.traffic.began[account] = Some(Instant::now());
        self.fleet.begin(&mut self.hub, account, self.goal)?;
        self.begun += 1;
        Ok(())
    }
}

/// One visit of every account.
pub(super) fn everyone(stage: &mut Stage<'_>, accounts: usize, goal: Goal) -> anyhow::Result<()> {
    Visits::new(stage, accounts, goal)?.run(IN_FLIGHT, |begun| More::until(begun, accounts))
}
