//! The cluster: which servers share the database, whether they are to be one, and how each stands.
//!
//! | to find | look in |
//! |---|---|
//! | the acts | here |
//! | the switch, and when it may not be on | `switch` |
//! | what acts need of the running cluster | `live` |
//! | what operators are shown | `info`, `report`; all of it at once, as it changes: `picture` |
//! | a server's last day | `history` |
//! | a cache's entries | `entries` |
//! | the few words on every page, as they change | `headlines` |

mod entries;
mod headlines;
mod history;
mod info;
mod live;
mod picture;
mod report;
mod switch;

use std::{sync::Arc, time::Duration};

use storage::{Server, Standing, Storage, StorageError};
use tokio::time::Instant;

pub use entries::{EntriesPage, EntriesQuestion, EntryInfo};
pub use history::{History, REMEMBERED};
pub use info::{ClusterStatus, Headline, NodeInfo, NodeState};
pub use live::{Asked, CacheInfo, ClusterHere, ClusterLive, Drain, MemberHere, NoCluster, Said};
pub use picture::Picture;
pub use report::{LinkInfo, NodeReport, RECENT_MAX, Vitals};
pub use switch::CLUSTER_ENABLED;
pub(crate) use switch::holds_everywhere;
pub use switch::impossible;

use crate::{Actor, OpsError, Properties, Where, audit::Deed};

/// Acts on the cluster.
#[derive(Clone)]
pub struct Clustering {
    storage: Storage,
    properties: Properties,
    live: Arc<dyn ClusterLive>,
    patience: Duration,
    dead_after: Duration,
    watched: picture::Watched,
    headlined: headlines::Watched,
}

/// Clusters form within a second or two; taking over from one that died takes six.
const PATIENCE: Duration = Duration::from_secs(10);
/// What has been silent for so long is dead, or without its database: then it may be taken off the list.
const DEAD_AFTER: Duration = Duration::from_secs(10);
/// Pause between two looks at how this server stands.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Nobody waits longer to read a name instead of a number.
const NAME_PATIENCE: Duration = Duration::from_millis(500);

impl Clustering {
    /// Acts on the cluster of the servers that share `storage`, as this one sees it.
    #[must_use]
    pub fn new(storage: Storage, properties: Properties, live: Arc<dyn ClusterLive>) -> Self {
        Self {
            storage,
            properties,
            live,
            patience: PATIENCE,
            dead_after: DEAD_AFTER,
            watched: picture::Watched::default(),
            headlined: headlines::Watched::default(),
        }
    }

    /// The same, but enabling and disabling wait no longer than this.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// The same, but a server is dead that has been silent for this time.
    #[must_use]
    pub fn with_dead_after(self, dead_after: Duration) -> Self {
        Self { dead_after, ..self }
    }

    /// Whether clustering is on, and how this server stands. Also while the database does not answer.
    ///
    /// # Errors
    /// Where the actor's power does not reach.
    pub async fn status(&self, actor: &Actor) -> Result<ClusterStatus, OpsError> {
        actor.require_server()?;
        let here = self.live.here();
        let servers = self.storage.cluster().servers().await;
        Ok(self.status_of(&here, servers.map(|servers| servers.len())).await)
    }

    async fn status_of(&self, here: &ClusterHere, servers: Result<usize, StorageError>) -> ClusterStatus {
        let stored = match servers {
            Ok(servers) => self.is_enabled().await.map(|is_enabled| (is_enabled, servers)),
            Err(error) => Err(error.into()),
        };
        let reason = self
            .properties
            .refusal(CLUSTER_ENABLED, "true")
            .map(|why| why.to_string());
        ClusterStatus {
            // Without its database a server goes on with what it was told last.
            enabled: stored
                .as_ref()
                .map_or(here.standing != Standing::Alone, |(enabled, _)| *enabled),
            state: here.is_running().then(|| here.standing.into()),
            node: here.node,
            group: here.group.clone(),
            senior: here.senior,
            members: here.members.len(),
            servers: stored.as_ref().ok().map(|(_, servers)| *servers),
            database: self.storage.kind().name().to_owned(),
            can_enable: reason.is_none(),
            reason,
            problem: here
                .problem
                .clone()
                .or_else(|| stored.err().map(|error| error.to_string())),
        }
    }

