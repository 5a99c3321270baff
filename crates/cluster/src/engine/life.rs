//! Lives: a number, links, a part in a log, and in the end another number.

use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwapOption;
use tokio_util::task::AbortOnDropHandle;

use super::driver::Driver;
use super::effects::group_id;
use super::finder::find;
use super::input::Input;
use super::keys::keys;
use super::membership::{Entrance, Membership};
use super::post::Post;
use super::proposer::Proposer;
use crate::discovery::{BeaconKey, Discovery, Here};
use crate::lease::{Micros, SECOND};
use crate::link::{Authority, Identity, LinkSettings, Links, Port};
use crate::raft::{Consensus, Watcher};
use crate::state::{Change, Command, Member};
use crate::{Group, NodeId, clock};

/// One life of this process in the cluster.
pub(super) struct Life {
    pub(super) me: NodeId,
    pub(super) links: Arc<Links>,
    pub(super) advertised: Vec<String>,
    pub(super) consensus: Option<Arc<Consensus>>,
    pub(super) membership: Option<Arc<Membership>>,
    pub(super) is_published: bool,
    proposer: Option<Arc<Proposer>>,
    entrance: Arc<Entrance>,
    /// For who brings in calls.
    slot: Arc<ArcSwapOption<Consensus>>,
    _discovery: Discovery,
    _finder: AbortOnDropHandle<()>,
}

impl Driver {
    /// Begins a life where everything for it is at hand, and sees to it that it will be.
    pub(super) fn begin_if_possible(&mut self, now: Micros) {
        if now < self.attempts.next_begin || self.attempts.is_leaving {
            return;
        }
        if self.keys.is_none() {
            return self.unlock();
        }
        let Some(number) = self.number else { return };
        match self.begin(number) {
            Ok(life) => {
                self.problem = None;
                self.attempts.failures = 0;
                self.life = Some(life);
            }
            Err(problem) => self.failed(problem, now),
        }
    }

    /// Something that a life needs cannot be had: it is tried again, and once that was in vain, reported and tried on.
    fn failed(&mut self, problem: String, now: Micros) {
        self.attempts.failures = self.attempts.failures.saturating_add(1);
        self.attempts.next_begin = now + Micros::from(self.settings.start_retry_secs.max(1)) * SECOND;
        if self.attempts.failures > self.settings.start_retry_count {
            tracing::error!(target: "cluster", problem, "this server cannot join the cluster; it is tried again");
        } else {
            tracing::warn!(target: "cluster", problem, "this server cannot join the cluster yet");
        }
        self.problem = Some(problem);
    }

    fn unlock(&mut self) {
        if std::mem::replace(&mut self.attempts.is_unlocking, true) {
            return;
        }
        let (registry, secret, inbox) = (self.registry.clone(), self.options.secret.clone(), self.inbox.clone());
        tokio::spawn(async move {
            let keys = keys(registry, secret).await.map_err(|error| error.to_string());
            // A driver that is gone needs no keys.
            let _ = inbox.send(Input::Keys(keys)).await;
        });
    }

    pub(super) fn unlocked(&mut self, keys: Result<Vec<u8>, String>, now: Micros) {
        self.attempts.is_unlocking = false;
        match keys {
            Ok(keys) => self.keys = Some(keys),
            Err(problem) => self.failed(problem, now),
        }
    }

    pub(super) fn take_number(&mut self) {
        if std::mem::replace(&mut self.attempts.is_numbering, true) {
            return;
        }
        let (registry, inbox) = (self.registry.clone(), self.inbox.clone());
        tokio::spawn(async move {
            let number = registry.take_number().await;
            if let Err(error) = &number {
                tracing::debug!(target: "cluster", %error, "no number for the next life");
            }
            // A driver that is gone needs no number.
            let _ = inbox.send(Input::Numbered(number.ok().map(NodeId))).await;
        });
    }

    pub(super) fn numbered(&mut self, number: Option<NodeId>, now: Micros) {
        self.attempts.is_numbering = false;
        match number {
            Some(number) if self.number.is_none() => {
                self.number = Some(number);
                self.lease = self.lease.reborn(number, now);
            }
            Some(_) => {}
            None => self.attempts.next_number = now + SECOND,
        }
    }

