//! The leader's side: granting, declaring dead, and how far its own lease reaches.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::life::Every;
use super::reach::Reach;
use super::{Ask, Bug, Effect, Grant, Lease, Message, Micros, NEVER, ServerId};
use crate::NodeId;

/// Grants to one member that wait for a confirmation: 16 s of them, and they stop after 2.5 s without one.
const UNCONFIRMED: usize = 32;

/// What this process knows as the leader of one term.
#[derive(Debug)]
pub(super) struct Leadership {
    pub(super) term: u64,
    pub(super) began: Micros,
    /// Until when the group's lease reaches; once past, only the database moves it.
    pub(super) deadline: Micros,
    pub(super) database_until: Micros,
    /// Servers whose address refused.
    pub(super) nobody_at: BTreeMap<ServerId, Micros>,
    pub(super) reach: Reach,
    granted: BTreeMap<NodeId, Granted>,
    condemned: BTreeSet<NodeId>,
    renew: Every,
    /// Since when renewals have come back without a gap, and when the last of them began.
    renewing: Option<(Micros, Micros)>,
}

impl Leadership {
    /// Whether renewals have come back for so long that whoever took over before the first, forgotten by a failover,
    /// is fenced, and so close together that nobody can have taken over in between.
    pub(super) fn has_kept_renewing(&mut self, sent: Micros, now: Micros, gap: Micros, long: Micros) -> bool {
        let (since, last) = match self.renewing {
            Some((since, last)) if now - last <= gap => (since, last.max(sent)),
            _ => (now, sent),
        };
        self.renewing = Some((since, last));
        now - since >= long
    }
}

/// What one member was given.
#[derive(Debug)]
struct Granted {
    joined: Micros,
    given: Micros,
    confirmed: Micros,
    waiting: VecDeque<(u64, Micros)>,
    /// Confirmed grants by number, so that a renewal on the leader's behalf can be dated.
    known: VecDeque<(u64, Micros)>,
}

impl Granted {
    fn since(joined: Micros) -> Self {
        Self {
            joined,
            given: joined,
            confirmed: NEVER,
            waiting: VecDeque::new(),
            known: VecDeque::new(),
        }
    }

    fn note(&mut self, number: u64, now: Micros) {
        if self.waiting.len() == UNCONFIRMED {
            self.waiting.pop_front();
        }
        self.waiting.push_back((number, now));
    }

    /// Only the very grant that arrived is confirmed; an earlier one may have been lost.
    fn confirm(&mut self, got: u64) {
        let Some((_, at)) = self.waiting.iter().find(|(number, _)| *number == got).copied() else {
            return;
        };
        self.confirmed = self.confirmed.max(at);
        self.waiting.retain(|(number, _)| *number > got);
        if self.known.len() == UNCONFIRMED {
            self.known.pop_front();
        }
        self.known.push_back((got, at));
    }

    fn given_at(&self, number: u64) -> Option<Micros> {
        self.known.iter().find(|(known, _)| *known == number).map(|(_, at)| *at)
    }
}

impl Lease {
    pub(super) fn lead(&mut self, now: Micros) {
        let inherited = self.membership.lease;
        let database_until = std::mem::replace(&mut self.founded_until, NEVER);
        if database_until > NEVER {
            self.watch.renewed_at = database_until - self.held();
        }
        self.leadership = Some(Leadership {
            term: self.term().unwrap_or_default(),
            began: now,
            // What the leader before granted holds on.
            deadline: inherited.max(database_until),
            database_until,
            nobody_at: BTreeMap::new(),
            reach: Reach::default(),
            granted: BTreeMap::new(),
            condemned: BTreeSet::new(),
            renew: Every::default(),
            renewing: None,
        });
        self.newcomers(now);
        if self.has(Bug::Newleader)
            && let Some(leadership) = &mut self.leadership
        {
            leadership
                .granted
                .values_mut()
                .for_each(|granted| granted.confirmed = now);
        }
    }

    /// Whoever is new in the list counts as given from now: another leader may have granted it something.
    pub(super) fn newcomers(&mut self, now: Micros) {
        let joining_confirms = self.has(Bug::Joining);
        let (Some(view), Some(leadership)) = (&self.view, &mut self.leadership) else {
            return;
        };
        leadership.granted.retain(|node, _| view.members.contains_key(node));
        leadership.condemned.retain(|node| view.members.contains_key(node));
        for node in view.members.keys().filter(|node| **node != self.me) {
            leadership.granted.entry(*node).or_insert_with(|| {
                let mut granted = Granted::since(now);
                if joining_confirms && now > leadership.began {
                    granted.confirmed = now;
                }
                granted
            });
        }
    }

    pub(super) fn on_ask(&mut self, from: NodeId, ask: &Ask, now: Micros) {
        self.on_heard(from, now);
        let Some(group) = self.group().filter(|_| self.leadership.is_some()) else {
            return;
        };
        if !self.members().contains_key(&from) {
            if self.is_departed(from) {
                self.send(from, Message::Gone { group });
            }
            return;
        }
        let reaches_enough = self.reaches_enough(from, ask, now);
        let dated = self.confirm(from, ask);
        if let Some(at) = dated {
            self.count_renewal(at, now);
        }
        if reaches_enough && self.may_grant(from, now) {
            self.grant(from, ask.number, now);
        }
    }

