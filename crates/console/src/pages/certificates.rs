//! `/certificates`: what each host is served with, at this server or at another one of its cluster.

use askama::Template;
use axum::response::{IntoResponse, Redirect, Response};
use ops::{AcmeState, AcmeStatus, CertificateSource, HostCertificate, Mood, NodeState, OpsError};

use crate::{
    fields::address,
    frame::Frame,
    language::{filters, t, t1, told},
    refusal::rendered,
    visit::Visit,
    words::{self, segment},
};

#[derive(Template)]
#[template(path = "certificates.html")]
struct Page {
    frame: Frame,
    place: Place,
    rows: Vec<Row>,
    /// The address where certificates are ordered; none: they are not.
    ordered_at: Option<String>,
    console_names: Vec<(String, bool)>,
}

/// What stands in a row: a host.
pub(super) struct Row {
    pub(super) info: HostCertificate,
    pub(super) source: String,
    pub(super) advice: Vec<(&'static str, String)>,
    pub(super) link: String,
    /// How it goes with its orders, where some are made.
    pub(super) ordered: Option<(&'static str, String)>,
}

/// Whose certificates are shown: they are files of one server each.
pub(super) struct Place {
    /// The server's number; none: this one.
    pub(super) node: Option<u64>,
    pub(super) name: String,
    /// The other servers of the cluster: where their page is, and what they are called.
    pub(super) others: Vec<(String, String)>,
}

pub(crate) async fn page(visit: Visit) -> Response {
    let (acts, actor) = (visit.acts(), visit.actor());
    let place = match Place::find(&visit).await {
        Ok(place) => place,
        Err(error) => return visit.refuse(&error).await,
    };
    let hosts = match acts.certificates.list(actor, place.node).await {
        Ok(hosts) => hosts,
        Err(error) => return visit.refuse(&error).await,
    };
    let console_names = match acts.certificates.console_names(actor, &hosts).await {
        Ok(names) => names,
        Err(error) => return visit.refuse(&error).await,
    };
    let acme = match acts.acme.status(actor).await {
        Ok(status) => status,
        Err(error) => return visit.refuse(&error).await,
    };
    let now = words::now();
    let row = |info: HostCertificate| Row::of(info, &place, now).with_orders(&acme);
    rendered(&Page {
        frame: visit.frame(t("Certificates")).await,
        rows: hosts.into_iter().map(row).collect(),
        ordered_at: acme.is_enabled.then(|| acme.directory.clone()),
        console_names,
        place,
    })
}

impl Row {
    pub(super) fn of(info: HostCertificate, place: &Place, now: i64) -> Self {
        let advice = info.advice(now).into_iter();
        Self {
            source: source(&info),
            advice: advice.map(|(mood, text)| (class(mood), told(text))).collect(),
            link: place.link(&format!("/certificates/host/{}", segment(&info.host))),
            info,
            ordered: None,
        }
    }

    /// The same, with how its orders go.
    pub(super) fn with_orders(self, acme: &AcmeStatus) -> Self {
        let host = acme.hosts.iter().find(|host| host.host == self.info.host);
        let said = host.filter(|host| host.state != AcmeState::Off);
        let said = said.map(|host| host.said(&|at| words::time(&at)));
        Self {
            ordered: said.map(|(mood, text)| (class(mood), told(text))),
            ..self
        }
    }
}

impl Place {
    /// The one that the address or the form names.
    pub(super) async fn find(visit: &Visit) -> Result<Self, OpsError> {
        let clustering = &visit.acts().clustering;
        let here = clustering.status(visit.actor()).await?.node;
        let wished = match (visit.query.raw("node"), visit.form.raw("node")) {
            ("", "") => None,
            ("", text) | (text, _) => {
                let node: u64 = text.parse().map_err(|_| OpsError::NoNode(text.to_owned()))?;
                Some(node).filter(|node| Some(*node) != here)
            }
        };
        let nodes = clustering.nodes(visit.actor()).await?;
        let shown = wished.or(here);
        let name = nodes
            .iter()
            .find(|node| Some(node.id) == shown)
            .map(|node| node.name.clone());
        let name = match (name, wished) {
            (Some(name), _) => name,
            (None, Some(node)) => return Err(OpsError::NoNode(node.to_string())),
            (None, None) => t("this server").to_owned(),
        };
        let others = nodes
            .iter()
            .filter(|node| node.state == NodeState::Member && Some(node.id) != shown);
        let others = others.map(|node| {
            (
                address("/certificates", &[("node", &node.id.to_string())]),
                node.name.clone(),
            )
        });
        Ok(Self {
            node: wished,
            others: others.collect(),
            name,
        })
    }

    /// A page about the same server.
    pub(super) fn link(&self, path: &str) -> String {
        address(path, &[("node", &self.number())])
    }

    /// After something was done there: to this page, which says so.
    pub(super) fn done(&self, path: &str, notice: &str) -> Response {
        Redirect::to(&address(path, &[("node", &self.number()), ("done", notice)])).into_response()
    }

    /// What stands in forms.
    pub(super) fn number(&self) -> String {
        self.node.map(|node| node.to_string()).unwrap_or_default()
    }

    pub(super) fn is_clustered(&self) -> bool {
        !self.others.is_empty()
    }
}

pub(super) fn class(mood: Mood) -> &'static str {
    match mood {
        Mood::Good => "good",
        Mood::Warn => "warn",
        Mood::Bad => "bad",
    }
}

fn source(info: &HostCertificate) -> String {
    match &info.source {
        _ if info.chain.is_empty() => t("none##source").to_owned(),
        CertificateSource::Made => t("made by the server at its first start").to_owned(),
        CertificateSource::PutIn => t("put in by an operator").to_owned(),
        CertificateSource::Acme => t("ordered by ACME").to_owned(),
        CertificateSource::Configuration(by) => t1("a file that {0} names", by),
    }
}
