//! Who is logged in at the console. Any node serves them: what a browser has is worth something only together with
//! its row, and the row tells nobody what the browser has.

use std::sync::Arc;

use crate::db::{Db, Row, Transaction, args};
use crate::{AccountId, Clock, Role, StorageError};

/// Somebody who is logged in at the console. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleSession {
    /// Their account.
    pub account: AccountId,
    /// The localpart of its JID.
    pub localpart: String,
    /// The domain of its JID.
    pub domain: String,
    /// What they may do now.
    pub role: Role,
    /// The domain of the host that they may administer, where that is their role.
    pub host: Option<String>,
    /// Whether the account is locked now.
    pub is_locked: bool,
    /// When they logged in.
    pub created_at: i64,
    /// When they last asked for a page.
    pub used_at: i64,
    /// When they last showed that it is they.
    pub proven_at: i64,
    /// Whether a second factor is asked for when they log in.
    pub has_second_factor: bool,
}

/// One of the logins of an account. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleLogin {
    /// The hash of its token.
    pub token_hash: Vec<u8>,
    /// Where it was made.
    pub address: String,
    /// When.
    pub created_at: i64,
    /// When a page was last asked for.
    pub used_at: i64,
}

/// How long a session lasts, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SessionLimits {
    /// Since the last page.
    pub idle_micros: i64,
    /// Since the login.
    pub absolute_micros: i64,
}

/// All of them.
#[derive(Clone)]
pub struct ConsoleSessions {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl ConsoleSessions {
    /// Sessions an account may have; beyond it the oldest go.
    pub const MAX_PER_ACCOUNT: i64 = 16;
    /// A use is not noted more often than this, in microseconds: pages are read far more often than written.
    const NOTE_MICROS: i64 = 10_000_000;
    /// How long somebody who knows a password may take to show a code, in microseconds.
    const WAIT_MICROS: i64 = 5 * 60 * 1_000_000;

    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    /// Somebody has logged in. What has expired goes.
    pub async fn add(
        &self,
        token_hash: &[u8],
        account: AccountId,
        address: &str,
        limits: SessionLimits,
    ) -> Result<(), StorageError> {
        const EXPIRED: &str = "DELETE FROM console_sessions WHERE used_at < ? OR created_at < ?";
        const ADD: &str = "INSERT INTO console_sessions (token_hash, account_id, address, created_at, used_at) VALUES (?, ?, ?, ?, ?)";
        const SURPLUS: &str =
            "SELECT created_at FROM console_sessions WHERE account_id = ? ORDER BY created_at DESC LIMIT 1 OFFSET ?";
        let now = self.clock.now_micros();
        let mut tx = self.db.begin().await?;
        tx.lock_account(account).await?;
        let (used, created) = (now - limits.idle_micros, now - limits.absolute_micros);
        tx.execute(EXPIRED, args![used, created]).await?;
        let surplus = tx.row(SURPLUS, args![account, Self::MAX_PER_ACCOUNT - 1]).await?;
        if let Some(newest) = surplus.map(|row| row.int(0)).transpose()? {
            tx.execute(
                "DELETE FROM console_sessions WHERE account_id = ? AND created_at <= ?",
                args![account, newest],
            )
            .await?;
        }
        tx.execute(ADD, args![token_hash, account, address, now, now]).await?;
        tx.execute(ADD_PROOF, args![token_hash, now]).await?;
        tx.commit().await
    }

    /// Somebody knows the password of an account, and has a code still to show. Who waits too long goes.
    pub async fn wait(&self, token_hash: &[u8], account: AccountId, address: &str) -> Result<(), StorageError> {
        const ADD: &str =
            "INSERT INTO console_waiting (token_hash, account_id, address, created_at) VALUES (?, ?, ?, ?)";
        const SURPLUS: &str =
            "SELECT created_at FROM console_waiting WHERE account_id = ? ORDER BY created_at DESC LIMIT 1 OFFSET ?";
        let now = self.clock.now_micros();
        let mut tx = self.db.begin().await?;
        tx.lock_account(account).await?;
        let expired = now - Self::WAIT_MICROS;
        tx.execute("DELETE FROM console_waiting WHERE created_at < ?", args![expired])
            .await?;
        let surplus = tx.row(SURPLUS, args![account, Self::MAX_PER_ACCOUNT - 1]).await?;
        if let Some(newest) = surplus.map(|row| row.int(0)).transpose()? {
            tx.execute(
                "DELETE FROM console_waiting WHERE account_id = ? AND created_at <= ?",
                args![account, newest],
            )
            .await?;
        }
        tx.execute(ADD, args![token_hash, account, address, now]).await?;
        tx.commit().await
    }

    /// Who waits with this token: their account, localpart and domain. They need power still.
    pub async fn find_waiting(&self, token_hash: &[u8]) -> Result<Option<(AccountId, String, String)>, StorageError> {
        const FIND: &str = "SELECT w.account_id, a.localpart, h.domain FROM console_waiting w \
                            JOIN accounts a ON a.id = w.account_id JOIN hosts h ON h.id = a.host_id \
                            JOIN administrators d ON d.account_id = w.account_id \
                            WHERE w.token_hash = ? AND w.created_at >= ?";
        let since = self.clock.now_micros() - Self::WAIT_MICROS;
        let row = self.db.row(FIND, args![token_hash, since]).await?;
        row.map(|row| Ok((row.account(0)?, row.text(1)?, row.text(2)?)))
            .transpose()
    }

