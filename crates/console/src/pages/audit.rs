//! `/audit`: what operators have done, whatever way they took.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{AuditInfo, AuditPage, OpsError};

use crate::{
    fields::{Fields, address},
    frame::Frame,
    language::{filters, t},
    refusal::rendered,
    visit::Visit,
    words,
};

#[derive(Template)]
#[template(path = "audit.html")]
struct Page {
    frame: Frame,
    wanted: AuditPage,
    since: String,
    until: String,
    date_error: Option<&'static str>,
    rows: Vec<AuditInfo>,
    is_first: bool,
    is_filtered: bool,
    first: String,
    next: Option<String>,
    csv: String,
    json: String,
}

/// Acts on a page.
const PAGE: u32 = 50;

/// What the fields of an address ask for; why not, where a date is none.
pub(super) fn wanted(query: &Fields) -> (AuditPage, Option<&'static str>) {
    let day = |name: &str, later: i64| match query.get(name) {
        text if text.is_empty() => Ok(None),
        text => words::day_start(&text, later).map(Some).ok_or(()),
    };
    let (since, until) = (day("since", 0), day("until", 1));
    let error = (since.is_err() || until.is_err()).then(|| t("A day is written as 2026-11-28."));
    let page = AuditPage {
        actor: query.get("actor"),
        act: query.get("act"),
        target: query.get("target"),
        text: query.get("text"),
        host: query.get("host"),
        since: since.unwrap_or_default(),
        until: until.unwrap_or_default(),
        before: None,
        limit: PAGE + 1,
    };
    (page, error)
}

pub(crate) async fn page(visit: Visit) -> Response {
    let (mut wanted, date_error) = wanted(&visit.query);
    wanted.before = match visit.query.raw("before") {
        "" => None,
        text => match text.parse() {
            Ok(number) => Some(number),
            Err(_) => return visit.refuse(&OpsError::BadCursor).await,
        },
    };
    let mut rows = match date_error {
        Some(_) => Vec::new(),
        None => match visit.acts().audit.list(visit.actor(), &wanted).await {
            Ok(rows) => rows,
            Err(error) => return visit.refuse(&error).await,
        },
    };
    let has_more = rows.len() > PAGE as usize;
    rows.truncate(PAGE as usize);
    let names = ["actor", "act", "target", "text", "host", "since", "until"];
    let fields = names.map(|name| (name, visit.query.get(name)));
    let place = |path: &str, name: &str, value: &str| {
        let kept = fields.iter().map(|(name, value)| (*name, value.as_str()));
        let kept: Vec<_> = kept.chain([(name, value)]).collect();
        address(path, &kept)
    };
    let last = rows.last().filter(|_| has_more);
    let page = Page {
        frame: visit.frame(t("Audit")).await,
        is_first: wanted.before.is_none(),
        is_filtered: fields.iter().any(|(_, value)| !value.is_empty()),
        first: place("/audit", "before", ""),
        next: last.map(|row| place("/audit", "before", &row.id.to_string())),
        csv: place("/audit/export", "form", "csv"),
        json: place("/audit/export", "form", "jsonl"),
        since: visit.query.get("since"),
        until: visit.query.get("until"),
        date_error,
        rows,
        wanted,
    };
    let status = date_error.map_or(StatusCode::OK, |_| StatusCode::BAD_REQUEST);
    (status, rendered(&page)).into_response()
}
