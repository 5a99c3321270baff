//! `/certificates/acme`: certificates that come by themselves: where from, for which hosts, and how that goes.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{AcmeState, AcmeStatus, AcmeWish, LETS_ENCRYPT, LETS_ENCRYPT_STAGING, OpsError, Password};

use super::certificates::class;
use crate::{
    frame::Frame,
    language::{Text, filters, t, told},
    refusal::{self, rendered},
    visit::{self, Visit},
    words,
};

#[derive(Template)]
#[template(path = "acme.html")]
struct Page {
    frame: Frame,
    status: AcmeStatus,
    rows: Vec<Row>,
    fields: Vec<Field>,
    /// The terms that somebody has to agree to.
    terms: Option<String>,
    terms_error: Option<String>,
    error: Option<String>,
    production: &'static str,
    staging: &'static str,
}

struct Row {
    host: String,
    class: &'static str,
    text: String,
    can_order: bool,
}

struct Field {
    name: &'static str,
    label: Text,
    hint: Text,
    kind: &'static str,
    value: String,
    error: Option<String>,
}

const PAGE: &str = "/certificates/acme";

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

/// Orders from now on; without consent to the terms it shows where they are.
pub(crate) async fn turn_on(visit: Visit) -> Response {
    let form = &visit.form;
    let hosts = form.raw("hosts").split([',', ' ', '\r', '\n', '\t']);
    let wish = AcmeWish {
        directory: Some(form.get("directory")),
        contact: Some(form.get("contact")),
        hosts: Some(hosts.filter(|host| !host.is_empty()).map(str::to_owned).collect()),
        binding_id: Some(form.get("eab_key_id")),
        binding_secret: Some(form.get("eab_secret"))
            .filter(|secret| !secret.is_empty())
            .map(Password::new),
        agreed_terms: form.is_set("agreed").then(|| form.get("terms")),
    };
    match visit.acts().acme.turn_on(visit.actor(), wish).await {
        Ok(_) => visit::done(PAGE, "acme-on"),
        Err(error) => show(&visit, Some(error)).await,
    }
}

pub(crate) async fn turn_off(visit: Visit) -> Response {
    match visit.acts().acme.turn_off(visit.actor()).await {
        Ok(_) => visit::done(PAGE, "acme-off"),
        Err(error) => show(&visit, Some(error)).await,
    }
}

pub(crate) async fn order(visit: Visit) -> Response {
    match visit.acts().acme.order_now(visit.actor(), visit.name("host")).await {
        Ok(()) => visit::done(PAGE, "acme-order"),
        Err(error) => show(&visit, Some(error)).await,
    }
}

async fn show(visit: &Visit, wrong: Option<OpsError>) -> Response {
    let (acme, actor) = (&visit.acts().acme, visit.actor());
    let status = match acme.status(actor).await {
        Ok(status) => status,
        Err(error) => return visit.refuse(&error).await,
    };
    let field_error = |field: &str| match &wrong {
        Some(OpsError::Certificate(refusal)) if refusal.field == field => Some(told(&refusal.why)),
        _ => None,
    };
    let mut fields = fields(visit, &status, field_error);
    let terms_error = field_error("agreed");
    let mut terms = None;
    if terms_error.is_some() {
        let secret = fields.iter_mut().find(|field| field.kind == "password");
        if let Some(secret) = secret.filter(|_| !visit.form.raw("eab_secret").is_empty()) {
            secret.error = Some(t("put it in once more: what was typed here is not shown again").to_owned());
        }
        // The authority was asked a moment ago: what it says is what has to be agreed to.
        let found = acme.look(actor, &visit.form.get("directory")).await;
        terms = found.ok().map(|found| found.terms);
    }
    let is_beside = terms_error.is_some() || fields.iter().any(|field| field.error.is_some());
    let page = Page {
        frame: visit.frame(t("Certificates by ACME")).await,
        rows: rows(&status),
        fields,
        // Who has not ticked the box yet is not told off before.
        terms_error: terms_error.filter(|_| visit.form.sent("terms").is_some()),
        terms,
        error: wrong.as_ref().filter(|_| !is_beside).map(told),
        status,
        production: LETS_ENCRYPT,
        staging: LETS_ENCRYPT_STAGING,
    };
    let code = wrong.as_ref().map_or(StatusCode::OK, refusal::status);
    (code, rendered(&page)).into_response()
}

fn rows(status: &AcmeStatus) -> Vec<Row> {
    let row = |host: &ops::AcmeHost| {
        let (mood, text) = host.said(&|at| words::time(&at));
        Row {
            host: host.host.clone(),
            class: match host.state {
                AcmeState::Off | AcmeState::Configured => "",
                _ => class(mood),
            },
            text: told(text),
            can_order: matches!(host.state, AcmeState::Waiting | AcmeState::Failed | AcmeState::Valid),
        }
    };
    status.hosts.iter().map(row).collect()
}

fn fields(visit: &Visit, status: &AcmeStatus, error: impl Fn(&str) -> Option<String>) -> Vec<Field> {
    let is_sent = visit.form.sent("directory").is_some();
    let field = |name: &'static str, label: Text, hint: Text, kind: &'static str, held: &str| Field {
        name,
        label,
        hint,
        kind,
        value: match (is_sent, kind) {
            (_, "password") => String::new(),
            (true, _) => visit.form.raw(name).trim().to_owned(),
            (false, _) => held.to_owned(),
        },
        error: error(name),
    };
    vec![
        field(
            "directory",
            Text("Directory of the authority"),
            Text("Its address, as the authority says it."),
            "url",
            &status.directory,
        ),
        field(
            "contact",
            Text("Contact"),
            Text("A mail address that the authority writes to if something is wrong. May be empty."),
            "email",
            &status.contact,
        ),
        field(
            "hosts",
            Text("Hosts"),
            Text("Separated by commas; empty: every host that is served."),
            "text",
            &status.wanted.join(", "),
        ),
        field(
            "eab_key_id",
            Text("Name of the binding key (EAB)"),
            Text("Only for authorities that give you one. May be empty."),
            "text",
            &status.binding_id,
        ),
        field(
            "eab_secret",
            Text("Binding key"),
            Text("In base64, as the authority gave it. Empty: as it is. It is kept encrypted and shown nowhere."),
            "password",
            "",
        ),
    ]
}

/// Whether a browser may be led there: an authority may say anything.
fn is_web(address: &str) -> bool {
    address.starts_with("https://") || address.starts_with("http://")
}
