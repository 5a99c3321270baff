//! The server that runs here, as an operator sees it first.

use std::{net::IpAddr, sync::Arc};

use arc_swap::ArcSwap;
use serde::{Deserialize, Serialize};
use storage::Storage;

use crate::{Actor, ConsoleSettings, Finding, OpsError, Role};

/// Looks at the server that runs here.
#[derive(Clone)]
pub struct Servers {
    storage: Storage,
    live: Arc<dyn ServerLive>,
    settings: Arc<ArcSwap<ConsoleSettings>>,
}

/// What acts need to know of the running process.
pub trait ServerLive: Send + Sync {
    /// How it is just now.
    fn info(&self) -> ServerInfo;

    /// What was found last that should be mended, without looking anew.
    fn outlook(&self) -> Outlook;

    /// Its names: of the machine, of the node, and those in its certificates.
    fn names(&self) -> Vec<String>;
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

/// What is to be mended before it hurts, as it was found last.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlook {
    /// When, in microseconds since 1970; none: nobody has looked yet.
    pub looked_at: Option<i64>,
    /// What was looked at, good and bad.
    pub findings: Vec<Finding>,
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
    pub fn new(storage: Storage, live: Arc<dyn ServerLive>, settings: Arc<ArcSwap<ConsoleSettings>>) -> Self {
        Self {
            storage,
            live,
            settings,
        }
    }

    /// Whether a browser may ask for this server's console under this name (a `Host` header without its port). Whoever
    /// has a domain of their own can have it lead here (DNS rebinding), and their page then reads ours: so only names
    /// that are known to be ours are answered. An address is no domain, and nobody's to redirect.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn is_named(&self, host: &str) -> Result<bool, OpsError> {
        let host = host.trim_end_matches('.').to_ascii_lowercase();
        if host.is_empty() {
            return Ok(false);
        }
        let is_address = host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok();
        if is_address || host == "localhost" || host.ends_with(".localhost") {
            return Ok(true);
        }
        let settings = self.settings.load();
        let mut known = settings
            .hosts
            .iter()
            .chain(&self.live.names())
            .any(|name| covers(name, &host));
        if !known {
            known = self.storage.hosts().find(&host).await?.is_some();
        }
        Ok(known)
    }

    /// Whether somebody at this address is answered by the console and the API (`console.allowed`).
    #[must_use]
    pub fn may_come(&self, from: IpAddr) -> bool {
        self.settings.load().may_come(from)
    }

    /// Names and certificates as they were found last; that is looked at in the background.
    ///
    /// # Errors
    /// Where the actor's power ends at a host.
    pub fn outlook(&self, actor: &Actor) -> Result<Outlook, OpsError> {
        actor.require_server()?;
        Ok(self.live.outlook())
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

/// Whether a name, or one for all hosts of a domain as certificates have it, is for this host.
fn covers(name: &str, host: &str) -> bool {
    match name.strip_prefix("*.") {
        Some(domain) => host
            .split_once('.')
            .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(domain)),
        None => host.eq_ignore_ascii_case(name),
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_star_stands_for_one_label() {
        for (name, host, expected) in [
            ("chat.example.org", "chat.example.org", true),
            ("Chat.Example.org", "chat.example.org", true),
            ("chat.example.org", "evil.chat.example.org", false),
            ("*.example.org", "chat.example.org", true),
            ("*.example.org", "a.chat.example.org", false),
            ("*.example.org", "example.org", false),
            ("*", "example.org", false),
            ("", "example.org", false),
        ] {
            assert_eq!(covers(name, host), expected, "{name} {host}");
        }
    }
}
