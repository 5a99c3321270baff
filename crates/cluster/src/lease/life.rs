//! One process life: its state, its inputs, its fence.

use std::collections::{BTreeMap, BTreeSet};

use super::arbiter::Watch;
use super::leader::Leadership;
use super::member::{Membership, TAKING};
use super::proof::Proofs;
use super::{Bug, Effect, Message, Micros, NEVER, Peer, RaftView, ServerId, Settings};
use crate::{Group, NodeId};

/// More servers than this share no database sensibly: one Raft group carries them all.
pub const MAX_SERVERS: usize = 64;

/// Effects that wait at most. Whoever drives a lease takes them after every input; all that is dropped past this
/// is repeated by a later tick.
pub const MAX_EFFECTS: usize = 8 * MAX_SERVERS;

/// The decision-maker of one process life: may it act, and what has to be done for it.
#[derive(Debug)]
pub struct Lease {
    pub(super) me: NodeId,
    pub(super) server: ServerId,
    pub(super) settings: Settings,
    pub(super) view: Option<RaftView>,
    pub(super) servers: BTreeSet<ServerId>,
    pub(super) membership: Membership,
    pub(super) leadership: Option<Leadership>,
    pub(super) watch: Watch,
    pub(super) proofs: Proofs,
    /// When the database was first to be trusted that everybody knows this server.
    pub(super) newcomer_until: Micros,
    /// By the founder only: until when the take-over itself gave its group a lease.
    pub(super) founded_until: Micros,
    founded: Option<Group>,
    has_left: bool,
    effects: Vec<Effect>,
    bugs: BTreeSet<Bug>,
}

impl Lease {
    /// A process in no group. `registered_for` is how long, by the database's clock, its server has been in the
    /// registry: a group that lost the database earlier does not know it.
    #[must_use]
    pub fn new(me: NodeId, server: ServerId, registered_for: Micros, settings: Settings, now: Micros) -> Self {
        let unknown_for = (settings.database_away + settings.database_away / 10 - registered_for).max(0);
        Self {
            me,
            server,
            view: None,
            servers: BTreeSet::new(),
            membership: Membership::started(now),
            leadership: None,
            watch: Watch::default(),
            proofs: Proofs::default(),
            newcomer_until: if unknown_for > 0 { now + unknown_for } else { NEVER },
            founded_until: NEVER,
            founded: None,
            has_left: false,
            effects: Vec::new(),
            bugs: BTreeSet::new(),
            settings,
        }
    }

    /// The next life of the same process, after [`Effect::Leave`]. It remembers what a taker has to wait for.
    #[must_use]
    pub fn reborn(&self, me: NodeId, now: Micros) -> Self {
        let mut next = Self::new(me, self.server, 0, self.settings.clone(), now);
        next.newcomer_until = self.newcomer_until;
        next.servers.clone_from(&self.servers);
        next.membership = self.membership.reborn();
        next.watch = self.watch.clone();
        next.bugs.clone_from(&self.bugs);
        next
    }

    /// The take-over that was asked for at `sent` was committed, for a new life `me`. `None` when this life acts again
    /// meanwhile, or when it took so long that this life may have said that it has not taken over: then the new group stays
    /// empty and its lease runs out. The last one of a group that goes on alone acts all the time.
    #[must_use]
    pub fn taken(&self, me: NodeId, group: Group, sent: Micros, now: Micros) -> Option<Self> {
        if self.acts(now) && !self.is_last() || now - sent > TAKING {
            return None;
        }
        let mut next = self.reborn(me, now);
        next.founded = Some(group);
        next.founded_until = sent + next.held();
        Some(next)
    }

    /// This life's id.
    #[must_use]
    pub fn me(&self) -> NodeId {
        self.me
    }

    /// The server that it runs on.
    #[must_use]
    pub fn server(&self) -> ServerId {
        self.server
    }

    /// The group that it belongs to, acting or not.
    #[must_use]
    pub fn group(&self) -> Option<Group> {
        self.view.as_ref().map(|view| view.group).or(self.founded)
    }