    /// Opens the links of a life, at the port that the process keeps.
    pub(super) fn begin(&mut self, me: NodeId) -> Result<Life, String> {
        let keys = self.keys.clone().ok_or("the cluster's keys are not there yet")?;
        let authority = Authority::from_bytes(&keys, None).map_err(|error| error.to_string())?;
        let identity = Identity::new(authority, me).map_err(|error| error.to_string())?;
        let settings = LinkSettings {
            trust_refused: self.settings.trust_refused,
            name: self.options.name.clone(),
            version: self.options.version.clone(),
            ..self.options.links.clone()
        };
        if self.port.is_none() {
            let opened = Port::open(&settings).map_err(|error| {
                let ports = &settings.ports;
                format!(
                    "no cluster port from {} to {} can be opened: {error}",
                    ports.start(),
                    ports.end()
                )
            });
            self.port = Some(opened?);
        }
        let port = self.port.as_ref().ok_or("the cluster port is not open")?;
        let slot = Arc::new(ArcSwapOption::empty());
        let post = Arc::new(Post {
            me,
            consensus: Arc::clone(&slot),
            inbox: self.inbox.clone(),
            above: self.above.clone(),
        });
        let random = Arc::new(|| getrandom::u64().unwrap_or_default());
        let runtime = tokio::runtime::Handle::current();
        let links = Links::open(port, identity, settings, post, &runtime, random);
        let links = Arc::new(links.map_err(|error| format!("the cluster port cannot be used: {error}"))?);
        let discovery = Discovery::start(
            &self.settings.discovery,
            Here {
                node: me,
                addresses: links.addresses().to_vec(),
                registry: self.registry.clone(),
                beacon_key: BeaconKey::derive(&keys),
            },
        );
        let discovery = discovery.map_err(|error| error.to_string())?;
        let finder = find(Arc::clone(&links), discovery.candidates(), self.inbox.clone());
        tracing::info!(target: "cluster", node = %me, addresses = ?links.addresses(), "listening for other nodes");
        Ok(Life {
            me,
            advertised: self.advertised(links.addresses()),
            links,
            consensus: None,
            membership: None,
            is_published: false,
            proposer: None,
            entrance: Arc::default(),
            slot,
            _discovery: discovery,
            _finder: finder,
        })
    }

    /// Where others reach this server.
    fn advertised(&self, addresses: &[SocketAddr]) -> Vec<String> {
        if let Some(advertised) = &self.options.advertise {
            return vec![advertised.clone()];
        }
        let reachable = |address: &SocketAddr| match address.ip().is_unspecified() {
            true => SocketAddr::new(self.options.local_address, address.port()),
            false => *address,
        };
        addresses.iter().map(|address| reachable(address).to_string()).collect()
    }

    /// A log calls this node: the one of the group that it asked to join, or of another.
    pub(super) async fn called(&mut self, group: Group, now: Micros) {
        let has_log = self.life.as_ref().is_some_and(|life| life.consensus.is_some());
        if has_log || self.lease.group().is_some() || !self.wants_in() {
            return self.lease.on_group_seen(group, now);
        }
        let Some(life) = &self.life else { return };
        let watcher = self.watcher(life);
        match Consensus::join(life.links.clone(), group, watcher).await {
            Ok(consensus) => self.take_part(consensus),
            Err(problem) => self.failed(problem, now),
        }
    }

    /// This process has taken over: a new life founds a new group.
    pub(super) async fn taken(&mut self, number: NodeId, group: Group, sent: Micros, now: Micros) {
        let next = match self.wants_in() {
            true => self.lease.taken(number, group, sent, now),
            false => None,
        };
        let Some(next) = next else {
            return self.give_back(number, group);
        };
        tracing::info!(target: "cluster", node = %number, %group, "this node founds a new group");
        self.end_life();
        self.lease = next;
        self.number = Some(number);
        let founded = match self.begin(number) {
            Ok(life) => {
                let watcher = self.watcher(&life);
                let founded = Consensus::found(life.links.clone(), group, watcher).await;
                self.life = Some(life);
                founded
            }
            Err(problem) => Err(problem),
        };
        match founded {
            Ok(consensus) => {
                self.take_part(consensus);
                self.admit(number, self.server);
            }
            Err(problem) => {
                // The new group's lease runs out.
                self.end_life();
                self.number = None;
                self.failed(problem, now);
            }
        }
    }

