//! `/audit`: what operators have done, whatever way they took.

use askama::Template;
use axum::response::Response;
use ops::{AuditInfo, AuditPage, OpsError};

use crate::{fields::address, frame::Frame, refusal::rendered, visit::Visit, words};

#[derive(Template)]
#[template(path = "audit.html")]
struct Page {
    frame: Frame,
    actor: String,
    act: String,
    target: String,
    rows: Vec<AuditInfo>,
    is_first: bool,
    first: String,
    next: Option<String>,
}

/// Acts on a page.
const PAGE: u32 = 50;

pub(crate) async fn page(visit: Visit) -> Response {
    let query = &visit.query;
    let (actor, act, target) = (query.get("actor"), query.get("act"), query.get("target"));
    let before = match query.raw("before") {
        "" => None,
        text => match text.parse() {
            Ok(number) => Some(number),
            Err(_) => return visit.refuse(&OpsError::BadCursor).await,
        },
    };
    let wanted = AuditPage {
        actor: actor.clone(),
        act: act.clone(),
        target: target.clone(),
        before,
        limit: PAGE + 1,
    };
    let mut rows = match visit.acts().audit.list(visit.actor(), &wanted).await {
        Ok(rows) => rows,
        Err(error) => return visit.refuse(&error).await,
    };
    let has_more = rows.len() > PAGE as usize;
    rows.truncate(PAGE as usize);
    let place = |before: &str| {
        let fields = [
            ("actor", actor.as_str()),
            ("act", act.as_str()),
            ("target", target.as_str()),
            ("before", before),
        ];
        address("/audit", &fields)
    };
    let last = rows.last().filter(|_| has_more);
    rendered(&Page {
        frame: visit.frame("Audit").await,
        is_first: before.is_none(),
        first: place(""),
        next: last.map(|row| place(&row.id.to_string())),
        rows,
        actor,
        act,
        target,
    })
}
