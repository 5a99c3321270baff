//! The server that runs here, as an operator sees it first.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use storage::Storage;

use crate::{Actor, OpsError, Role};

/// Looks at the server that runs here.
#[derive(Clone)]
pub struct Servers {
    storage: Storage,
    live: Arc<dyn ServerLive>,
}

/// What acts need to know of the running process.
pub trait ServerLive: Send + Sync {
    /// How it is just now.
    fn info(&self) -> ServerInfo;
}

/// The server that runs here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerInfo {
    /// Its version.
    pub version: String,
    /// Its name among its peers.
    pub node: String,
    /// The number of its process.
    pub pid: u32,
    /// When it started, in microseconds since 1970.
    pub started_at: i64,
    /// The database: sqlite, postgres or mysql.
    pub database: String,
    /// Where it listens.
    pub listeners: Vec<ListenerInfo>,
    /// What it shows to clients of the hosts that the actor's power reaches.
    pub certificates: Vec<CertificateInfo>,
    /// Why it should get no clients just now, by the part that cannot serve; empty: it is ready.
    pub not_ready: Vec<(String, String)>,
    /// The XMPP domains that the actor's power reaches.
    pub hosts: Vec<String>,
}

/// Where the server listens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListenerInfo {
    /// For whom.
    pub purpose: String,
    /// How.
    pub protocol: String,
    /// Where.
    pub address: String,
}

/// A certificate. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateInfo {
    /// The domains it is for.
    pub names: Vec<String>,
    /// Valid from.
    pub not_before: i64,
    /// Valid until.
    pub not_after: i64,
    /// Whether it vouches for itself, so that no client trusts it unasked.
    pub is_self_signed: bool,
}

impl CertificateInfo {
    /// Whether it is for this domain, given in lower case and in ASCII.
    #[must_use]
    pub fn covers(&self, domain: &str) -> bool {
        // RFC 9525 §6.3: a wildcard stands for exactly one whole label.
        let parent = domain.split_once('.').map(|(_, parent)| parent);
        let is_for = |name: &String| match name.strip_prefix("*.") {
            Some(rest) => parent == Some(rest),
            None => name == domain,
        };
        self.names.iter().any(is_for)
    }
}

impl Servers {
    /// Looks at this one.
    #[must_use]
    pub fn new(storage: Storage, live: Arc<dyn ServerLive>) -> Self {
        Self { storage, live }
    }

    /// How it is; every administrator may know.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn here(&self, actor: &Actor) -> Result<ServerInfo, OpsError> {
        let hosts = self.storage.hosts().list().await?.into_iter();
        let hosts = hosts.map(|host| host.domain).filter(|domain| actor.reaches(domain));
        let mut info = self.live.info();
        if let Role::Host(own) = actor.role() {
            info.certificates.retain(|certificate| certificate.names.contains(own));
        }
        Ok(ServerInfo {
            database: self.storage.kind().name().to_owned(),
            hosts: hosts.collect(),
            ..info
        })
    }
}
