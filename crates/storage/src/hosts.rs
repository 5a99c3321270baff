//! The XMPP domains this deployment serves.

use std::sync::Arc;

use crate::db::{Db, MAX_PART_BYTES, Sql, args, key};
use crate::logins::Logins;
use crate::{Clock, Log, StorageError};

/// The number of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HostId(i64);

impl HostId {
    /// The host with this number.
    #[must_use]
    pub const fn new(id: i64) -> Self {
        Self(id)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// A domain served.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Host {
    /// Its number.
    pub id: HostId,
    /// Its name, prepared.
    pub domain: String,
    /// Since when it is not served, in microseconds since 1970; none: it is.
    pub disabled_at: Option<i64>,
}

/// The table of hosts.
#[derive(Clone)]
pub struct Hosts {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) log: Log,
    pub(crate) logins: Logins,
}

impl Hosts {
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>, log: Log, logins: Logins) -> Self {
        Self { db, clock, log, logins }
    }

    /// Fills the table from the configuration when it is empty, and only then: afterwards the hosts
    /// are managed in the database. Returns the hosts there are.
    pub async fn seed(&self, domains: &[impl AsRef<str>]) -> Result<Vec<Host>, StorageError> {
        if self.list().await?.is_empty() {
            for domain in domains {
                self.add(domain.as_ref()).await?;
            }
        }
        self.list().await
    }

    /// Adds a host; adding it twice adds nothing.
    pub async fn add(&self, domain: &str) -> Result<HostId, StorageError> {
        const ADD: Sql = Sql::differing(
            "INSERT INTO hosts (domain, created_at) VALUES (?, ?) ON CONFLICT (domain) DO NOTHING",
            "INSERT INTO hosts (domain, created_at) VALUES (?, ?) ON DUPLICATE KEY UPDATE domain = domain",
        );
        self.db
            .execute(
                ADD,
                args![
                    key("the domain, in bytes,", domain, MAX_PART_BYTES)?,
                    self.clock.now_micros()
                ],
            )
            .await?;
        let added = self.find(domain).await?;
        added.ok_or_else(|| StorageError::corrupt("a host that was just added is not there"))
    }

    /// Adds a host, and where nobody has an account yet takes away all others: then it is what was meant from the
    /// beginning.
    pub async fn reseed(&self, domain: &str) -> Result<(), StorageError> {
        self.add(domain).await?;
        let mut tx = self.db.begin().await?;
        if tx.row("SELECT id FROM accounts LIMIT 1", args![]).await?.is_none() {
            tx.execute("DELETE FROM hosts WHERE domain <> ?", args![domain]).await?;
        }
        tx.commit().await
    }

    /// Adds a host while servers run, and has all of them look for it, as they do when a property changes. Whether it
    /// is new.
    pub async fn add_and_tell(&self, domain: &str) -> Result<bool, StorageError> {
        const ADD: &str = "INSERT INTO hosts (domain, created_at) VALUES (?, ?)";
        let domain = key("the domain, in bytes,", domain, MAX_PART_BYTES)?;
        let mut tx = self.db.begin().await?;
        // First, so that changes from all nodes come one after another.
        tx.execute(
            "UPDATE counters SET value = value + 1 WHERE name = 'properties'",
            args![],
        )
        .await?;
        if tx
            .row("SELECT id FROM hosts WHERE domain = ?", args![domain])
            .await?
            .is_some()
        {
            return Ok(false);
        }
        tx.execute(ADD, args![domain, self.clock.now_micros()]).await?;
        tx.commit().await?;
        self.db.notify().await;
        Ok(true)
    }

    /// The number of a domain.
    pub async fn find(&self, domain: &str) -> Result<Option<HostId>, StorageError> {
        let row = self
            .db
            .row("SELECT id FROM hosts WHERE domain = ?", args![domain])
            .await?;
        row.map(|row| row.int(0).map(HostId)).transpose()
    }

    /// All of them, by number.
    pub async fn list(&self) -> Result<Vec<Host>, StorageError> {
        let rows = self
            .db
            .rows("SELECT id, domain, disabled_at FROM hosts ORDER BY id", args![])
            .await?;
        rows.iter()
            .map(|row| {
                Ok(Host {
                    id: HostId(row.int(0)?),
                    domain: row.text(1)?,
                    disabled_at: row.maybe_int(2)?,
                })
            })
            .collect()
    }
}
