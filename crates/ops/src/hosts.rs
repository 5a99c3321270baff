//! The domains that are served: which there are, and another one while the servers run.

use protocol::Jid;
use serde::{Deserialize, Serialize};
use storage::Storage;

use crate::{Actor, Audit, OpsError, audit::Deed};

/// Acts on hosts.
#[derive(Clone)]
pub struct Hosts {
    storage: Storage,
    audit: Audit,
}

/// A domain that is served.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostInfo {
    /// Its name.
    pub domain: String,
    /// Its accounts.
    pub accounts: u64,
}

impl Hosts {
    /// Acts on the hosts in `storage`.
    #[must_use]
    pub fn new(storage: Storage, audit: Audit) -> Self {
        Self { storage, audit }
    }

    /// Those that the actor's power reaches, the first one first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<HostInfo>, OpsError> {
        let mut infos = Vec::new();
        for host in self.storage.hosts().list().await? {
            if actor.reaches(&host.domain) {
                infos.push(HostInfo {
                    accounts: self.storage.accounts().count(host.id).await?,
                    domain: host.domain,
                });
            }
        }
        Ok(infos)
    }

    /// Serves another domain from now on, at every server that shares the database; what it is called there.
    ///
    /// # Errors
    /// Where it is no domain, or is served already.
    pub async fn add(&self, actor: &Actor, domain: &str) -> Result<String, OpsError> {
        let work = async {
            actor.require_owner()?;
            let prepared = prepared(domain)?;
            if !self.storage.hosts().add_and_tell(&prepared).await? {
                return Err(OpsError::HostExists(prepared));
            }
            tracing::info!(%actor, domain = prepared, "a host was added");
            Ok(prepared)
        };
        self.audit.record(actor, Deed::new("host.add", domain), work).await
    }
}

/// The domain as it is compared and stored.
fn prepared(domain: &str) -> Result<String, OpsError> {
    let bad = || OpsError::NoDomain(domain.to_owned());
    let jid: Jid = domain.trim().parse().map_err(|_| bad())?;
    match (jid.local(), jid.is_bare()) {
        (None, true) => Ok(jid.domain().to_owned()),
        _ => Err(bad()),
    }
}