    /// Until when this process may act, by its own clock; [`NEVER`] when not at all. The fence: anything done for a
    /// client at or after this moment is forbidden.
    #[must_use]
    pub fn acts_until(&self, now: Micros) -> Micros {
        if self.has_left || self.view.is_none() {
            return NEVER;
        }
        match &self.leadership {
            Some(leadership) => self.quorum_until().min(self.group_until(leadership, now)),
            None => self.membership.lease,
        }
    }

    /// Whether this process may act at `now`.
    #[must_use]
    pub fn acts(&self, now: Micros) -> bool {
        now < self.acts_until(now)
    }

    /// Whether this life is over; it then says and does nothing more.
    #[must_use]
    pub fn has_left(&self) -> bool {
        self.has_left
    }

    /// The effects so far, oldest first.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// The registry as read. Past [`MAX_SERVERS`] the rest is ignored, and serving without the database is then
    /// never allowed.
    pub fn on_servers(&mut self, registered: impl IntoIterator<Item = ServerId>) {
        self.servers = registered.into_iter().take(MAX_SERVERS + 1).collect();
    }

    /// Raft changed, or a round came back. To be called at least before every tick on the leader.
    pub fn on_raft(&mut self, view: RaftView, now: Micros) {
        if self.has_left || self.group().is_some_and(|group| group != view.group) {
            return;
        }
        if self.leadership.is_some() {
            self.keep_deadline(now);
        }
        let is_mine = view.leader == Some(self.me);
        let was = self.leadership.as_ref().map(|leadership| leadership.term);
        let known = self.view.replace(view);
        self.meet(known.as_ref(), now);
        match (was, is_mine) {
            (Some(term), true) if Some(term) == self.term() => self.newcomers(now),
            (_, true) => self.lead(now),
            (Some(_), false) => {
                self.leadership = None;
                // Its own lease goes with its leadership.
                self.membership.lease = NEVER;
            }
            (None, false) => {}
        }
        if known.and_then(|known| known.leader) != self.leader() {
            self.membership.got = 0;
        }
    }

    /// A message from `from` arrived.
    pub fn on_message(&mut self, from: NodeId, message: Message, now: Micros) {
        if self.has_left {
            return;
        }
        self.before(now);
        match message {
            Message::Ask(ask) => self.on_ask(from, &ask, now),
            Message::Grant(grant) => self.on_grant(from, &grant, now),
            Message::Ping { at } => self.on_ping(from, at, now),
            Message::Pong { leader, .. } => self.on_pong(leader, now),
            Message::Join { server } => self.on_join(from, server, now),
            Message::Idle { server, asked_at } => {
                // Of those that are not registered, none counts.
                if self.servers.contains(&server) {
                    self.membership.has_said_idle(server, from, asked_at, now);
                }
            }
            Message::Gone { group } => {
                if self.group().is_none_or(|mine| mine == group) {
                    self.leave();
                }
            }
        }
    }

    /// Time has passed. To be called about every 50 ms.
    pub fn tick(&mut self, now: Micros) {
        if self.has_left {
            return;
        }
        self.before(now);
        if self.is_lost(now) {
            return self.leave();
        }
        if self.watch.read.is_due(now, self.settings.read_every) {
            self.emit(Effect::ReadRow);
        }
        if !self.acts(now) && self.membership.ping.is_due(now, self.settings.ping_every) {
            for server in self.others() {
                self.emit(Effect::Send(Peer::Server(server), Message::Ping { at: now }));
            }
        }
        if self.proofs.probe.is_due(now, self.settings.probe_every) {
            for server in self.others() {
                self.emit(Effect::TryProof(server));
            }
        }
        if self.view.is_none() {
            return;
        }
        if self.leadership.is_some() {
            self.leader_tick(now);
        } else {
            self.member_tick(now);
        }
    }

