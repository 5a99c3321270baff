//! What administrators show besides their passwords: the secret that their codes are made from, and codes that are good
//! once. What a code is, and whether it is right, `ops` knows.

use std::sync::Arc;

use crate::db::{Db, Transaction, args};
use crate::{AccountId, Clock, StorageError};

/// A second factor. Times are microseconds since 1970.
#[derive(Clone, PartialEq, Eq)]
pub struct SecondFactor {
    /// What codes are made from, as it was written.
    pub secret: Vec<u8>,
    /// When it was made.
    pub made_at: i64,
    /// Since when it is asked for; none: it has still to be shown that its user has it.
    pub confirmed_at: Option<i64>,
    /// The step of the last code that was used.
    pub last_step: i64,
    /// Until when no code is looked at.
    pub retry_at: i64,
    /// Codes left that are good once.
    pub recovery_codes: u32,
}

/// All of them.
#[derive(Clone)]
pub struct SecondFactors {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl SecondFactors {
    /// Attempts after which the next one has to wait.
    pub const ATTEMPTS: i64 = 5;
    /// How long it waits then, in microseconds. Who knows the password guesses a code of six digits in years.
    pub const WAIT_MICROS: i64 = 15 * 60 * 1_000_000;

    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    /// The second factor of an account.
    pub async fn get(&self, account: AccountId) -> Result<Option<SecondFactor>, StorageError> {
        const GET: &str = "SELECT secret, confirmed_at, last_step, retry_at, (SELECT COUNT(*) FROM recovery_codes r \
                           WHERE r.account_id = f.account_id), made_at FROM second_factors f WHERE f.account_id = ?";
        let Some(row) = self.db.row(GET, args![account]).await? else {
            return Ok(None);
        };
        Ok(Some(SecondFactor {
            secret: row.bytes(0)?,
            made_at: row.int(5)?,
            confirmed_at: row.maybe_int(1)?,
            last_step: row.int(2)?,
            retry_at: row.int(3)?,
            recovery_codes: u32::try_from(row.int(4)?).unwrap_or(u32::MAX),
        }))
    }

    /// Every account's secret.
    pub async fn secrets(&self) -> Result<Vec<(AccountId, Vec<u8>)>, StorageError> {
        const ALL: &str = "SELECT account_id, secret FROM second_factors ORDER BY account_id";
        let rows = self.db.rows(ALL, args![]).await?;
        rows.iter()
            .map(|row| Ok((AccountId::new(row.int(0)?), row.bytes(1)?)))
            .collect()
    }

    /// Writes a secret in another way, where it is still written as it `was`.
    pub async fn rewrite(&self, account: AccountId, was: &[u8], secret: &[u8]) -> Result<bool, StorageError> {
        const REWRITE: &str = "UPDATE second_factors SET secret = ? WHERE account_id = ? AND secret = ?";
        Ok(self.db.execute(REWRITE, args![secret, account, was]).await? > 0)
    }