    /// Whether clustering is to be on.
    async fn is_enabled(&self) -> Result<bool, OpsError> {
        let held = self.properties.held().await?;
        let is_enabled = held.get(CLUSTER_ENABLED).and_then(|held| held.value.as_bool());
        Ok(is_enabled.unwrap_or(false))
    }

    /// Every server that shares the database, the oldest life first.
    ///
    /// # Errors
    /// Where the actor's power does not reach, or the database fails.
    pub async fn nodes(&self, actor: &Actor) -> Result<Vec<NodeInfo>, OpsError> {
        actor.require_server()?;
        let servers = self.storage.cluster().servers().await?;
        let here = self.live.here();
        Ok(servers.into_iter().map(|server| NodeInfo::of(server, &here)).collect())
    }

    /// What the cluster is doing: for everybody, at once, also while the database does not answer.
    pub async fn headline(&self) -> Headline {
        let here = self.live.here();
        let senior = match here.senior {
            Some(senior) => Some(self.name_of(senior).await),
            None => None,
        };
        Headline {
            state: here.standing.into(),
            members: here.members.len(),
            senior,
            problem: here.problem,
        }
    }

    async fn name_of(&self, node: u64) -> String {
        let servers = tokio::time::timeout(NAME_PATIENCE, self.storage.cluster().servers()).await;
        let servers = servers.ok().and_then(Result::ok).unwrap_or_default().into_iter();
        let named = servers
            .filter(|server| server.id == node)
            .map(|server| server.name)
            .next();
        named.unwrap_or_else(|| format!("number {node}"))
    }

    /// Ends when how this server stands, or who is a member, is not any more what it is now.
    pub async fn changed(&self) {
        self.live.changed().await;
    }

    /// The clustered caches as another server of this cluster has them, by name.
    ///
    /// # Errors
    /// Where the actor's power does not reach, or that server does not say.
    pub async fn caches_of(&self, actor: &Actor, node: u64) -> Result<Vec<CacheInfo>, OpsError> {
        actor.require_server()?;
        let caches = self.live.caches_of(node).await;
        let mut caches = caches.map_err(|why| OpsError::NoAnswer { node, why })?;
        caches.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(caches)
    }

    /// The clustered caches as this server has them, by name.
    ///
    /// # Errors
    /// Where the actor's power does not reach, or no server runs here.
    pub fn caches(&self, actor: &Actor) -> Result<Vec<CacheInfo>, OpsError> {
        actor.require_server()?;
        if !self.live.here().is_running() {
            return Err(OpsError::NoServer);
        }
        let mut caches = self.live.caches();
        caches.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(caches)
    }

    /// Switches clustering on for every server that shares the database, and waits until this one has joined.
    ///
    /// # Errors
    /// Where it may not be on, or this server has not joined in time: then it is on nevertheless.
    pub async fn enable(&self, actor: &Actor) -> Result<ClusterStatus, OpsError> {
        self.switch(actor, true).await
    }

    /// Switches clustering off for every server that shares the database, and waits until this one is alone.
    ///
    /// # Errors
    /// Where that is not allowed, or this server has not left in time: then it is off nevertheless.
    pub async fn disable(&self, actor: &Actor) -> Result<ClusterStatus, OpsError> {
        self.switch(actor, false).await
    }

    async fn switch(&self, actor: &Actor, is_on: bool) -> Result<ClusterStatus, OpsError> {
        let text = is_on.to_string();
        self.properties
            .set(actor, Where::Cluster, CLUSTER_ENABLED, &text)
            .await?;
        self.until(is_on).await?;
        self.status(actor).await
    }

