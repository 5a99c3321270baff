//! A member's side: asking for a lease, and looking for a group while it has none.

use std::collections::{BTreeMap, VecDeque};

use super::life::Every;
use super::{Ask, Bug, Effect, Grant, Lease, MAX_SERVERS, Message, Micros, NEVER, SECOND, ServerId};
use crate::NodeId;

/// Asks, and grants, that are remembered: more than 15 s of them, and a lease lasts 3.5 s.
const REMEMBERED: usize = 32;

/// A take-over that has not come back for so long is none, whatever the row says.
pub(super) const TAKING: Micros = 4 * SECOND;

/// Since when, and up to when, a life belonged to no group for certain: a life that has joined one never does again.
#[derive(Debug, Clone)]
struct Idle {
    /// Nobody: its address refused.
    life: Option<NodeId>,
    first: Micros,
    last: Micros,
}

/// What a process knows as a member.
#[derive(Debug, Clone)]
pub(super) struct Membership {
    pub(super) lease: Micros,
    /// The newest grant of the present leader.
    pub(super) got: u64,
    pub(super) last_grant_received: Micros,
    /// When somebody last said that it acts.
    pub(super) acting_seen: Micros,
    pub(super) group_seen: Micros,
    pub(super) ping: Every,
    /// When other servers last did not act for certain.
    idle: BTreeMap<ServerId, Idle>,
    /// When this process last tried to take over.
    pub(super) took_at: Micros,
    number: u64,
    asks: VecDeque<(u64, Micros)>,
    grants: VecDeque<(u64, Micros)>,
    renewed_after: u64,
    ask: Every,
    join: Every,
    renew: Every,
}

impl Membership {
    /// A process that has just started waits as if it had had a grant.
    pub(super) fn started(now: Micros) -> Self {
        Self {
            lease: NEVER,
            got: 0,
            last_grant_received: now,
            acting_seen: NEVER,
            group_seen: now,
            idle: BTreeMap::new(),
            took_at: NEVER,
            number: 0,
            asks: VecDeque::new(),
            grants: VecDeque::new(),
            renewed_after: 0,
            ask: Every::default(),
            join: Every::default(),
            ping: Every::default(),
            renew: Every::default(),
        }
    }

    pub(super) fn reborn(&self) -> Self {
        let mut next = Self::started(self.last_grant_received);
        next.acting_seen = self.acting_seen;
        next.took_at = self.took_at;
        next
    }

    /// Nobody was there at this moment.
    pub(super) fn nobody_was_at(&mut self, server: ServerId, at: Micros) {
        self.is_idle(server, None, at, at);
    }

    /// This life of a server says that it belonged to no group when it was asked. It may have taken over since, however
    /// late its word comes; and what was there before, it was not before it spoke.
    pub(super) fn has_said_idle(&mut self, server: ServerId, life: NodeId, asked_at: Micros, now: Micros) {
        self.is_idle(server, Some(life), now, asked_at);
    }

    fn is_idle(&mut self, server: ServerId, life: Option<NodeId>, since: Micros, until: Micros) {
        let since = Idle {
            life,
            first: since,
            last: until,
        };
        let known = self.idle.entry(server).or_insert_with(|| since.clone());
        if known.life == life {
            known.last = known.last.max(until);
        } else {
            *known = since;
        }
    }

    fn asked(&mut self, now: Micros) -> u64 {
        self.number += 1;
        remember(&mut self.asks, (self.number, now));
        self.number
    }

    /// The newest grant that had arrived by `at`.
    fn got_by(&self, at: Micros) -> u64 {
        self.grants
            .iter()
            .rev()
            .find(|(_, arrived)| *arrived <= at)
            .map_or(0, |(number, _)| *number)
    }
}

fn remember(list: &mut VecDeque<(u64, Micros)>, entry: (u64, Micros)) {
    if list.len() == REMEMBERED {
        list.pop_front();
    }
    list.push_back(entry);
}

impl Lease {
    /// Anything was heard from this life: a heartbeat, an answer, a message.
    pub fn on_heard(&mut self, from: NodeId, now: Micros) {
        self.proofs.sign(from, now);
        if self.leader() == Some(from) {
            self.membership.group_seen = now;
        }
    }

