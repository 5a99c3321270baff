//! The domains that are served: which there are, another one while the servers run, one no more.

use protocol::Jid;
use serde::{Deserialize, Serialize};
use storage::{HostChange, HostDeleted, Storage};

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
    /// Since when it is not served, in microseconds since 1970; none: it is.
    #[serde(default)]
    pub disabled_at: Option<i64>,
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
                    disabled_at: host.disabled_at,
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

    /// Serves a host no more: its sessions are closed and nobody logs in, on every server; everything of it stays.
    ///
    /// # Errors
    /// Where the actor is no owner, there is no such host, or no other one is served.
    pub async fn disable(&self, actor: &Actor, domain: &str) -> Result<(), OpsError> {
        self.set_disabled(actor, "host.disable", domain, true).await
    }

    /// Serves it again.
    ///
    /// # Errors
    /// Where the actor is no owner, or there is no such host.
    pub async fn enable(&self, actor: &Actor, domain: &str) -> Result<(), OpsError> {
        self.set_disabled(actor, "host.enable", domain, false).await
    }

    async fn set_disabled(
        &self,
        actor: &Actor,
        act: &'static str,
        domain: &str,
        is_disabled: bool,
    ) -> Result<(), OpsError> {
        let work = async {
            actor.require_owner()?;
            let change = Box::pin(self.storage.hosts().set_disabled(domain, is_disabled)).await?;
            self.outcome(domain, change).await?;
            tracing::info!(%actor, domain, is_disabled, "a host was switched");
            Ok(())
        };
        self.audit.record(actor, Deed::new(act, domain), work).await
    }

    /// Deletes a host with its groups, its accounts and all that is remembered of them; how many there were.
    ///
    /// # Errors
    /// Where the actor is no owner, there is no such host, no other one is served, or nobody would be left who may do
    /// everything.
    pub async fn delete(&self, actor: &Actor, domain: &str) -> Result<HostDeleted, OpsError> {
        let work = async {
            actor.require_owner()?;
            let change = self.storage.hosts().delete(domain).await?;
            let deleted = self.outcome(domain, change).await?;
            tracing::info!(%actor, domain, accounts = deleted.accounts, "a host was deleted");
            Ok(deleted)
        };
        let counts = |deleted: &HostDeleted| {
            let HostDeleted { accounts, groups } = deleted;
            format!("done: {accounts} accounts and {groups} groups deleted")
        };
        self.audit
            .record_with(actor, Deed::new("host.delete", domain), work, counts)
            .await
    }

    async fn outcome<T>(&self, domain: &str, change: HostChange<T>) -> Result<T, OpsError> {
        match change {
            HostChange::Done(value) => Ok(value),
            HostChange::LastHost => Err(OpsError::LastHost(domain.to_owned())),
            HostChange::LastOwner => Err(OpsError::LastOwnerHost(domain.to_owned())),
            HostChange::NoHost => {
                let hosts = self.storage.hosts().list().await?.into_iter();
                Err(OpsError::NoHost {
                    domain: domain.to_owned(),
                    hosts: hosts.map(|host| host.domain).collect::<Vec<_>>().join(", "),
                })
            }
        }
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
