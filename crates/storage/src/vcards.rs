//! XEP-0054: vcard-temp, one per account.

use crate::db::{Db, Sql, args};
use crate::{AccountId, StorageError};

/// The vCards.
#[derive(Clone)]
pub struct Vcards {
    db: Db,
}

impl Vcards {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// The account's vCard, as it was stored.
    pub async fn get(&self, account: AccountId) -> Result<Option<Vec<u8>>, StorageError> {
        let row = self
            .db
            .row("SELECT xml FROM vcards WHERE account_id = ?", args![account])
            .await?;
        row.map(|row| row.bytes(0)).transpose()
    }

    /// Stores the account's vCard, of at most `max_bytes`.
    pub async fn set(&self, account: AccountId, xml: &[u8], max_bytes: usize) -> Result<(), StorageError> {
        const SET: Sql = Sql::differing(
            "INSERT INTO vcards (account_id, xml) VALUES (?, ?) \
             ON CONFLICT (account_id) DO UPDATE SET xml = excluded.xml",
            "INSERT INTO vcards (account_id, xml) VALUES (?, ?) ON DUPLICATE KEY UPDATE xml = VALUES(xml)",
        );
        if xml.len() > max_bytes {
            return Err(StorageError::TooLarge {
                what: "the vCard, in bytes,",
                limit: max_bytes,
            });
        }
        self.db.execute(SET, args![account, xml]).await.map(|_| ())
    }

    /// Removes the account's vCard.
    pub async fn remove(&self, account: AccountId) -> Result<(), StorageError> {
        self.db
            .execute("DELETE FROM vcards WHERE account_id = ?", args![account])
            .await
            .map(|_| ())
    }
}
