//! Who has power, and who is given it.

use std::net::IpAddr;

use protocol::Jid;
use serde::{Deserialize, Serialize};
use storage::{RoleChange, Storage};

use crate::{Actor, Audit, OpsError, Role, accounts::account_address, audit::Deed};

/// Acts on administrators.
#[derive(Clone)]
pub struct Administrators {
    storage: Storage,
    audit: Audit,
}

/// An administrator as an operator sees one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AdministratorInfo {
    /// Bare JID.
    pub jid: String,
    /// What they may do.
    pub role: Role,
    /// When they were given that, in microseconds since 1970.
    pub granted_at: i64,
    /// Who gave it to them.
    pub granted_by: String,
    /// Whether a second factor is asked for when they log in at the console.
    #[serde(default)]
    pub has_second_factor: bool,
}

impl Administrators {
    /// Acts on the administrators in `storage`.
    #[must_use]
    pub fn new(storage: Storage, audit: Audit) -> Self {
        Self { storage, audit }
    }

    /// All of them, by their addresses.
    ///
    /// # Errors
    /// Where the actor's power does not reach, or the database fails.
    pub async fn list(&self, actor: &Actor) -> Result<Vec<AdministratorInfo>, OpsError> {
        actor.require_server()?;
        let hosts = self.storage.hosts().list().await?;
        let domain = |id| {
            let host = hosts.iter().find(|host| host.id == id);
            host.map_or_else(|| "a host that is gone".to_owned(), |host| host.domain.clone())
        };
        let rows = self.storage.administrators().list().await?;
        Ok(rows
            .into_iter()
            .map(|row| AdministratorInfo {
                jid: format!("{}@{}", row.localpart, row.domain),
                role: match row.role {
                    storage::Role::Owner => Role::Owner,
                    storage::Role::Host(id) => Role::Host(domain(id)),
                    storage::Role::ReadOnly => Role::ReadOnly,
                },
                granted_at: row.granted_at,
                granted_by: row.granted_by,
                has_second_factor: row.has_second_factor,
            })
            .collect())
    }

    /// An account as it may act now; none where it has no power.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn actor(&self, jid: &Jid, address: IpAddr) -> Result<Option<Actor>, OpsError> {
        let account = match self.account(jid.bare_str()).await {
            Ok(account) => account,
            Err(OpsError::Storage(error)) => return Err(error.into()),
            Err(_) => return Ok(None),
        };
        let role = match self.storage.administrators().role(account).await? {
            None => return Ok(None),
            Some(storage::Role::Owner) => Role::Owner,
            Some(storage::Role::ReadOnly) => Role::ReadOnly,
            Some(storage::Role::Host(id)) => {
                let hosts = self.storage.hosts().list().await?.into_iter();
                match hosts.filter(|host| host.id == id).map(|host| host.domain).next() {
                    Some(domain) => Role::Host(domain),
                    None => return Ok(None),
                }
            }
        };
        Ok(Some(Actor::Account {
            jid: jid.to_bare(),
            role,
            address: Some(address),
        }))
    }

    /// Gives an account this role instead of any other.
    ///
    /// # Errors
    /// Where there is no such account or host, or nobody would be left who may do everything.
    pub async fn grant(&self, actor: &Actor, address: &str, role: &Role) -> Result<(), OpsError> {
        let deed = Deed {
            after: Some(role.to_string()),
            before: self.role_of(address).await,
            ..Deed::new("admin.grant", address)
        };
        let work = async {
            actor.require_owner()?;
            let account = self.account(address).await?;
            let role = self.stored(role).await?;
            let change = self
                .storage
                .administrators()
                .grant(account, role, &actor.to_string())
                .await?;
            outcome(change, address)
        };
        self.audit.record(actor, deed, work).await?;
        tracing::info!(%actor, %role, "a role was granted");
        Ok(())
    }

    /// Takes all power from an account. Its logins at the console end.
    ///
    /// # Errors
    /// Where it has none, or nobody would be left who may do everything.
    pub async fn revoke(&self, actor: &Actor, address: &str) -> Result<(), OpsError> {
        let deed = Deed {
            before: self.role_of(address).await,
            ..Deed::new("admin.revoke", address)
        };
        let work = async {
            actor.require_owner()?;
            let account = self.account(address).await?;
            outcome(self.storage.administrators().revoke(account).await?, address)
        };
        self.audit.record(actor, deed, work).await?;
        tracing::info!(%actor, "a role was revoked");
        Ok(())
    }

    pub(crate) async fn account(&self, address: &str) -> Result<storage::AccountId, OpsError> {
        let (jid, local) = account_address(address)?;
        let host = self.storage.hosts().find(jid.domain()).await?;
        let account = match host {
            Some(host) => self.storage.accounts().find(host, &local).await?,
            None => None,
        };
        Ok(account.ok_or(OpsError::NoAccount(jid))?.id)
    }

    pub(crate) async fn stored(&self, role: &Role) -> Result<storage::Role, OpsError> {
        Ok(match role {
            Role::Owner => storage::Role::Owner,
            Role::ReadOnly => storage::Role::ReadOnly,
            Role::GroupAdmin => return Err(OpsError::Field("who administers a group is noted in the group")),
            Role::Host(domain) => match self.storage.hosts().find(domain).await? {
                Some(host) => storage::Role::Host(host),
                None => return Err(self.no_host(domain).await?),
            },
        })
    }

    async fn no_host(&self, domain: &str) -> Result<OpsError, OpsError> {
        let hosts = self.storage.hosts().list().await?.into_iter();
        Ok(OpsError::NoHost {
            domain: domain.to_owned(),
            hosts: hosts.map(|host| host.domain).collect::<Vec<_>>().join(", "),
        })
    }

    /// For the record; what cannot be found out is not recorded.
    async fn role_of(&self, address: &str) -> Option<String> {
        let account = self.account(address).await.ok()?;
        let role = self.storage.administrators().role(account).await.ok()?;
        Some(match role {
            None => "no power".to_owned(),
            Some(storage::Role::Owner) => Role::Owner.to_string(),
            Some(storage::Role::ReadOnly) => Role::ReadOnly.to_string(),
            Some(storage::Role::Host(_)) => "administrator of a host".to_owned(),
        })
    }
}

fn outcome(change: RoleChange, address: &str) -> Result<(), OpsError> {
    match change {
        RoleChange::Done => Ok(()),
        RoleChange::NoAdministrator => Err(OpsError::NoAdministrator(address.to_owned())),
        RoleChange::LastOwner => Err(OpsError::LastOwner(address.to_owned())),
        RoleChange::NotFirst => Err(OpsError::SetUp),
    }
}
