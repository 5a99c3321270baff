//! The row in the database: watching it, leaving for a newer group, taking over, renewing.

use std::collections::BTreeMap;

use super::life::Every;
use super::{Bug, Effect, Grounds, Lease, Message, Micros, NEVER, Row, RowKey, ServerId};
use crate::{Group, NodeId};

/// What a process saw of the row.
#[derive(Debug, Clone)]
pub(super) struct Watch {
    pub(super) read: Every,
    pub(super) members: BTreeMap<NodeId, ServerId>,
    /// When the own group's row was last renewed, at the latest known.
    pub(super) renewed_at: Micros,
    seen: Option<(RowKey, Micros)>,
    /// The group that every read has shown, since when, and when the last of the reads began.
    steady: Option<(Option<Group>, Micros, Micros)>,
    /// Since when the reads have had no gap.
    gapless_since: Micros,
}

impl Default for Watch {
    fn default() -> Self {
        Self {
            read: Every::default(),
            members: BTreeMap::new(),
            renewed_at: NEVER,
            seen: None,
            steady: None,
            gapless_since: NEVER,
        }
    }
}

impl Watch {
    fn note(&mut self, row: &Row, key: RowKey, began: Micros, gap: Micros, now: Micros) {
        self.members.clone_from(&row.members);
        let last = self.steady.map_or(NEVER, |(_, _, last)| last);
        let has_gap = now - last > gap;
        if has_gap {
            self.gapless_since = now;
        }
        if has_gap || self.seen.is_none_or(|(seen, _)| seen != key) {
            self.seen = Some((key, now));
        }
        // A slow answer that was overtaken by a quick one makes no gap.
        let last = last.max(began);
        self.steady = match self.steady {
            Some((group, since, _)) if group == row.group && !has_gap => Some((group, since, last)),
            _ => Some((row.group, now, last)),
        };
    }

    /// Whether the row of this group has not moved for so long.
    pub(super) fn stands_still(&self, group: Group, now: Micros, long: Micros) -> bool {
        self.seen
            .is_some_and(|(key, since)| key.group == Some(group) && now - since >= long)
    }

    /// When the group in the row was first read, without a gap since then.
    pub(super) fn group_seen_at(&self) -> Micros {
        self.steady.map_or(Micros::MAX, |(_, since, _)| since)
    }

    /// Whether reads have come back for so long without a gap.
    fn has_read_for(&self, now: Micros, long: Micros, gap: Micros) -> bool {
        self.steady
            .is_some_and(|(_, _, last)| now - self.gapless_since >= long && now - last <= gap)
    }

    /// Whether every read for so long has shown this group, without a gap in which another could have been there.
    fn is_steady(&self, group: Group, now: Micros, long: Micros, gap: Micros) -> bool {
        self.steady
            .is_some_and(|(seen, since, last)| seen == Some(group) && now - since >= long && now - last <= gap)
    }
}

impl Lease {
    /// The row as read; the read began at `began`.
    pub fn on_row(&mut self, row: &Row, began: Micros, now: Micros) {
        if self.has_left() {
            return;
        }
        self.before(now);
        let key = RowKey {
            group: row.group,
            lease_seq: row.lease_seq,
        };
        self.watch.note(row, key, began, self.settings.read_gap, now);
        if let Some(group) = row.group
            && self.group().is_some_and(|mine| mine.epoch < group.epoch)
        {
            return self.leave();
        }
        if let Some(grounds) = self.grounds(row, now) {
            self.membership.took_at = now;
            self.emit(Effect::TakeOver {
                expected: key,
                grounds,
                asked_at: now,
            });
        }
    }

    /// Somebody speaks for this group: a fenced member of an older one goes there.
    pub fn on_group_seen(&mut self, group: Group, now: Micros) {
        if self.group().is_some_and(|mine| mine.epoch < group.epoch) && !self.acts(now) && !self.has_left() {
            self.leave();
        }
    }

    /// The answer to [`Effect::RenewRow`] begun at `sent`: `false` when the row has another group.
    pub fn on_renewed(&mut self, group: Group, is_ours: bool, sent: Micros, now: Micros) {
        if self.has_left() || self.group() != Some(group) {
            return;
        }
        self.before(now);
        match (is_ours, self.leadership.is_some()) {
            (false, _) => self.leave(),
            (true, true) => self.count_renewal(sent, now),
            (true, false) => self.renewed_for_leader(sent),
        }
    }

    /// The answer to [`Effect::ListMember`].
    pub fn on_listed(&mut self, group: Group, node: NodeId, server: ServerId, is_listed: bool, now: Micros) {
        let may_add = self.group() == Some(group) && self.may_admit(node, now);
        if is_listed && may_add {
            self.emit(Effect::AddMember(node, server));
        }
    }

