//! Orders of certificates at authorities (RFC 8555): accounts there, what an authority will ask for, and in `orders` how
//! the orders go. What is encrypted here was so by others.

mod orders;

use std::sync::Arc;

use crate::db::{Db, MAX_PART_BYTES, Sql, args, key};
use crate::{Clock, StorageError};

pub use orders::{AcmeFailure, AcmeOrder};

/// Orders of certificates.
#[derive(Clone)]
pub struct Acme {
    db: Db,
    clock: Arc<dyn Clock>,
}

/// An account at an authority, or at least the consent to its terms.
#[derive(Clone, PartialEq, Eq)]
pub struct AcmeAccount {
    /// The terms that were agreed to: their address; empty where the authority has none.
    pub terms: String,
    /// Who did.
    pub agreed_by: String,
    /// When, in microseconds since 1970.
    pub agreed_at: i64,
    /// What proves that the account is ours, encrypted; none: it has still to be made.
    pub sealed_credentials: Option<Vec<u8>>,
}

impl Acme {
    /// Challenges at a time: more than any authority sets.
    const CHALLENGES_MAX: i64 = 1000;

    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    /// The account at the authority with this directory.
    pub async fn account(&self, directory: &str) -> Result<Option<AcmeAccount>, StorageError> {
        const GET: &str =
            "SELECT terms, agreed_by, agreed_at, sealed_credentials FROM acme_accounts WHERE directory = ?";
        let Some(row) = self.db.row(GET, args![directory]).await? else {
            return Ok(None);
        };
        Ok(Some(AcmeAccount {
            terms: row.text(0)?,
            agreed_by: row.text(1)?,
            agreed_at: row.int(2)?,
            sealed_credentials: row.maybe_bytes(3)?,
        }))
    }

    /// Somebody agrees to an authority's terms; the account there, if any, stays.
    pub async fn agree(&self, directory: &str, terms: &str, by: &str) -> Result<(), StorageError> {
        const AGREE: Sql = Sql::differing(
            "INSERT INTO acme_accounts (directory, terms, agreed_by, agreed_at) VALUES (?, ?, ?, ?) ON CONFLICT \
             (directory) DO UPDATE SET terms = excluded.terms, agreed_by = excluded.agreed_by, \
             agreed_at = excluded.agreed_at",
            "INSERT INTO acme_accounts (directory, terms, agreed_by, agreed_at) VALUES (?, ?, ?, ?) \
             ON DUPLICATE KEY UPDATE terms = VALUES(terms), agreed_by = VALUES(agreed_by), \
             agreed_at = VALUES(agreed_at)",
        );
        let directory = key("the address of a directory, in bytes,", directory, MAX_PART_BYTES)?;
        let mut tx = self.db.begin().await?;
        crate::kept_certificates::tell(&mut tx).await?;
        tx.execute(AGREE, args![directory, terms, by, self.clock.now_micros()])
            .await?;
        tx.commit().await?;
        self.db.notify().await;
        Ok(())
    }

    /// Keeps what proves that the account is ours; none: it is not known there any more.
    pub async fn keep_credentials(&self, directory: &str, sealed: Option<&[u8]>) -> Result<bool, StorageError> {
        const KEEP: &str = "UPDATE acme_accounts SET sealed_credentials = ? WHERE directory = ?";
        Ok(self.db.execute(KEEP, args![sealed, directory]).await? > 0)
    }

    /// The secrets of all accounts, by their directories.
    pub async fn credentials(&self) -> Result<Vec<(String, Vec<u8>)>, StorageError> {
        const ALL: &str = "SELECT directory, sealed_credentials FROM acme_accounts \
                           WHERE sealed_credentials IS NOT NULL ORDER BY directory";
        let rows = self.db.rows(ALL, args![]).await?;
        rows.iter().map(|row| Ok((row.text(0)?, row.bytes(1)?))).collect()
    }

    /// How many of these secrets there are, and keys of kept certificates.
    pub async fn count_sealed(&self) -> Result<i64, StorageError> {
        const COUNT: &str = "SELECT (SELECT COUNT(*) FROM acme_accounts WHERE sealed_credentials IS NOT NULL) + \
                             (SELECT COUNT(*) FROM kept_certificates)";
        let row = self.db.row(COUNT, args![]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// Answers `token` with this for so many microseconds, at whatever server it is asked for (RFC 8555 §8.3).
    pub async fn put_challenge(&self, token: &str, answer: &str, lasts_micros: i64) -> Result<(), StorageError> {
        const TOKEN_BYTES: usize = 255;
        let token = key("a challenge's token, in bytes,", token, TOKEN_BYTES)?;
        let now = self.clock.now_micros();
        let mut tx = self.db.begin().await?;
        tx.execute("DELETE FROM acme_challenges WHERE expires_at <= ?", args![now])
            .await?;
        tx.execute("DELETE FROM acme_challenges WHERE token = ?", args![token])
            .await?;
        let count = tx.row("SELECT COUNT(*) FROM acme_challenges", args![]).await?;
        if count.map_or(Ok(0), |row| row.int(0))? >= Self::CHALLENGES_MAX {
            return Err(StorageError::TooLarge {
                what: "the number of challenges",
                limit: 1000,
            });
        }
        tx.execute(
            "INSERT INTO acme_challenges (token, answer, expires_at) VALUES (?, ?, ?)",
            args![token, answer, now + lasts_micros],
        )
        .await?;
        tx.commit().await
    }

    /// What to answer.
    pub async fn challenge(&self, token: &str) -> Result<Option<String>, StorageError> {
        const GET: &str = "SELECT answer FROM acme_challenges WHERE token = ? AND expires_at > ?";
        let row = self.db.row(GET, args![token, self.clock.now_micros()]).await?;
        row.map(|row| row.text(0)).transpose()
    }

    /// Nobody will ask any more.
    pub async fn end_challenge(&self, token: &str) -> Result<(), StorageError> {
        const END: &str = "DELETE FROM acme_challenges WHERE token = ?";
        self.db.execute(END, args![token]).await.map(|_| ())
    }
}
