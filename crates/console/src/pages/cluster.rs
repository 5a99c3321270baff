//! `/cluster`: the switch, the members, and who else shares the database.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{ClusterStatus, NodeInfo, NodeState, OpsError};

use crate::{
    frame::Frame,
    refusal::{self, rendered},
    visit::{Visit, done},
    words,
};

#[derive(Template)]
#[template(path = "cluster.html")]
struct Page {
    frame: Frame,
    view: View,
    error: Option<String>,
}

/// What changes while somebody looks.
#[derive(Template)]
#[template(path = "cluster_live.html")]
pub(crate) struct View {
    status: ClusterStatus,
    database: &'static str,
    standing: String,
    senior: Option<String>,
    members: Vec<Row>,
    others: Vec<Row>,
    /// Why there are no rows.
    unknown: Option<String>,
    versions: Vec<String>,
    may_switch: bool,
    csrf: String,
}

/// A server.
struct Row {
    info: NodeInfo,
    is_here: bool,
    role: &'static str,
    /// How it stands, and how that is to be taken: `good`, `warn`, `bad` or `calm`.
    state: String,
    mood: &'static str,
    share: Option<u64>,
    /// How long, for the minute: it would else be another page every second.
    up: String,
}

/// Servers say every second that they live; who has been silent for longer than this is marked.
pub(crate) const SILENT_SECS: u64 = 3;

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

/// Switches clustering on or off, for all servers that share the database.
pub(crate) async fn switch(visit: Visit) -> Response {
    let clustering = &visit.acts().clustering;
    let (switched, notice) = match visit.form.raw("to") {
        "on" => (clustering.enable(visit.actor()).await, "on"),
        "off" => (clustering.disable(visit.actor()).await, "off"),
        _ => {
            return visit
                .refuse_with(StatusCode::BAD_REQUEST, "The switch goes on or off. Nothing was done.")
                .await;
        }
    };
    match switched {
        // It is decided; the page shows how it comes to pass.
        Ok(_) | Err(OpsError::NotYet { .. }) => done("/cluster", notice),
        Err(error) => show(&visit, Some(error)).await,
    }
}

async fn show(visit: &Visit, wrong: Option<OpsError>) -> Response {
    let view = match View::of(visit).await {
        Ok(view) => view,
        Err(error) => return visit.refuse(&error).await,
    };
    let status = wrong.as_ref().map_or(StatusCode::OK, refusal::status);
    let page = Page {
        frame: visit.frame("Clustering").await,
        view,
        error: wrong.map(|error| error.to_string()),
    };
    (status, rendered(&page)).into_response()
}

impl View {
    /// As it is now. While the database does not answer, it says so.
    pub(crate) async fn of(visit: &Visit) -> Result<Self, OpsError> {
        let (clustering, actor) = (&visit.acts().clustering, visit.actor());
        let status = clustering.status(actor).await?;
        let (mut nodes, unknown) = match clustering.nodes(actor).await {
            Ok(nodes) => (nodes, None),
            Err(error @ OpsError::Denied { .. }) => return Err(error),
            Err(error) => (Vec::new(), Some(error.to_string())),
        };
        nodes.sort_by(|a, b| a.name.cmp(&b.name));
        let total = nodes.iter().filter_map(|node| node.sessions).sum();
        let mut versions: Vec<String> = nodes.iter().map(|node| node.version.clone()).collect();
        versions.sort();
        versions.dedup();
        let senior = nodes.iter().find(|node| node.senior).map(|node| node.name.clone());
        let rows = nodes.into_iter().map(|node| Row::of(node, &status, total));
        let (members, others) = rows.partition(|row| row.info.voter.is_some());
        Ok(Self {
            database: words::database(&status.database),
            standing: standing(&status),
            senior: senior.or_else(|| status.senior.map(|number| format!("server {number}"))),
            members,
            others,
            unknown,
            versions,
            may_switch: matches!(actor.role(), ops::Role::Owner),
            csrf: visit.visitor.token.csrf(),
            status,
        })
    }
}

impl Row {
    fn of(info: NodeInfo, status: &ClusterStatus, total: u64) -> Self {
        let is_member = info.voter.is_some();
        let is_silent = info.silent_secs > SILENT_SECS;
        let silent = || format!("silent for {}", words::span(info.silent_secs));
        let (mood, state) = match info.state {
            _ if is_silent => ("bad", silent()),
            NodeState::Silent => ("bad", silent()),
            NodeState::Member if is_member => ("good", "live".to_owned()),
            NodeState::Member => ("warn", "in no cluster that this server knows".to_owned()),
            NodeState::Alone if status.enabled => ("warn", "not in the cluster".to_owned()),
            NodeState::Alone => ("calm", "alone".to_owned()),
            NodeState::Joining => ("warn", "joining".to_owned()),
            NodeState::Fenced => ("bad", "cut off: does nothing until it is let in again".to_owned()),
            NodeState::Draining => ("warn", "draining".to_owned()),
            NodeState::Unknown => ("warn", "unknown: its version is newer".to_owned()),
        };
        Self {
            is_here: status.node == Some(info.id),
            role: match (info.senior, info.voter) {
                (true, _) => "senior",
                (false, Some(true)) => "voter",
                (false, Some(false)) => "learner",
                (false, None) => "none",
            },
            state,
            mood,
            up: match info.up_secs / 60 {
                0 => "less than a minute".to_owned(),
                minutes => words::span(minutes * 60),
            },
            share: info.sessions.and_then(|sessions| words::share(sessions, total)),
            info,
        }
    }
}

fn standing(status: &ClusterStatus) -> String {
    match (status.state, status.enabled) {
        (Some(NodeState::Member), _) if status.members == 1 => "the only member: no failover".to_owned(),
        (Some(NodeState::Member), _) => format!("one of {} members", status.members),
        (Some(NodeState::Alone), true) => "not in the cluster yet".to_owned(),
        (Some(state), _) => state.to_string(),
        (None, _) => "unknown: it does not run".to_owned(),
    }
}
