//! Certificates: what each host is served with, and another one. They are files of one server each; in a cluster every
//! server is asked for its own. Those for all servers are in the database too, from where each brings its files up to date.

mod advice;
mod info;

use std::sync::Arc;

pub use advice::{Mood, URGENT_DAYS, WARN_DAYS};
pub use info::{
    CertificateAnswer, CertificateFacts, CertificateRefusal, CertificateSource, CertificateWish, ChainTrust,
    HostCertificate, ImportWish, KeyWish, RequestInfo, RequestWish,
};

use storage::{KeptCertificate, KeptSource};

use crate::{Actor, Asked, ClusterLive, OpsError, Password, Properties, Vault, audit::Deed};

/// Acts on certificates.
#[derive(Clone)]
pub struct Certificates {
    here: Arc<dyn CertificatesHere>,
    cluster: Arc<dyn ClusterLive>,
    properties: Properties,
    vault: Vault,
}

/// The certificates of this server.
pub trait CertificatesHere: Send + Sync {
    /// Does what is asked; what is changed holds at once.
    fn act(&self, wish: CertificateWish) -> Asked<'_, Result<CertificateAnswer, CertificateRefusal>>;

    /// The key that a chain belongs to which comes without one: that of the signing request that waits, or that in use.
    fn key_for(&self, chain: &str) -> Option<Password>;
}

/// A certificate that was put in force.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Installed {
    /// For which hosts.
    pub hosts: Vec<String>,
    /// SHA-256 of the certificate.
    pub fingerprint: String,
    /// Servers that did not take it, by their numbers, and why.
    pub failed: Vec<(u64, String)>,
}

/// Bytes of a chain or a key at most: dozens of certificates.
pub const PEM_BYTES_MAX: usize = 96 * 1024;
/// Names in a signing request at most.
const NAMES_MAX: usize = 50;

impl Certificates {
    /// Acts on the certificates of this server, `here`, and of the other servers of its cluster; those of all servers are
    /// kept in `vault`.
    #[must_use]
    pub fn new(
        here: Arc<dyn CertificatesHere>,
        cluster: Arc<dyn ClusterLive>,
        properties: Properties,
        vault: Vault,
    ) -> Self {
        Self {
            here,
            cluster,
            properties,
            vault,
        }
    }

    /// What each host that the actor's power reaches is served with, at this server or at the one with this number.
    ///
    /// # Errors
    /// Where the other server does not say.
    pub async fn list(&self, actor: &Actor, node: Option<u64>) -> Result<Vec<HostCertificate>, OpsError> {
        match self.ask(node, CertificateWish::List).await? {
            CertificateAnswer::Hosts(mut hosts) => {
                hosts.retain(|host| actor.reaches(&host.host));
                self.mark_ordered(&mut hosts).await;
                Ok(hosts)
            }
            _ => Err(of_another_version(node)),
        }
    }

    /// Says of those that were ordered that they were. Where the database does not answer, nothing is said: that they are
    /// served is seen without it.
    async fn mark_ordered(&self, hosts: &mut [HostCertificate]) {
        let kept = self.vault.certificates().await.unwrap_or_default();
        for host in hosts.iter_mut().filter(|host| host.source == CertificateSource::PutIn) {
            let print = host.chain.first().map(|leaf| leaf.fingerprint.as_str());
            let is_this = |kept: &&KeptCertificate| {
                let chain = transport::read_chain(&kept.chain).unwrap_or_default();
                kept.domain == host.host && chain.first().map(|leaf| leaf.fingerprint.as_str()) == print
            };
            let kept = kept.iter().find(is_this);
            if kept.is_some_and(|kept| kept.source == KeptSource::Acme) {
                host.source = CertificateSource::Acme;
            }
        }
    }

    /// The names that browsers use for consoles, `console.hosts`, and whether what this server shows is for them.
    ///
    /// # Errors
    /// Where the actor's power does not reach, or the database fails.
    pub async fn console_names(
        &self,
        actor: &Actor,
        served: &[HostCertificate],
    ) -> Result<Vec<(String, bool)>, OpsError> {
        actor.require_server()?;
        let held = self.properties.held().await?;
        let names = held.get("console.hosts").and_then(|held| held.value.as_list());
        let covered = |name: &str| {
            let leaves = served.iter().filter_map(|host| host.chain.first());
            leaves.flat_map(|leaf| &leaf.names).any(|known| covers(known, name))
        };
        let names = names.unwrap_or_default().iter();
        Ok(names.map(|name| (name.clone(), covered(name))).collect())
    }