    /// Begins with this secret, instead of one that was never confirmed. `false` where there is one that is.
    pub async fn begin(&self, account: AccountId, secret: &[u8]) -> Result<bool, StorageError> {
        const ADD: &str = "INSERT INTO second_factors (account_id, secret, made_at, last_step, attempts, retry_at) \
                           VALUES (?, ?, ?, 0, 0, 0)";
        let mut tx = self.db.begin().await?;
        tx.lock_account(account).await?;
        tx.execute(
            "DELETE FROM second_factors WHERE account_id = ? AND confirmed_at IS NULL",
            args![account],
        )
        .await?;
        let confirmed = tx
            .row(
                "SELECT account_id FROM second_factors WHERE account_id = ?",
                args![account],
            )
            .await?;
        if confirmed.is_some() {
            return Ok(false);
        }
        tx.execute(ADD, args![account, secret, self.clock.now_micros()]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The code of this step was right for this secret: from now on one is asked for, and these are good once instead.
    /// `false` where that is no secret to be confirmed.
    pub async fn confirm(
        &self,
        account: AccountId,
        secret: &[u8],
        step: i64,
        recovery: &[[u8; 32]],
    ) -> Result<bool, StorageError> {
        const CONFIRM: &str = "UPDATE second_factors SET confirmed_at = ?, last_step = ?, attempts = 0, retry_at = 0 \
                               WHERE account_id = ? AND secret = ? AND confirmed_at IS NULL";
        let mut tx = self.db.begin().await?;
        tx.lock_account(account).await?;
        let now = self.clock.now_micros();
        if tx.execute(CONFIRM, args![now, step, account, secret]).await? == 0 {
            return Ok(false);
        }
        put_recovery(&mut tx, account, recovery).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Counts an attempt before its code is looked at, so that none is made twice at once beyond the bound; `false`
    /// where it has to wait.
    pub async fn attempt(&self, account: AccountId) -> Result<bool, StorageError> {
        const ATTEMPT: &str = "UPDATE second_factors SET retry_at = CASE WHEN attempts >= ? THEN ? ELSE 0 END, \
                               attempts = attempts + 1 WHERE account_id = ? AND retry_at <= ?";
        let now = self.clock.now_micros();
        let values = args![Self::ATTEMPTS - 1, now + Self::WAIT_MICROS, account, now];
        Ok(self.db.execute(ATTEMPT, values).await? > 0)
    }

    /// Uses the code of a step, once: `false` where that step, or one after it, was used.
    pub async fn use_step(&self, account: AccountId, step: i64) -> Result<bool, StorageError> {
        const USE: &str = "UPDATE second_factors SET last_step = ?, attempts = 0, retry_at = 0 \
                           WHERE account_id = ? AND last_step < ? AND confirmed_at IS NOT NULL";
        Ok(self.db.execute(USE, args![step, account, step]).await? > 0)
    }

    /// Uses a code that is good once; `false` where there is none of this hash.
    pub async fn use_recovery(&self, account: AccountId, hash: &[u8]) -> Result<bool, StorageError> {
        const USE: &str = "DELETE FROM recovery_codes WHERE account_id = ? AND code_hash = ?";
        const FORGIVE: &str = "UPDATE second_factors SET attempts = 0, retry_at = 0 WHERE account_id = ?";
        let mut tx = self.db.begin().await?;
        if tx.execute(USE, args![account, hash]).await? == 0 {
            return Ok(false);
        }
        tx.execute(FORGIVE, args![account]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Other codes that are good once, instead of those there were. `false` where there is no second factor.
    pub async fn replace_recovery(&self, account: AccountId, recovery: &[[u8; 32]]) -> Result<bool, StorageError> {
        const CONFIRMED: &str =
            "SELECT account_id FROM second_factors WHERE account_id = ? AND confirmed_at IS NOT NULL";
        let mut tx = self.db.begin().await?;
        tx.lock_account(account).await?;
        if tx.row(CONFIRMED, args![account]).await?.is_none() {
            return Ok(false);
        }
        put_recovery(&mut tx, account, recovery).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes it away, with its codes; `false` where there was none.
    pub async fn remove(&self, account: AccountId) -> Result<bool, StorageError> {
        let mut tx = self.db.begin().await?;
        let removed = tx
            .execute("DELETE FROM second_factors WHERE account_id = ?", args![account])
            .await?;
        tx.execute("DELETE FROM recovery_codes WHERE account_id = ?", args![account])
            .await?;
        tx.commit().await?;
        Ok(removed > 0)
    }
}

async fn put_recovery(tx: &mut Transaction, account: AccountId, recovery: &[[u8; 32]]) -> Result<(), StorageError> {
    tx.execute("DELETE FROM recovery_codes WHERE account_id = ?", args![account])
        .await?;
    for hash in recovery {
        tx.execute(
            "INSERT INTO recovery_codes (account_id, code_hash) VALUES (?, ?)",
            args![account, hash.as_slice()],
        )
        .await?;
    }
    Ok(())
}
