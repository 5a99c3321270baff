//! What console and API are given: the acts, and how this server is.

use std::{
    net::SocketAddr,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

use arc_swap::ArcSwap;
use auth::Authenticator;
use console::Acts;
use http::Readiness;
use ops::{
    CertificateInfo, ConsoleSettings, Databases, ListenerInfo, Logins, Outlook, Sealing, ServerInfo, ServerLive,
    Servers, Setup,
};
use rustls::ServerConfig;
use storage::{Clock, Storage, SystemClock};
use transport::{Certificates, TlsSettings, tls_server_config};

use crate::{control::Desk, install::Installation, listeners::Addresses, outlook::Lookout, process};

/// All that operators can do in a browser.
pub(crate) fn acts(
    desk: &Desk,
    storage: &Storage,
    authenticator: &Authenticator,
    sealing: &Sealing,
    settings: &Arc<ArcSwap<ConsoleSettings>>,
    here: ServerHere,
    installation: Installation,
) -> Acts {
    let audit = desk.audit.clone();
    Acts {
        databases: Databases::new(storage.clone(), installation.database()),
        acme: desk.acme.clone(),
        accounts: desk.accounts.clone(),
        administrators: desk.administrators.clone(),
        certificates: desk.certificates.clone(),
        clustering: desk.clustering.clone(),
        groups: desk.groups.clone(),
        logins: Logins::new(
            storage.clone(),
            authenticator.clone(),
            audit.clone(),
            Arc::clone(settings),
            sealing.clone(),
        ),
        hosts: desk.hosts.clone(),
        logs: desk.logs.clone(),
        properties: desk.properties.clone(),
        second_factors: desk.second_factors.clone(),
        servers: Servers::new(storage.clone(), Arc::new(here), Arc::clone(settings)),
        sessions: desk.sessions.clone(),
        setup: Setup::new(
            storage.clone(),
            desk.accounts.clone(),
            audit.clone(),
            Arc::new(installation),
            process::setup_token(),
        ),
        tokens: desk.tokens.clone(),
        audit,
    }
}

/// All that operators can do from their chat client.
pub(crate) fn operator_acts(acts: &Acts) -> features::OperatorActs {
    features::OperatorActs {
        accounts: acts.accounts.clone(),
        administrators: acts.administrators.clone(),
        groups: acts.groups.clone(),
        properties: acts.properties.clone(),
        sessions: acts.sessions.clone(),
    }
}

/// All that programs can do.
pub(crate) fn api_acts(acts: &Acts) -> api::Acts {
    api::Acts {
        acme: acts.acme.clone(),
        accounts: acts.accounts.clone(),
        administrators: acts.administrators.clone(),
        audit: acts.audit.clone(),
        certificates: acts.certificates.clone(),
        clustering: acts.clustering.clone(),
        groups: acts.groups.clone(),
        hosts: acts.hosts.clone(),
        properties: acts.properties.clone(),
        servers: acts.servers.clone(),
        sessions: acts.sessions.clone(),
        tokens: acts.tokens.clone(),
    }
}

/// TLS for browsers, with the certificates that clients are shown.
pub(crate) fn tls(certificates: &Arc<Certificates>, settings: &TlsSettings) -> anyhow::Result<Arc<ServerConfig>> {
    let settings = TlsSettings {
        alpn: vec![b"http/1.1".to_vec()],
        ..settings.clone()
    };
    Ok(tls_server_config(certificates, &settings, None)?)
}

/// This process.
pub(crate) struct ServerHere {
    pub(crate) node: String,
    pub(crate) started_at: i64,
    pub(crate) addresses: Addresses,
    pub(crate) certificates: Arc<Certificates>,
    pub(crate) readiness: Arc<Readiness>,
    pub(crate) lookout: Lookout,
}

impl ServerHere {
    /// It starts now.
    pub(crate) fn new(
        node: &str,
        addresses: &Addresses,
        certificates: &Arc<Certificates>,
        readiness: &Arc<Readiness>,
        lookout: &Lookout,
    ) -> Self {
        Self {
            node: node.to_owned(),
            started_at: SystemClock.now_micros(),
            addresses: addresses.clone(),
            certificates: Arc::clone(certificates),
            readiness: Arc::clone(readiness),
            lookout: lookout.clone(),
        }
    }
}

impl ServerLive for ServerHere {
    fn outlook(&self) -> Outlook {
        self.lookout.found()
    }

    fn names(&self) -> Vec<String> {
        let certificates = self.certificates.pairs();
        let certified = certificates.iter().flat_map(|pair| pair.info().subject_names.clone());
        let machine = nix::unistd::gethostname().ok().and_then(|name| name.into_string().ok());
        certified.chain(machine).chain([self.node.clone()]).collect()
    }

    fn info(&self) -> ServerInfo {
        let reasons = self.readiness.reasons().into_iter();
        ServerInfo {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            node: self.node.clone(),
            pid: std::process::id(),
            started_at: self.started_at,
            database: String::new(),
            listeners: listeners(&self.addresses),
            certificates: self
                .certificates
                .pairs()
                .iter()
                .map(|pair| certificate(pair.info()))
                .collect(),
            not_ready: reasons.map(|(part, why)| (part.to_owned(), why)).collect(),
            hosts: Vec::new(),
        }
    }
}

fn listeners(addresses: &Addresses) -> Vec<ListenerInfo> {
    let each = |purpose: &'static str, protocol: &'static str, places: &[SocketAddr]| {
        let info = move |place: &SocketAddr| ListenerInfo {
            purpose: purpose.to_owned(),
            protocol: protocol.to_owned(),
            address: place.to_string(),
        };
        places.iter().map(info).collect::<Vec<_>>()
    };
    [
        each("clients", "XMPP with STARTTLS", &addresses.c2s),
        each("clients", "XMPP with direct TLS", &addresses.c2s_tls),
        each("console and monitoring", "HTTP, for this machine", &addresses.admin),
        each("console", "HTTPS", &addresses.admin_tls),
        each("certificate authorities", "HTTP, for challenges", &addresses.acme),
    ]
    .concat()
}

fn certificate(info: &transport::CertificateInfo) -> CertificateInfo {
    CertificateInfo {
        names: info.subject_names.clone(),
        not_before: micros(info.not_before),
        not_after: micros(info.not_after),
        is_self_signed: info.self_signed,
    }
}

pub(crate) fn micros(time: SystemTime) -> i64 {
    match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_micros()).unwrap_or(i64::MAX),
        Err(before) => i64::try_from(before.duration().as_micros()).map_or(i64::MIN, |micros| -micros),
    }
}
