//! `/sessions`: who is connected, on every server of the cluster.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{NodeInfo, Only, SessionInfo, SessionOrder, SessionQuestion};

use crate::{
    fields::address,
    frame::Frame,
    language::{Text, filters, t, t1, told},
    refusal::{self, rendered},
    visit::{Visit, done},
    words,
};

#[derive(Template)]
#[template(path = "sessions.html")]
struct Page {
    frame: Frame,
    hosts: Vec<String>,
    nodes: Vec<NodeInfo>,
    wish: Wish,
    kinds: Vec<(&'static str, Text, bool)>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    total: u64,
    silent: Vec<String>,
    is_first: bool,
    first: String,
    next: Option<String>,
    error: Option<String>,
}

struct Row {
    session: SessionInfo,
    path: String,
    node: String,
    /// When the client was last heard, in words.
    idle: String,
}

/// A heading; by most the list can be sorted.
struct Column {
    label: Text,
    address: Option<String>,
    /// For `aria-sort`.
    sort: &'static str,
}

/// What the address asks for.
struct Wish {
    text: String,
    host: String,
    /// The number of a server; empty: all.
    node: String,
    only: &'static str,
    order: &'static str,
    direction: &'static str,
    question: SessionQuestion,
}

/// Sessions on a page.
const PAGE: u32 = 50;
/// What a client is told whose session is closed without another reason.
const REASON: &str = "closed by an operator";
const KINDS: [(&str, Only, Text); 6] = [
    ("", Only::All, Text("all")),
    ("available", Only::Available, Text("available")),
    ("unavailable", Only::Unavailable, Text("not available")),
    ("inactive", Only::Inactive, Text("nobody looks")),
    ("away", Only::Away, Text("without a connection")),
    ("plain", Only::Plain, Text("not encrypted")),
];
const COLUMNS: [(Text, &str, Option<SessionOrder>); 7] = [
    (Text("Session"), "", Some(SessionOrder::Jid)),
    (Text("Server"), "server", None),
    (Text("Presence"), "priority", Some(SessionOrder::Priority)),
    (Text("Encryption"), "encryption", None),
    (Text("Stanzas"), "stanzas", Some(SessionOrder::Stanzas)),
    (Text("Last heard"), "heard", Some(SessionOrder::Heard)),
    (Text("Since"), "since", Some(SessionOrder::Since)),
];

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

/// Closes those that are ticked, or the one whose button was pressed.
pub(crate) async fn close(visit: Visit) -> Response {
    let one = visit.form.raw("one");
    let chosen = if one.is_empty() {
        visit.form.all("jid")
    } else {
        vec![one]
    };
    if chosen.is_empty() {
        let why = t("tick the sessions that are to be closed").to_owned();
        return show(&visit, Some((StatusCode::UNPROCESSABLE_ENTITY, why))).await;
    }
    let mut failed = None;
    for jid in &chosen {
        if let Err(error) = visit.acts().sessions.close(visit.actor(), jid, REASON).await {
            failed = Some((refusal::status(&error), told(&error)));
        }
    }
    match failed {
        None => done("/sessions", if chosen.len() == 1 { "closed" } else { "closed-many" }),
        Some(failed) => show(&visit, Some(failed)).await,
    }
}

async fn show(visit: &Visit, wrong: Option<(StatusCode, String)>) -> Response {
    let hosts = match visit.acts().accounts.hosts(visit.actor()).await {
        Ok(hosts) => hosts,
        Err(error) => return visit.refuse(&error).await,
    };
    let wish = Wish::of(visit);
    let sessions = &visit.acts().sessions;
    let (found, names) = tokio::join!(
        sessions.on(visit.actor(), wish.node.parse().ok(), &wish.question),
        node_names(visit)
    );
    let now = words::now();
    let last = found.sessions.last().filter(|_| found.has_more);
    let next = last.map(|on| wish.address_after(&on.session));
    let rows = found.sessions.into_iter().map(|on| Row {
        path: super::session::path(&on.session.jid),
        node: name(&names, on.node),
        idle: words::span(words::secs_between(on.session.heard_at, now)),
        session: on.session,
    });
    let (status, error) = wrong.map_or((StatusCode::OK, None), |(status, text)| (status, Some(text)));
    let page = Page {
        frame: visit.frame(t("Sessions")).await,
        hosts,
        nodes: names
            .iter()
            .filter(|node| node.voter.is_some() || node.id.to_string() == wish.node)
            .cloned()
            .collect(),
        kinds: KINDS.map(|(name, _, label)| (name, label, name == wish.only)).into(),
        columns: COLUMNS.into_iter().map(|column| wish.column(column)).collect(),
        rows: rows.collect(),
        total: found.total,
        silent: found
            .silent
            .iter()
            .map(|(node, why)| format!("{}: {why}", name(&names, *node)))
            .collect(),
        is_first: wish.question.after.is_empty(),
        first: wish.address(wish.order, wish.direction, &[]),
        next,
        wish,
        error,
    };
    (status, rendered(&page)).into_response()
}

impl Wish {
    fn of(visit: &Visit) -> Self {
        let query = &visit.query;
        let (only, kind) = (query.raw("only"), query.raw("order"));
        let (only, meant, _) = KINDS.into_iter().find(|(name, ..)| *name == only).unwrap_or(KINDS[0]);
        let sorted = COLUMNS
            .into_iter()
            .find(|(_, name, order)| *name == kind && order.is_some());
        let (_, order, by) = sorted.unwrap_or(COLUMNS[0]);
        let is_down = query.raw("direction") == "down";
        let (text, host) = (query.get("text"), query.get("host"));
        Self {
            question: SessionQuestion {
                host: Some(host.clone()).filter(|host| !host.is_empty()),
                text: text.clone(),
                after: query.raw("after").to_owned(),
                after_place: query.raw("place").parse().unwrap_or(0),
                limit: PAGE,
                order: by.unwrap_or_default(),
                is_down,
                only: meant,
                exact: String::new(),
            },
            text,
            host,
            // What is no number is no server's.
            node: query
                .raw("node")
                .parse::<u64>()
                .map_or_else(|_| String::new(), |node| node.to_string()),
            only,
            order,
            direction: if is_down { "down" } else { "" },
        }
    }

