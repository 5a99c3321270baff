//! What an operator can do with accounts.

mod card;
mod change;
mod contacts;
mod count;
mod portable;
mod transfer;
mod waiting;

use std::sync::Arc;

use auth::Authenticator;
use protocol::Jid;
use serde::{Deserialize, Serialize};
use storage::{AccountFilter, AccountId, AccountOrder, Creation, Cursor, HostId, Lookalikes, NewAccount, Storage};

pub use card::{Card, CardInfo};
pub use contacts::{ContactInfo, ContactPage};
use count::Counts;
pub use portable::PORTABLE_MAX_BYTES;
pub use transfer::{Imported, Refused};
pub use waiting::{Waiting, WaitingInfo, WaitingMessage};

use crate::{Actor, Audit, Live, Lock, OpsError};

/// Acts on accounts.
#[derive(Clone)]
pub struct Accounts {
    storage: Storage,
    live: Arc<dyn Live>,
    authenticator: Authenticator,
    audit: Audit,
    counts: Counts,
    /// Whether the actor has said that names may look like others.
    means_lookalikes: bool,
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
    /// Only accounts behind this place, as [`Accounts::list_on`] says it, or by names: the
    /// last name before it; empty: from the first one on.
    pub after: String,
    /// By what.
    #[serde(default)]
    pub order: Order,
    /// The greatest first.
    #[serde(default)]
    pub is_descending: bool,
    /// How many at most; never more than [`PAGE_MAX`].
    pub limit: u32,
}

/// By what accounts are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// By their names.
    #[default]
    Name,
    /// By when they were made.
    Made,
    /// By when somebody last logged in.
    LastLogin,
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
    pub fn new(storage: Storage, live: Arc<dyn Live>, authenticator: Authenticator, audit: Audit) -> Self {
        Self {
            storage,
            live,
            authenticator,
            audit,
            counts: Counts::default(),
            means_lookalikes: false,
        }
    }

    /// The same acts, for an actor who has said, or has not, that names which look like others are meant: then new
    /// accounts are not refused for that.
    #[must_use]
    pub fn meaning_lookalikes(&self, is_meant: bool) -> Self {
        Self {
            means_lookalikes: is_meant,
            ..self.clone()
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

    /// The same, with the place behind which the next page begins; none after the last.
    ///
    /// # Errors
    /// As with [`Accounts::list`].
    pub async fn list_on(&self, actor: &Actor, page: &Page) -> Result<(Vec<AccountInfo>, Option<String>), OpsError> {
        let limit = page.limit.clamp(1, PAGE_MAX - 1);
        let one_more = Page {
            limit: limit + 1,
            ..page.clone()
        };
        let (domain, mut rows) = self.page(actor, &one_more).await?;
        let has_more = rows.len() > limit as usize;
        rows.truncate(limit as usize);
        let last = rows.last().filter(|_| has_more);
        let next = last.map(|row| place(&filter(page).unwrap_or_default().cursor(row)));
        Ok((rows.iter().map(|row| AccountInfo::of(&domain, row)).collect(), next))
    }

    /// How many accounts a host has; where those are very many, how many it had a moment ago.
    ///
    /// # Errors
    /// Where there is no such host, or the actor has no power there.
    pub async fn count(&self, actor: &Actor, domain: &str) -> Result<u64, OpsError> {
        let host = self.host(actor, domain).await?;
        if let Some(count) = self.counts.known(host) {
            return Ok(count);
        }
        let count = self.storage.accounts().count(host).await?;
        self.counts.remember(host, count);
        Ok(count)
    }

    /// One account.
    ///
    /// # Errors
    /// Where there is none of this address, or the actor has no power there.
    pub async fn get(&self, actor: &Actor, address: &str) -> Result<AccountInfo, OpsError> {
        let found = self.found(actor, address).await?;
        Ok(AccountInfo::of(found.jid.domain(), &found.account))
    }

    /// What the record says of an act that was not to be refused for lookalikes.
    fn meant(&self) -> Option<String> {
        self.means_lookalikes
            .then(|| "names that look alike are meant".to_owned())
    }

    /// Puts an account into the storage; `None` where there is one of this name.
    async fn make(&self, jid: &Jid, new: NewAccount<'_>) -> Result<Option<AccountId>, OpsError> {
        let is_refused = self.authenticator.settings().refuses_lookalikes && !self.means_lookalikes;
        let new = NewAccount {
            lookalikes: match is_refused {
                true => Lookalikes::Refused,
                false => Lookalikes::Allowed,
            },
            ..new
        };
        match self.storage.accounts().add(&new).await? {
            Creation::Made(id) => Ok(Some(id)),
            Creation::Taken => Ok(None),
            Creation::LooksLike(other) => Err(OpsError::LooksLike {
                other: Jid::from_parts(Some(&other), jid.domain(), None).unwrap_or_else(|_| jid.clone()),
            }),
        }
    }

    async fn page(&self, actor: &Actor, page: &Page) -> Result<(String, Vec<storage::Account>), OpsError> {
        let domain = match &page.host {
            Some(domain) => prepared(domain),
            None => self.hosts(actor).await?.into_iter().next().unwrap_or_default(),
        };
        let host = self.host(actor, &domain).await?;
        let filter = filter(page)?;
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

fn filter(page: &Page) -> Result<AccountFilter, OpsError> {
    let order = match page.order {
        Order::Name => AccountOrder::Name,
        Order::Made => AccountOrder::Made,
        Order::LastLogin => AccountOrder::LastLogin,
    };
    let after = match (page.after.as_str(), order) {
        ("", _) => None,
        (name, AccountOrder::Name) => Some(Cursor::Name(name.to_owned())),
        (text, _) => Some(read_place(text).ok_or(OpsError::BadCursor)?),
    };
    Ok(AccountFilter {
        prefix: page.prefix.clone(),
        order,
        is_descending: page.is_descending,
        after,
    })
}

/// A place in a list, in words.
fn place(cursor: &Cursor) -> String {
    match cursor {
        Cursor::Name(name) => name.clone(),
        Cursor::Time(time, id) => format!("{time}.{}", id.get()),
    }
}

fn read_place(text: &str) -> Option<Cursor> {
    let (time, id) = text.split_once('.')?;
    Some(Cursor::Time(time.parse().ok()?, AccountId::new(id.parse().ok()?)))
}

/// A bare JID with a localpart, and that localpart.
pub(crate) fn account_address(text: &str) -> Result<(Jid, String), OpsError> {
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
