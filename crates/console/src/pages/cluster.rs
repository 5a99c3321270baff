//! `/cluster`: the switch, the members and their links, and who else shares the database.

use std::collections::BTreeMap;

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{ClusterStatus, NodeInfo, NodeReport, NodeState, OpsError, Picture};

use crate::{
    drawing::{Drawing, Member},
    frame::Frame,
    language::{filters, t, t1, t2, told},
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
    drawing: Option<Drawing>,
    /// How this server fares.
    here: Option<NodeReport>,
    /// Why there are no rows.
    unknown: Option<String>,
    /// Which there are, and on which servers.
    versions: BTreeMap<String, Vec<String>>,
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
    /// How it fares; why that is unknown.
    report: Result<NodeReport, String>,
    /// How long its process runs; how long the server is known. For the minute: it would else be another page every
    /// second.
    up: Option<String>,
    known: String,
    /// Whether it may be removed.
    is_dead: bool,
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
                .refuse_with(
                    StatusCode::BAD_REQUEST,
                    t("The switch goes on or off. Nothing was done."),
                )
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
    let picture = match visit.acts().clustering.picture(visit.actor()).await {
        Ok(picture) => picture,
        Err(error) => return visit.refuse(&error).await,
    };
    let status = wrong.as_ref().map_or(StatusCode::OK, refusal::status);
    let page = Page {
        frame: visit.frame(t("Clustering")).await,
        view: View::of(&picture, visit),
        error: wrong.map(|error| told(&error)),
    };
    (status, rendered(&page)).into_response()
}

impl View {
    /// As this visitor sees it. While the database does not answer, it says so.
    pub(crate) fn of(picture: &Picture, visit: &Visit) -> Self {
        let status = picture.status.clone();
        let (mut nodes, unknown) = match &picture.nodes {
            Ok(nodes) => (nodes.clone(), None),
            Err(why) => (Vec::new(), Some(why.clone())),
        };
        nodes.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        let total = nodes.iter().filter_map(|node| node.sessions).sum();
        let mut versions = BTreeMap::<String, Vec<String>>::new();
        for node in nodes.iter().filter(|node| node.state != NodeState::Silent) {
            versions
                .entry(node.version.clone())
                .or_default()
                .push(node.name.clone());
        }
        let senior = nodes.iter().find(|node| node.senior).map(|node| node.name.clone());
        let now = words::now();
        let rows = nodes.into_iter().map(|node| Row::of(node, picture, total, now));
        let (members, others): (Vec<_>, Vec<_>) = rows.partition(|row| row.info.voter.is_some());
        let drawn: Vec<Member<'_>> = members.iter().map(Row::member).collect();
        Self {
            database: words::database(&status.database),
            standing: standing(&status),
            senior: senior.or_else(|| status.senior.map(|number| t1("server {0}", number))),
            drawing: Drawing::of(&drawn),
            here: members
                .iter()
                .find(|row| row.is_here)
                .and_then(|row| row.report.clone().ok()),
            members,
            others,
            unknown,
            versions,
            may_switch: matches!(visit.actor().role(), ops::Role::Owner),
            csrf: visit.visitor.token.csrf(),
            status,
        }
    }
}

impl View {
    /// Which versions there are, and on which servers.
    fn versions_in_words(&self) -> String {
        let version = |(version, names): (&String, &Vec<String>)| t2("{0} on {1}", version, names.join(", "));
        self.versions.iter().map(version).collect::<Vec<_>>().join("; ")
    }
}

impl Row {
    fn of(info: NodeInfo, picture: &Picture, total: u64, now: i64) -> Self {
        let status = &picture.status;
        let is_member = info.voter.is_some();
        let is_silent = info.silent_secs > SILENT_SECS;
        let silent = || words::silence(info.silent_secs, now);
        let (mood, state) = match info.state {
            _ if is_silent => ("bad", silent()),
            NodeState::Silent => ("bad", silent()),
            NodeState::Member if is_member => ("good", t("live").to_owned()),
            NodeState::Member => ("warn", t("in no cluster that this server knows").to_owned()),
            NodeState::Alone if status.enabled => ("warn", t("not in the cluster").to_owned()),
            NodeState::Alone => ("calm", t("alone").to_owned()),
            NodeState::Joining => ("warn", t("joining").to_owned()),
            NodeState::Fenced => ("bad", t("cut off: does nothing until it is let in again").to_owned()),
            NodeState::Draining => ("warn", t("draining").to_owned()),
            NodeState::Unknown => ("warn", t("unknown: its version is newer").to_owned()),
        };
        let report = match picture.reports.get(&info.id) {
            Some(report) => report.clone(),
            None => Err(t("it was not asked yet").to_owned()),
        };
        Self {
            is_here: status.node == Some(info.id),
            role: match (info.senior, info.voter) {
                (true, _) => t("senior"),
                (false, Some(true)) => t("voter"),
                (false, Some(false)) => t("learner"),
                (false, None) => t("none##role"),
            },
            state,
            mood,
            up: report
                .as_ref()
                .ok()
                .map(|report| words::minutes(words::secs_between(report.started_at, now))),
            known: words::minutes(info.up_secs),
            share: info.sessions.and_then(|sessions| words::share(sessions, total)),
            is_dead: info.state == NodeState::Silent && !is_member,
            report,
            info,
        }
    }

    fn member(&self) -> Member<'_> {
        Member {
            node: self.info.id,
            name: &self.info.name,
            mood: self.mood,
            state: &self.state,
            is_senior: self.info.senior,
            is_here: self.is_here,
            report: self.report.as_ref().ok(),
        }
    }
}

fn standing(status: &ClusterStatus) -> String {
    match (status.state, status.enabled) {
        (Some(NodeState::Member), _) if status.members == 1 => t("the only member: no failover").to_owned(),
        (Some(NodeState::Member), _) => t1("one of {0} members", status.members),
        (Some(NodeState::Alone), true) => t("not in the cluster yet").to_owned(),
        (Some(state), _) => told(state),
        (None, _) => t("unknown: it does not run").to_owned(),
    }
}
