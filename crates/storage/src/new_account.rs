//! Accounts come to be: under a name that nobody has, and that looks like nobody's.

use crate::db::{MAX_PART_BYTES, Sql, Transaction, Value, args, key};
use crate::lookalikes::{alike, note_some, skeleton};
use crate::{AccountId, Accounts, Credentials, HostId, Lock, StorageError};

/// An account that is to be made.
#[derive(Debug, Clone, Copy)]
pub struct NewAccount<'a> {
    /// Its host.
    pub host: HostId,
    /// The prepared localpart of its JID.
    pub localpart: &'a str,
    /// Its keys.
    pub credentials: &'a Credentials,
    /// Where it is to be locked from the first moment on.
    pub lock: Option<&'a Lock>,
    /// Whether its name may look like that of another account of the host.
    pub lookalikes: Lookalikes,
}

/// Whether a name may look like another (UTS #39).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Lookalikes {
    /// It may.
    #[default]
    Allowed,
    /// It must not. Of names that look alike and come at the same time, one is taken.
    Refused,
}

/// What became of an account that was to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Creation {
    /// It is there.
    Made(AccountId),
    /// The host has one of this name.
    Taken,
    /// The host has one whose name looks like it: the localpart of that one.
    LooksLike(String),
}

impl<'a> NewAccount<'a> {
    /// One that is not locked, whatever its name looks like.
    #[must_use]
    pub const fn open(host: HostId, localpart: &'a str, credentials: &'a Credentials) -> Self {
        Self {
            host,
            localpart,
            credentials,
            lock: None,
            lookalikes: Lookalikes::Allowed,
        }
    }
}

impl Accounts {
    /// Makes an account: not locked, whatever its name looks like; `None` when the host has one of this name.
    pub async fn create(
        &self,
        host: HostId,
        localpart: &str,
        credentials: &Credentials,
    ) -> Result<Option<AccountId>, StorageError> {
        Ok(match self.add(&NewAccount::open(host, localpart, credentials)).await? {
            Creation::Made(id) => Some(id),
            Creation::Taken | Creation::LooksLike(_) => None,
        })
    }

    /// Makes an account, in one transaction.
    pub async fn add(&self, new: &NewAccount<'_>) -> Result<Creation, StorageError> {
        let localpart = key("the localpart, in bytes,", new.localpart, MAX_PART_BYTES)?;
        let look = skeleton(localpart);
        let mut tx = self.db.begin().await?;
        if new.lookalikes == Lookalikes::Refused
            && let Some(other) = other_like(&mut tx, new, &look).await?
        {
            return Ok(match other == localpart {
                true => Creation::Taken,
                false => Creation::LooksLike(other),
            });
        }
        if let Err(error) = insert(&mut tx, new, &look, self.clock.now_micros()).await {
            drop(tx);
            let is_taken =
                matches!(error, StorageError::Conflict(_)) && self.find(new.host, localpart).await?.is_some();
            return if is_taken { Ok(Creation::Taken) } else { Err(error) };
        }
        let row = tx
            .row(
                "SELECT id FROM accounts WHERE host_id = ? AND localpart = ?",
                args![new.host.get(), localpart],
            )
            .await?;
        let id = row
            .ok_or_else(|| StorageError::corrupt("an account that was just made is not there"))?
            .account(0)?;
        tx.commit().await?;
        Ok(Creation::Made(id))
    }
}

/// An account of the host that looks like this. Until the transaction ends nobody else makes one there: two names that
/// look alike are no duplicates to the database.
async fn other_like(tx: &mut Transaction, new: &NewAccount<'_>, look: &str) -> Result<Option<String>, StorageError> {
    const ONE_AT_A_TIME: Sql = Sql::locking("SELECT id FROM hosts WHERE id = ?");
    tx.row(ONE_AT_A_TIME, args![new.host.get()]).await?;
    // What a server of an older version made meanwhile. Just after an upgrade there may be more than these.
    note_some(tx, new.host).await?;
    alike(tx, new.host, new.localpart, look).await
}

async fn insert(tx: &mut Transaction, new: &NewAccount<'_>, look: &str, now: i64) -> Result<(), StorageError> {
    const INSERT: &str = "INSERT INTO accounts (host_id, localpart, skeleton, created_at, locked, lock_reason, locked_until, \
         sha1_salt, sha1_iterations, sha1_stored_key, sha1_server_key, \
         sha256_salt, sha256_iterations, sha256_stored_key, sha256_server_key) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let mut values: Vec<Value<'_>> = args![
        new.host.get(),
        new.localpart,
        look,
        now,
        i64::from(new.lock.is_some()),
        new.lock.and_then(|lock| lock.reason.as_deref()),
        new.lock.and_then(|lock| lock.until),
    ]
    .to_vec();
    values.extend(new.credentials.values());
    tx.execute(INSERT, &values).await.map(|_| ())
}
