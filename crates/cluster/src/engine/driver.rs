//! The one who decides.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use storage::{ArbiterRow, Changes, Server, ServerState};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::MissedTickBehavior;

use super::cluster::{Here, Options, Stands};
use super::fence::Fence;
use super::host::Above;
use super::input::{Attempts, Input};
use super::known::{Known, row, server_id};
use super::life::Life;
use super::registrar::Registered;
use crate::events::Events;
use crate::lease::{Lease, Message, Micros, NEVER, SECOND, ServerId, Settings as LeaseSettings};
use crate::link::{LinkEvent, Port, Purpose};
use crate::{NodeId, Settings, clock};

/// How often time passes for the lease.
const TICK: Duration = Duration::from_millis(50);
/// A server that goes from alone to clustered acts on while it joins, but no longer than this.
const ALONE_FOR: Micros = 10 * SECOND;

pub(super) struct Driver {
    pub(super) options: Options,
    pub(super) registry: storage::Cluster,
    pub(super) above: Above,
    pub(super) events: Arc<Events>,
    pub(super) fence: Arc<Fence>,
    pub(super) inbox: mpsc::Sender<Input>,
    pub(super) settings: Settings,
    pub(super) changed_settings: watch::Receiver<Settings>,
    pub(super) registered: watch::Sender<Registered>,
    pub(super) here: watch::Sender<Here>,
    pub(super) server: ServerId,
    pub(super) lease: Lease,
    pub(super) known: Known,
    /// The row as it was last read.
    pub(super) row: Option<ArbiterRow>,
    /// The number for the next life, or of the present one.
    pub(super) number: Option<NodeId>,
    pub(super) keys: Option<Vec<u8>>,
    pub(super) life: Option<Life>,
    pub(super) port: Option<Port>,
    /// Of lives that are over: as much as fits into their links' windows.
    pub(super) undelivered: Vec<(NodeId, Vec<Bytes>)>,
    pub(super) attempts: Attempts,
    pub(super) problem: Option<String>,
    /// Until when this process acts although it has not joined yet, because it was alone before.
    pub(super) alone_until: Micros,
    pub(super) elected: Micros,
    pub(super) expired: Micros,
    pub(super) was_acting: bool,
    /// Whether the server above works as a member, if only of a group that it was cut off from.
    pub(super) is_inside: bool,
    pub(super) stop: Option<oneshot::Sender<()>>,
}

/// What a driver is put together from.
pub(super) struct Parts {
    pub(super) options: Options,
    pub(super) settings: watch::Receiver<Settings>,
    pub(super) registry: storage::Cluster,
    pub(super) above: Above,
    pub(super) events: Arc<Events>,
    pub(super) fence: Arc<Fence>,
    pub(super) inbox: mpsc::Sender<Input>,
    pub(super) registered: watch::Sender<Registered>,
}

impl Driver {
    /// For the life of this number; its server has been registered for so long.
    pub(super) fn new(parts: Parts, number: NodeId, known_for: Duration) -> (Self, watch::Receiver<Here>) {
        let Parts {
            options,
            settings,
            registry,
            above,
            events,
            fence,
            inbox,
            registered,
        } = parts;
        let server = server_id(&options.server_key);
        let now = clock::now();
        let known_for = Micros::try_from(known_for.as_micros()).unwrap_or(Micros::MAX / 4);
        let current = settings.borrow().clone();
        let lease = Lease::new(number, server, known_for, lease_settings(&current), now);
        let delay = Micros::from(current.start_delay_secs) * SECOND;
        let here = watch::Sender::new(Here {
            stands: if current.is_enabled {
                Stands::Joining
            } else {
                Stands::Alone
            },
            node: number,
            group: None,
            senior: None,
            members: Vec::new(),
            problem: None,
            addresses: Vec::new(),
        });
        let seen = here.subscribe();
        let driver = Self {
            options,
            registry,
            above,
            events,
            fence,
            inbox,
            settings: current,
            changed_settings: settings,
            registered,
            here,
            server,
            lease,
            known: Known::default(),
            row: None,
            number: Some(number),
            keys: None,
            life: None,
            port: None,
            undelivered: Vec::new(),
            attempts: Attempts {
                next_begin: now + delay,
                next_number: NEVER,
                ..Attempts::default()
            },
            problem: None,
            alone_until: NEVER,
            elected: NEVER,
            expired: NEVER,
            was_acting: false,
            is_inside: false,
            stop: None,
        };
        (driver, seen)
    }