    /// A group that nobody wants any more: nobody need wait for the end of its lease.
    fn give_back(&self, number: NodeId, group: Group) {
        let registry = self.registry.clone();
        tokio::spawn(async move {
            if let Err(error) = registry.release(group_id(group), number.0).await {
                tracing::debug!(target: "cluster", %error, "an empty group is there until its lease is over");
            }
        });
    }

    fn take_part(&mut self, consensus: Arc<Consensus>) {
        let Some(life) = &mut self.life else { return };
        life.links.set_group(Some(consensus.group()));
        life.proposer = Some(Proposer::new(Arc::clone(&consensus), Arc::clone(&life.links)));
        life.slot.store(Some(Arc::clone(&consensus)));
        life.consensus = Some(consensus);
    }

    /// Lets a life in, on the leader.
    pub(super) fn admit(&self, node: NodeId, server: crate::lease::ServerId) {
        self.command(Command::Up(Member {
            node,
            server,
            joined_at_micros: clock::since_1970(),
        }));
    }

    /// Has the cluster decide, without waiting for it.
    pub(super) fn command(&self, command: Command) {
        let Some(proposer) = self.life.as_ref().and_then(|life| life.proposer.clone()) else {
            return;
        };
        tokio::spawn(async move {
            if let Err(error) = proposer.propose(command).await {
                tracing::debug!(target: "cluster", %error, "a command is not decided");
            }
        });
    }

    fn watcher(&self, life: &Life) -> Watcher {
        let (entrance, host) = (Arc::clone(&life.entrance), Arc::clone(&self.above.host));
        let (me, links, events) = (life.me, Arc::downgrade(&life.links), Arc::clone(&self.events));
        Arc::new(move |machine, changes| {
            let membership = entrance.inside();
            if let Some(membership) = &membership {
                host.changed(membership, machine, changes);
                if changes.iter().any(Change::is_about_members) {
                    events.members(machine.members().keys().copied());
                }
            }
            for change in changes {
                if let (Change::Down(node), Some(links)) = (change, links.upgrade())
                    && *node != me
                {
                    let messages = links.forget(*node);
                    if membership.is_some() && !messages.is_empty() {
                        host.undelivered(*node, messages);
                    }
                }
            }
        })
    }

    /// This process is a member, and acts: the server above begins to work for it.
    pub(super) fn enter_if_due(&mut self, now: Micros) {
        let acts = self.lease.acts(now);
        let Some(life) = &mut self.life else { return };
        let (None, Some(consensus), Some(proposer)) = (&life.membership, &life.consensus, &life.proposer) else {
            return;
        };
        if !acts || self.attempts.is_leaving {
            return;
        }
        let machine = consensus.machine();
        if !machine.members().contains_key(&life.me) {
            return;
        }
        let membership = Arc::new(Membership::new(
            Arc::clone(&life.links),
            Arc::clone(consensus),
            Arc::clone(proposer),
            Arc::clone(&self.fence),
        ));
        // While the state is held: nothing happens between what is told now and what is told from now on.
        self.above.caches.enter(&membership);
        self.above.host.entered(&membership, &machine);
        life.entrance.open(&membership);
        drop(machine);
        self.is_inside = true;
        life.membership = Some(Arc::clone(&membership));
        let (above, inbox, me) = (self.above.clone(), self.inbox.clone(), life.me);
        let undelivered = std::mem::take(&mut self.undelivered);
        tokio::spawn(async move {
            above.caches.publish(&membership).await;
            above.host.publish(membership, undelivered).await;
            // A driver that is gone needs not know.
            let _ = inbox.send(Input::Published(me)).await;
        });
    }

    /// The present life is over. The port stays open: that it is proves that this process lives.
    pub(super) fn end_life(&mut self) {
        let Some(life) = self.life.take() else { return };
        life.slot.store(None);
        life.entrance.close();
        if let Some(membership) = &life.membership {
            membership.end();
            if self.is_inside {
                self.above.caches.cut_off();
                self.events.left();
            }
        }
        life.links.end();
        if life.membership.is_some() {
            self.undelivered.extend(life.links.give_back());
        }
        if let Some(consensus) = life.consensus {
            tokio::spawn(async move { consensus.end().await });
        }
        tracing::debug!(target: "cluster", node = %life.me, at = clock::now(), "this life is over");
    }
}

impl Life {
    /// Nothing that happens in the cluster reaches the server above any more.
    pub(super) fn close_entrance(&self) {
        self.entrance.close();
        if let Some(membership) = &self.membership {
            membership.end();
        }
    }
}