    /// Puts a certificate in force, at this server, the one with this number, or at all servers of the cluster. Its key
    /// goes to the server's disk and nowhere else; one for all servers goes to the database too, encrypted, where those
    /// find it that join later.
    ///
    /// # Errors
    /// Where the actor is no owner, or the certificate cannot be used: then nothing was changed.
    pub async fn import(
        &self,
        actor: &Actor,
        wish: ImportWish,
        node: Option<u64>,
        is_everywhere: bool,
    ) -> Result<Installed, OpsError> {
        let target = wish
            .host
            .clone()
            .unwrap_or_else(|| "every host that it names".to_owned());
        let work = async {
            actor.require_owner()?;
            bounded("chain", &wish.chain)?;
            bounded("key", wish.key.as_ref().map_or("", Password::reveal))?;
            // This server looks first: what it refuses no other is sent.
            let first = if is_everywhere { None } else { node };
            let installed = self.ask(first, CertificateWish::Import(wish.clone())).await?;
            let CertificateAnswer::Installed { hosts, fingerprint } = installed else {
                return Err(of_another_version(first));
            };
            let failed = match is_everywhere {
                true => {
                    let failed = self.send_to_others(wish.clone()).await;
                    self.keep(&wish, &hosts).await?;
                    failed
                }
                false => Vec::new(),
            };
            tracing::info!(%actor, ?hosts, fingerprint, "a certificate was put in force");
            Ok(Installed {
                hosts,
                fingerprint,
                failed,
            })
        };
        let outcome = |installed: &Installed| said(installed);
        let record = self.properties.record();
        record
            .record_with(actor, Deed::new("certificate.import", &target), work, outcome)
            .await
    }

    /// Keeps what was put in force at all servers for those that join later, or are away just now.
    async fn keep(&self, wish: &ImportWish, hosts: &[String]) -> Result<(), OpsError> {
        let chain = transport::certificates_in(&wish.chain);
        let kept = async {
            let key = self
                .here
                .key_for(&chain)
                .ok_or_else(|| "its key is not there".to_owned())?;
            for host in hosts {
                let put_in = self.vault.put_in(host, &chain, &key).await;
                put_in.map_err(|error| error.to_string())?;
            }
            Ok::<(), String>(())
        };
        kept.await.map_err(|why| {
            OpsError::Refused(format!(
                "it is in force, but not kept for servers that join later: {why}"
            ))
        })
    }

    /// The same for the rest of the cluster; who did not take it.
    async fn send_to_others(&self, mut wish: ImportWish) -> Vec<(u64, String)> {
        let here = self.cluster.here();
        let others: Vec<u64> = here
            .members
            .iter()
            .map(|member| member.node)
            .filter(|node| Some(*node) != here.node)
            .collect();
        if wish.key.is_none() {
            // The others have other keys.
            wish.key = self.here.key_for(&wish.chain);
        }
        let mut failed = Vec::new();
        for node in others {
            if let Err(error) = self.ask(Some(node), CertificateWish::Import(wish.clone())).await {
                failed.push((node, error.to_string()));
            }
        }
        failed
    }

    /// Forgets certificates of all servers, and accounts at authorities, that cannot be read any more because the key for
    /// secrets is lost: until then no other key is made. How many there were. Files of servers stay.
    ///
    /// # Errors
    /// Where the actor is no owner, or the database fails.
    pub async fn forget_unreadable(&self, actor: &Actor) -> Result<usize, OpsError> {
        let work = async {
            actor.require_owner()?;
            self.vault.forget_unreadable().await
        };
        let outcome = |count: &usize| format!("done: {count} forgotten");
        let deed = Deed::new("certificate.forget-unreadable", "all servers");
        self.properties.record().record_with(actor, deed, work, outcome).await
    }

