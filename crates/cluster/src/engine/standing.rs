//! How this server stands: whether it may act, and what the registry and the console are told.

use storage::ServerState;

use super::cluster::{Here, MemberHere, Stands};
use super::driver::Driver;
use super::registrar::Registered;
use crate::lease::Micros;

impl Driver {
    /// Whether this process went from alone to clustered, and its sessions act on while they are published.
    fn was_alone(&self, now: Micros) -> bool {
        now < self.alone_until
    }

    /// Opens the fence for as long as this process may act, and says when it may no more.
    pub(super) fn move_fence(&mut self, now: Micros) {
        if !self.wants_in() {
            self.was_acting = false;
            return self.fence.open();
        }
        let life = self.life.as_ref().filter(|life| life.membership.is_some());
        match life {
            Some(life) if life.is_published || self.was_alone(now) => {
                let until = self.lease.acts_until(now);
                self.fence.open_until(until);
                let acts = now < until;
                if self.was_acting && !acts {
                    tracing::warn!(target: "cluster", node = %life.me, "this node is fenced: it is cut off from its cluster");
                    self.above.host.fenced();
                }
                self.was_acting = acts;
            }
            _ if self.was_alone(now) => {
                self.fence.open_until(self.alone_until);
                self.was_acting = true;
            }
            _ => {
                self.fence.close();
                if std::mem::take(&mut self.was_acting) {
                    tracing::warn!(target: "cluster", "this node is fenced: it belongs to no group, and looks for one");
                    self.above.host.fenced();
                }
            }
        }
    }

    fn stands(&self, now: Micros) -> Stands {
        let is_in = self.life.as_ref().is_some_and(|life| life.membership.is_some());
        match (self.wants_in(), is_in) {
            _ if self.attempts.is_leaving => Stands::Leaving,
            (false, _) => Stands::Alone,
            (true, true) if self.lease.acts(now) => Stands::Member,
            (true, true) => Stands::Fenced,
            (true, false) => Stands::Joining,
        }
    }

    /// Tells the registry, and who watches.
    pub(super) fn show(&mut self, now: Micros) {
        let stands = self.stands(now);
        let mut here = Here {
            stands,
            node: self.lease.me(),
            group: None,
            senior: None,
            members: Vec::new(),
            problem: self.problem.clone(),
            addresses: self
                .life
                .as_ref()
                .map(|life| life.links.addresses().to_vec())
                .unwrap_or_default(),
        };
        if let Some(consensus) = self.life.as_ref().and_then(|life| life.consensus.as_ref()) {
            let (view, voters) = (consensus.view(), consensus.voters());
            here.group = Some(consensus.group().to_string());
            here.senior = view.leader.filter(|leader| view.members.contains_key(leader));
            let machine = consensus.machine();
            here.members = machine
                .members()
                .values()
                .map(|member| MemberHere {
                    node: member.node,
                    joined_at_micros: member.joined_at_micros,
                    is_voter: voters.contains(&member.node),
                })
                .collect();
        }
        self.events.senior(here.senior);
        self.here.send_if_modified(|before| {
            let is_new = *before != here;
            *before = here;
            is_new
        });
        let registered = Registered {
            number: self.lease.me().0,
            state: ServerState {
                standing: stands.standing(),
                addresses: self
                    .life
                    .as_ref()
                    .map(|life| life.advertised.clone())
                    .unwrap_or_default(),
            },
        };
        // A life that is over is registered until the next one has a number.
        if registered.number > 0 {
            self.registered.send_if_modified(|before| {
                let is_new = *before != registered;
                *before = registered;
                is_new
            });
        }
    }
}
