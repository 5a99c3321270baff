//! `/hosts`: the domains that are served, and another one.

use askama::Template;
use axum::{
    http::StatusCode,
    response::{IntoResponse, Response},
};
use ops::{CertificateInfo, HostInfo, OpsError};

use super::overview::CertificateRow;
use crate::{
    frame::Frame,
    language::{filters, t, told},
    refusal::{self, rendered},
    visit::{Visit, done},
    words,
};

#[derive(Template)]
#[template(path = "hosts.html")]
struct Page {
    frame: Frame,
    rows: Vec<Row>,
    /// What stands in the field.
    domain: String,
    error: Option<String>,
}

struct Row {
    info: HostInfo,
    /// Where its page is.
    path: String,
    /// `good`, `warn` or `bad`.
    mood: &'static str,
    certificate: String,
}

pub(crate) async fn page(visit: Visit) -> Response {
    show(&visit, None).await
}

pub(crate) async fn add(visit: Visit) -> Response {
    match visit.acts().hosts.add(visit.actor(), visit.form.raw("domain")).await {
        Ok(_) => done("/hosts", "host"),
        Err(error) => show(&visit, Some(error)).await,
    }
}

async fn show(visit: &Visit, wrong: Option<OpsError>) -> Response {
    let (acts, actor) = (visit.acts(), visit.actor());
    let (hosts, server) = match (acts.hosts.list(actor).await, acts.servers.here(actor).await) {
        (Ok(hosts), Ok(server)) => (hosts, server),
        (Err(error), _) | (_, Err(error)) => return visit.refuse(&error).await,
    };
    let now = words::now();
    let status = wrong.as_ref().map_or(StatusCode::OK, refusal::status);
    let page = Page {
        frame: visit.frame(t("Hosts")).await,
        rows: hosts
            .into_iter()
            .map(|info| Row::of(info, &server.certificates, now))
            .collect(),
        domain: visit.form.raw("domain").to_owned(),
        error: wrong.map(|error| told(&error)),
    };
    (status, rendered(&page)).into_response()
}

impl Row {
    fn of(info: HostInfo, certificates: &[CertificateInfo], now: i64) -> Self {
        let of_it = certificates.iter().find(|certificate| certificate.covers(&info.domain));
        let (mood, certificate) = match of_it {
            Some(certificate) => {
                let row = CertificateRow::of(certificate, now);
                (row.mood, row.text)
            }
            None if info.disabled_at.is_some() => ("calm", t("none is needed").to_owned()),
            None if !info.domain.is_ascii() => (
                "warn",
                t("unknown: names beyond ASCII are not compared here").to_owned(),
            ),
            None => (
                "bad",
                t("none is for this host: clients refuse the one that they are shown").to_owned(),
            ),
        };
        Self {
            path: super::host_end::path(&info.domain),
            info,
            mood,
            certificate,
        }
    }
}
