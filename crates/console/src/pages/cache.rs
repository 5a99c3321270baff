//! `/cluster/nodes/{node}/caches/{cache}`: a cache's entries, as one server has them.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{EntriesQuestion, EntryInfo, OpsError};

use super::node::CacheRow;
use crate::{
    fields::address,
    frame::Frame,
    language::{filters, t, t1, told},
    refusal::{self, rendered},
    visit::{Visit, done},
    words,
};

#[derive(Template)]
#[template(path = "cache.html")]
struct Page {
    frame: Frame,
    node: u64,
    node_name: String,
    row: CacheRow,
    text: String,
    total: u64,
    entries: Vec<Entry>,
    is_first: bool,
    first: String,
    next: Option<String>,
    error: Option<String>,
}

struct Entry {
    info: EntryInfo,
    owner: String,
}

/// Entries on a page.
const PAGE: u32 = 50;

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

/// Takes all entries out.
pub(crate) async fn clear(visit: Visit) -> Response {
    if !visit.form.is_set("confirm") {
        let why = t("tick the box to say that all entries are to go").to_owned();
        return show(&visit, Some((StatusCode::UNPROCESSABLE_ENTITY, why))).await;
    }
    let cache = visit.name("cache");
    match visit.acts().clustering.clear_cache(visit.actor(), cache).await {
        Ok(_) => {
            let place = format!("/cluster/nodes/{}/caches/{}", visit.name("node"), words::segment(cache));
            done(&place, "cleared")
        }
        Err(error) => show(&visit, Some((refusal::status(&error), told(&error)))).await,
    }
}

async fn show(visit: &Visit, wrong: Option<(StatusCode, String)>) -> Response {
    let Ok(node) = visit.name("node").parse::<u64>() else {
        return visit.refuse(&OpsError::NoNode(visit.name("node").to_owned())).await;
    };
    let (clustering, actor, cache) = (&visit.acts().clustering, visit.actor(), visit.name("cache"));
    let (text, after) = (visit.query.get("text"), visit.query.raw("after").to_owned());
    let question = EntriesQuestion {
        cache: cache.to_owned(),
        text: text.clone(),
        after: after.clone(),
        limit: PAGE,
    };
    let (caches, found, names) = tokio::join!(
        clustering.caches_at(actor, node),
        clustering.entries(actor, node, question),
        super::sessions::node_names(visit),
    );
    let row = caches.map(|caches| caches.into_iter().find(|info| info.name == cache));
    let (info, found) = match (row, found) {
        (Ok(Some(info)), Ok(found)) => (info, found),
        (Ok(None), _) => return visit.refuse(&OpsError::NoCache(cache.to_owned())).await,
        (Err(error), _) | (_, Err(error)) => return visit.refuse(&error).await,
    };
    let row = CacheRow::of(info, node);
    let last = found.entries.last().filter(|_| found.has_more);
    let next = last.map(|last| address(&row.path, &[("text", &text), ("after", &last.key)]));
    let name = |node| super::sessions::name(&names, node);
    let entries = found.entries.into_iter().map(|info| Entry {
        owner: info.owner.map_or_else(|| t("nobody's: all share it").to_owned(), name),
        info,
    });
    let (status, error) = wrong.map_or((StatusCode::OK, None), |(status, text)| (status, Some(text)));
    let page = Page {
        frame: visit.frame(&t1("Cache {0}", cache)).await,
        node,
        node_name: name(node),
        entries: entries.collect(),
        total: found.total,
        is_first: after.is_empty(),
        first: address(&row.path, &[("text", &text)]),
        next,
        text,
        row,
        error,
    };
    (status, rendered(&page)).into_response()
}
