//! What an operator can do with accounts.

mod change;
mod transfer;

use std::sync::Arc;

use auth::Authenticator;
use protocol::Jid;
use serde::{Deserialize, Serialize};
use storage::{AccountFilter, HostId, Storage};

pub use transfer::{Imported, Refused};

use crate::{Actor, Live, Lock, OpsError};

/// Acts on accounts.
#[derive(Clone)]
pub struct Accounts {
    storage: Storage,
    live: Arc<dyn Live>,
    authenticator: Authenticator,
}

/// An account as an operator sees it. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountInfo {
    /// Bare JID.
    pub jid: String,
    /// When it was made.
    pub created_at: i64,
    /// When somebody last logged in.
    pub last_login: Option<i64>,
    /// When its last session ended.
    pub last_logout: Option<i64>,
    /// Set while nobody may log in to it.
    pub lock: Option<Lock>,
}

/// Which accounts to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page {
    /// The host; none: the first of the hosts.
    pub host: Option<String>,
    /// Only names that begin so.
    pub prefix: String,
    /// Only names behind this one: the last of the page before.
    pub after: String,
    /// How many at most; never more than [`PAGE_MAX`].
    pub limit: u32,
}

/// Accounts listed at a time.
pub const PAGE_MAX: u32 = 500;

/// An account that has been found.
struct Found {
    jid: Jid,
    account: storage::Account,
}

impl Accounts {
    /// Acts on the accounts in `storage`, of which `live` has sessions and whose passwords are
    /// `authenticator`'s.
    #[must_use]
    pub fn new(storage: Storage, live: Arc<dyn Live>, authenticator: Authenticator) -> Self {
        Self {
            storage,
            live,
            authenticator,
        }
    }

    /// The hosts that the actor's power reaches.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn hosts(&self, actor: &Actor) -> Result<Vec<String>, OpsError> {
        let hosts = self.storage.hosts().list().await?;
        Ok(hosts
            .into_iter()
            .map(|host| host.domain)
            .filter(|domain| actor.reaches(domain))
            .collect())
    }

    /// A page of accounts, by name.
    ///
    /// # Errors
    /// Where there is no such host, or the actor has no power there.
    pub async fn list(&self, actor: &Actor, page: &Page) -> Result<Vec<AccountInfo>, OpsError> {
        let (domain, rows) = self.page(actor, page).await?;
        Ok(rows.iter().map(|row| AccountInfo::of(&domain, row)).collect())
    }

    async fn page(&self, actor: &Actor, page: &Page) -> Result<(String, Vec<storage::Account>), OpsError> {
        let domain = match &page.host {
            Some(domain) => prepared(domain),
            None => self.hosts(actor).await?.into_iter().next().unwrap_or_default(),
        };
        let host = self.host(actor, &domain).await?;
        let filter = AccountFilter {
            prefix: page.prefix.clone(),
            after: page.after.clone(),
        };
        let rows = self
            .storage
            .accounts()
            .list(host, &filter, page.limit.clamp(1, PAGE_MAX))
            .await?;
        Ok((domain, rows))
    }

    async fn host(&self, actor: &Actor, domain: &str) -> Result<HostId, OpsError> {
        actor.require_host(domain)?;
        if let Some(host) = self.storage.hosts().find(domain).await? {
            return Ok(host);
        }
        let hosts = self.hosts(actor).await?.join(", ");
        Err(OpsError::NoHost {
            domain: domain.to_owned(),
            hosts,
        })
    }

    async fn found(&self, actor: &Actor, address: &str) -> Result<Found, OpsError> {
        let (jid, local) = account_address(address)?;
        let host = self.host(actor, jid.domain()).await?;
        let account = self.storage.accounts().find(host, &local).await?;
        let account = account.ok_or_else(|| OpsError::NoAccount(jid.clone()))?;
        Ok(Found { jid, account })
    }
}

impl AccountInfo {
    fn of(domain: &str, account: &storage::Account) -> Self {
        let lock = account.lock.as_ref();
        Self {
            jid: format!("{}@{domain}", account.localpart),
            created_at: account.created_at,
            last_login: account.last_login,
            last_logout: account.last_logout,
            lock: lock.map(|lock| Lock {
                reason: lock.reason.clone(),
                until: lock.until,
            }),
        }
    }
}

/// A bare JID with a localpart, and that localpart.
fn account_address(text: &str) -> Result<(Jid, String), OpsError> {
    let jid: Option<Jid> = text.parse().ok();
    let parts = jid
        .as_ref()
        .filter(|jid| jid.is_bare())
        .and_then(|jid| Some((jid.clone(), jid.local()?.to_owned())));
    parts.ok_or_else(|| OpsError::NoAccountAddress(text.to_owned()))
}

fn prepared(domain: &str) -> String {
    Jid::from_parts(None, domain, None).map_or_else(|_| domain.to_owned(), |jid| jid.domain().to_owned())
}