    /// For a console: how long each other member has been silent, as far as this process hears them itself.
    #[must_use]
    pub fn silence(&self, now: Micros) -> BTreeMap<NodeId, Micros> {
        let others = self.members().keys().filter(|node| **node != self.me);
        others
            .filter_map(|node| Some((*node, now - self.proofs.last_sign(*node)?)))
            .collect()
    }

    /// Whether a process is proven to be gone, as far as this one knows.
    #[must_use]
    pub fn is_proven_dead(&self, node: NodeId) -> bool {
        self.proofs.is_dead(node)
    }

    /// Leaves a rule out.
    #[cfg(feature = "planted-bugs")]
    pub fn plant(&mut self, bug: Bug) {
        self.bugs.insert(bug);
    }

    pub(super) fn has(&self, bug: Bug) -> bool {
        cfg!(feature = "planted-bugs") && self.bugs.contains(&bug)
    }

    pub(super) fn leave(&mut self) {
        self.has_left = true;
        self.effects.clear();
        self.effects.push(Effect::Leave);
    }

    pub(super) fn emit(&mut self, effect: Effect) {
        if self.effects.len() < MAX_EFFECTS {
            self.effects.push(effect);
        }
    }

    pub(super) fn send(&mut self, to: NodeId, message: Message) {
        self.emit(Effect::Send(Peer::Node(to), message));
    }

    pub(super) fn term(&self) -> Option<u64> {
        self.view.as_ref().map(|view| view.term)
    }

    pub(super) fn leader(&self) -> Option<NodeId> {
        self.view.as_ref().and_then(|view| view.leader)
    }

    pub(super) fn members(&self) -> &BTreeMap<NodeId, ServerId> {
        static NOBODY: BTreeMap<NodeId, ServerId> = BTreeMap::new();
        self.view.as_ref().map_or(&NOBODY, |view| &view.members)
    }

    pub(super) fn others(&self) -> Vec<ServerId> {
        self.servers
            .iter()
            .copied()
            .filter(|server| *server != self.server)
            .collect()
    }

    /// What a holder counts of the group's lease.
    pub(super) fn held(&self) -> Micros {
        self.settings.group_lease - self.settings.group_lease_margin
    }

    /// A member, not the leader, whose fellow members are all proven dead.
    fn is_last(&self) -> bool {
        let mut others = self.members().iter().filter(|(_, server)| **server != self.server);
        self.leadership.is_none() && others.all(|(node, _)| self.proofs.is_dead(*node))
    }

    /// A deadline that passed during a pause has passed before anything that came meanwhile is looked at.
    pub(super) fn before(&mut self, now: Micros) {
        if self.leadership.is_some() {
            self.keep_deadline(now);
        }
    }

    fn is_lost(&self, now: Micros) -> bool {
        let limit = self.settings.leave_after;
        match &self.leadership {
            Some(leadership) => now - self.quorum_until().max(leadership.began) > limit,
            None => self.view.is_some() && !self.acts(now) && now - self.membership.group_seen > limit,
        }
    }

    /// Of a process that is heard of first just now, no attempt so far says anything.
    fn meet(&mut self, known: Option<&RaftView>, now: Micros) {
        if known.is_none() {
            self.membership.group_seen = now;
        }
        let Some(view) = &self.view else { return };
        for node in view.members.keys() {
            if known.is_none_or(|known| !known.members.contains_key(node)) {
                self.proofs.sign(*node, now);
            }
        }
        let row = &self.watch.members;
        self.proofs
            .forget(|node| view.members.contains_key(node) || row.contains_key(node));
    }
}

/// Something that is done every so often.
#[derive(Debug, Clone)]
pub(super) struct Every(Micros);

impl Default for Every {
    fn default() -> Self {
        Self(NEVER)
    }
}

impl Every {
    pub(super) fn is_due(&mut self, now: Micros, pause: Micros) -> bool {
        let is_due = now - self.0 >= pause;
        if is_due {
            self.0 = now;
        }
        is_due
    }
}
