//! Raft reduced to terms, votes, heartbeats and a versioned member list that changes in joint steps.

use std::collections::{BTreeMap, BTreeSet};

use cluster::lease::{Departed, Micros, NEVER, RaftView, SECOND, ServerId};
use cluster::voters::next_voters;
use cluster::{Group, NodeId};

use crate::random::Random;

pub(crate) type Version = (u64, u64);

#[derive(Clone)]
pub(crate) struct List {
    version: Version,
    voters: BTreeSet<NodeId>,
    /// The voters before, while joint.
    before: BTreeSet<NodeId>,
    pub(crate) members: BTreeMap<NodeId, ServerId>,
    departed: Departed,
}

#[derive(Clone)]
pub(crate) enum Call {
    Heartbeat {
        group: Group,
        term: u64,
        leader: NodeId,
        round: u64,
        list: List,
    },
    HeartbeatBack {
        from: NodeId,
        term: u64,
        round: u64,
        version: Version,
    },
    Vote {
        group: Group,
        term: u64,
        candidate: NodeId,
        version: Version,
    },
    Voted {
        from: NodeId,
        term: u64,
    },
}

pub(crate) struct Raft {
    me: NodeId,
    pub(crate) group: Group,
    term: u64,
    voted: u64,
    leader: Option<NodeId>,
    heard: Micros,
    timeout: Micros,
    list: List,
    is_leading: bool,
    votes: BTreeSet<NodeId>,
    acked: BTreeMap<NodeId, Micros>,
    sent: Vec<Micros>,
    /// Who acknowledged the newest list, until it is committed.
    pending: Option<BTreeSet<NodeId>>,
    committed: BTreeSet<NodeId>,
    dead: Vec<NodeId>,
    departed: Departed,
    heartbeat: Micros,
}

impl Raft {
    pub(crate) fn found(me: NodeId, server: ServerId, group: Group) -> Self {
        let members: BTreeMap<_, _> = [(me, server)].into();
        let list = List {
            version: (0, 0),
            voters: [me].into(),
            before: BTreeSet::new(),
            members,
            departed: Departed::default(),
        };
        let mut raft = Self::learner(me, group, list, NEVER);
        raft.term = 1;
        raft.lead();
        raft
    }

    pub(crate) fn learner(me: NodeId, group: Group, list: List, now: Micros) -> Self {
        Self {
            me,
            group,
            term: 0,
            voted: 0,
            leader: None,
            heard: now,
            timeout: 3 * SECOND / 2,
            list,
            is_leading: false,
            votes: BTreeSet::new(),
            acked: BTreeMap::new(),
            sent: Vec::new(),
            pending: None,
            committed: BTreeSet::new(),
            dead: Vec::new(),
            departed: Departed::default(),
            heartbeat: NEVER,
        }
    }

    pub(crate) fn view(&self, now: Micros) -> RaftView {
        RaftView {
            group: self.group,
            term: self.term,
            leader: self.leader,
            members: self.list.members.clone(),
            voters: self.list.voters.union(&self.list.before).copied().collect(),
            quorum_round: if self.is_leading { self.quorum_round(now) } else { NEVER },
            departed: self.departed.clone(),
        }
    }

    pub(crate) fn call(&mut self, call: Call, now: Micros) -> Vec<(NodeId, Call)> {
        match call {
            Call::Heartbeat {
                term,
                leader,
                round,
                list,
                ..
            } => self.on_heartbeat(term, leader, round, list, now),
            Call::HeartbeatBack {
                from,
                term,
                round,
                version,
            } => {
                self.on_back(from, term, round, version);
                Vec::new()
            }
            Call::Vote {
                group,
                term,
                candidate,
                version,
            } => self.on_vote(group, term, candidate, version, now),
            Call::Voted { from, term } => {
                if term == self.term && !self.is_leading && self.voted == term && self.leader.is_none() {
                    self.votes.insert(from);
                    self.tally();
                }
                Vec::new()
            }
        }
    }

    pub(crate) fn tick(&mut self, random: &mut Random, now: Micros) -> Vec<(NodeId, Call)> {
        if self.is_leading {
            return self.beat(now);
        }
        let electorate: BTreeSet<NodeId> = self.list.voters.union(&self.list.before).copied().collect();
        if !electorate.contains(&self.me) || now - self.heard <= self.timeout {
            return Vec::new();
        }
        self.timeout = SECOND + random.below(SECOND as u64) as Micros;
        self.heard = now;
        self.term += 1;
        (self.voted, self.votes, self.leader) = (self.term, [self.me].into(), None);
        let (group, term, candidate, version) = (self.group, self.term, self.me, self.list.version);
        self.tally();
        let others = electorate.into_iter().filter(|node| *node != candidate);
        others
            .map(|node| {
                (
                    node,
                    Call::Vote {
                        group,
                        term,
                        candidate,
                        version,
                    },
                )
            })
            .collect()
    }

    pub(crate) fn add(&mut self, node: NodeId, server: ServerId) {
        if self.is_leading && self.pending.is_none() && !self.list.members.contains_key(&node) {
            let mut members = self.list.members.clone();
            members.insert(node, server);
            self.change(self.list.voters.clone(), members, self.list.departed.clone());
        }
    }

