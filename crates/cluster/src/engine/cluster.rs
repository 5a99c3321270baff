//! The cluster as the server above holds it.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use storage::{NewServer, ServerState, Standing, StorageError};
use tokio::runtime::Runtime;
use tokio::sync::{mpsc, oneshot, watch};

use super::driver::{Driver, Parts};
use super::fence::Fence;
use super::host::Above;
use super::input::{INBOX, Input};
use super::membership::Membership;
use super::registrar::{Registered, keep};
use crate::cache::Caches;
use crate::events::{Event, Events, Heard};
use crate::link::{LinkSettings, PROTOCOL};
use crate::tasks::{Task, TaskError, Tasks, Whom};
use crate::{NodeId, Settings};

/// What this server is started with.
#[derive(Debug, Clone)]
pub struct Options {
    /// What stays the same over its lives and is nobody else's.
    pub server_key: String,
    /// Its name, for people.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Where to listen.
    pub links: LinkSettings,
    /// Under which address others reach this machine, when the one that it listens at does not say.
    pub local_address: std::net::IpAddr,
    /// Where others reach this server, if somebody has said so; `host:port`.
    pub advertise: Option<String>,
    /// Opens the cluster's keys in the database.
    pub secret: Option<String>,
}

/// Why there is no cluster to be had.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The registry of servers cannot be written.
    #[error("this server cannot be registered: {0}")]
    Registry(#[from] StorageError),
    /// The cluster's threads cannot be started.
    #[error("the cluster's threads cannot be started: {0}")]
    Threads(#[from] std::io::Error),
}

/// How a server stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stands {
    /// Clustering is off.
    Alone,
    /// It looks for a cluster, or waits to be let in.
    Joining,
    /// It belongs to the cluster.
    Member,
    /// It was cut off, and does nothing until it is let in again.
    Fenced,
    /// It leaves.
    Leaving,
}

/// A member, as this process sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberHere {
    /// Its number.
    pub node: NodeId,
    /// When it was let in, in microseconds since 1970, UTC.
    pub joined_at_micros: i64,
    /// Whether it votes.
    pub is_voter: bool,
}

/// The cluster as this process sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Here {
    /// How this process stands.
    pub stands: Stands,
    /// Its number.
    pub node: NodeId,
    /// Its group, in words.
    pub group: Option<String>,
    /// Who leads.
    pub senior: Option<NodeId>,
    /// All members, this one too.
    pub members: Vec<MemberHere>,
    /// Why it is not in the cluster although it should be.
    pub problem: Option<String>,
    /// Where it listens for other nodes.
    pub addresses: Vec<SocketAddr>,
}

/// This server's part in the cluster, on or off.
pub struct Cluster {
    inbox: mpsc::Sender<Input>,
    fence: Arc<Fence>,
    here: watch::Receiver<Here>,
    settings: watch::Receiver<Settings>,
    events: Arc<Events>,
    caches: Caches,
    tasks: Tasks,
    runtime: Mutex<Option<Runtime>>,
}

/// Two, so that a log that is busy does not keep signs of life from being sent.
const THREADS: usize = 2;

