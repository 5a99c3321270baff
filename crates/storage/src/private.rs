//! XEP-0049: XML that clients keep for themselves, by the name and namespace of its element.

use crate::db::{Db, MAX_PART_BYTES, Sql, args, key};
use crate::{AccountId, StorageError};

/// The private XML of all accounts.
#[derive(Clone)]
pub struct PrivateXml {
    db: Db,
}

impl PrivateXml {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// What is kept under this element, as it was stored.
    pub async fn get(&self, account: AccountId, name: &str, namespace: &str) -> Result<Option<Vec<u8>>, StorageError> {
        const GET: &str = "SELECT xml FROM private_xml WHERE account_id = ? AND namespace = ? AND name = ?";
        let row = self.db.row(GET, args![account, namespace, name]).await?;
        row.map(|row| row.bytes(0)).transpose()
    }

    /// All that an account keeps: name, namespace and XML of each element.
    pub async fn all(&self, account: AccountId) -> Result<Vec<(String, String, Vec<u8>)>, StorageError> {
        const ALL: &str = "SELECT name, namespace, xml FROM private_xml WHERE account_id = ? ORDER BY namespace, name";
        let rows = self.db.rows(ALL, args![account]).await?;
        rows.iter()
            .map(|row| Ok((row.text(0)?, row.text(1)?, row.bytes(2)?)))
            .collect()
    }

    /// Replaces what is kept under this element. All of the account's private XML together may have
    /// `max_bytes`.
    pub async fn set(
        &self,
        account: AccountId,
        name: &str,
        namespace: &str,
        xml: &[u8],
        max_bytes: usize,
    ) -> Result<(), StorageError> {
        const OTHERS: Sql = Sql::differing(
            "SELECT CAST(COALESCE(SUM(LENGTH(xml)), 0) AS bigint) FROM private_xml \
             WHERE account_id = ? AND NOT (namespace = ? AND name = ?)",
            "SELECT CAST(COALESCE(SUM(LENGTH(xml)), 0) AS SIGNED) FROM private_xml \
             WHERE account_id = ? AND NOT (namespace = ? AND name = ?)",
        );
        const SET: Sql = Sql::differing(
            "INSERT INTO private_xml (account_id, namespace, name, xml) VALUES (?, ?, ?, ?) \
             ON CONFLICT (account_id, namespace, name) DO UPDATE SET xml = excluded.xml",
            "INSERT INTO private_xml (account_id, namespace, name, xml) VALUES (?, ?, ?, ?) \
             ON DUPLICATE KEY UPDATE xml = VALUES(xml)",
        );
        let name = key("the element's name, in bytes,", name, MAX_PART_BYTES)?;
        let namespace = key("the element's namespace, in bytes,", namespace, MAX_PART_BYTES)?;
        let mut tx = self.db.begin().await?;
        tx.lock_account(account).await?;
        let others = tx.row(OTHERS, args![account, namespace, name]).await?;
        let others = others.map_or(Ok(0), |row| row.int(0))?;
        if usize::try_from(others).unwrap_or(usize::MAX).saturating_add(xml.len()) > max_bytes {
            return Err(StorageError::TooLarge {
                what: "the account's private XML, in bytes,",
                limit: max_bytes,
            });
        }
        tx.execute(SET, args![account, namespace, name, xml]).await?;
        tx.commit().await
    }
}
