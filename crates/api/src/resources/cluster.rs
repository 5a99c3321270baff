//! `/cluster`: the switch, and the servers that share the database.

use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{CacheInfo, ClusterStatus, NodeInfo, NodeState, OpsError};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    answer::{Accepted, Json, Outcome},
    problem::Problem,
    request::{Caller, Name, Sent},
    wire::Time,
};

/// Whether clustering is on, and how this server stands.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Cluster {
    /// Whether the servers that share the database are to be one cluster.
    enabled: bool,
    /// How this server stands.
    state: Option<State>,
    /// The number of its present life.
    node: Option<u64>,
    /// The cluster it belongs to.
    group: Option<String>,
    /// The number of the server that does what only one may do.
    senior: Option<u64>,
    /// How many the cluster has.
    members: usize,
    /// How many servers share the database; none while it does not answer.
    servers: Option<usize>,
    /// The database: sqlite, postgres or mysql.
    database: String,
    /// Whether clustering could be enabled here.
    can_enable: bool,
    /// Why not.
    reason: Option<String>,
    /// Why this server is not in the cluster although it should be.
    problem: Option<String>,
}

/// How a server stands.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum State {
    /// It is in no cluster.
    Alone,
    /// It looks for the cluster, or waits to be let in.
    Joining,
    /// It belongs to the cluster.
    Member,
    /// It was cut off, and does nothing until it is let in again.
    Fenced,
    /// It hands over what it has, and then ends.
    Draining,
    /// It has not been heard of for a while.
    Silent,
    /// Something that a newer version knows.
    Unknown,
}

/// The switch.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Switch {
    enabled: bool,
}

/// The servers that share the database.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NodeList {
    nodes: Vec<Node>,
}

/// A server that shares the database.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Node {
    /// The number of its present life.
    id: u64,
    name: String,
    /// Where the others reach it.
    addresses: Vec<String>,
    version: String,
    state: State,
    /// Whether it does what only one may do.
    senior: bool,
    /// Clients' sessions on it, as far as the cluster knows.
    sessions: Option<u64>,
    joined_at: Option<Time>,
    /// Whether it has a vote in the cluster; none where it is no member.
    voter: Option<bool>,
    /// Seconds since its present life began.
    up_secs: u64,
    /// Seconds since it last said that it lives.
    silent_secs: u64,
}

/// The clustered caches as one server has them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CacheList {
    caches: Vec<Cache>,
}

/// A clustered cache.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Cache {
    name: String,
    entries: u64,
    /// What they take, keys included.
    bytes: u64,
    /// Questions that it had the answer to, since its server started.
    hits: u64,
    /// Questions that it did not.
    misses: u64,
    /// Entries that had to go to make room.
    evictions: u64,
    /// What its entries may take; none where nothing may go.
    max_bytes: Option<u64>,
    /// Why it is not to be cleared, in a clause; none where that does no harm.
    kept: Option<String>,
}

/// Whether clustering is on, and how this server stands.
#[utoipa::path(get, path = "/cluster", responses((status = 200, body = Cluster)))]
pub(crate) async fn status(caller: Caller) -> Outcome<Json<Cluster>> {
    Ok(Json(caller.acts.clustering.status(&caller.actor).await?.into()))
}

/// Switches clustering on or off for every server that shares the database.
#[utoipa::path(put, path = "/cluster", request_body = Switch, responses(
    (status = 200, body = Cluster, description = "This server has joined, or left."),
    (status = 202, body = Cluster, description = "It is decided, and this server is not there yet.")))]
