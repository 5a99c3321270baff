//! `/certificates/import`: a certificate from an authority, put in force.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{ImportWish, Installed, OpsError, Password};

use super::certificates::Place;
use crate::{
    frame::Frame,
    language::{filters, t, told},
    refusal::{self, rendered},
    visit::Visit,
};

#[derive(Template)]
#[template(path = "certificate_import.html")]
struct Page {
    frame: Frame,
    place: Place,
    hosts: Vec<String>,
    host: String,
    chain: String,
    is_everywhere: bool,
    /// Whether certificates come by themselves.
    is_ordered: bool,
    host_error: Option<String>,
    chain_error: Option<String>,
    key_error: Option<String>,
    error: Option<String>,
    /// Put in force here, and not everywhere.
    partly: Option<Installed>,
}

enum Outcome {
    Nothing,
    Partly(Installed),
    Failed(OpsError),
}

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, Outcome::Nothing).await
}

pub(crate) async fn import(visit: Visit) -> Response {
    let place = match Place::find(&visit).await {
        Ok(place) => place,
        Err(error) => return visit.refuse(&error).await,
    };
    let key = either(&visit, "key");
    let wish = ImportWish {
        host: Some(visit.form.get("host")).filter(|host| !host.is_empty()),
        chain: either(&visit, "chain").to_owned(),
        key: Some(key)
            .filter(|key| !key.trim().is_empty())
            .map(|key| Password::new(key.to_owned())),
    };
    let is_everywhere = visit.form.is_set("everywhere");
    let certificates = &visit.acts().certificates;
    match certificates
        .import(visit.actor(), wish, place.node, is_everywhere)
        .await
    {
        Ok(installed) if installed.failed.is_empty() => place.done("/certificates", "certificate-set"),
        Ok(installed) => show(&visit, Outcome::Partly(installed)).await,
        Err(error) => show(&visit, Outcome::Failed(error)).await,
    }
}

/// What was typed, or else the file that was chosen.
fn either<'a>(visit: &'a Visit, field: &str) -> &'a str {
    match visit.form.raw(field) {
        text if text.trim().is_empty() => visit.form.raw(&format!("{field}-file")),
        text => text,
    }
}

async fn show(visit: &Visit, outcome: Outcome) -> Response {
    let (acts, actor) = (visit.acts(), visit.actor());
    let place = match Place::find(visit).await {
        Ok(place) => place,
        Err(error) => return visit.refuse(&error).await,
    };
    let hosts = match acts.accounts.hosts(actor).await {
        Ok(hosts) => hosts,
        Err(error) => return visit.refuse(&error).await,
    };
    let is_ordered = match acts.acme.status(actor).await {
        Ok(status) => status.is_enabled,
        Err(error) => return visit.refuse(&error).await,
    };
    let is_sent = visit.form.sent("csrf").is_some();
    let host = match is_sent {
        true => visit.form.get("host"),
        false => visit.query.get("host"),
    };
    let mut page = Page {
        frame: visit.frame(t("Put in a certificate")).await,
        is_everywhere: !is_sent || visit.form.is_set("everywhere"),
        is_ordered,
        place,
        hosts,
        host,
        chain: either(visit, "chain").to_owned(),
        host_error: None,
        chain_error: None,
        key_error: None,
        error: None,
        partly: None,
    };
    let mut status = StatusCode::OK;
    match outcome {
        Outcome::Nothing => {}
        Outcome::Partly(installed) => {
            status = StatusCode::BAD_GATEWAY;
            page.partly = Some(installed);
        }
        Outcome::Failed(error) => {
            status = refusal::status(&error);
            let (field, text) = match &error {
                OpsError::Certificate(refusal) => (refusal.field.as_str(), told(&refusal.why)),
                error => ("", told(error)),
            };
            let slot = match field {
                "host" => &mut page.host_error,
                "chain" => &mut page.chain_error,
                "key" => &mut page.key_error,
                _ => &mut page.error,
            };
            *slot = Some(text);
        }
    }
    (status, rendered(&page)).into_response()
}