    pub(super) fn on_grant(&mut self, from: NodeId, grant: &Grant, now: Micros) {
        if self.group() != Some(grant.group) || self.leadership.is_some() {
            return;
        }
        self.on_heard(from, now);
        let Some(place) = self
            .membership
            .asks
            .iter()
            .position(|(number, _)| *number == grant.number)
        else {
            return;
        };
        let Some((number, sent)) = self.membership.asks.remove(place) else {
            return;
        };
        let counted_from = if self.has(Bug::Sending) { now } else { sent };
        let membership = &mut self.membership;
        membership.got = membership.got.max(number);
        membership.lease = membership
            .lease
            .max(counted_from.saturating_add(grant.lasts.min(self.settings.member_lease)));
        membership.last_grant_received = now;
        membership.group_seen = now;
        remember(&mut membership.grants, (number, now));
        self.watch.renewed_at = self.watch.renewed_at.max(sent.saturating_sub(grant.database_away));
    }

    pub(super) fn on_ping(&mut self, from: NodeId, asked_at: Micros, now: Micros) {
        let leader = self.leader();
        match self.group() {
            Some(group) if self.acts(now) => self.send(from, Message::Pong { group, leader }),
            // It may win its lease back at any moment.
            Some(_) => {}
            // Not while it may have taken over without knowing it yet.
            None if now - self.membership.took_at > TAKING => {
                let server = self.server;
                self.send(from, Message::Idle { server, asked_at });
            }
            None => {}
        }
    }

    /// Whether there was a moment just now, after this process first saw the group in the row, at which no other
    /// registered server acted: from then on one can act only by taking over, which the row shows.
    pub(super) fn nobody_acts(&self, now: Micros) -> bool {
        let (mut from, mut until) = (self.watch.group_seen_at(), Micros::MAX);
        for server in self.others() {
            let Some(idle) = self
                .membership
                .idle
                .get(&server)
                .filter(|idle| now - idle.last <= SECOND)
            else {
                return false;
            };
            from = from.max(idle.first);
            // Where nobody was, nobody is who could have been granted anything; a life is sure only up to its last word.
            until = until.min(idle.life.map_or(Micros::MAX, |_| idle.last));
        }
        self.servers.len() <= MAX_SERVERS && from <= until && from < Micros::MAX
    }

    pub(super) fn on_pong(&mut self, leader: Option<NodeId>, now: Micros) {
        self.membership.acting_seen = now;
        let Some(leader) = leader else { return };
        if self.group().is_none() && self.membership.join.is_due(now, self.settings.ask_every) {
            self.send(leader, Message::Join { server: self.server });
        }
    }

    pub(super) fn member_tick(&mut self, now: Micros) {
        if let Some(leader) = self.leader()
            && self.membership.ask.is_due(now, self.settings.ask_every)
        {
            let ask = Ask {
                number: self.membership.asked(now),
                got: self.membership.got,
                renewed_after: self.membership.renewed_after,
                links_down: self.links_down(now),
            };
            self.send(leader, Message::Ask(ask));
        }
        self.renew_for_leader(now);
    }

    /// The leader does not get through to the database, this member does. A leader that is silent itself is not helped: its
    /// lease is to run out.
    fn renew_for_leader(&mut self, now: Micros) {
        let pause = self.settings.renew_every;
        let Some(group) = self.group().filter(|_| self.acts(now)) else {
            return;
        };
        let is_granting = now - self.membership.last_grant_received <= 2 * self.settings.ask_every;
        if is_granting && self.watch.stands_still(group, now, 2 * pause) && self.membership.renew.is_due(now, pause) {
            self.emit(Effect::RenewRow {
                group,
                list: [].into(),
                unlist: [].into(),
            });
        }
    }

    pub(super) fn renewed_for_leader(&mut self, sent: Micros) {
        let membership = &mut self.membership;
        membership.renewed_after = membership.renewed_after.max(membership.got_by(sent));
    }
}