    /// The reconciler: removes those condemned, and keeps the number of voters odd.
    pub(crate) fn reconcile(&mut self, condemned: &BTreeSet<NodeId>, now: Micros) {
        if !self.is_leading || self.pending.is_some() || now >= self.quorum_round(now) + 7 * SECOND / 2 {
            return;
        }
        let mut members = self.list.members.clone();
        let mut departed = self.list.departed.clone();
        for node in condemned.iter().filter(|node| **node != self.me) {
            if members.remove(node).is_some() {
                departed.insert(*node);
            }
        }
        let is_changed = members.len() != self.list.members.len();
        let left: BTreeSet<NodeId> = members.keys().copied().collect();
        let is_fit = |node: &&NodeId| self.acked.get(*node).is_some_and(|at| now - at < SECOND);
        let mut fit: BTreeSet<NodeId> = left.iter().filter(is_fit).copied().collect();
        fit.insert(self.me);
        match next_voters(self.me, &left, &fit, &self.list.voters) {
            Some(voters) => self.change(voters, members, departed),
            None if is_changed => self.change(self.list.voters.clone(), members, departed),
            None => {}
        }
    }

    /// Members that a commit has removed since the last call.
    pub(crate) fn newly_dead(&mut self) -> Vec<NodeId> {
        std::mem::take(&mut self.dead)
    }

    pub(crate) fn leads(&self) -> bool {
        self.is_leading
    }

    fn quorum_round(&self, now: Micros) -> Micros {
        let round = |voters: &BTreeSet<NodeId>| {
            let at = |node: &NodeId| {
                if *node == self.me {
                    now
                } else {
                    *self.acked.get(node).unwrap_or(&NEVER)
                }
            };
            let mut acked: Vec<Micros> = voters.iter().map(at).collect();
            acked.sort_by(|a, b| b.cmp(a));
            acked[acked.len() / 2]
        };
        [&self.list.voters, &self.list.before]
            .into_iter()
            .filter(|set| !set.is_empty())
            .map(round)
            .min()
            .unwrap()
    }

    fn is_majority(&self, nodes: &BTreeSet<NodeId>) -> bool {
        let holds = |voters: &BTreeSet<NodeId>| voters.intersection(nodes).count() * 2 > voters.len();
        [&self.list.voters, &self.list.before]
            .into_iter()
            .filter(|set| !set.is_empty())
            .all(holds)
    }

    fn lead(&mut self) {
        self.is_leading = true;
        self.leader = Some(self.me);
        self.acked.clear();
        self.sent.clear();
        self.heartbeat = NEVER;
        self.committed = self.list.members.keys().copied().collect();
        self.put(self.list.clone());
    }

    fn change(&mut self, voters: BTreeSet<NodeId>, members: BTreeMap<NodeId, ServerId>, departed: Departed) {
        let is_joint = voters != self.list.voters;
        let before = if is_joint {
            self.list.voters.clone()
        } else {
            BTreeSet::new()
        };
        self.put(List {
            version: self.list.version,
            voters,
            before,
            members,
            departed,
        });
    }

    fn put(&mut self, list: List) {
        let version = (self.term, self.list.version.1 + 1);
        self.list = List { version, ..list };
        self.pending = Some([self.me].into());
        self.commit();
    }

    fn commit(&mut self) {
        let Some(pending) = &self.pending else { return };
        if !self.is_majority(pending) {
            return;
        }
        self.pending = None;
        self.departed = self.list.departed.clone();
        let members: BTreeSet<NodeId> = self.list.members.keys().copied().collect();
        self.dead.extend(self.committed.difference(&members));
        self.committed = members;
        if !self.list.before.is_empty() {
            let list = List {
                before: BTreeSet::new(),
                ..self.list.clone()
            };
            self.put(list);
        }
    }

    fn beat(&mut self, now: Micros) -> Vec<(NodeId, Call)> {
        if now - self.heartbeat < SECOND / 4 {
            return Vec::new();
        }
        self.heartbeat = now;
        self.sent.push(now);
        let (group, term, leader, round) = (self.group, self.term, self.me, self.sent.len() as u64 - 1);
        let others = self.list.members.keys().filter(|node| **node != leader);
        others
            .map(|node| {
                (
                    *node,
                    Call::Heartbeat {
                        group,
                        term,
                        leader,
                        round,
                        list: self.list.clone(),
                    },
                )
            })
            .collect()
    }

    fn on_heartbeat(&mut self, term: u64, leader: NodeId, round: u64, list: List, now: Micros) -> Vec<(NodeId, Call)> {
        if term < self.term {
            return Vec::new();
        }
        (self.term, self.leader, self.is_leading, self.heard) = (term, Some(leader), false, now);
        if list.version >= self.list.version {
            self.list = list;
        }
        let version = self.list.version;
        vec![(
            leader,
            Call::HeartbeatBack {
                from: self.me,
                term,
                round,
                version,
            },
        )]
    }

    fn on_back(&mut self, from: NodeId, term: u64, round: u64, version: Version) {
        if !self.is_leading || term != self.term {
            return;
        }
        let at = self.sent[round as usize];
        let acked = self.acked.entry(from).or_insert(NEVER);
        *acked = (*acked).max(at);
        if version == self.list.version
            && let Some(pending) = &mut self.pending
        {
            pending.insert(from);
            self.commit();
        }
    }

    fn on_vote(
        &mut self,
        group: Group,
        term: u64,
        candidate: NodeId,
        version: Version,
        now: Micros,
    ) -> Vec<(NodeId, Call)> {
        if group != self.group || term <= self.term {
            return Vec::new();
        }
        // A leader that works is not voted out.
        let sticks = if self.is_leading {
            now < self.quorum_round(now) + SECOND
        } else {
            self.leader.is_some() && now - self.heard < SECOND
        };
        if sticks {
            return Vec::new();
        }
        (self.term, self.is_leading, self.leader, self.heard) = (term, false, None, now);
        if version < self.list.version || self.voted >= term {
            return Vec::new();
        }
        self.voted = term;
        vec![(candidate, Call::Voted { from: self.me, term })]
    }

    fn tally(&mut self) {
        if self.is_majority(&self.votes.clone()) {
            self.lead();
        }
    }
}
