//! Small secrets that a deployment makes up once and then keeps, the same on every node.

use crate::StorageError;
use crate::db::{Db, MAX_PART_BYTES, Sql, args, key};

/// Named secrets, for example the key that unknown users' fake salts are derived from.
#[derive(Clone)]
pub struct Secrets {
    db: Db,
}

impl Secrets {
    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// The secret of this name; made by `generate` when there is none yet. When several nodes ask at
    /// once, all get the one that was stored first.
    pub async fn get_or_create(&self, name: &str, generate: impl FnOnce() -> Vec<u8>) -> Result<Vec<u8>, StorageError> {
        const ADD: Sql = Sql::differing(
            "INSERT INTO secrets (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
            "INSERT INTO secrets (name, value) VALUES (?, ?) ON DUPLICATE KEY UPDATE name = name",
        );
        if let Some(secret) = self.get(name).await? {
            return Ok(secret);
        }
        let made = generate();
        self.db
            .execute(
                ADD,
                args![
                    key("the name of a secret, in bytes,", name, MAX_PART_BYTES)?,
                    made.as_slice()
                ],
            )
            .await?;
        let stored = self.get(name).await?;
        stored.ok_or_else(|| StorageError::corrupt("a secret that was just stored is not there"))
    }

    /// Forgets the secret of this name, where it is this one.
    pub async fn forget(&self, name: &str, value: &[u8]) -> Result<bool, StorageError> {
        const FORGET: &str = "DELETE FROM secrets WHERE name = ? AND value = ?";
        Ok(self.db.execute(FORGET, args![name, value]).await? > 0)
    }

    /// The secret of this name, if it has been made.
    pub async fn get(&self, name: &str) -> Result<Option<Vec<u8>>, StorageError> {
        let row = self
            .db
            .row("SELECT value FROM secrets WHERE name = ?", args![name])
            .await?;
        row.map(|row| row.bytes(0)).transpose()
    }
}
