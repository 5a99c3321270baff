//! `/certificates/host/{host}`: what one host is served with, in full, and what to do about it.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{CertificateSource, KeyWish, OpsError, RequestWish};

use super::certificates::{Place, Row};
use crate::{
    frame::Frame,
    language::{Text, filters, t, told},
    refusal::{self, rendered},
    visit::Visit,
    words,
};

#[derive(Template)]
#[template(path = "certificate.html")]
struct Page {
    frame: Frame,
    place: Place,
    row: Row,
    /// The configuration's place where its certificate is named, if it is.
    configured: Option<String>,
    /// What stands in the form of a signing request.
    names: String,
    key: String,
    parts: Vec<Part>,
    names_error: Option<String>,
    error: Option<String>,
}

/// A part of the requester's name.
struct Part {
    name: &'static str,
    label: Text,
    value: String,
    error: Option<String>,
}

const PARTS: [(&str, Text); 5] = [
    ("organization", Text("Organization")),
    ("unit", Text("Unit of the organization")),
    ("city", Text("City")),
    ("state", Text("State or province")),
    ("country", Text("Country, in two capital letters")),
];

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

/// Makes a certificate that vouches for itself.
pub(crate) async fn self_signed(visit: Visit) -> Response {
    let place = match Place::find(&visit).await {
        Ok(place) => place,
        Err(error) => return visit.refuse(&error).await,
    };
    if !visit.form.is_set("sure") {
        let why = OpsError::Refused(t("tick the box to say that the present certificate may go").to_owned());
        return show(&visit, Some(why)).await;
    }
    let certificates = &visit.acts().certificates;
    match certificates
        .self_signed(visit.actor(), visit.name("host"), place.node)
        .await
    {
        Ok(_) => place.done("/certificates", "certificate-set"),
        Err(error) => show(&visit, Some(error)).await,
    }
}

/// Makes a signing request; the page that follows shows it.
pub(crate) async fn request(visit: Visit) -> Response {
    let place = match Place::find(&visit).await {
        Ok(place) => place,
        Err(error) => return visit.refuse(&error).await,
    };
    let form = &visit.form;
    let names = form.raw("names").split([',', ' ', '\r', '\n', '\t']);
    let wish = RequestWish {
        host: visit.name("host").to_owned(),
        names: names.filter(|name| !name.is_empty()).map(str::to_owned).collect(),
        key: match form.raw("key") {
            "ecdsa-p384" => KeyWish::EcdsaP384,
            "rsa-3072" => KeyWish::Rsa3072,
            _ => KeyWish::EcdsaP256,
        },
        organization: form.get("organization"),
        unit: form.get("unit"),
        city: form.get("city"),
        state: form.get("state"),
        country: form.get("country"),
    };
    match visit.acts().certificates.request(visit.actor(), wish, place.node).await {
        Ok(_) => place.done(&here(&visit), "request-made"),
        Err(error) => show(&visit, Some(error)).await,
    }
}

fn here(visit: &Visit) -> String {
    format!("/certificates/host/{}", words::segment(visit.name("host")))
}

async fn show(visit: &Visit, wrong: Option<OpsError>) -> Response {
    let place = match Place::find(visit).await {
        Ok(place) => place,
        Err(error) => return visit.refuse(&error).await,
    };
    let hosts = match visit.acts().certificates.list(visit.actor(), place.node).await {
        Ok(hosts) => hosts,
        Err(error) => return visit.refuse(&error).await,
    };
    let acme = match visit.acts().acme.status(visit.actor()).await {
        Ok(status) => status,
        Err(error) => return visit.refuse(&error).await,
    };
    let name = visit.name("host");
    let known: Vec<String> = hosts.iter().map(|info| info.host.clone()).collect();
    let Some(info) = hosts.into_iter().find(|info| info.host == name) else {
        let error = OpsError::NoHost {
            domain: name.to_owned(),
            hosts: known.join(", "),
        };
        return visit.refuse(&error).await;
    };
    let field_error = |field: &str| match &wrong {
        Some(OpsError::Certificate(refusal)) if refusal.field == field => Some(told(&refusal.why)),
        _ => None,
    };
    let parts: Vec<Part> = PARTS
        .into_iter()
        .map(|(name, label)| Part {
            name,
            label,
            value: visit.form.get(name),
            error: field_error(name),
        })
        .collect();
    let names_error = field_error("names");
    let is_beside = names_error.is_some() || parts.iter().any(|part| part.error.is_some());
    let page = Page {
        frame: visit.frame(&info.host).await,
        configured: match &info.source {
            CertificateSource::Configuration(by) if !info.chain.is_empty() => Some(by.clone()),
            _ => None,
        },
        row: Row::of(info, &place, words::now()).with_orders(&acme),
        names: visit.form.raw("names").to_owned(),
        key: visit.form.get("key"),
        parts,
        names_error,
        error: wrong.as_ref().filter(|_| !is_beside).map(told),
        place,
    };
    let status = wrong.as_ref().map_or(StatusCode::OK, refusal::status);
    (status, rendered(&page)).into_response()
}
