//! XEP-0484: tokens by which a client logs in again without its password.
//!
//! A client has at most two: the one it used last, and one that was sent to it and that it has not
//! used yet. Hashed-token mechanisms need the token itself on the server's side, as with any shared
//! key; it is worth one client's login until it expires, never the password.

use std::fmt;
use std::sync::Arc;

use crate::db::{Db, MAX_PART_BYTES, Row, args, key};
use crate::{AccountId, Clock, StorageError};

/// The number of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct TokenId(i64);

/// A token to be stored.
#[derive(Clone)]
pub struct NewToken {
    /// The mechanism it is for, for example `HT-SHA-256-EXPR`.
    pub mechanism: String,
    /// The token.
    pub secret: Vec<u8>,
    /// When it ends, in microseconds since 1970.
    pub expires_at: i64,
}

/// A token that is stored.
#[derive(Clone)]
pub struct Token {
    /// Its number.
    pub id: TokenId,
    /// The mechanism it is for.
    pub mechanism: String,
    /// The token.
    pub secret: Vec<u8>,
    /// When it ends, in microseconds since 1970.
    pub expires_at: i64,
    /// The highest counter its client has sent.
    pub counter: i64,
}

impl fmt::Debug for Token {
    /// Secrets do not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("id", &self.id)
            .field("mechanism", &self.mechanism)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for NewToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewToken")
            .field("mechanism", &self.mechanism)
            .finish_non_exhaustive()
    }
}

/// The tokens of all clients.
#[derive(Clone)]
pub struct Tokens {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl Tokens {
    /// Tokens an account may have; beyond it the oldest go.
    pub const MAX_PER_ACCOUNT: i64 = 64;

    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    /// Stores a new token for a client. Of the client's others only `used` stays, the one it has just
    /// logged in with: if the new one never reaches the client, it can come again with that.
    pub async fn issue(
        &self,
        account: AccountId,
        client: &str,
        token: &NewToken,
        used: Option<TokenId>,
    ) -> Result<(), StorageError> {
        const ADD: &str = "INSERT INTO tokens (account_id, client, mechanism, secret, expires_at, counter, created_at) \
                           VALUES (?, ?, ?, ?, ?, 0, ?)";
        let client = key("the client's id, in bytes,", client, MAX_PART_BYTES)?;
        let secret = token.secret.as_slice();
        let now = self.clock.now_micros();
        let mut tx = self.db.begin().await?;
        tx.lock_account(account).await?;
        tx.execute(KEEP_ONE, args![account, client, used.map_or(0, |used| used.0)])
            .await?;
        tx.execute(
            ADD,
            args![account, client, token.mechanism.as_str(), secret, token.expires_at, now],
        )
        .await?;
        let surplus = tx.row(SURPLUS, args![account, Self::MAX_PER_ACCOUNT]).await?;
        if let Some(newest) = surplus.map(|row| row.int(0)).transpose()? {
            tx.execute(
                "DELETE FROM tokens WHERE account_id = ? AND id <= ?",
                args![account, newest],
            )
            .await?;
        }
        tx.commit().await
    }

    /// The client's tokens that have not expired, the newest first.
    pub async fn find(&self, account: AccountId, client: &str) -> Result<Vec<Token>, StorageError> {
        const FIND: &str = "SELECT id, mechanism, secret, expires_at, counter FROM tokens \
                            WHERE account_id = ? AND client = ? AND expires_at > ? ORDER BY id DESC";
        let rows = self
            .db
            .rows(FIND, args![account, client, self.clock.now_micros()])
            .await?;
        rows.iter().map(Token::read).collect()
    }

    /// The client has logged in with this token: its others are worth nothing any more.
    pub async fn confirm(&self, account: AccountId, client: &str, used: TokenId) -> Result<(), StorageError> {
        self.db
            .execute(KEEP_ONE, args![account, client, used.0])
            .await
            .map(|_| ())
    }

    /// XEP-0484 §3.4: accepts a counter only when it is greater than every one before. Of two attempts
    /// with the same counter, on whatever nodes, one gets `true`.
    pub async fn advance(&self, account: AccountId, token: TokenId, counter: i64) -> Result<bool, StorageError> {
        const ADVANCE: &str = "UPDATE tokens SET counter = ? WHERE id = ? AND account_id = ? AND counter < ?";
        let mut tx = self.db.begin().await?;
        let advanced = tx.execute(ADVANCE, args![counter, token.0, account, counter]).await? > 0;
        tx.commit().await?;
        Ok(advanced)
    }

    /// Revokes the tokens of one client.
    pub async fn revoke(&self, account: AccountId, client: &str) -> Result<(), StorageError> {
        self.db
            .execute(
                "DELETE FROM tokens WHERE account_id = ? AND client = ?",
                args![account, client],
            )
            .await
            .map(|_| ())
    }

    /// Forgets tokens that have expired; says how many.
    pub async fn sweep(&self) -> Result<u64, StorageError> {
        self.db
            .execute(
                "DELETE FROM tokens WHERE expires_at <= ?",
                args![self.clock.now_micros()],
            )
            .await
    }
}

const KEEP_ONE: &str = "DELETE FROM tokens WHERE account_id = ? AND client = ? AND id <> ?";
const SURPLUS: &str = "SELECT id FROM tokens WHERE account_id = ? ORDER BY id DESC LIMIT 1 OFFSET ?";

impl Token {
    fn read(row: &Row) -> Result<Self, StorageError> {
        Ok(Self {
            id: TokenId(row.int(0)?),
            mechanism: row.text(1)?,
            secret: row.bytes(2)?,
            expires_at: row.int(3)?,
            counter: row.int(4)?,
        })
    }
}
