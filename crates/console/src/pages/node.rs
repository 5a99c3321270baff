//! `/cluster/nodes/{node}`: one server, and its caches.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{CacheInfo, NodeInfo, OpsError, SessionQuestion};

use super::cluster::SILENT_SECS;
use crate::{
    frame::Frame,
    refusal::{self, rendered},
    visit::{Visit, done},
    words,
};

#[derive(Template)]
#[template(path = "node.html")]
struct Page {
    frame: Frame,
    node: NodeInfo,
    is_here: bool,
    up: String,
    /// How long it has been silent, where that is too long.
    silence: Option<String>,
    caches: Vec<CacheRow>,
    /// Why there are none.
    unknown: Option<String>,
    error: Option<String>,
}

struct CacheRow {
    info: CacheInfo,
    /// Questions that it had the answer to, in per cent.
    hit_rate: Option<u64>,
    used: Option<u64>,
}

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

/// Has it hand over what it has, and end.
pub(crate) async fn drain(visit: Visit) -> Response {
    if !visit.form.is_set("confirm") {
        let why = "tick the box to say that this server is to end".to_owned();
        return show(&visit, Some((StatusCode::UNPROCESSABLE_ENTITY, why))).await;
    }
    match visit.acts().clustering.drain(visit.actor(), visit.name("node")).await {
        Ok(_) => done("/cluster", "drain"),
        Err(error) => show(&visit, Some((refusal::status(&error), error.to_string()))).await,
    }
}

async fn show(visit: &Visit, wrong: Option<(StatusCode, String)>) -> Response {
    let (clustering, actor) = (&visit.acts().clustering, visit.actor());
    let nodes = match clustering.nodes(actor).await {
        Ok(nodes) => nodes,
        Err(error) => return visit.refuse(&error).await,
    };
    let wanted = visit.name("node");
    let Some(mut node) = nodes.into_iter().find(|node| node.id.to_string() == wanted) else {
        return visit.refuse(&OpsError::NoNode(wanted.to_owned())).await;
    };
    let here = match clustering.status(actor).await {
        Ok(status) => status.node,
        Err(error) => return visit.refuse(&error).await,
    };
    let is_here = here == Some(node.id);
    if is_here && node.sessions.is_none() {
        // Alone it has them all.
        let question = SessionQuestion {
            limit: 1,
            ..SessionQuestion::default()
        };
        node.sessions = Some(visit.acts().sessions.everywhere(actor, &question).await.total);
    }
    let caches = if is_here {
        clustering.caches(actor)
    } else {
        clustering.caches_of(actor, node.id).await
    };
    let (caches, unknown) = match caches {
        Ok(caches) => (caches, None),
        Err(error) => (Vec::new(), Some(error.to_string())),
    };
    let (status, error) = wrong.map_or((StatusCode::OK, None), |(status, text)| (status, Some(text)));
    let page = Page {
        frame: visit.frame(&format!("Server {}", node.name)).await,
        is_here,
        up: words::span(node.up_secs),
        silence: (node.silent_secs > SILENT_SECS).then(|| words::span(node.silent_secs)),
        node,
        caches: caches.into_iter().map(CacheRow::of).collect(),
        unknown,
        error,
    };
    (status, rendered(&page)).into_response()
}

impl CacheRow {
    fn of(info: CacheInfo) -> Self {
        Self {
            hit_rate: words::share(info.hits, info.hits.saturating_add(info.misses)),
            used: info.max_bytes.and_then(|max| words::share(info.bytes, max)),
            info,
        }
    }
}
