//! Many sessions at once: logs them in, answers for them, and hands what concerns the scenario
//! to the scenario.

use super::dial::Dialler;
use super::session::{Goal, Session, Step};
use super::sessions::Sessions;
use super::target::{Security, Target};
use super::tls;
use crate::histogram::Histogram;
use crate::scram::client::KeyCache;
use crate::wire::tls::Tls;
use crate::wire::{Handler, Hub, Next, Outlets};
use rustls::ClientConfig;
use rustls_pki_types::ServerName;
use std::io;
use std::sync::Arc;

/// What a scenario does with its sessions.
pub trait Traffic {
    /// The session of `account` has reached its goal.
    fn ready(&mut self, account: usize, sessions: &mut Sessions, out: &mut Outlets);

    /// A message came in at `account`.
    fn message(&mut self, _account: usize, _stanza: &[u8], _sessions: &mut Sessions, _out: &mut Outlets) {}

    /// The server acknowledged something to `account`.
    fn acknowledged(&mut self, _account: usize, _sessions: &mut Sessions, _out: &mut Outlets) {}

    /// The session of `account` is over; `reached` tells whether it had got to its goal.
    fn ended(&mut self, account: usize, reached: bool);

    /// A presence came in at `account`.
    fn presence(&mut self, _account: usize, _stanza: &[u8]) {}

    /// The clock of the scenario has ticked.
    fn tick(&mut self, _sessions: &mut Sessions, _out: &mut Outlets) {}
}

/// What went wrong: how often, and the first of it in words.
#[derive(Clone, Debug, Default)]
pub struct Failures {
    /// Sessions that failed.
    pub count: usize,
    /// Why the first one did.
    pub first: Option<String>,
}

impl Failures {
    fn add(&mut self, why: String) {
        self.count += 1;
        self.first.get_or_insert(why);
    }
}

/// The sessions of one scenario.
pub struct Fleet<'a, T> {
    target: &'a Target,
    keys: &'a mut KeyCache,
    tls: Arc<ClientConfig>,
    name: ServerName<'static>,
    dialler: Dialler,
    sessions: Sessions,
    /// The scenario.
    pub traffic: T,
    /// From asking for a resource to having it.
    pub binds: Histogram,
    /// So many sessions have reached their goal.
    pub reached: usize,
    /// So many sessions are over, whether they had reached it or not.
    pub ended: usize,
    /// What went wrong so far.
    pub failures: Failures,
}

impl<'a, T: Traffic> Fleet<'a, T> {
    /// A fleet for accounts 0 to `accounts`, none of them connected.
    pub fn new(
        target: &'a Target,
        keys: &'a mut KeyCache,
        accounts: usize,
        ask_every: u32,
        traffic: T,
    ) -> anyhow::Result<Self> {
        Ok(Self {
            tls: tls::config(target.security == Security::Direct)?,
            name: ServerName::try_from(target.domain.clone())?,
            dialler: Dialler::default(),
            sessions: Sessions::new(accounts, ask_every),
            target,
            keys,
            traffic,
            binds: Histogram::default(),
            reached: 0,
            ended: 0,
            failures: Failures::default(),
        })
    }

    /// Begins a session.
    pub fn begin(&mut self, hub: &mut Hub, account: usize, goal: Goal) -> io::Result<()> {
        let slot = hub.connect(self.dialler.dial(self.target, account)?)?;
        self.sessions.insert(slot, Session::new(account, goal));
        Ok(())
    }

    /// Lets the scenario act out of turn.
    pub fn act(&mut self, hub: &mut Hub, act: impl FnOnce(&mut T, &mut Sessions, &mut Outlets)) {
        act(&mut self.traffic, &mut self.sessions, hub.outlets());
    }

    fn log_in(&mut self, slot: usize, item: &[u8], out: &mut Outlets) -> Next {
        let Some(session) = self.sessions.get(slot) else {
            return Next::Close;
        };
        let step = session.item(item, self.target, self.keys, out.to(slot));
        if let Some(took) = session.bind_took.take() {
            self.binds.record_time(took);
        }
        if item.starts_with(b"<enabled") {
            self.sessions.enable(slot);
        }
        self.follow(slot, step, out)
    }

    fn follow(&mut self, slot: usize, step: Step, out: &mut Outlets) -> Next {
        match step {
            Step::Wait => Next::Continue,
            Step::Secure => Next::Secure,
            Step::Failed(why) => {
                self.failures.add(why);
                if let Some(session) = self.sessions.remove(slot) {
                    self.ended += 1;
                    self.traffic.ended(session.account, false);
                }
                Next::Close
            }
            Step::Reached => {
                self.reached += 1;
                if let Some(session) = self.sessions.get(slot) {
                    let account = session.account;
                    self.traffic.ready(account, &mut self.sessions, out);
                }
                Next::Continue
            }
        }
    }
}

impl<T: Traffic> Handler for Fleet<'_, T> {
    fn connected(&mut self, slot: usize, _listener: Option<usize>, out: &mut Outlets) -> Next {
        let Some(session) = self.sessions.get(slot) else {
            return Next::Close;
        };
        let step = session.connected(self.target, out.to(slot));
        self.follow(slot, step, out)
    }

    fn tls(&mut self, _slot: usize) -> Result<Tls, rustls::Error> {
        Tls::client(&self.tls, self.name.clone())
    }

    fn secured(&mut self, slot: usize, out: &mut Outlets) {
        if let Some(session) = self.sessions.get(slot) {
            session.secured(self.target, out.to(slot));
        }
    }

    fn item(&mut self, slot: usize, item: &[u8], out: &mut Outlets) -> Next {
        if item.starts_with(b"</") {
            return Next::Close;
        }
        let acknowledged = self.sessions.count(slot, item, out);
        let Some(session) = self.sessions.get(slot) else {
            return Next::Close;
        };
        if !session.is_ready() {
            return self.log_in(slot, item, out);
        }
        let account = session.account;
        match item.get(1) {
            _ if acknowledged => self.traffic.acknowledged(account, &mut self.sessions, out),
            Some(b'm') => self.traffic.message(account, item, &mut self.sessions, out),
            Some(b'p') => self.traffic.presence(account, item),
            Some(b'i') => self.sessions.answer(account, item, out),
            Some(b's') => self.failures.add(format!(
                "the server said to account {account}: {}",
                String::from_utf8_lossy(item)
            )),
            _ => {}
        }
        Next::Continue
    }

    fn closed(&mut self, slot: usize, _out: &mut Outlets) {
        let Some(session) = self.sessions.remove(slot) else {
            return;
        };
        if !session.leaves {
            let whereabouts = session.whereabouts();
            self.failures
                .add(format!("closed by the server while in stage {whereabouts}"));
        }
        self.ended += 1;
        self.traffic.ended(session.account, session.is_ready());
    }

    fn woken(&mut self, _number: usize, out: &mut Outlets) {
        self.traffic.tick(&mut self.sessions, out);
    }
}
