//! `/history`: what properties were before, and the way back.

use askama::Template;
use axum::response::Response;
use ops::{OpsError, PropertyChangeInfo};

use crate::{
    fields::address,
    frame::Frame,
    language::{filters, t},
    refusal::rendered,
    visit::{Visit, done},
    words,
};

#[derive(Template)]
#[template(path = "history.html")]
struct Page {
    frame: Frame,
    name: String,
    rows: Vec<PropertyChangeInfo>,
    is_first: bool,
    first: String,
    next: Option<String>,
}

/// Changes on a page.
const PAGE: u32 = 50;

pub(crate) async fn page(visit: Visit) -> Response {
    let name = visit.query.get("name");
    let before = match visit.query.raw("before") {
        "" => None,
        text => match text.parse() {
            Ok(number) => Some(number),
            Err(_) => return visit.refuse(&OpsError::BadCursor).await,
        },
    };
    let of = (!name.is_empty()).then_some(name.as_str());
    let history = visit.acts().properties.history(visit.actor(), of, before, PAGE + 1);
    let mut rows = match history.await {
        Ok(rows) => rows,
        Err(error) => return visit.refuse(&error).await,
    };
    let has_more = rows.len() > PAGE as usize;
    rows.truncate(PAGE as usize);
    let place = |before: &str| address("/history", &[("name", name.as_str()), ("before", before)]);
    let last = rows.last().filter(|_| has_more);
    rendered(&Page {
        frame: visit.frame(t("Changes of properties")).await,
        is_first: before.is_none(),
        first: place(""),
        next: last.map(|row| place(&row.id.to_string())),
        rows,
        name,
    })
}

pub(crate) async fn undo(visit: Visit) -> Response {
    let Ok(id) = visit.form.raw("id").parse() else {
        return visit.refuse(&OpsError::BadCursor).await;
    };
    match visit.acts().properties.undo(visit.actor(), id).await {
        Ok(info) => done(&format!("/properties/{}", info.name), "undone"),
        Err(error) => visit.refuse(&error).await,
    }
}