    /// A renewal that began at `sent` is in the row. After a lapse it counts only when no take-over can have come
    /// between that a failover of the database forgot: the group that won it may act for its lease more.
    pub(super) fn count_renewal(&mut self, sent: Micros, now: Micros) {
        let Some(group) = self.group() else { return };
        let until = sent + self.held();
        let is_steady = self
            .watch
            .is_steady(group, now, self.settings.still, self.settings.read_gap);
        let may_win_back = is_steady || self.has(Bug::Forgotten);
        let (still, gap) = (self.settings.still, self.settings.renewal_gap);
        let Some(leadership) = &mut self.leadership else { return };
        let has_kept = leadership.has_kept_renewing(sent, now, gap, still);
        if now < leadership.deadline || may_win_back || has_kept {
            leadership.database_until = leadership.database_until.max(until);
            self.watch.renewed_at = self.watch.renewed_at.max(sent);
        }
    }

    pub(super) fn on_join(&mut self, from: NodeId, server: ServerId, now: Micros) {
        let Some(group) = self.group().filter(|_| self.leadership.is_some()) else {
            return;
        };
        if self.is_departed(from) {
            self.send(from, Message::Gone { group });
        } else if self.may_admit(from, now) {
            // Listed before its first grant, so that nobody takes over at once without knowing of it.
            self.emit(Effect::ListMember(group, from, server));
        }
    }

    fn may_admit(&self, node: NodeId, now: Micros) -> bool {
        let has_row = self
            .leadership
            .as_ref()
            .is_some_and(|leadership| now < leadership.database_until);
        let is_new = !self.members().contains_key(&node) && !self.is_departed(node);
        has_row && is_new && self.acts(now) && self.members().len() < super::MAX_SERVERS
    }

    /// Also asked when the listing comes back: the node may have joined and died while it was under way.
    pub(super) fn is_departed(&self, node: NodeId) -> bool {
        let departed = self.view.as_ref().is_some_and(|view| view.departed.contains(node));
        departed && !self.members().contains_key(&node) && !self.has(Bug::Rejoin)
    }

    fn grounds(&self, row: &Row, now: Micros) -> Option<Grounds> {
        if self.leadership.is_none() && self.may_at_once(row, now) {
            Some(Grounds::AllDead)
        } else if self.acts(now) {
            None
        } else if row.is_released && self.may_begin_anew(now) {
            Some(Grounds::Released)
        } else {
            (row.is_expired && self.may_take_over(row, now)).then_some(Grounds::Expired)
        }
    }

    /// Nobody holds the lease, so there is no grant to wait for, unless a failover has forgotten a take-over. So either
    /// all other servers say that they do not act, or there was no gap in the reads, as a failover makes one, for so long
    /// that whoever took over before it is fenced.
    fn may_begin_anew(&self, now: Micros) -> bool {
        let is_lonely = now - self.membership.acting_seen > self.settings.lonely_after;
        let (still, gap) = (self.settings.still, self.settings.read_gap);
        self.nobody_acts(now) || is_lonely && self.watch.has_read_for(now, still, gap)
    }

    /// Listed, and all others proven dead: those in the row, and those that this member knows itself, should the
    /// row have forgotten one. The next life on a server that is proven to have lost one may act in a group that a
    /// failover forgot: so either it is certain that no registered server acts, or the reads have had no gap for as long
    /// as such a group can act.
    fn may_at_once(&self, row: &Row, now: Micros) -> bool {
        let (still, gap) = (self.settings.still, self.settings.read_gap);
        let is_safe = self.nobody_acts(now) || self.watch.has_read_for(now, still, gap);
        if !is_safe && !self.has(Bug::Forgotten) {
            return false;
        }
        let is_listed = self.group().is_some() && self.group() == row.group && row.members.contains_key(&self.me);
        let is_dead = |node: &NodeId| *node == self.me || self.proofs.is_dead(*node);
        if let (true, true, Some(view)) = (is_listed, self.has(Bug::Listed), &self.view) {
            return view.voters.iter().all(is_dead);
        }
        // What else is listed on this server are lives of this process before.
        let listed = row.members.iter().chain(self.members());
        let mut others = listed.filter(|(_, server)| **server != self.server).peekable();
        is_listed && others.peek().is_some() && others.all(|(node, _)| is_dead(node))
    }

    /// A member is known to its group, however new its server.
    fn is_in(&self, row: &Row) -> bool {
        self.group().is_some() && self.group() == row.group && self.members().contains_key(&self.me)
    }

    /// A lease that is past has to be waited out, unless every other server says that it does not act.
    fn may_take_over(&self, row: &Row, now: Micros) -> bool {
        let settings = &self.settings;
        let still = self.watch.seen.is_some_and(|(_, since)| now - since >= settings.still) || self.has(Bug::Still);
        let waited = now - self.membership.last_grant_received >= settings.grant_wait || self.has(Bug::Grantwait);
        let lonely = now - self.membership.acting_seen > settings.lonely_after;
        // Before the first group there is nobody who could not know this server.
        let is_known = row.group.is_none() || self.others().is_empty() || now >= self.newcomer_until || self.is_in(row);
        self.nobody_acts(now) || still && waited && lonely && is_known
    }
}

#[cfg(test)]
#[path = "arbiter_tests.rs"]
mod tests;
