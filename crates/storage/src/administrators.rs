//! Accounts that were given power over the server or over one host.

use std::sync::Arc;

use crate::db::{Db, Row, Transaction, args};
use crate::{AccountId, Clock, HostId, StorageError};

/// What an administrator may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Owner,
    /// Everything that concerns one host.
    Host(HostId),
    /// See everything, change nothing.
    ReadOnly,
}

/// An account with power.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    /// Its number.
    pub account: AccountId,
    /// The localpart of its JID.
    pub localpart: String,
    /// The domain of its JID.
    pub domain: String,
    /// What it may do.
    pub role: Role,
    /// When it was given that, in microseconds since 1970.
    pub granted_at: i64,
    /// Who gave it.
    pub granted_by: String,
    /// Whether a second factor is asked for.
    pub has_second_factor: bool,
}

/// What became of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RoleChange {
    /// It is made.
    Done,
    /// The account has no power that could be taken.
    NoAdministrator,
    /// Nobody would be left who may do everything.
    LastOwner,
    /// There is an administrator, and there was to be none.
    NotFirst,
}

/// All administrators.
#[derive(Clone)]
pub struct Administrators {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl Administrators {
    /// Far more than anybody has.
    const LIST_MAX: i64 = 1_000;

    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    /// All of them, by their addresses.
    pub async fn list(&self) -> Result<Vec<Administrator>, StorageError> {
        const LIST: &str = "SELECT d.account_id, a.localpart, h.domain, d.role, d.host_id, d.granted_at, d.granted_by, \
                            f.confirmed_at FROM administrators d JOIN accounts a ON a.id = d.account_id \
                            JOIN hosts h ON h.id = a.host_id LEFT JOIN second_factors f ON f.account_id = d.account_id \
                            ORDER BY h.domain, a.localpart LIMIT ?";
        let rows = self.db.rows(LIST, args![Self::LIST_MAX]).await?;
        rows.iter().map(Administrator::read).collect()
    }

    /// Whether there is one.
    pub async fn is_any(&self) -> Result<bool, StorageError> {
        let row = self
            .db
            .row("SELECT account_id FROM administrators LIMIT 1", args![])
            .await?;
        Ok(row.is_some())
    }

    /// What an account may do; none: nothing.
    pub async fn role(&self, account: AccountId) -> Result<Option<Role>, StorageError> {
        let row = self.db.row(ROLE_OF, args![account]).await?;
        row.map(|row| Role::read(&row, 0)).transpose()
    }

    /// Whether nobody but this account may do everything.
    pub async fn is_last_owner(&self, account: AccountId) -> Result<bool, StorageError> {
        let rows = self.db.rows(OWNERS, args![]).await?;
        is_only(&rows, account)
    }

    /// Gives an account this role instead of any other.
    pub async fn grant(&self, account: AccountId, role: Role, by: &str) -> Result<RoleChange, StorageError> {
        let mut tx = self.begin().await?;
        if role != Role::Owner && is_only(&tx.rows(OWNERS, args![]).await?, account)? {
            return Ok(RoleChange::LastOwner);
        }
        self.put(tx, account, role, by).await
    }

    /// Makes an account the owner, where there is no administrator yet. Of two that try at once one does.
    pub async fn grant_first(&self, account: AccountId, by: &str) -> Result<RoleChange, StorageError> {
        let mut tx = self.begin().await?;
        let any = tx.row("SELECT account_id FROM administrators LIMIT 1", args![]).await?;
        if any.is_some() {
            return Ok(RoleChange::NotFirst);
        }
        self.put(tx, account, Role::Owner, by).await
    }

    /// Takes all power from an account.
    pub async fn revoke(&self, account: AccountId) -> Result<RoleChange, StorageError> {
        let mut tx = self.begin().await?;
        if is_only(&tx.rows(OWNERS, args![]).await?, account)? {
            return Ok(RoleChange::LastOwner);
        }
        let taken = tx
            .execute("DELETE FROM administrators WHERE account_id = ?", args![account])
            .await?;
        if taken == 0 {
            return Ok(RoleChange::NoAdministrator);
        }
        tx.end_console_logins(account).await?;
        tx.execute("DELETE FROM api_tokens WHERE account_id = ?", args![account])
            .await?;
        tx.commit().await?;
        Ok(RoleChange::Done)
    }

    /// One change at a time, on whatever node.
    async fn begin(&self) -> Result<Transaction, StorageError> {
        let mut tx = self.db.begin().await?;
        tx.execute(
            "UPDATE counters SET value = value + 1 WHERE name = 'administrators'",
            args![],
        )
        .await?;
        Ok(tx)
    }

    async fn put(
        &self,
        mut tx: Transaction,
        account: AccountId,
        role: Role,
        by: &str,
    ) -> Result<RoleChange, StorageError> {
        const ADD: &str =
            "INSERT INTO administrators (account_id, role, host_id, granted_at, granted_by) VALUES (?, ?, ?, ?, ?)";
        tx.execute("DELETE FROM administrators WHERE account_id = ?", args![account])
            .await?;
        let values = args![account, role.word(), role.host(), self.clock.now_micros(), by];
        tx.execute(ADD, values).await?;
        tx.commit().await?;
        Ok(RoleChange::Done)
    }
}

const ROLE_OF: &str = "SELECT role, host_id FROM administrators WHERE account_id = ?";
const OWNERS: &str = "SELECT account_id FROM administrators WHERE role = 'owner' LIMIT 2";

/// Whether these are one row, and it is of this account.
fn is_only(owners: &[Row], account: AccountId) -> Result<bool, StorageError> {
    match owners {
        [owner] => Ok(owner.account(0)? == account),
        _ => Ok(false),
    }
}

impl Role {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Owner => "owner",
            Self::Host(_) => "host",
            Self::ReadOnly => "read-only",
        }
    }

    pub(crate) fn host(self) -> Option<i64> {
        match self {
            Self::Host(host) => Some(host.get()),
            Self::Owner | Self::ReadOnly => None,
        }
    }

    /// From a column with the word, and the next one with the host.
    pub(crate) fn read(row: &Row, column: usize) -> Result<Self, StorageError> {
        match (row.text(column)?.as_str(), row.maybe_int(column + 1)?) {
            ("owner", _) => Ok(Self::Owner),
            ("host", Some(host)) => Ok(Self::Host(HostId::new(host))),
            ("read-only", _) => Ok(Self::ReadOnly),
            _ => Err(StorageError::corrupt("an administrator's role is none that is known")),
        }
    }
}

impl Administrator {
    fn read(row: &Row) -> Result<Self, StorageError> {
        Ok(Self {
            account: row.account(0)?,
            localpart: row.text(1)?,
            domain: row.text(2)?,
            role: Role::read(row, 3)?,
            granted_at: row.int(5)?,
            granted_by: row.text(6)?,
            has_second_factor: row.maybe_int(7)?.is_some(),
        })
    }
}
