//! Who has joined the cluster, has left it, is its senior: told to listeners in order, on one task.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use parking_lot::Mutex;
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::NodeId;

/// What has happened. A server's own joining comes when its caches and its sessions have been published, its own
/// leaving when they are its own again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// A server has joined the cluster.
    JoinedCluster {
        /// Its number.
        node: NodeId,
        /// Whether it is this one.
        is_self: bool,
    },
    /// A server has left the cluster, or is dead, or was cut off.
    LeftCluster {
        /// Its number.
        node: NodeId,
        /// Whether it is this one.
        is_self: bool,
    },
    /// A server does from now on what only one may do.
    MarkedSenior {
        /// Its number.
        node: NodeId,
        /// Whether it is this one.
        is_self: bool,
    },
}

/// How a listener fared: what an operator should read of it, where it could not do what it does.
pub type Heard = Result<(), String>;

/// A listener that takes longer is left behind: it goes on, and the next ones hear of the event meanwhile.
const PATIENCE: Duration = Duration::from_secs(30);

/// What is so, and who is told.
pub(crate) struct Events {
    standing: Mutex<Standing>,
    /// There are as many as servers that come and go.
    sender: mpsc::UnboundedSender<Told>,
}

enum Told {
    Event(Event),
    Listener(Listener),
}

#[derive(Clone)]
struct Listener {
    name: &'static str,
    hear: Arc<dyn Fn(Event) -> BoxFuture<'static, Heard> + Send + Sync>,
}

/// What is so, for this server.
#[derive(Debug, Clone, Default)]
struct Standing {
    me: Option<NodeId>,
    others: BTreeSet<NodeId>,
    senior: Option<NodeId>,
}

impl Events {
    /// Begins to tell, in the runtime that this is called in.
    pub(crate) fn start() -> Self {
        let (sender, told) = mpsc::unbounded_channel();
        tokio::spawn(tell_all(told));
        let events = Self {
            standing: Mutex::default(),
            sender,
        };
        events.subscribe("log", |event| {
            event.log();
            std::future::ready(Ok(()))
        });
        events
    }

    pub(crate) fn subscribe<F>(&self, name: &'static str, listener: impl Fn(Event) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Heard> + Send + 'static,
    {
        self.send(Told::Listener(Listener {
            name,
            hear: Arc::new(move |event| listener(event).boxed()),
        }));
    }

    /// This server is a member, with these others.
    pub(crate) fn entered(&self, me: NodeId, members: impl IntoIterator<Item = NodeId>) {
        let mut standing = self.standing.lock();
        let mut events = standing.left();
        events.extend(standing.entered(me, &members.into_iter().collect()));
        self.send_all(events);
    }

    /// These are members now.
    pub(crate) fn members(&self, members: impl IntoIterator<Item = NodeId>) {
        let mut standing = self.standing.lock();
        let events = standing.members(&members.into_iter().collect());
        self.send_all(events);
    }

    /// Who leads, as far as it is known.
    pub(crate) fn senior(&self, senior: Option<NodeId>) {
        let mut standing = self.standing.lock();
        let event = standing.marked(senior);
        self.send_all(event);
    }

    /// This server is no member any more.
    pub(crate) fn left(&self) {
        let mut standing = self.standing.lock();
        let events = standing.left();
        self.send_all(events);
    }

    /// While the standing is held, so that what is told has the order in which it became so.
    fn send_all(&self, events: impl IntoIterator<Item = Event>) {
        for event in events {
            self.send(Told::Event(event));
        }
    }

    fn send(&self, told: Told) {
        // Without the task the server has stopped.
        let _ = self.sender.send(told);
    }
}

impl Standing {
    fn entered(&mut self, me: NodeId, members: &BTreeSet<NodeId>) -> Vec<Event> {
        self.me = Some(me);
        let mut events = vec![Event::JoinedCluster {
            node: me,
            is_self: true,
        }];
        events.extend(self.members(members));
        events
    }

