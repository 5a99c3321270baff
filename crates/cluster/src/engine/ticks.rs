//! What the driver does as time passes.

use std::sync::Arc;

use super::driver::Driver;
use crate::clock;
use crate::lease::{Micros, SECOND};
use crate::raft::LEADER_HOLDS;
use crate::state::Command;

/// Between two elections of ours, and between the turns of those who may stand.
const ELECTION_PAUSE: Micros = 700_000;
const ELECTION_TURN: Micros = 200_000;
/// How often entries that are to vanish are looked for.
const EXPIRY_PERIOD: Micros = 250_000;

impl Driver {
    pub(super) fn tick(&mut self) {
        let now = clock::now();
        if self.life.is_none() && self.number.is_none() && now >= self.attempts.next_number {
            // Also for one that is alone: its row in the registry is that of its present life.
            self.take_number();
        }
        if self.wants_in() && self.life.is_none() {
            self.begin_if_possible(now);
        }
        if let Some(life) = &self.life {
            for node in self.known.nodes() {
                if let Some(heard) = life.links.heard(node) {
                    let ago = Micros::try_from(heard.elapsed().as_micros()).unwrap_or(Micros::MAX / 4);
                    self.lease.on_heard(node, now - ago);
                }
            }
        }
        self.show_log(now);
        self.lease.tick(now);
        self.elect_if_due(now);
        self.expire_if_due(now);
    }

    /// What was to vanish by now vanishes: one node's clock says when.
    fn expire_if_due(&mut self, now: Micros) {
        if now - self.expired < EXPIRY_PERIOD {
            return;
        }
        self.expired = now;
        self.above.caches.expire_here();
        let Some(life) = &self.life else { return };
        let Some(consensus) = life.consensus.as_ref().filter(|it| it.leader() == Some(life.me)) else {
            return;
        };
        let (due, moment) = (consensus.machine().next_due(), clock::since_1970());
        if due.is_some_and(|due| due <= moment) {
            self.command(Command::Expire(moment));
        }
    }

    fn show_log(&mut self, now: Micros) {
        if let Some(consensus) = self.life.as_ref().and_then(|life| life.consensus.as_ref()) {
            self.lease.on_raft(consensus.view(), now);
        }
    }

    /// The leader is proven dead: the voters stand for election in turn, once its hold on the others is over.
    fn elect_if_due(&mut self, now: Micros) {
        let Some(life) = &self.life else { return };
        let Some(consensus) = &life.consensus else { return };
        let Some(leader) = consensus
            .leader()
            .filter(|leader| *leader != life.me && self.lease.is_proven_dead(*leader))
        else {
            return;
        };
        let voters = consensus.voters();
        if !voters.contains(&life.me) || now - self.elected < ELECTION_PAUSE {
            return;
        }
        let rank = voters
            .iter()
            .filter(|node| **node != leader && **node < life.me)
            .count();
        let turn = ELECTION_TURN * Micros::try_from(rank).unwrap_or(0);
        let hold = Micros::try_from(LEADER_HOLDS.as_micros()).unwrap_or(SECOND);
        let silent = life.links.heard(leader).map_or(Micros::MAX, |heard| {
            Micros::try_from(heard.elapsed().as_micros()).unwrap_or(Micros::MAX)
        });
        if silent >= hold + turn {
            self.elected = now;
            let consensus = Arc::clone(consensus);
            tokio::spawn(async move { consensus.elect().await });
        }
    }
}