    /// Makes a certificate for a host that vouches for itself, and puts it in force.
    ///
    /// # Errors
    /// Where the actor is no owner, there is no such host, or the configuration names its certificate.
    pub async fn self_signed(&self, actor: &Actor, host: &str, node: Option<u64>) -> Result<Installed, OpsError> {
        let work = async {
            actor.require_owner()?;
            let wish = CertificateWish::SelfSigned(host.to_owned());
            match self.ask(node, wish).await? {
                CertificateAnswer::Installed { hosts, fingerprint } => Ok(Installed {
                    hosts,
                    fingerprint,
                    failed: Vec::new(),
                }),
                _ => Err(of_another_version(node)),
            }
        };
        let record = self.properties.record();
        record
            .record_with(actor, Deed::new("certificate.self-signed", host), work, said)
            .await
    }

    /// Makes a signing request and the key for it, which stays at the server; the request, PEM.
    ///
    /// # Errors
    /// Where the actor is no owner, or what is wished for cannot be.
    pub async fn request(&self, actor: &Actor, wish: RequestWish, node: Option<u64>) -> Result<String, OpsError> {
        let host = wish.host.clone();
        let work = async {
            actor.require_owner()?;
            check(&wish)?;
            match self.ask(node, CertificateWish::Request(wish)).await? {
                CertificateAnswer::Request(pem) => Ok(pem),
                _ => Err(of_another_version(node)),
            }
        };
        let record = self.properties.record();
        record
            .record(actor, Deed::new("certificate.request", &host), work)
            .await
    }

    /// Asks this server, or the one with this number.
    async fn ask(&self, node: Option<u64>, wish: CertificateWish) -> Result<CertificateAnswer, OpsError> {
        let said = match node {
            Some(node) if self.cluster.here().node != Some(node) => {
                let said = self.cluster.certify(node, wish).await;
                said.map_err(|why| OpsError::NoAnswer { node, why })?
            }
            _ => self.here.act(wish).await,
        };
        said.map_err(OpsError::Certificate)
    }
}

/// What the record says of it: never more than everybody is shown who connects.
fn said(installed: &Installed) -> String {
    let mut text = format!("done: {} for {}", installed.fingerprint, installed.hosts.join(", "));
    for (node, why) in &installed.failed {
        text += &format!("; not at server {node}: {why}");
    }
    text
}

fn of_another_version(node: Option<u64>) -> OpsError {
    OpsError::NoAnswer {
        node: node.unwrap_or_default(),
        why: "it is of another version".to_owned(),
    }
}

fn bounded(field: &'static str, text: &str) -> Result<(), OpsError> {
    if text.len() <= PEM_BYTES_MAX {
        return Ok(());
    }
    let why = format!("the {field} is longer than {} KiB: that is none", PEM_BYTES_MAX / 1024);
    Err(OpsError::Certificate(CertificateRefusal::of(field, why)))
}

/// X.520's upper bounds (RFC 5280 appendix A.1), and what names must be.
fn check(wish: &RequestWish) -> Result<(), OpsError> {
    let refuse = |field: &str, why: &str| Err(OpsError::Certificate(CertificateRefusal::of(field, why)));
    if wish.names.len() > NAMES_MAX {
        return refuse("names", "a request has at most 50 names");
    }
    for (field, text) in [
        ("organization", &wish.organization),
        ("unit", &wish.unit),
        ("city", &wish.city),
        ("state", &wish.state),
    ] {
        if text.chars().count() > 64 {
            return refuse(field, "this has at most 64 letters");
        }
    }
    let country = wish.country.as_bytes();
    let is_country = country.len() == 2 && country.iter().all(u8::is_ascii_uppercase);
    if !country.is_empty() && !is_country {
        return refuse("country", "a country is two capital letters, as in DE; or empty");
    }
    Ok(())
}

/// Whether a certificate's name is for a domain.
fn covers(known: &str, domain: &str) -> bool {
    // RFC 9525 §6.3: a wildcard stands for exactly one whole label.
    match known.strip_prefix("*.") {
        Some(parent) => domain
            .split_once('.')
            .is_some_and(|(_, rest)| rest.eq_ignore_ascii_case(parent)),
        None => known.eq_ignore_ascii_case(domain),
    }
}