    fn members(&mut self, members: &BTreeSet<NodeId>) -> Vec<Event> {
        let Some(me) = self.me else { return Vec::new() };
        let others: BTreeSet<NodeId> = members.iter().copied().filter(|node| *node != me).collect();
        let left = self.others.difference(&others).map(|node| Event::LeftCluster {
            node: *node,
            is_self: false,
        });
        let joined = others.difference(&self.others).map(|node| Event::JoinedCluster {
            node: *node,
            is_self: false,
        });
        let events = left.chain(joined).collect();
        self.others = others;
        events
    }

    fn marked(&mut self, senior: Option<NodeId>) -> Option<Event> {
        let (me, node) = (self.me?, senior?);
        let is_new = self.senior.replace(node) != senior;
        is_new.then_some(Event::MarkedSenior {
            node,
            is_self: node == me,
        })
    }

    fn left(&mut self) -> Vec<Event> {
        let before = std::mem::take(self);
        let left = before.me.map(|node| Event::LeftCluster { node, is_self: true });
        left.into_iter().collect()
    }

    /// An event that was told.
    fn note(&mut self, event: Event) {
        match event {
            Event::JoinedCluster { node, is_self: true } => self.me = Some(node),
            Event::JoinedCluster { node, is_self: false } => _ = self.others.insert(node),
            Event::LeftCluster { is_self: true, .. } => *self = Self::default(),
            Event::LeftCluster { node, is_self: false } => _ = self.others.remove(&node),
            Event::MarkedSenior { node, .. } => self.senior = Some(node),
        }
    }

    /// The events that somebody has missed who comes now.
    fn so_far(&self) -> Vec<Event> {
        let mut anew = Self::default();
        let Some(me) = self.me else { return Vec::new() };
        let mut events = anew.entered(me, &self.others);
        events.extend(anew.marked(self.senior));
        events
    }
}

async fn tell_all(mut told: mpsc::UnboundedReceiver<Told>) {
    let (mut listeners, mut standing) = (Vec::new(), Standing::default());
    while let Some(told) = told.recv().await {
        match told {
            Told::Event(event) => {
                standing.note(event);
                for listener in &listeners {
                    tell(listener, event).await;
                }
            }
            Told::Listener(listener) => {
                for event in standing.so_far() {
                    tell(&listener, event).await;
                }
                listeners.push(listener);
            }
        }
    }
}

/// In a task of its own: what becomes of it does not reach the others.
async fn tell(listener: &Listener, event: Event) {
    let (name, hear) = (listener.name, Arc::clone(&listener.hear));
    let problem = match timeout(PATIENCE, tokio::spawn(async move { hear(event).await })).await {
        Ok(Ok(Ok(()))) => return,
        Ok(Ok(Err(problem))) => problem,
        Ok(Err(_)) => "it panicked".to_owned(),
        Err(_) => format!("it has not ended within {PATIENCE:?}"),
    };
    metrics::counter!("cluster_event_failures", "listener" => name).increment(1);
    tracing::error!(target: "cluster", listener = name, problem, ?event, "a part of this server did not follow the cluster");
}

impl Event {
    fn log(self) {
        match self {
            Self::JoinedCluster { node, is_self: true } => {
                tracing::info!(target: "cluster", %node, "this server has joined the cluster");
            }
            Self::JoinedCluster { node, is_self: false } => {
                tracing::info!(target: "cluster", %node, "another server has joined the cluster");
            }
            Self::LeftCluster { node, is_self: true } => {
                tracing::info!(target: "cluster", %node, "this server has left the cluster");
            }
            Self::LeftCluster { node, is_self: false } => {
                tracing::info!(target: "cluster", %node, "another server has left the cluster");
            }
            Self::MarkedSenior { node, is_self: true } => {
                tracing::info!(target: "cluster", %node, "this server is the cluster's senior now");
            }
            Self::MarkedSenior { node, is_self: false } => {
                tracing::info!(target: "cluster", %node, "another server is the cluster's senior now");
            }
        }
    }
}

#[cfg(test)]
#[path = "events_tests.rs"]
mod tests;