    /// Waits until this server stands as it should. Where none runs there is nothing to wait for.
    async fn until(&self, is_on: bool) -> Result<(), OpsError> {
        let wanted = if is_on { Standing::Member } else { Standing::Alone };
        let deadline = Instant::now() + self.patience;
        loop {
            let here = self.live.here();
            if !here.is_running() || here.standing == wanted {
                return Ok(());
            }
            if Instant::now() >= deadline {
                return Err(OpsError::NotYet {
                    done: if is_on { "clustering is on" } else { "clustering is off" },
                    missing: if is_on { "joined" } else { "left" },
                    secs: self.patience.as_secs(),
                    why: here
                        .problem
                        .unwrap_or_else(|| format!("it is {}", NodeState::from(here.standing))),
                });
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Has a server, by its number or name, hand over what it has and end.
    ///
    /// # Errors
    /// Where there is no such server, or it cannot be drained from here now.
    pub async fn drain(&self, actor: &Actor, node: &str) -> Result<NodeInfo, OpsError> {
        let work = self.drain_now(actor, node);
        let record = self.properties.record();
        record.record(actor, Deed::new("cluster.drain", node), work).await
    }

    async fn drain_now(&self, actor: &Actor, node: &str) -> Result<NodeInfo, OpsError> {
        actor.require_owner()?;
        if !self.live.here().is_running() {
            return Err(OpsError::NoServer);
        }
        let server = named(self.storage.cluster().servers().await?, node)?;
        let (id, name) = (server.id, server.name.clone());
        tracing::info!(%actor, node = id, name, "a server is to be drained");
        let drained = self.live.drain(id).await;
        drained.map_err(|why| OpsError::NotDrained { name, why })?;
        Ok(NodeInfo::of(server, &self.live.here()))
    }

    /// Takes a server off the list that has died and will not come back: its row in the database.
    ///
    /// # Errors
    /// Where there is no such server, or it lives, or nobody can tell yet.
    pub async fn remove(&self, actor: &Actor, node: &str) -> Result<(), OpsError> {
        let work = async {
            actor.require_owner()?;
            let server = named(self.storage.cluster().servers().await?, node)?;
            let lives = |why: &str| OpsError::StillLives {
                name: server.name.clone(),
                why: why.to_owned(),
            };
            let here = self.live.here();
            if here.node == Some(server.id) {
                return Err(lives("this is it"));
            }
            if here.member(server.id).is_some() {
                return Err(lives("it is a member of the cluster"));
            }
            // The database's clock decides, in one step with the removal.
            let millis = u32::try_from(self.dead_after.as_millis()).unwrap_or(u32::MAX);
            match self.storage.cluster().remove_server(server.id, millis).await? {
                true => Ok(()),
                false => Err(lives(&format!(
                    "it was heard of within the last {} seconds",
                    self.dead_after.as_secs()
                ))),
            }
        };
        let record = self.properties.record();
        record.record(actor, Deed::new("cluster.remove", node), work).await
    }
}

/// The server that an operator means: a number is that of a life, anything else a name.
fn named(servers: Vec<Server>, node: &str) -> Result<Server, OpsError> {
    let by_number = node.parse::<u64>().ok();
    if let Some(position) = servers.iter().position(|server| Some(server.id) == by_number) {
        return Ok(servers.into_iter().nth(position).expect("it was just found there"));
    }
    let mut called: Vec<Server> = servers.into_iter().filter(|server| server.name == node).collect();
    match (called.pop(), called.as_slice()) {
        (Some(server), []) => Ok(server),
        (None, _) => Err(OpsError::NoNode(node.to_owned())),
        (Some(last), others) => Err(OpsError::ManyNodes {
            name: node.to_owned(),
            numbers: others
                .iter()
                .chain([&last])
                .map(|server| server.id.to_string())
                .collect::<Vec<_>>()
                .join(", "),
        }),
    }
}
