//! Tokens that programs use the API with. Any node takes them: a token is worth something only together with its row,
//! and the row tells nobody what the token is.

use std::sync::Arc;

use crate::db::{Db, Row, args, key};
use crate::{AccountId, Clock, Role, StorageError};

/// A token to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewApiToken {
    /// What it is called; no two are called the same.
    pub name: String,
    /// The account on whose behalf it acts.
    pub account: AccountId,
    /// What it may do, as far as the account may.
    pub role: Role,
    /// When it ends, in microseconds since 1970; none: never.
    pub expires_at: Option<i64>,
}

/// A token that is stored. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiToken {
    /// What it is called.
    pub name: String,
    /// The localpart of the account on whose behalf it acts.
    pub localpart: String,
    /// The domain of that account.
    pub domain: String,
    /// What the token may do.
    pub role: Role,
    /// The domain of the host of that role.
    pub host: Option<String>,
    /// What the account may do now; none: nothing any more.
    pub account_role: Option<Role>,
    /// The domain of the host of that role.
    pub account_host: Option<String>,
    /// Whether the account is locked now.
    pub is_locked: bool,
    /// When it was made.
    pub created_at: i64,
    /// When it ends; none: never.
    pub expires_at: Option<i64>,
    /// When it was last used; none: never.
    pub used_at: Option<i64>,
    /// Whether it has ended.
    pub has_expired: bool,
}

/// What became of a new token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApiTokenAdded {
    /// It is there.
    Done,
    /// There is one of this name.
    Exists,
    /// There are [`ApiTokens::MOST`] already.
    TooMany,
}

/// All of them.
#[derive(Clone)]
pub struct ApiTokens {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl ApiTokens {
    /// Tokens there may be; far more than anybody can look after.
    pub const MOST: i64 = 1_000;
    /// The longest name, in bytes.
    pub const MAX_NAME_BYTES: usize = 64;
    /// A use is not noted more often than this, in microseconds: tokens are used far more often than looked at.
    const NOTE_MICROS: i64 = 60_000_000;

    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    /// Stores a new one.
    pub async fn add(&self, token_hash: &[u8], token: &NewApiToken) -> Result<ApiTokenAdded, StorageError> {
        const ADD: &str = "INSERT INTO api_tokens (name, token_hash, account_id, role, host_id, created_at, expires_at) \
                           VALUES (?, ?, ?, ?, ?, ?, ?)";
        let name = key("the token's name, in bytes,", &token.name, Self::MAX_NAME_BYTES)?;
        let last = self
            .db
            .row(
                "SELECT name FROM api_tokens ORDER BY name LIMIT 1 OFFSET ?",
                args![Self::MOST - 1],
            )
            .await?;
        if last.is_some() {
            return Ok(ApiTokenAdded::TooMany);
        }
        let (role, host, now) = (token.role.word(), token.role.host(), self.clock.now_micros());
        let values = args![name, token_hash, token.account, role, host, now, token.expires_at];
        match self.db.execute(ADD, values).await {
            Ok(_) => Ok(ApiTokenAdded::Done),
            Err(StorageError::Conflict(_)) if self.by_name(name).await?.is_some() => Ok(ApiTokenAdded::Exists),
            Err(error) => Err(error),
        }
    }

    /// All of them, by name.
    pub async fn list(&self) -> Result<Vec<ApiToken>, StorageError> {
        let rows = self
            .db
            .rows(select!("ORDER BY t.name LIMIT ?"), args![Self::MOST])
            .await?;
        let now = self.clock.now_micros();
        rows.iter().map(|row| ApiToken::read(row, now)).collect()
    }

    /// The one of this name.
    pub async fn by_name(&self, name: &str) -> Result<Option<ApiToken>, StorageError> {
        let row = self.db.row(select!("WHERE t.name = ?"), args![name]).await?;
        row.map(|row| ApiToken::read(&row, self.clock.now_micros())).transpose()
    }

    /// The one that has this hash, whether or not it is good for anything now.
    pub async fn find(&self, token_hash: &[u8]) -> Result<Option<ApiToken>, StorageError> {
        let row = self
            .db
            .row(select!("WHERE t.token_hash = ?"), args![token_hash])
            .await?;
        row.map(|row| ApiToken::read(&row, self.clock.now_micros())).transpose()
    }

    /// It was used.
    pub async fn touch(&self, token: &ApiToken) -> Result<(), StorageError> {
        let now = self.clock.now_micros();
        if token.used_at.is_some_and(|used| now - used < Self::NOTE_MICROS) {
            return Ok(());
        }
        self.db
            .execute(
                "UPDATE api_tokens SET used_at = ? WHERE name = ?",
                args![now, token.name.as_str()],
            )
            .await
            .map(|_| ())
    }

    /// Ends the one of this name; `false` where there is none.
    pub async fn remove(&self, name: &str) -> Result<bool, StorageError> {
        let removed = self
            .db
            .execute("DELETE FROM api_tokens WHERE name = ?", args![name])
            .await?;
        Ok(removed > 0)
    }
}

macro_rules! select {
    ($which:literal) => {
        concat!(
            "SELECT t.name, a.localpart, h.domain, t.role, t.host_id, o.domain, d.role, d.host_id, p.domain, a.locked, \
             a.locked_until, t.created_at, t.expires_at, t.used_at FROM api_tokens t \
             JOIN accounts a ON a.id = t.account_id JOIN hosts h ON h.id = a.host_id \
             LEFT JOIN hosts o ON o.id = t.host_id LEFT JOIN administrators d ON d.account_id = t.account_id \
             LEFT JOIN hosts p ON p.id = d.host_id ",
            $which
        )
    };
}
use select;

impl ApiToken {
    fn read(row: &Row, now: i64) -> Result<Self, StorageError> {
        let expires_at = row.maybe_int(12)?;
        let account_role = match row.maybe_text(6)? {
            Some(_) => Some(Role::read(row, 6)?),
            None => None,
        };
        Ok(Self {
            name: row.text(0)?,
            localpart: row.text(1)?,
            domain: row.text(2)?,
            role: Role::read(row, 3)?,
            host: row.maybe_text(5)?,
            account_role,
            account_host: row.maybe_text(8)?,
            is_locked: row.flag(9)? && row.maybe_int(10)?.is_none_or(|until| now < until),
            created_at: row.int(11)?,
            expires_at,
            used_at: row.maybe_int(13)?,
            has_expired: expires_at.is_some_and(|end| end <= now),
        })
    }
}
