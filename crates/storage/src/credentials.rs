//! RFC 5802: what a server keeps of a password. Never the password.

use std::fmt;

use crate::db::{Row, Sql, Transaction, Value, args};
use crate::{AccountId, Accounts, StorageError};

/// The keys for the SCRAM mechanisms of one account; a mechanism without keys is not offered to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Credentials {
    /// For SCRAM-SHA-1 and SCRAM-SHA-1-PLUS.
    pub sha1: Option<ScramKeys>,
    /// For SCRAM-SHA-256 and SCRAM-SHA-256-PLUS.
    pub sha256: Option<ScramKeys>,
}

/// RFC 5802 §3: salt, iteration count, `StoredKey` and `ServerKey`.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramKeys {
    /// The salt.
    pub salt: Vec<u8>,
    /// The iteration count.
    pub iterations: u32,
    /// `H(HMAC(SaltedPassword, "Client Key"))`.
    pub stored_key: Vec<u8>,
    /// `HMAC(SaltedPassword, "Server Key")`.
    pub server_key: Vec<u8>,
}

impl fmt::Debug for ScramKeys {
    /// Keys do not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramKeys")
            .field("iterations", &self.iterations)
            .finish_non_exhaustive()
    }
}

/// The columns [`Credentials::read`] expects, in its order.
pub(crate) const COLUMNS: usize = 8;

impl Credentials {
    /// The eight values of the credential columns.
    pub(crate) fn values(&self) -> [Value<'_>; COLUMNS] {
        let [a, b, c, d] = ScramKeys::values(self.sha1.as_ref());
        let [e, f, g, h] = ScramKeys::values(self.sha256.as_ref());
        [a, b, c, d, e, f, g, h]
    }

    /// Reads the eight credential columns that start at `first`.
    pub(crate) fn read(row: &Row, first: usize) -> Result<Self, StorageError> {
        Ok(Self {
            sha1: ScramKeys::read(row, first)?,
            sha256: ScramKeys::read(row, first + 4)?,
        })
    }
}

impl ScramKeys {
    fn values(keys: Option<&Self>) -> [Value<'_>; 4] {
        [
            Value::Bytes(keys.map(|keys| keys.salt.as_slice())),
            Value::Int(keys.map(|keys| i64::from(keys.iterations))),
            Value::Bytes(keys.map(|keys| keys.stored_key.as_slice())),
            Value::Bytes(keys.map(|keys| keys.server_key.as_slice())),
        ]
    }

    fn read(row: &Row, first: usize) -> Result<Option<Self>, StorageError> {
        let Some(salt) = row.maybe_bytes(first)? else {
            return Ok(None);
        };
        let iterations = u32::try_from(row.int(first + 1)?)
            .map_err(|_| StorageError::corrupt("an account's SCRAM iteration count is out of range"))?;
        let (stored_key, server_key) = (row.bytes(first + 2)?, row.bytes(first + 3)?);
        Ok(Some(Self {
            salt,
            iterations,
            stored_key,
            server_key,
        }))
    }
}

impl Accounts {
    /// Replaces the credentials, as another password makes them, and revokes every token and ends every login at
    /// the console, in one act: whoever had the
    /// old password keeps no key. `false` when there is no such account.
    pub async fn change_credentials(&self, account: AccountId, to: &Credentials) -> Result<bool, StorageError> {
        self.logins
            .changing(Some(account), self.replace_credentials(account, to))
            .await
    }

    async fn replace_credentials(&self, account: AccountId, to: &Credentials) -> Result<bool, StorageError> {
        let mut tx = self.db.begin().await?;
        if !put_credentials(&mut tx, account, to).await? {
            return Ok(false);
        }
        tx.execute("DELETE FROM tokens WHERE account_id = ?", args![account])
            .await?;
        tx.end_console_logins(account).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Replaces credentials by better ones of the same password, where they are still what they were; `false` where
    /// they are not. So a password that was changed meanwhile stays changed.
    pub async fn raise_credentials(
        &self,
        account: AccountId,
        from: &Credentials,
        to: &Credentials,
    ) -> Result<bool, StorageError> {
        self.logins
            .changing(Some(account), self.replace_same_credentials(account, from, to))
            .await
    }

    async fn replace_same_credentials(
        &self,
        account: AccountId,
        from: &Credentials,
        to: &Credentials,
    ) -> Result<bool, StorageError> {
        let mut tx = self.db.begin().await?;
        let row = tx.row(Sql::locking(CREDENTIALS_OF), args![account]).await?;
        let now = row.map(|row| Credentials::read(&row, 0)).transpose()?;
        if now.as_ref() != Some(from) || !put_credentials(&mut tx, account, to).await? {
            return Ok(false);
        }
        tx.commit().await?;
        Ok(true)
    }

    /// The credentials of an account.
    pub async fn credentials(&self, account: AccountId) -> Result<Option<Credentials>, StorageError> {
        let row = self.db.row(CREDENTIALS_OF, args![account]).await?;
        row.map(|row| Credentials::read(&row, 0)).transpose()
    }
}

const CREDENTIALS_OF: &str = "SELECT sha1_salt, sha1_iterations, sha1_stored_key, sha1_server_key, \
     sha256_salt, sha256_iterations, sha256_stored_key, sha256_server_key FROM accounts WHERE id = ?";

/// `false` when there is no such account.
async fn put_credentials(
    tx: &mut Transaction,
    account: AccountId,
    credentials: &Credentials,
) -> Result<bool, StorageError> {
    const PUT: &str = "UPDATE accounts SET sha1_salt = ?, sha1_iterations = ?, sha1_stored_key = ?, sha1_server_key = ?, \
         sha256_salt = ?, sha256_iterations = ?, sha256_stored_key = ?, sha256_server_key = ? WHERE id = ?";
    let mut values: Vec<Value<'_>> = Vec::with_capacity(COLUMNS + 1);
    values.extend(credentials.values());
    values.push(account.into());
    Ok(tx.execute(PUT, &values).await? > 0)
}
