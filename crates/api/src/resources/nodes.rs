//! `/cluster/nodes/{node}`: one server: what it uses and does, and its caches.

use ops::{EntriesQuestion, NodeReport, OpsError, Vitals as Moment};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::cluster::{Node, known, life};
use crate::{
    answer::{Done, Json, Outcome},
    request::{Caller, Name, Names, Query, limit},
    wire::Time,
};

/// A server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct OneNode {
    node: Node,
    /// How it fares; none where it does not say.
    vitals: Option<Vitals>,
    /// Why it does not.
    silence: Option<String>,
    /// Its links to other servers.
    links: Vec<Link>,
}

/// A moment of a server.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Vitals {
    at: Time,
    /// Resident memory.
    memory_bytes: u64,
    /// Processor time, in thousandths of one core.
    cpu_permille: u64,
    /// Tasks of the runtime.
    tasks: u64,
    threads: u64,
    /// Open files and sockets.
    descriptors: u64,
    /// Clients' connections.
    connections: u64,
    /// Clients' sessions.
    sessions: u64,
    /// Since the moment before, in milliseconds: what the counts of stanzas are for.
    span_millis: u64,
    /// Stanzas from clients since the moment before.
    stanzas_in: u64,
    /// Stanzas to clients since the moment before.
    stanzas_out: u64,
}

/// A server's last day.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct VitalsList {
    /// A moment for every minute, the oldest first.
    vitals: Vec<Vitals>,
}

/// A link to another server, as this one sees it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Link {
    /// The other end's number.
    node: u64,
    /// Whether both of its connections stand.
    is_up: bool,
    /// How long the last question took, there and back; none before the first.
    round_trip_micros: Option<u64>,
    bytes_in: u64,
    bytes_out: u64,
    /// Messages to it that it has not handled yet.
    unhandled: u64,
}

/// Which entries.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EntryQuery {
    /// Only entries in whose key or value this is, letter by letter.
    #[serde(default)]
    text: String,
    /// Where the page begins: what the last page calls `next`.
    #[serde(default)]
    after: String,
    /// Entries at most, 1 to 499; without it: 50.
    limit: Option<u32>,
}

/// A page of a cache's entries, by key.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EntryPage {
    entries: Vec<Entry>,
    /// How many are meant, on all pages.
    total: u64,
    /// Where the next page begins; none after the last.
    next: Option<String>,
}

/// An entry of a cache, in words; secrets are not in them.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Entry {
    key: String,
    value: String,
    /// The number of the server whose it is; none where it is nobody's.
    owner: Option<u64>,
    /// When it vanishes by itself.
    until: Option<Time>,
    /// What it takes, with its key.
    bytes: u64,
}

/// What was taken out.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Cleared {
    /// Entries that there were.
    cleared_entries: u64,
}

/// One server, and how it fares now.
#[utoipa::path(get, path = "/cluster/nodes/{node}",
    params(("node" = u64, Path, description = "The number of its present life.")),
    responses((status = 200, body = OneNode)))]
pub(crate) async fn show(caller: Caller, Name(node): Name) -> Outcome<Json<OneNode>> {
    let (clustering, actor, number) = (&caller.acts.clustering, &caller.actor, life(&node)?);
    let nodes = clustering.nodes(actor).await?;
    let known = nodes.into_iter().find(|known| known.id == number);
    let node = Node::from(known.ok_or(OpsError::NoNode(node))?);
    let (report, silence) = match clustering.report(actor, number).await {
        Ok(report) => (Some(report), None),
        Err(error) => (None, Some(error.to_string())),
    };
    Ok(Json(OneNode {
        node,
        vitals: report.as_ref().map(|report| report.now.into()),
        links: report.map(links).unwrap_or_default(),
        silence,
    }))
}

/// What a server used and did during its last day.
#[utoipa::path(get, path = "/cluster/nodes/{node}/vitals",
    params(("node" = u64, Path, description = "The number of its present life.")),
    responses((status = 200, body = VitalsList)))]
pub(crate) async fn vitals(caller: Caller, Name(node): Name) -> Outcome<Json<VitalsList>> {
    let now = jiff::Timestamp::now().as_microsecond();
    let day = caller.acts.clustering.history(&caller.actor, life(&node)?, now).await?;
    Ok(Json(VitalsList {
        vitals: day.into_iter().map(Vitals::from).collect(),
    }))
}

/// Takes a server off the list that has died and will not come back.
#[utoipa::path(delete, path = "/cluster/nodes/{node}",
    params(("node" = String, Path, description = "Its name, or the number of its present life.")),
    responses((status = 204)))]
pub(crate) async fn remove(caller: Caller, Name(node): Name) -> Outcome<Done> {
    caller.acts.clustering.remove(&caller.actor, &node).await?;
    Ok(Done)
}

/// A page of a cache's entries, as one server has them.
#[utoipa::path(get, path = "/cluster/nodes/{node}/caches/{cache}",
    params(("node" = u64, Path, description = "The number of its present life."),
        ("cache" = String, Path, description = "The cache's name."), EntryQuery),
    responses((status = 200, body = EntryPage)))]
pub(crate) async fn entries(
    caller: Caller,
    Names([node, cache]): Names<2>,
    Query(query): Query<EntryQuery>,
) -> Outcome<Json<EntryPage>> {
    let question = EntriesQuestion {
        cache,
        text: query.text,
        after: query.after,
        limit: limit(query.limit)?,
    };
    let node = known(&caller, &node).await?;
    let page = caller.acts.clustering.entries(&caller.actor, node, question).await?;
    let last = page.entries.last().filter(|_| page.has_more);
    Ok(Json(EntryPage {
        next: last.map(|entry| entry.key.clone()),
        total: page.total,
        entries: page.entries.into_iter().map(Entry::from).collect(),
    }))
}

/// Takes all entries out of a cache, on all servers.
#[utoipa::path(delete, path = "/cluster/caches/{cache}", params(("cache" = String, Path, description = "Its name.")),
    responses((status = 200, body = Cleared)))]
pub(crate) async fn clear(caller: Caller, Name(cache): Name) -> Outcome<Json<Cleared>> {
    let cleared_entries = caller.acts.clustering.clear_cache(&caller.actor, &cache).await?;
    Ok(Json(Cleared { cleared_entries }))
}

fn links(report: NodeReport) -> Vec<Link> {
    let links = report.links.into_iter().map(|link| Link {
        node: link.node,
        is_up: link.is_up,
        round_trip_micros: link.round_trip_micros,
        bytes_in: link.bytes_in,
        bytes_out: link.bytes_out,
        unhandled: link.unhandled,
    });
    links.collect()
}

impl From<Moment> for Vitals {
    fn from(moment: Moment) -> Self {
        Self {
            at: Time(moment.at),
            memory_bytes: moment.memory_bytes,
            cpu_permille: moment.cpu_permille,
            tasks: moment.tasks,
            threads: moment.threads,
            descriptors: moment.descriptors,
            connections: moment.connections,
            sessions: moment.sessions,
            span_millis: moment.span_millis,
            stanzas_in: moment.stanzas_in,
            stanzas_out: moment.stanzas_out,
        }
    }
}

impl From<ops::EntryInfo> for Entry {
    fn from(info: ops::EntryInfo) -> Self {
        Self {
            key: info.key,
            value: info.value,
            owner: info.owner,
            until: info.until.map(Time),
            bytes: info.bytes,
        }
    }
}
