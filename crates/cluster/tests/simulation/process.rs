//! One server: whatever life runs on it drives the real lease code, as production does.

use std::collections::BTreeSet;

use cluster::lease::{Answer, Bug, Effect, Lease, Message, Micros, Peer, ServerId, Settings};
use cluster::{Group, NodeId};

use crate::database::Answered;
use crate::raft::{Call, Raft};
use crate::random::Random;

#[derive(Clone)]
pub(crate) enum Input {
    Lease(NodeId, Message),
    Raft(NodeId, Call),
    Database(Answered, Micros),
    Attempt(ServerId, Answer, Micros),
}

/// What a step wants from the world.
pub(crate) enum Wish {
    Send(Peer, Input),
    Database(Effect),
    Probe(ServerId),
    /// The life is over and needs another id.
    Reborn,
    Dead(Group, NodeId),
}

pub(crate) struct Process {
    pub(crate) lease: Lease,
    raft: Option<Raft>,
    pub(crate) is_alive: bool,
    pub(crate) is_paused: bool,
    pub(crate) inbox: Vec<Input>,
    condemned: BTreeSet<NodeId>,
    rate: f64,
    offset: Micros,
    servers: u64,
}

/// Registered longer ago than any world lasts.
const LONG_REGISTERED: Micros = 1 << 50;

impl Process {
    pub(crate) fn start(me: NodeId, server: u64, servers: u64, at: Micros, random: &mut Random, bugs: &[Bug]) -> Self {
        let rate = random.uniform(0.99, 1.01);
        let offset = random.below(1_000_000_000) as Micros;
        let now = local(at, rate, offset);
        let mut lease = Lease::new(me, ServerId(server), LONG_REGISTERED, Settings::default(), now);
        plant(&mut lease, bugs);
        lease.on_servers((0..servers).map(ServerId));
        Self {
            lease,
            raft: None,
            is_alive: true,
            is_paused: false,
            inbox: Vec::new(),
            condemned: BTreeSet::new(),
            rate,
            offset,
            servers,
        }
    }

    pub(crate) fn me(&self) -> NodeId {
        self.lease.me()
    }

    pub(crate) fn now(&self, at: Micros) -> Micros {
        local(at, self.rate, self.offset)
    }

    pub(crate) fn acts(&self, at: Micros) -> bool {
        self.is_alive && !self.is_paused && self.lease.acts(self.now(at))
    }

    pub(crate) fn reborn(&mut self, me: NodeId, at: Micros) {
        self.lease = self.lease.reborn(me, self.now(at));
        self.forget();
    }

    fn forget(&mut self) {
        self.raft = None;
        self.inbox.clear();
        self.condemned.clear();
    }

    pub(crate) fn step(&mut self, at: Micros, random: &mut Random) -> Vec<Wish> {
        let now = self.now(at);
        let mut wishes = Vec::new();
        self.lease.on_servers((0..self.servers).map(ServerId));
        let me = self.lease.me();
        for input in std::mem::take(&mut self.inbox) {
            // What was sent to a life before is not for this one.
            if self.lease.me() == me {
                self.input(input, now, &mut wishes);
            }
        }
        if let Some(raft) = &mut self.raft {
            let calls = raft.tick(random, now);
            post(self.lease.me(), calls, &mut wishes);
            self.show_raft(now);
        }
        self.lease.tick(now);
        self.condemned.clear();
        self.act(&mut wishes);
        if let Some(raft) = &mut self.raft {
            raft.reconcile(&self.condemned, now);
            let (group, dead) = (raft.group, raft.newly_dead());
            wishes.extend(dead.into_iter().map(|node| Wish::Dead(group, node)));
            self.show_raft(now);
        }
        if self.lease.has_left() {
            wishes.push(Wish::Reborn);
        }
        wishes
    }

    fn show_raft(&mut self, now: Micros) {
        if let Some(raft) = &self.raft {
            self.lease.on_raft(raft.view(now), now);
        }
    }

    fn input(&mut self, input: Input, now: Micros, wishes: &mut Vec<Wish>) {
        match input {
            Input::Lease(from, message) => self.lease.on_message(from, message, now),
            Input::Raft(from, call) => self.on_call(from, call, now, wishes),
            Input::Database(answered, sent) => self.on_database(answered, sent, now),
            Input::Attempt(server, answer, began) => self.lease.on_attempt(server, answer, began, now),
        }
        self.act(wishes);
    }

    fn on_call(&mut self, from: NodeId, call: Call, now: Micros, wishes: &mut Vec<Wish>) {
        self.lease.on_heard(from, now);
        if let Call::Heartbeat { group, list, .. } = &call {
            if !list.members.contains_key(&self.lease.me()) {
                return;
            }
            if self.raft.is_none() {
                self.raft = Some(Raft::learner(self.lease.me(), *group, list.clone(), now));
            }
            if self.raft.as_ref().is_some_and(|raft| raft.group != *group) {
                return self.lease.on_group_seen(*group, now);
            }
        }
        if let Some(raft) = &mut self.raft {
            let calls = raft.call(call, now);
            post(self.lease.me(), calls, wishes);
            self.show_raft(now);
        }
    }

    fn on_database(&mut self, answered: Answered, sent: Micros, now: Micros) {
        match answered {
            Answered::Row(row) => self.lease.on_row(&row, sent, now),
            Answered::Renewed(group, is_ours) => self.lease.on_renewed(group, is_ours, sent, now),
            Answered::Listed(group, node, server, is_listed) => {
                self.lease.on_listed(group, node, server, is_listed, now);
            }
            Answered::Taken(me, group) => {
                if let Some(next) = self.lease.taken(me, group, sent, now) {
                    self.lease = next;
                    self.forget();
                    self.raft = Some(Raft::found(me, self.lease.server(), group));
                    self.show_raft(now);
                }
            }
            Answered::Nothing => {}
        }
    }

    fn act(&mut self, wishes: &mut Vec<Wish>) {
        let me = self.lease.me();
        for effect in self.lease.take_effects() {
            match effect {
                Effect::Send(to, message) => wishes.push(Wish::Send(to, Input::Lease(me, message))),
                Effect::TryProof(server) => wishes.push(Wish::Probe(server)),
                Effect::DeclareDead(node) => {
                    self.condemned.insert(node);
                }
                Effect::AddMember(node, server) => {
                    if let Some(raft) = &mut self.raft {
                        raft.add(node, server);
                    }
                }
                Effect::Leave => {}
                statement => wishes.push(Wish::Database(statement)),
            }
        }
    }

    pub(crate) fn leads(&self) -> bool {
        self.raft.as_ref().is_some_and(Raft::leads)
    }
}

fn post(me: NodeId, calls: Vec<(NodeId, Call)>, wishes: &mut Vec<Wish>) {
    wishes.extend(
        calls
            .into_iter()
            .map(|(to, call)| Wish::Send(Peer::Node(to), Input::Raft(me, call))),
    );
}

fn local(at: Micros, rate: f64, offset: Micros) -> Micros {
    (at as f64 * rate) as Micros + offset
}

#[cfg(feature = "planted-bugs")]
fn plant(lease: &mut Lease, bugs: &[Bug]) {
    bugs.iter().for_each(|bug| lease.plant(*bug));
}

#[cfg(not(feature = "planted-bugs"))]
fn plant(_: &mut Lease, bugs: &[Bug]) {
    assert!(bugs.is_empty(), "rules are left out with the feature planted-bugs only");
}
