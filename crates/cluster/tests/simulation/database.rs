//! The one row, as the real statements would change it, and a failover that forgets the last commit.

use std::collections::BTreeMap;

use cluster::lease::{Effect, Grounds, Micros, Row, RowKey, ServerId, Settings};
use cluster::{Group, NodeId};

#[derive(Clone)]
struct Stored {
    group: Option<Group>,
    seq: u64,
    until: Micros,
    members: BTreeMap<NodeId, ServerId>,
}

pub(crate) struct Database {
    now: Stored,
    before: Stored,
    pub(crate) skew: Micros,
    pub(crate) is_down: bool,
    /// A failover takes its time, whatever heals meanwhile.
    pub(crate) down_until: Micros,
    lives: u64,
    groups: u128,
}

/// What a statement came back with.
#[derive(Clone)]
pub(crate) enum Answered {
    Row(Row),
    Renewed(Group, bool),
    Listed(Group, NodeId, ServerId, bool),
    Taken(NodeId, Group),
    Nothing,
}

impl Database {
    pub(crate) fn new() -> Self {
        let empty = Stored {
            group: None,
            seq: 0,
            until: Micros::MIN / 4,
            members: BTreeMap::new(),
        };
        Self {
            now: empty.clone(),
            before: empty,
            skew: 0,
            is_down: false,
            down_until: 0,
            lives: 0,
            groups: 0,
        }
    }

    /// Ids are never reused, a forgotten commit or not.
    pub(crate) fn next_life(&mut self) -> NodeId {
        self.lives += 1;
        NodeId(self.lives)
    }

    pub(crate) fn take_overs(&self) -> u128 {
        self.groups
    }

    pub(crate) fn forget_last_commit(&mut self) {
        self.now = self.before.clone();
    }

    /// Runs the statement of an effect at the world's time `now`.
    pub(crate) fn run(&mut self, effect: &Effect, server: ServerId, now: Micros) -> Answered {
        let now = now + self.skew;
        let lease = Settings::default().group_lease;
        match effect {
            Effect::ReadRow => Answered::Row(self.read(now)),
            Effect::RenewRow { group, list, unlist } => {
                let is_ours = self.change(*group, |row| {
                    row.seq += 1;
                    row.until = now + lease;
                    row.members.extend(list.iter().map(|(node, server)| (*node, *server)));
                    row.members.retain(|node, _| !unlist.contains(node));
                });
                Answered::Renewed(*group, is_ours)
            }
            Effect::ListMember(group, node, server) => {
                let is_ours = self.change(*group, |row| {
                    row.members.insert(*node, *server);
                });
                Answered::Listed(*group, *node, *server, is_ours)
            }
            Effect::TakeOver { expected, grounds, .. } => self.take_over(*expected, *grounds, server, now),
            _ => Answered::Nothing,
        }
    }

    fn read(&self, now: Micros) -> Row {
        let row = &self.now;
        Row {
            group: row.group,
            lease_seq: row.seq,
            is_expired: now > row.until,
            is_released: row.group.is_none(),
            members: row.members.clone(),
        }
    }

    fn change(&mut self, group: Group, change: impl FnOnce(&mut Stored)) -> bool {
        if self.now.group != Some(group) {
            return false;
        }
        self.before = self.now.clone();
        change(&mut self.now);
        true
    }

    fn take_over(&mut self, expected: RowKey, grounds: Grounds, server: ServerId, now: Micros) -> Answered {
        let key = RowKey {
            group: self.now.group,
            lease_seq: self.now.seq,
        };
        let holds = match grounds {
            Grounds::Expired => now > self.now.until,
            Grounds::AllDead => true,
            Grounds::Released => self.now.group.is_none(),
        };
        if key != expected || !holds {
            return Answered::Nothing;
        }
        self.before = self.now.clone();
        self.groups += 1;
        let group = Group {
            epoch: self.now.group.map_or(0, |group| group.epoch) + 1,
            id: self.groups,
        };
        let me = self.next_life();
        let members = [(me, server)].into();
        self.now = Stored {
            group: Some(group),
            seq: self.now.seq + 1,
            until: now + Settings::default().group_lease,
            members,
        };
        Answered::Taken(me, group)
    }
}