    fn address(&self, order: &str, direction: &str, more: &[(&str, &str)]) -> String {
        let fields = [
            ("text", self.text.as_str()),
            ("host", &self.host),
            ("node", &self.node),
            ("only", self.only),
            ("order", order),
            ("direction", direction),
        ];
        address("/sessions", &[&fields[..], more].concat())
    }

    /// The page behind this session.
    fn address_after(&self, last: &SessionInfo) -> String {
        let place = self.question.place(last).to_string();
        self.address(self.order, self.direction, &[("after", &last.jid), ("place", &place)])
    }

    fn column(&self, (label, name, order): (Text, &'static str, Option<SessionOrder>)) -> Column {
        let is_here = order.is_some() && name == self.order;
        let (sort, next) = match (is_here, self.question.is_down) {
            (true, false) => ("ascending", "down"),
            (true, true) => ("descending", ""),
            (false, _) => ("none", ""),
        };
        Column {
            label,
            address: order.map(|_| self.address(name, next, &[])),
            sort,
        }
    }
}

/// Where they may be known: administrators of a host see numbers.
pub(super) async fn node_names(visit: &Visit) -> Vec<NodeInfo> {
    visit.acts().clustering.nodes(visit.actor()).await.unwrap_or_default()
}

pub(super) fn name(names: &[NodeInfo], node: u64) -> String {
    let named = names.iter().find(|info| info.id == node);
    named.map_or_else(|| t1("server {0}", node), |info| info.name.clone())
}
