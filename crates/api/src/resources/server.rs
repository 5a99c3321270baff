//! `/server`: the server that answers.

use ops::{CertificateInfo, ListenerInfo, ServerInfo};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    answer::{Json, Outcome},
    request::Caller,
    wire::Time,
};

/// The server that answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Server {
    version: String,
    /// Its name among its peers.
    node: String,
    /// The number of its process.
    pid: u32,
    started_at: Time,
    /// The database: sqlite, postgres or mysql.
    database: String,
    /// The XMPP domains that the token reaches.
    hosts: Vec<String>,
    listeners: Vec<Listener>,
    /// What it shows to clients of those domains.
    certificates: Vec<Certificate>,
    /// Why it should get no clients just now; empty: it is ready.
    not_ready: Vec<NotReady>,
}

/// Where it listens.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Listener {
    /// For whom.
    purpose: String,
    /// How.
    protocol: String,
    /// Where.
    address: String,
}

/// A certificate.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Certificate {
    /// The domains it is for.
    names: Vec<String>,
    not_before: Time,
    not_after: Time,
    /// Whether it vouches for itself, so that no client trusts it unasked.
    self_signed: bool,
}

/// Why it should get no clients.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct NotReady {
    /// The part that cannot serve.
    part: String,
    reason: String,
}

/// The server that answers: its version, hosts, listeners and certificates.
#[utoipa::path(get, path = "/server", responses((status = 200, body = Server)))]
pub(crate) async fn show(caller: Caller) -> Outcome<Json<Server>> {
    Ok(Json(caller.acts.servers.here(&caller.actor).await?.into()))
}

impl From<ServerInfo> for Server {
    fn from(info: ServerInfo) -> Self {
        let not_ready = info.not_ready.into_iter();
        Self {
            version: info.version,
            node: info.node,
            pid: info.pid,
            started_at: Time(info.started_at),
            database: info.database,
            hosts: info.hosts,
            listeners: info.listeners.into_iter().map(Listener::from).collect(),
            certificates: info.certificates.into_iter().map(Certificate::from).collect(),
            not_ready: not_ready.map(|(part, reason)| NotReady { part, reason }).collect(),
        }
    }
}

impl From<ListenerInfo> for Listener {
    fn from(info: ListenerInfo) -> Self {
        Self {
            purpose: info.purpose,
            protocol: info.protocol,
            address: info.address,
        }
    }
}

impl From<CertificateInfo> for Certificate {
    fn from(info: CertificateInfo) -> Self {
        Self {
            names: info.names,
            not_before: Time(info.not_before),
            not_after: Time(info.not_after),
            self_signed: info.is_self_signed,
        }
    }
}
