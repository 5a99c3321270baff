//! `/properties/{name}`: one property; set it, or take its value back.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{Applies, OpsError, PropertyChangeInfo, PropertyInfo, Source, Where};

use super::properties::source;
use crate::{
    frame::Frame,
    language::{filters, t, told},
    refusal::{self, rendered},
    visit::{Visit, done},
    words,
};

#[derive(Template)]
#[template(path = "property.html")]
struct Page {
    frame: Frame,
    info: PropertyInfo,
    path: String,
    source: String,
    pinned: Option<String>,
    is_set: bool,
    is_flag: bool,
    needs_restart: bool,
    /// What stands in the field.
    value: String,
    is_for_node: bool,
    error: Option<String>,
    /// Its last changes.
    rows: Vec<PropertyChangeInfo>,
    has_more: bool,
}

/// Changes on the page of a property.
const CHANGES: u32 = 10;

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

pub(crate) async fn set(visit: Visit) -> Response {
    let value = visit.form.raw("value");
    let set = visit
        .acts()
        .properties
        .set(visit.actor(), place(&visit), visit.name("name"), value)
        .await;
    match set {
        Ok(info) if info.applies == Applies::Restart => done(&path(&info.name), "restart"),
        Ok(info) => done(&path(&info.name), "set"),
        Err(error) => show(&visit, Some(error)).await,
    }
}

pub(crate) async fn unset(visit: Visit) -> Response {
    let unset = visit
        .acts()
        .properties
        .unset(visit.actor(), place(&visit), visit.name("name"))
        .await;
    match unset {
        Ok(info) => done(&path(&info.name), "unset"),
        Err(error) => show(&visit, Some(error)).await,
    }
}

pub(crate) async fn encrypt(visit: Visit) -> Response {
    if !visit.form.is_set("sure") {
        let why = OpsError::Refused(t("tick the box to say that its value need not be seen any more").to_owned());
        return show(&visit, Some(why)).await;
    }
    let properties = &visit.acts().properties;
    match properties.encrypt(visit.actor(), visit.name("name")).await {
        Ok(info) => done(&path(&info.name), "encrypted"),
        Err(error) => show(&visit, Some(error)).await,
    }
}

fn place(visit: &Visit) -> Where {
    match visit.form.raw("place") {
        "node" => Where::Node,
        _ => Where::Cluster,
    }
}

fn path(name: &str) -> String {
    format!("/properties/{name}")
}

async fn show(visit: &Visit, wrong: Option<OpsError>) -> Response {
    let info = match visit.acts().properties.get(visit.actor(), visit.name("name")).await {
        Ok(info) => info,
        Err(error) => return visit.refuse(&error).await,
    };
    let history = visit
        .acts()
        .properties
        .history(visit.actor(), Some(&info.name), None, CHANGES + 1);
    let mut rows = match history.await {
        Ok(rows) => rows,
        Err(error) => return visit.refuse(&error).await,
    };
    let has_more = rows.len() > CHANGES as usize;
    rows.truncate(CHANGES as usize);
    let status = wrong.as_ref().map_or(StatusCode::OK, refusal::status);
    let page = Page {
        frame: visit.frame(&info.name).await,
        path: path(&info.name),
        source: source(&info),
        pinned: match &info.source {
            Source::Pinned(by) => Some(by.clone()),
            _ => None,
        },
        is_set: matches!(info.source, Source::Cluster | Source::Node),
        is_flag: info.default.as_bool().is_some(),
        needs_restart: info.applies == Applies::Restart,
        value: match wrong {
            // What is a secret is never a part of a page.
            _ if info.is_secret => String::new(),
            Some(_) => visit.form.raw("value").to_owned(),
            None => info.value.to_string(),
        },
        is_for_node: match wrong {
            Some(_) => place(visit) == Where::Node,
            None => info.source == Source::Node,
        },
        error: wrong.map(|error| told(&error)),
        rows,
        has_more,
        info,
    };
    (status, rendered(&page)).into_response()
}
