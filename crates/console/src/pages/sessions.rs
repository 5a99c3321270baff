//! `/sessions`: who is connected, on every server of the cluster.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{NodeInfo, SessionInfo, SessionQuestion};

use crate::{
    fields::address,
    frame::Frame,
    refusal::{self, rendered},
    visit::{Visit, done},
    words,
};

#[derive(Template)]
#[template(path = "sessions.html")]
struct Page {
    frame: Frame,
    text: String,
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
    account: String,
    node: String,
}

/// Sessions on a page.
const PAGE: u32 = 50;
/// What a client is told whose session is closed without another reason.
const REASON: &str = "closed by an operator";

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

/// Closes one.
pub(crate) async fn close(visit: Visit) -> Response {
    let jid = visit.form.raw("jid");
    match visit.acts().sessions.close(visit.actor(), jid, REASON).await {
        Ok(_) => done("/sessions", "closed"),
        Err(error) => show(&visit, Some((refusal::status(&error), error.to_string()))).await,
    }
}

async fn show(visit: &Visit, wrong: Option<(StatusCode, String)>) -> Response {
    let text = visit.query.get("text");
    let question = SessionQuestion {
        host: None,
        text: text.clone(),
        after: visit.query.raw("after").to_owned(),
        limit: PAGE,
    };
    let found = visit.acts().sessions.everywhere(visit.actor(), &question).await;
    let names = node_names(visit).await;
    let name = |node: u64| {
        let named = names.iter().find(|info| info.id == node);
        named.map_or_else(|| format!("server {node}"), |info| info.name.clone())
    };
    let last = found.sessions.last().map(|on| on.session.jid.clone());
    let next = last.filter(|_| found.has_more);
    let rows = found.sessions.into_iter().map(|on| Row {
        account: super::account::path(on.session.jid.split('/').next().unwrap_or_default()),
        node: name(on.node),
        session: on.session,
    });
    let (status, error) = wrong.map_or((StatusCode::OK, None), |(status, text)| (status, Some(text)));
    let page = Page {
        frame: visit.frame("Sessions").await,
        rows: rows.collect(),
        total: found.total,
        silent: found
            .silent
            .iter()
            .map(|(node, why)| format!("{}: {why}", name(*node)))
            .collect(),
        is_first: question.after.is_empty(),
        first: address("/sessions", &[("text", &text)]),
        next: next.map(|after| address("/sessions", &[("text", &text), ("after", &after)])),
        text,
        error,
    };
    (status, rendered(&page)).into_response()
}

/// Where they may be known: administrators of a host see numbers.
async fn node_names(visit: &Visit) -> Vec<NodeInfo> {
    visit.acts().clustering.nodes(visit.actor()).await.unwrap_or_default()
}