impl Cluster {
    /// Registers this server, and keeps it in the cluster or out of it as the settings say. The cluster runs on threads of
    /// its own.
    ///
    /// # Errors
    /// Where the registry cannot be written, or the threads cannot be had.
    pub async fn start(
        options: Options,
        settings: watch::Receiver<Settings>,
        registry: storage::Cluster,
        above: Above,
    ) -> Result<Self, StartError> {
        let stands = if settings.borrow().is_enabled {
            Stands::Joining
        } else {
            Stands::Alone
        };
        let server = NewServer {
            server_key: options.server_key.clone(),
            name: options.name.clone(),
            version: options.version.clone(),
            protocol_min: u32::from(PROTOCOL.lowest),
            protocol_max: u32::from(PROTOCOL.highest),
            state: ServerState {
                standing: stands.standing(),
                addresses: Vec::new(),
            },
        };
        let number = registry.register(&server).await?;
        let known_for = known_for(&registry, number).await?;
        let mut threads = tokio::runtime::Builder::new_multi_thread();
        let runtime = threads
            .worker_threads(THREADS)
            .thread_name("cluster")
            .enable_all()
            .build()?;
        let fence = Arc::new(Fence::new());
        if stands == Stands::Alone {
            fence.open();
        }
        let (inbox, inputs) = mpsc::channel(INBOX);
        let registered = watch::Sender::new(Registered {
            number,
            state: server.state.clone(),
        });
        runtime.spawn(keep(registry.clone(), server, registered.subscribe(), number));
        let events = Arc::new(Events::start());
        let (caches, tasks, followed) = (above.caches.clone(), above.tasks.clone(), settings.clone());
        let parts = Parts {
            options,
            settings,
            registry,
            above,
            events: Arc::clone(&events),
            fence: Arc::clone(&fence),
            inbox: inbox.clone(),
            registered,
        };
        let (driver, here) = Driver::new(parts, NodeId(number), known_for);
        runtime.spawn(driver.run(inputs));
        Ok(Self {
            inbox,
            fence,
            here,
            settings: followed,
            events,
            caches,
            tasks,
            runtime: Mutex::new(Some(runtime)),
        })
    }

    /// Whether this process may act.
    #[must_use]
    pub fn fence(&self) -> &Arc<Fence> {
        &self.fence
    }

    /// The cluster as this process sees it.
    #[must_use]
    pub fn here(&self) -> Here {
        self.here.borrow().clone()
    }

    /// The same, as it changes.
    #[must_use]
    pub fn watch(&self) -> watch::Receiver<Here> {
        self.here.clone()
    }

    /// This process as a member, while it is one.
    #[must_use]
    pub fn membership(&self) -> Option<Arc<Membership>> {
        self.caches.membership().filter(|membership| !membership.is_over())
    }

    /// Has a listener told of every event from now on, and first of what is so already. Listeners hear one after another,
    /// in the order in which they came, and each event when all have heard the one before.
    pub fn subscribe<F>(&self, name: &'static str, listener: impl Fn(Event) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Heard> + Send + 'static,
    {
        self.events.subscribe(name, listener);
    }

    /// Has nodes do a task, this one too if it is among them; one result for each, after `patience` at the latest or the
    /// time that the settings give tasks.
    pub async fn ask<T: Task>(
        &self,
        whom: Whom,
        task: &T,
        patience: Option<Duration>,
    ) -> Vec<(NodeId, Result<T::Answer, TaskError>)> {
        let patience = patience.unwrap_or_else(|| {
            let secs = self.settings.borrow().task_timeout_secs;
            Duration::from_secs(u64::from(secs))
        });
        let (membership, me) = (self.caches.membership(), self.here.borrow().node);
        self.tasks.run(membership, me, whom, task, patience).await
    }

    /// Leaves the cluster and the registry in good order, within `patience`.
    pub async fn stop(&self, patience: Duration) {
        let (done, is_done) = oneshot::channel();
        let stopping = async {
            if self.inbox.send(Input::Stop(done)).await.is_ok() {
                // A driver that is gone has stopped.
                let _ = is_done.await;
            }
        };
        if tokio::time::timeout(patience, stopping).await.is_err() {
            tracing::warn!(target: "cluster", "the cluster was not left in good order: there was no time");
        }
        if let Some(runtime) = self.runtime.lock().take() {
            runtime.shutdown_background();
        }
    }
}

impl Drop for Cluster {
    /// A runtime must not be dropped where others run.
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.lock().take() {
            runtime.shutdown_background();
        }
    }
}

async fn known_for(registry: &storage::Cluster, number: u64) -> Result<Duration, StorageError> {
    let servers = registry.servers().await?;
    let mine = servers.iter().find(|server| server.id == number);
    let millis = mine.map_or(0, |server| server.known_millis);
    Ok(Duration::from_millis(u64::try_from(millis).unwrap_or(0)))
}

impl Stands {
    pub(super) fn standing(self) -> Standing {
        match self {
            Self::Alone => Standing::Alone,
            Self::Joining => Standing::Joining,
            Self::Member => Standing::Member,
            Self::Fenced => Standing::Fenced,
            Self::Leaving => Standing::Draining,
        }
    }
}