    /// Notes what arrived; when the member renewed the row, the moment that the renewal surely came after.
    fn confirm(&mut self, from: NodeId, ask: &Ask) -> Option<Micros> {
        let granted = self.leadership.as_mut()?.granted.get_mut(&from)?;
        granted.confirm(ask.got);
        granted.given_at(ask.renewed_after)
    }

    /// A member whose asks come in while no answer arrives gets no more, so that it can be declared dead.
    fn may_grant(&self, to: NodeId, now: Micros) -> bool {
        let Some(leadership) = &self.leadership else {
            return false;
        };
        let Some(granted) = leadership.granted.get(&to) else {
            return false;
        };
        let heard = granted.confirmed.max(granted.joined).max(leadership.began);
        now - heard <= self.settings.confirm_within && !leadership.condemned.contains(&to)
    }

    fn grant(&mut self, to: NodeId, number: u64, now: Micros) {
        let left = self.acts_until(now) - now;
        let cut = if self.has(Bug::Cut) {
            self.settings.member_lease
        } else {
            left
        };
        let lasts = self.settings.member_lease.min(cut).max(0);
        let database_away = now.saturating_sub(self.watch.renewed_at);
        let (Some(group), Some(leadership)) = (self.group(), &mut self.leadership) else {
            return;
        };
        let Some(granted) = leadership.granted.get_mut(&to) else {
            return;
        };
        // The first grants of a leadership win confirmations; they carry no time while there is none to give.
        granted.note(number, now);
        if lasts > 0 {
            granted.given = now;
        }
        self.send(
            to,
            Message::Grant(Grant {
                group,
                number,
                lasts,
                database_away,
            }),
        );
    }

    pub(super) fn leader_tick(&mut self, now: Micros) {
        if now >= self.quorum_until() {
            return;
        }
        self.renew(now);
        for node in self.those_dead(now) {
            if let Some(leadership) = &mut self.leadership {
                leadership.condemned.insert(node);
            }
            self.emit(Effect::DeclareDead(node));
        }
    }

    fn renew(&mut self, now: Micros) {
        let pause = self.settings.renew_every;
        let (Some(view), Some(leadership)) = (&self.view, &mut self.leadership) else {
            return;
        };
        if !leadership.renew.is_due(now, pause) {
            return;
        }
        let listed = self.watch.members.keys().copied();
        let unlist = listed
            .filter(|node| view.departed.contains(*node) && !view.members.contains_key(node))
            .collect();
        let effect = Effect::RenewRow {
            group: view.group,
            list: view.members.clone(),
            unlist,
        };
        self.emit(effect);
    }

    fn those_dead(&self, now: Micros) -> Vec<NodeId> {
        let Some(leadership) = &self.leadership else {
            return Vec::new();
        };
        let by_given = !self.has(Bug::Given);
        let is_over = |granted: &Granted| {
            let last = if by_given { granted.given } else { granted.confirmed };
            now - last.max(leadership.began) >= self.settings.dead_after && now < leadership.database_until
        };
        let granted = leadership.granted.iter();
        let dead = granted.filter(|(node, granted)| {
            leadership.condemned.contains(node) || self.proofs.is_dead(**node) || is_over(granted)
        });
        dead.map(|(node, _)| *node).collect()
    }

    pub(super) fn quorum_until(&self) -> Micros {
        self.view
            .as_ref()
            .map_or(NEVER, |view| view.quorum_round + self.settings.member_lease)
    }

    pub(super) fn keep_deadline(&mut self, now: Micros) {
        let until = self
            .leadership
            .as_ref()
            .map_or(NEVER, |leadership| self.group_until(leadership, now));
        if let Some(leadership) = &mut self.leadership {
            leadership.deadline = until;
        }
    }

    /// A deadline that has passed is extended by the database alone.
    pub(super) fn group_until(&self, leadership: &Leadership, now: Micros) -> Micros {
        let deadline = leadership.deadline.max(leadership.database_until);
        if now < deadline || self.has(Bug::Lapsed) {
            deadline.max(self.unanimous_until(leadership, now))
        } else {
            deadline
        }
    }

    /// With the database away: nobody is left who could take over, because every registered server has a fresh
    /// grant or is proven dead anew.
    fn unanimous_until(&self, leadership: &Leadership, now: Micros) -> Micros {
        if self.servers.len() > super::MAX_SERVERS || self.servers.is_empty() {
            return NEVER;
        }
        let limit = self.watch.renewed_at + self.settings.database_away;
        let members: BTreeSet<ServerId> = self.members().values().copied().collect();
        let only_members = self.has(Bug::Registered);
        let all = self
            .servers
            .union(&members)
            .filter(|server| !only_members || members.contains(server));
        let others = all.filter(|server| **server != self.server);
        let fresh = others.map(|server| self.fresh_at(leadership, *server, now) + self.settings.dead_after);
        fresh
            .min()
            .unwrap_or(Micros::MAX)
            .min(now + self.settings.member_lease)
            .min(limit)
    }

    /// When it was last certain that nobody on this server can take over soon.
    fn fresh_at(&self, leadership: &Leadership, server: ServerId, now: Micros) -> Micros {
        let proven = match leadership.nobody_at.get(&server) {
            Some(_) if self.has(Bug::Fresh) => now,
            Some(at) => *at,
            None => NEVER,
        };
        let there = self.members().iter().filter(|(_, at)| **at == server);
        let granted = there.filter_map(|(node, _)| leadership.granted.get(node));
        let given = self.has(Bug::Confirmed);
        let confirmed = granted.map(|granted| if given { granted.given } else { granted.confirmed });
        confirmed.fold(proven, Micros::max)
    }
}