    /// Nobody waits with this token any more; `false` where nobody did.
    pub async fn remove_waiting(&self, token_hash: &[u8]) -> Result<bool, StorageError> {
        let removed = self
            .db
            .execute("DELETE FROM console_waiting WHERE token_hash = ?", args![token_hash])
            .await?;
        Ok(removed > 0)
    }

    /// Somebody who is logged in has shown anew that it is they.
    pub async fn prove(&self, token_hash: &[u8]) -> Result<(), StorageError> {
        let now = self.clock.now_micros();
        self.db
            .execute(
                "UPDATE console_proofs SET proven_at = ? WHERE token_hash = ?",
                args![now, token_hash],
            )
            .await
            .map(|_| ())
    }

    /// The logins of an account that have not expired, the latest first.
    pub async fn list(&self, account: AccountId, limits: SessionLimits) -> Result<Vec<ConsoleLogin>, StorageError> {
        const LIST: &str = "SELECT token_hash, address, created_at, used_at FROM console_sessions \
                            WHERE account_id = ? AND used_at >= ? AND created_at >= ? ORDER BY created_at DESC LIMIT ?";
        let now = self.clock.now_micros();
        let (used, created) = (now - limits.idle_micros, now - limits.absolute_micros);
        let rows = self
            .db
            .rows(LIST, args![account, used, created, Self::MAX_PER_ACCOUNT])
            .await?;
        rows.iter()
            .map(|row| {
                Ok(ConsoleLogin {
                    token_hash: row.bytes(0)?,
                    address: row.text(1)?,
                    created_at: row.int(2)?,
                    used_at: row.int(3)?,
                })
            })
            .collect()
    }

    /// Ends every login of an account, and those that wait for a code; says how many were logged in.
    pub async fn remove_all(&self, account: AccountId) -> Result<u64, StorageError> {
        let mut tx = self.db.begin().await?;
        let ended = tx.end_console_logins(account).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Who has this token, if it has not expired. They need power still: who has none any more is nobody.
    pub async fn find(&self, token_hash: &[u8], limits: SessionLimits) -> Result<Option<ConsoleSession>, StorageError> {
        const FIND: &str = "SELECT s.account_id, a.localpart, h.domain, d.role, d.host_id, o.domain, a.locked, \
                            a.locked_until, s.created_at, s.used_at, p.proven_at, f.confirmed_at FROM console_sessions s \
                            JOIN accounts a ON a.id = s.account_id JOIN hosts h ON h.id = a.host_id \
                            JOIN administrators d ON d.account_id = s.account_id LEFT JOIN hosts o ON o.id = d.host_id \
                            LEFT JOIN console_proofs p ON p.token_hash = s.token_hash \
                            LEFT JOIN second_factors f ON f.account_id = s.account_id \
                            WHERE s.token_hash = ? AND s.used_at >= ? AND s.created_at >= ?";
        let now = self.clock.now_micros();
        let (used, created) = (now - limits.idle_micros, now - limits.absolute_micros);
        let row = self.db.row(FIND, args![token_hash, used, created]).await?;
        row.map(|row| ConsoleSession::read(&row, now)).transpose()
    }

    /// A page was asked for.
    pub async fn touch(&self, token_hash: &[u8], session: &ConsoleSession) -> Result<(), StorageError> {
        let now = self.clock.now_micros();
        if now - session.used_at < Self::NOTE_MICROS {
            return Ok(());
        }
        self.db
            .execute(
                "UPDATE console_sessions SET used_at = ? WHERE token_hash = ? AND used_at < ?",
                args![now, token_hash, now],
            )
            .await
            .map(|_| ())
    }

    /// Somebody logs out.
    pub async fn remove(&self, token_hash: &[u8]) -> Result<(), StorageError> {
        self.db
            .execute("DELETE FROM console_sessions WHERE token_hash = ?", args![token_hash])
            .await
            .map(|_| ())
    }
}

const ADD_PROOF: &str = "INSERT INTO console_proofs (token_hash, proven_at) VALUES (?, ?)";

impl Transaction {
    /// Ends every login of an account at the console, and those that wait for a code; says how many were logged in.
    pub(crate) async fn end_console_logins(&mut self, account: AccountId) -> Result<u64, StorageError> {
        self.execute("DELETE FROM console_waiting WHERE account_id = ?", args![account])
            .await?;
        self.execute("DELETE FROM console_sessions WHERE account_id = ?", args![account])
            .await
    }
}

impl ConsoleSession {
    fn read(row: &Row, now: i64) -> Result<Self, StorageError> {
        let is_locked = row.flag(6)? && row.maybe_int(7)?.is_none_or(|until| now < until);
        Ok(Self {
            account: row.account(0)?,
            localpart: row.text(1)?,
            domain: row.text(2)?,
            role: Role::read(row, 3)?,
            host: row.maybe_text(5)?,
            is_locked,
            created_at: row.int(8)?,
            used_at: row.int(9)?,
            proven_at: row.maybe_int(10)?.unwrap_or(0),
            has_second_factor: row.maybe_int(11)?.is_some(),
        })
    }
}
