//! The conversation: who writes when.

use super::Chat;
use super::lane::Lane;
use super::stanza::{Reader, Run, Template};
use crate::client::{Sessions, Target, Traffic};
use crate::histogram::Histogram;
use crate::report::Fates;
use crate::scenario::pace::Pace;
use crate::wire::Outlets;
use std::time::Instant;

/// At a given rate, so many messages may be on their way before the server counts as drowned
/// and nothing more is sent.
const DROWNED: u64 = 100_000;

/// All pairs. Account `n` writes to `n ^ 1`, on lane `n`.
#[derive(Debug)]
pub(super) struct Talk {
    lanes: Vec<Lane>,
    templates: Vec<Template>,
    reader: Reader,
    window: u64,
    /// Stanzas that may be unacknowledged; it bounds what a server can leave undone.
    unacknowledged: u32,
    epoch: Instant,
    pace: Option<Pace>,
    /// Whose turn it is at a given rate.
    turn: usize,
    is_on: bool,
    delivered: u64,
    sent: u64,
    /// From sending a message to having received it.
    pub(super) latency: Histogram,
}

impl Talk {
    pub(super) fn new(chat: &Chat, target: &Target, run: &Run) -> Self {
        let template = |account: usize| {
            let mut to = target.bare_jid(account ^ 1);
            if chat.full {
                to.push('/');
                to.push_str(&target.accounts.resource);
            }
            Template::new(run, account, &to, chat.text, chat.store)
        };
        Self {
            lanes: (0..chat.sessions).map(|_| Lane::default()).collect(),
            templates: (0..chat.sessions).map(template).collect(),
            reader: Reader::new(run),
            window: chat.window.into(),
            unacknowledged: chat.unacknowledged,
            epoch: Instant::now(),
            pace: None,
            turn: 0,
            is_on: false,
            delivered: 0,
            sent: 0,
            latency: Histogram::default(),
        }
    }

    /// Everybody is there: the talk begins, at the rate of `pace` or as fast as it goes.
    pub(super) fn begin(&mut self, pace: Option<Pace>, sessions: &mut Sessions, out: &mut Outlets) {
        self.is_on = true;
        self.pace = pace;
        for account in 0..self.lanes.len() {
            self.fill(account, sessions, out);
        }
    }

    /// Nothing more is said; what was said is to be acknowledged.
    pub(super) fn end(&mut self, sessions: &mut Sessions, out: &mut Outlets) {
        self.is_on = false;
        for account in 0..self.lanes.len() {
            sessions.ask(account, out);
        }
    }

    /// Different messages that have arrived.
    pub(super) fn delivered(&self) -> u64 {
        self.delivered
    }

    /// Messages sent and not arrived.
    pub(super) fn outstanding(&self) -> u64 {
        self.sent - self.delivered
    }

    /// Stanzas that the server has not acknowledged.
    pub(super) fn unacknowledged(&self, sessions: &Sessions) -> u64 {
        (0..self.lanes.len())
            .map(|account| u64::from(sessions.unacknowledged(account)))
            .sum()
    }

    pub(super) fn fates(&self) -> Fates {
        self.lanes.iter().map(Lane::fates).sum()
    }

    /// Sends until the window is full: neither more messages than it holds are on their way,
    /// nor more unacknowledged.
    fn fill(&mut self, account: usize, sessions: &mut Sessions, out: &mut Outlets) {
        if !self.is_on || self.pace.is_some() {
            return;
        }
        while self.lanes[account].outstanding() < self.window && sessions.unacknowledged(account) < self.unacknowledged
        {
            if !self.send(account, sessions, out) {
                return;
            }
        }
    }

    fn send(&mut self, account: usize, sessions: &mut Sessions, out: &mut Outlets) -> bool {
        let stamp = self.now();
        let lane = &mut self.lanes[account];
        let template = &self.templates[account];
        let is_sent = sessions.send(account, out, |outbox| {
            template.write(outbox, lane.sent, stamp);
        });
        if is_sent {
            lane.sent += 1;
            self.sent += 1;
        }
        is_sent
    }

    fn now(&self) -> u64 {
        u64::try_from(self.epoch.elapsed().as_nanos()).expect("no benchmark runs for centuries")
    }
}

impl Traffic for Talk {
    fn ready(&mut self, _account: usize, _sessions: &mut Sessions, _out: &mut Outlets) {}

    fn message(&mut self, account: usize, stanza: &[u8], sessions: &mut Sessions, out: &mut Outlets) {
        let Some(mark) = self.reader.read(stanza) else {
            return;
        };
        let sender = account ^ 1;
        // A message that came to the wrong place.
        if mark.lane != sender as u64 || mark.number >= self.lanes[sender].sent {
            return;
        }
        self.latency.record(self.now().saturating_sub(mark.stamp));
        if self.lanes[sender].arrived(mark.number) {
            self.delivered += 1;
        }
        self.fill(sender, sessions, out);
    }

    fn acknowledged(&mut self, account: usize, sessions: &mut Sessions, out: &mut Outlets) {
        self.fill(account, sessions, out);
    }

    fn ended(&mut self, _account: usize, _reached: bool) {}

    fn tick(&mut self, sessions: &mut Sessions, out: &mut Outlets) {
        let Some(pace) = &mut self.pace else {
            return;
        };
        let due = pace.due();
        if !self.is_on || self.outstanding() > DROWNED {
            return;
        }
        for _ in 0..due {
            self.turn = (self.turn + 1) % self.lanes.len();
            self.send(self.turn, sessions, out);
        }
    }
}