pub(crate) async fn switch(caller: Caller, Sent(switch): Sent<Switch>) -> Outcome<Response> {
    let (clustering, actor) = (&caller.acts.clustering, &caller.actor);
    let switched = match switch.enabled {
        true => clustering.enable(actor).await,
        false => clustering.disable(actor).await,
    };
    match switched {
        Ok(status) => Ok(Json(Cluster::from(status)).into_response()),
        Err(OpsError::NotYet { .. }) => {
            let status = clustering.status(actor).await?;
            Ok(Accepted(Cluster::from(status)).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// The servers that share the database, the oldest life first.
#[utoipa::path(get, path = "/cluster/nodes", responses((status = 200, body = NodeList)))]
pub(crate) async fn nodes(caller: Caller) -> Outcome<Json<NodeList>> {
    let nodes = caller.acts.clustering.nodes(&caller.actor).await?;
    Ok(Json(NodeList {
        nodes: nodes.into_iter().map(Node::from).collect(),
    }))
}

/// The clustered caches as a server has them.
#[utoipa::path(get, path = "/cluster/nodes/{node}/caches",
    params(("node" = u64, Path, description = "The number of its present life.")),
    responses((status = 200, body = CacheList)))]
pub(crate) async fn caches(caller: Caller, Name(node): Name) -> Outcome<Json<CacheList>> {
    let (clustering, actor) = (&caller.acts.clustering, &caller.actor);
    let number = known(&caller, &node).await?;
    let own = clustering.status(actor).await?.node;
    let caches = match own == Some(number) {
        true => clustering.caches(actor)?,
        false => clustering.caches_of(actor, number).await?,
    };
    Ok(Json(CacheList {
        caches: caches.into_iter().map(Cache::from).collect(),
    }))
}

/// Has a server hand over what it has, and then end.
#[utoipa::path(post, path = "/cluster/nodes/{node}/drain",
    params(("node" = String, Path, description = "Its name, or the number of its present life.")),
    responses((status = 202, body = Node)))]
pub(crate) async fn drain(caller: Caller, Name(node): Name) -> Outcome<Accepted<Node>> {
    Ok(Accepted(
        caller.acts.clustering.drain(&caller.actor, &node).await?.into(),
    ))
}

/// The number of a server's life, in an address.
pub(super) fn life(node: &str) -> Outcome<u64> {
    let why = "A server is meant by the number of its present life, which /cluster/nodes says.";
    node.parse()
        .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, why).at("node"))
}

/// The same, of a server that there is.
pub(super) async fn known(caller: &Caller, node: &str) -> Outcome<u64> {
    let number = life(node)?;
    let nodes = caller.acts.clustering.nodes(&caller.actor).await?;
    match nodes.iter().any(|known| known.id == number) {
        true => Ok(number),
        false => Err(OpsError::NoNode(node.to_owned()).into()),
    }
}

impl From<ClusterStatus> for Cluster {
    fn from(status: ClusterStatus) -> Self {
        Self {
            enabled: status.enabled,
            state: status.state.map(State::from),
            node: status.node,
            group: status.group,
            senior: status.senior,
            members: status.members,
            servers: status.servers,
            database: status.database,
            can_enable: status.can_enable,
            reason: status.reason,
            problem: status.problem,
        }
    }
}

impl From<NodeState> for State {
    fn from(state: NodeState) -> Self {
        match state {
            NodeState::Alone => Self::Alone,
            NodeState::Joining => Self::Joining,
            NodeState::Member => Self::Member,
            NodeState::Fenced => Self::Fenced,
            NodeState::Draining => Self::Draining,
            NodeState::Silent => Self::Silent,
            NodeState::Unknown => Self::Unknown,
        }
    }
}

impl From<NodeInfo> for Node {
    fn from(info: NodeInfo) -> Self {
        Self {
            id: info.id,
            name: info.name,
            addresses: info.addresses,
            version: info.version,
            state: info.state.into(),
            senior: info.senior,
            sessions: info.sessions,
            joined_at: info.joined_at.map(Time),
            voter: info.voter,
            up_secs: info.up_secs,
            silent_secs: info.silent_secs,
        }
    }
}

impl From<CacheInfo> for Cache {
    fn from(info: CacheInfo) -> Self {
        Self {
            name: info.name,
            entries: info.entries,
            bytes: info.bytes,
            hits: info.hits,
            misses: info.misses,
            evictions: info.evictions,
            max_bytes: info.max_bytes,
            kept: info.kept,
        }
    }
}
