//! Parts that the server and the commands put together in the same way.

use std::sync::Arc;

use arc_swap::ArcSwap;
use auth::{Authenticator, SystemRandom};
use cluster::link::LinkSettings;
use ops::{
    Accounts, Acme, Administrators, Audit, Certificates, ClusterLive, Clustering, Groups, Hosts, Live, Logs, Pins,
    Properties, Sealing, SecondFactors, Sessions, Tokens, Vault,
};
use storage::{Host, Storage, StorageError, SystemClock};

use crate::{
    acme::AcmeDesk,
    certificates::CertificateDesk,
    config::{Config, Configuration, Origin},
    control::{Desk, Status},
    properties,
    secret_key::KeyFile,
};

/// Where the database is.
pub(crate) fn storage_options(config: &Config) -> storage::Options {
    storage::Options {
        max_connections: config.database.max_connections,
        ..storage::Options::new(&config.database.url)
    }
}

/// The system properties as they hold here, and the pins among them.
pub(crate) fn properties(
    configuration: &Configuration,
    storage: &Storage,
    sealing: &Sealing,
) -> (Properties, Arc<ArcSwap<Pins>>) {
    let pins = Arc::new(ArcSwap::from_pointee(properties::pins(configuration)));
    let catalogue = Arc::new(properties::catalogue());
    let node = configuration.config.node_name.clone();
    (
        Properties::new(storage.clone(), catalogue, Arc::clone(&pins), node).with_sealing(sealing.clone()),
        pins,
    )
}

/// What encrypts secrets in the database, with the key of this server.
pub(crate) fn sealing(storage: &Storage, key: &KeyFile) -> Sealing {
    Sealing::new(storage.clone(), Arc::new(key.clone()))
}

/// The door.
pub(crate) async fn authenticator(storage: &Storage, settings: auth::Settings) -> Result<Authenticator, StorageError> {
    Authenticator::new(
        storage.clone(),
        settings,
        b"",
        Arc::new(SystemClock),
        Arc::new(SystemRandom),
    )
    .await
}

/// What acts are put together from.
pub(crate) struct Parts<'a> {
    pub(crate) storage: &'a Storage,
    pub(crate) properties: &'a Properties,
    pub(crate) authenticator: &'a Authenticator,
    pub(crate) live: Arc<dyn Live>,
    pub(crate) cluster: Arc<dyn ClusterLive>,
    pub(crate) certificates: &'a CertificateDesk,
    /// Whether challenges are answered here.
    pub(crate) answers_challenges: bool,
    pub(crate) sealing: &'a Sealing,
    /// This server's name in the record.
    pub(crate) node: &'a str,
    pub(crate) status: Status,
}

/// All that operators can do here.
pub(crate) fn desk(parts: Parts<'_>) -> Desk {
    let Parts {
        storage,
        properties,
        authenticator,
        live,
        cluster,
        certificates,
        answers_challenges,
        sealing,
        node,
        status,
    } = parts;
    let audit = Audit::new(storage.clone(), node.to_owned());
    let administrators = Administrators::new(storage.clone(), audit.clone());
    let vault = Vault::new(storage.clone(), sealing.clone());
    let acme = AcmeDesk {
        certificates: certificates.clone(),
        is_listening: answers_challenges,
    };
    Desk {
        acme: Acme::new(storage.clone(), properties.clone(), Arc::new(acme)),
        accounts: Accounts::new(storage.clone(), Arc::clone(&live), authenticator.clone(), audit.clone()),
        groups: Groups::new(storage.clone(), Arc::clone(&live), audit.clone()),
        tokens: Tokens::new(
            storage.clone(),
            authenticator.clone(),
            administrators.clone(),
            audit.clone(),
        ),
        administrators,
        certificates: Certificates::new(
            Arc::new(certificates.clone()),
            Arc::clone(&cluster),
            properties.clone(),
            vault,
        ),
        hosts: Hosts::new(storage.clone(), audit.clone()),
        logs: Logs::new(Arc::clone(&cluster), audit.clone()),
        properties: properties.clone(),
        second_factors: SecondFactors::new(storage.clone(), audit.clone(), sealing.clone()),
        sessions: Sessions::new(Arc::clone(&live), Arc::clone(&cluster), audit.clone()),
        audit,
        clustering: Clustering::new(storage.clone(), properties.clone(), cluster),
        status,
    }
}

/// Where the servers of a cluster reach this one, as far as the configuration says so.
pub(crate) fn link_settings(config: &Config) -> LinkSettings {
    LinkSettings {
        ports: config.cluster.ports.0.clone(),
        interfaces: config.cluster.interfaces.clone(),
        name: config.node_name.clone(),
        ..LinkSettings::default()
    }
}

/// The configuration names hosts for the first start only; afterwards the database has them.
pub(crate) fn warn_of_other_hosts(configuration: &Configuration, hosts: &[Host]) {
    let known: Vec<String> = hosts.iter().map(|host| host.domain.clone()).collect();
    for domain in other_hosts(configuration, &known) {
        tracing::warn!(
            domain,
            "the configuration names a host that the database does not have: it is not served"
        );
    }
}

/// The domains that are served.
pub(crate) fn served(hosts: &[Host]) -> Vec<String> {
    let served = hosts.iter().filter(|host| host.disabled_at.is_none());
    served.map(|host| host.domain.clone()).collect()
}

/// Hosts that somebody configured and that are not among `hosts`.
pub(crate) fn other_hosts<'a>(configuration: &'a Configuration, hosts: &'a [String]) -> impl Iterator<Item = &'a str> {
    let is_default = *configuration.origin("domains") == Origin::Default;
    let domains = configuration.config.domains.iter();
    domains
        .filter(move |domain| !is_default && !hosts.contains(domain))
        .map(String::as_str)
}
