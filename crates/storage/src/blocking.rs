//! XEP-0191: whom an account does not want to hear of.

use crate::db::{Db, MAX_JID_BYTES, Sql, args, key};
use crate::{AccountId, StorageError};

/// The block lists of all accounts.
#[derive(Clone)]
pub struct Blocking {
    db: Db,
}

impl Blocking {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// The account's block list.
    pub async fn list(&self, account: AccountId) -> Result<Vec<String>, StorageError> {
        let rows = self
            .db
            .rows(
                "SELECT jid FROM blocked WHERE account_id = ? ORDER BY jid",
                args![account],
            )
            .await?;
        rows.iter().map(|row| row.text(0)).collect()
    }

    /// Blocks these addresses, all or none; the list may grow to `max_items`.
    pub async fn add(
        &self,
        account: AccountId,
        jids: &[impl AsRef<str>],
        max_items: usize,
    ) -> Result<(), StorageError> {
        const ADD: Sql = Sql::differing(
            "INSERT INTO blocked (account_id, jid) VALUES (?, ?) ON CONFLICT (account_id, jid) DO NOTHING",
            "INSERT INTO blocked (account_id, jid) VALUES (?, ?) ON DUPLICATE KEY UPDATE jid = jid",
        );
        const COUNT: &str = "SELECT COUNT(*) FROM blocked WHERE account_id = ?";
        if jids.len() > max_items {
            return Err(too_many(max_items));
        }
        let mut tx = self.db.begin().await?;
        tx.lock_account(account).await?;
        for jid in jids {
            tx.execute(
                ADD,
                args![
                    account,
                    key("the blocked address, in bytes,", jid.as_ref(), MAX_JID_BYTES)?
                ],
            )
            .await?;
        }
        let count = tx.row(COUNT, args![account]).await?.map_or(Ok(0), |row| row.int(0))?;
        if usize::try_from(count).unwrap_or(usize::MAX) > max_items {
            return Err(too_many(max_items));
        }
        tx.commit().await
    }

    /// Unblocks these addresses.
    pub async fn remove(&self, account: AccountId, jids: &[impl AsRef<str>]) -> Result<(), StorageError> {
        let mut tx = self.db.begin().await?;
        for jid in jids {
            tx.execute(
                "DELETE FROM blocked WHERE account_id = ? AND jid = ?",
                args![account, jid.as_ref()],
            )
            .await?;
        }
        tx.commit().await
    }

    /// Unblocks everybody.
    pub async fn clear(&self, account: AccountId) -> Result<(), StorageError> {
        self.db
            .execute("DELETE FROM blocked WHERE account_id = ?", args![account])
            .await
            .map(|_| ())
    }
}

fn too_many(limit: usize) -> StorageError {
    StorageError::TooLarge {
        what: "the block list, in addresses,",
        limit,
    }
}