    pub(super) async fn run(mut self, mut inputs: mpsc::Receiver<Input>) {
        let mut changes = self.registry.changes();
        let mut ticks = tokio::time::interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                _ = ticks.tick() => self.tick(),
                Some(()) = changed(&mut changes) => self.read(),
                Ok(()) = self.changed_settings.changed() => self.follow_settings(),
                Some(input) = inputs.recv() => self.take(input).await,
            }
            self.settle();
            if self.stop.is_some() && self.life.is_none() && !self.attempts.is_leaving {
                return self.finish().await;
            }
        }
    }

    /// Whether this server is to be in the cluster.
    pub(super) fn wants_in(&self) -> bool {
        self.settings.is_enabled && self.stop.is_none()
    }

    async fn take(&mut self, input: Input) {
        let now = clock::now();
        let me = self.life.as_ref().map(|life| life.me);
        match input {
            Input::Told(life, from, message) if me == Some(life) => self.lease.on_message(from, message, now),
            Input::Called(life, group) if me == Some(life) => self.called(group, now).await,
            Input::Link(life, event) if me == Some(life) => self.link(&event, now),
            Input::Located(life, located) if me == Some(life) => self.known.found(located),
            Input::Renewed(life, group, is_ours, sent) if me == Some(life) => {
                self.lease.on_renewed(group, is_ours, sent, now);
            }
            Input::Listed(life, group, node, server, is_listed) if me == Some(life) => {
                self.lease.on_listed(group, node, server, is_listed, now);
            }
            Input::Published(life) if me == Some(life) => self.published(),
            Input::Read(began, row, servers) => self.was_read(began, row, &servers, now),
            Input::NotRead => self.attempts.is_reading = false,
            Input::Taken(number, group, sent) => {
                self.attempts.is_taking = false;
                self.taken(number, group, sent, now).await;
            }
            Input::NotTaken => self.attempts.is_taking = false,
            Input::Attempted(server, answer, began) => {
                self.attempts.proofs.remove(&server);
                if let Some(answer) = answer {
                    self.lease.on_attempt(server, answer, began, now);
                }
            }
            Input::Keys(keys) => self.unlocked(keys, now),
            Input::Numbered(number) => self.numbered(number, now),
            Input::Left(life) => {
                self.attempts.is_leaving = false;
                if me == Some(life) {
                    self.end_life();
                    self.tell_undelivered();
                    self.port = None;
                    self.number = None;
                    self.lease = self.lease.reborn(NodeId(0), now);
                }
            }
            Input::Stop(done) => {
                self.stop = Some(done);
                self.leave();
            }
            // Of a life that is over.
            Input::Told(..)
            | Input::Called(..)
            | Input::Link(..)
            | Input::Located(..)
            | Input::Renewed(..)
            | Input::Listed(..)
            | Input::Published(_) => {}
        }
    }

    fn was_read(&mut self, began: Micros, read: ArbiterRow, servers: &[Server], now: Micros) {
        self.attempts.is_reading = false;
        self.known.read(&read, servers);
        self.lease.on_servers(self.known.registered());
        self.lease.on_row(&row(&read), began, now);
        self.row = Some(read);
    }

    fn link(&mut self, event: &LinkEvent, now: Micros) {
        match event {
            LinkEvent::Up { peer, .. } => self.lease.on_heard(peer.node, now),
            LinkEvent::Down { purpose, node, .. } => {
                // Perhaps it died: then its address refuses.
                if *purpose == Purpose::Control
                    && let Some(server) = self.known.server(*node)
                {
                    self.prove(server);
                }
            }
            LinkEvent::TurnedAway { node } => {
                // Nobody who thinks so can say it over a link. Whoever leaves knows.
                if let Some(group) = self.lease.group().filter(|_| !self.attempts.is_leaving) {
                    self.lease.on_message(*node, Message::Gone { group }, now);
                }
            }
        }
    }

    fn follow_settings(&mut self) {
        let new = self.changed_settings.borrow_and_update().clone();
        let before = std::mem::replace(&mut self.settings, new);
        match (before.is_enabled, self.settings.is_enabled) {
            (false, true) => {
                tracing::info!(target: "cluster", "clustering is switched on");
                self.attempts.failures = 0;
                self.attempts.next_begin = NEVER;
                self.alone_until = clock::now() + ALONE_FOR;
            }
            (true, false) => {
                tracing::info!(target: "cluster", "clustering is switched off");
                self.problem = None;
                self.leave();
            }
            _ => {}
        }
    }

    fn settle(&mut self) {
        self.do_effects();
        if self.lease.has_left() {
            self.end_life();
            self.number = None;
        }
        let now = clock::now();
        if let Some(consensus) = self.life.as_ref().and_then(|life| life.consensus.as_ref()) {
            consensus.reconcile();
        }
        self.enter_if_due(now);
        self.move_fence(now);
        self.show(now);
    }

    fn published(&mut self) {
        self.alone_until = NEVER;
        let Some(life) = &mut self.life else { return };
        life.is_published = true;
        if let Some(consensus) = life.consensus.as_ref().filter(|_| !self.attempts.is_leaving) {
            // While the state is held: who comes or goes now does so before or after this.
            let machine = consensus.machine();
            self.events.entered(life.me, machine.members().keys().copied());
        }
    }

    /// What the last life could not deliver, where there will be no other.
    fn tell_undelivered(&mut self) {
        for (node, messages) in std::mem::take(&mut self.undelivered) {
            self.above.host.undelivered(node, messages);
        }
    }

    async fn finish(mut self) {
        let number = self.registered.borrow().number;
        // Ends the registrar, so that it does not register this server again.
        drop(std::mem::replace(
            &mut self.registered,
            watch::Sender::new(Registered {
                number,
                state: ServerState {
                    standing: Stands::Alone.standing(),
                    addresses: Vec::new(),
                },
            }),
        ));
        if let Err(error) = self.registry.leave(number).await {
            tracing::warn!(target: "cluster", %error, "this server could not be taken off the registry");
        }
        if let Some(done) = self.stop.take() {
            // Who asked may have run out of patience.
            let _ = done.send(());
        }
    }
}

async fn changed(changes: &mut Changes) -> Option<()> {
    match changes.changed().await {
        Some(_) => Some(()),
        // The storage is closed: nothing changes any more.
        None => std::future::pending().await,
    }
}

pub(super) fn lease_settings(settings: &Settings) -> LeaseSettings {
    LeaseSettings {
        database_away: Micros::from(settings.database_away_secs) * SECOND,
        trust_refused: settings.trust_refused,
        ..LeaseSettings::default()
    }
}
