//! Who may log in: a name at a host, its credentials and its state.

use std::sync::Arc;

use crate::accounts_by_time::{self, Meant};
use crate::db::{Db, Row, Sql, Transaction, args};
use crate::groups::{IS_MEMBER, LEAVES};
use crate::logins::Logins;
use crate::{Clock, Credentials, HostId, Log, StorageError, erasure};

/// The number of an account. It is never given to another: whoever deletes an account and makes one
/// of the same name gets a new number, and so inherits nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AccountId(i64);

impl AccountId {
    /// The account with this number.
    #[must_use]
    pub const fn new(id: i64) -> Self {
        Self(id)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// An account, without its credentials. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Its number.
    pub id: AccountId,
    /// Its host.
    pub host: HostId,
    /// The prepared localpart of its JID.
    pub localpart: String,
    /// When it was made.
    pub created_at: i64,
    /// Set while nobody may log in to it.
    pub lock: Option<Lock>,
    /// When somebody last logged in.
    pub last_login: Option<i64>,
    /// When its last session ended.
    pub last_logout: Option<i64>,
    /// XEP-0012: the status text of the last unavailable presence.
    pub last_status: Option<String>,
}

impl Account {
    /// Whether a lock is in force at this time (microseconds since 1970).
    #[must_use]
    pub fn is_locked(&self, now: i64) -> bool {
        self.lock.as_ref().is_some_and(|lock| lock.is_in_force(now))
    }
}

/// Why and for how long an account is locked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Lock {
    /// For the operator to remember.
    pub reason: Option<String>,
    /// When it ends by itself, in microseconds since 1970.
    pub until: Option<i64>,
}

impl Lock {
    /// Whether it holds at this time (microseconds since 1970).
    #[must_use]
    pub fn is_in_force(&self, now: i64) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

/// Which accounts of a host to list, and how.
#[derive(Debug, Clone, Default)]
pub struct AccountFilter {
    /// Only localparts that begin so.
    pub prefix: String,
    /// By what.
    pub order: AccountOrder,
    /// The greatest first.
    pub is_descending: bool,
    /// Only those behind this one: the last of the page before.
    pub after: Option<Cursor>,
}

/// By what accounts are listed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AccountOrder {
    /// By their localparts.
    #[default]
    Name,
    /// By when they were made.
    Made,
    /// By when somebody last logged in; those where nobody did are the first.
    LastLogin,
}

/// A place in a list of accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cursor {
    /// In a list by localparts: the account with this one.
    Name(String),
    /// In a list by times: the account of this number, with this time (0 for never).
    Time(i64, AccountId),
}

impl AccountFilter {
    /// The place of an account in the list.
    #[must_use]
    pub fn cursor(&self, account: &Account) -> Cursor {
        match self.order {
            AccountOrder::Name => Cursor::Name(account.localpart.clone()),
            AccountOrder::Made => Cursor::Time(account.created_at, account.id),
            AccountOrder::LastLogin => Cursor::Time(account.last_login.unwrap_or(0), account.id),
        }
    }
}

/// The accounts of all hosts.
#[derive(Clone)]
pub struct Accounts {
    pub(crate) db: Db,
    pub(crate) clock: Arc<dyn Clock>,
    log: Log,
    pub(crate) logins: Logins,
}

impl Accounts {
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>, log: Log, logins: Logins) -> Self {
        Self { db, clock, log, logins }
    }

    /// The account of this name.
    pub async fn find(&self, host: HostId, localpart: &str) -> Result<Option<Account>, StorageError> {
        const FIND: &str = select!("", "WHERE host_id = ? AND localpart = ?");
        let row = self.db.row(FIND, args![host.get(), localpart]).await?;
        row.as_ref().map(Account::read).transpose()
    }

    /// The account of this name with its credentials: all that a login needs, in one question.
    pub async fn find_with_credentials(
        &self,
        host: HostId,
        localpart: &str,
    ) -> Result<Option<(Account, Credentials)>, StorageError> {
        const FIND: &str = select!(
            ", sha1_salt, sha1_iterations, sha1_stored_key, sha1_server_key, \
             sha256_salt, sha256_iterations, sha256_stored_key, sha256_server_key",
            "WHERE host_id = ? AND localpart = ?"
        );
        let row = self.db.row(FIND, args![host.get(), localpart]).await?;
        row.map(|row| Ok((Account::read(&row)?, Credentials::read(&row, COLUMNS)?)))
            .transpose()
    }

    /// The account of this number.
    pub async fn get(&self, account: AccountId) -> Result<Option<Account>, StorageError> {
        let row = self.db.row(select!("", "WHERE id = ?"), args![account]).await?;
        row.as_ref().map(Account::read).transpose()
    }

    /// A page of at most `limit` accounts. A cursor of another order is none.
    pub async fn list(&self, host: HostId, filter: &AccountFilter, limit: u32) -> Result<Vec<Account>, StorageError> {
        let (host, limit) = (host.get(), i64::from(limit));
        let (from, to) = prefix_bounds(&filter.prefix);
        let (from, to) = (from.as_str(), to.as_str());
        let rows = match (filter.order, &filter.after) {
            (AccountOrder::Name, Some(Cursor::Name(after))) => {
                let sql = if filter.is_descending { BY_NAME_DOWN } else { BY_NAME };
                self.db.rows(sql, args![host, from, to, after.as_str(), limit]).await?
            }
            (AccountOrder::Name, _) => {
                let sql = if filter.is_descending { NAMES_DOWN } else { NAMES };
                self.db.rows(sql, args![host, from, to, limit]).await?
            }
            (order, after) => {
                let (time, id) = match after {
                    Some(Cursor::Time(time, id)) => (*time, id.get()),
                    _ if filter.is_descending => (i64::MAX, i64::MAX),
                    _ => (i64::MIN, i64::MIN),
                };
                let by_time = match (order, filter.is_descending) {
                    (AccountOrder::Made, false) => &accounts_by_time::MADE,
                    (AccountOrder::Made, true) => &accounts_by_time::MADE_DOWN,
                    (_, false) => &accounts_by_time::LOGIN,
                    (_, true) => &accounts_by_time::LOGIN_DOWN,
                };
                let meant = self.meant(host, &filter.prefix, (from, to)).await?;
                let (sql, values) = by_time.ask(meant, host, (from, to), (time, id), limit);
                self.db.rows(sql, &values).await?
            }
        };
        rows.iter().map(Account::read).collect()
    }

    /// How many accounts a prefix means, as far as that decides how to find a page of them.
    async fn meant(&self, host: i64, prefix: &str, (from, to): (&str, &str)) -> Result<Meant, StorageError> {
        if prefix.is_empty() {
            return Ok(Meant::All);
        }
        let most = accounts_by_time::SORTED_MAX;
        let row = self
            .db
            .row(accounts_by_time::MANY, args![host, from, to, most + 1])
            .await?;
        let count = row.map_or(Ok(0), |row| row.int(0))?;
        Ok(if count > most { Meant::Many } else { Meant::Few })
    }

    /// How many accounts the host has.
    pub async fn count(&self, host: HostId) -> Result<u64, StorageError> {
        let row = self
            .db
            .row("SELECT COUNT(*) FROM accounts WHERE host_id = ?", args![host.get()])
            .await?;
        let count = row.map_or(Ok(0), |row| row.int(0))?;
        u64::try_from(count).map_err(|_| StorageError::corrupt("a count is negative"))
    }

    /// Locks the account; `false` when there is none.
    pub async fn lock(&self, account: AccountId, lock: &Lock) -> Result<bool, StorageError> {
        const LOCK: &str = "UPDATE accounts SET locked = 1, lock_reason = ?, locked_until = ? WHERE id = ?";
        let values = args![lock.reason.as_deref(), lock.until, account];
        let changed = self.logins.changing(Some(account), self.db.execute(LOCK, values));
        Ok(changed.await? > 0)
    }

    /// Unlocks the account; `false` when there is none.
    pub async fn unlock(&self, account: AccountId) -> Result<bool, StorageError> {
        const UNLOCK: &str = "UPDATE accounts SET locked = 0, lock_reason = NULL, locked_until = NULL WHERE id = ?";
        let values = args![account];
        let changed = self.logins.changing(Some(account), self.db.execute(UNLOCK, values));
        Ok(changed.await? > 0)
    }

    /// Deletes the account and everything that is remembered for it; `false` when there was none. In the record of acts
    /// stays that it was done, and what was done to the account: its address as a detail of other acts goes first, so that
    /// whoever has to begin anew, since the database went away meanwhile, leaves nothing behind.
    pub async fn delete(&self, account: AccountId) -> Result<bool, StorageError> {
        const ADDRESS: &str =
            "SELECT a.localpart, h.domain FROM accounts a JOIN hosts h ON h.id = a.host_id WHERE a.id = ?";
        if let Some(row) = self.db.row(ADDRESS, args![account]).await? {
            erasure::erase(&self.db, &format!("{}@{}", row.text(0)?, row.text(1)?)).await?;
        }
        let (left, deleted) = self.logins.changing(Some(account), self.delete_row(account)).await?;
        if left {
            self.db.notify().await;
        }
        // Rows that waited in the log's queue meanwhile.
        self.log.forget(account);
        Ok(deleted > 0)
    }

    /// Whether it left groups, and whether it was there.
    async fn delete_row(&self, account: AccountId) -> Result<(bool, u64), StorageError> {
        let mut tx = self.db.begin().await?;
        let left = leave_groups(&mut tx, account).await?;
        tx.execute("DELETE FROM message_log WHERE account_id = ?", args![account])
            .await?;
        let deleted = tx.execute("DELETE FROM accounts WHERE id = ?", args![account]).await?;
        tx.commit().await?;
        Ok((left, deleted))
    }

    /// Somebody logged in. Written with the next messages, in the order of the calls.
    pub fn record_login(&self, account: AccountId) {
        self.log.seen(account, self.clock.now_micros(), None);
    }

    /// The account's last session ended, with this status text. Written with the next messages.
    pub fn record_logout(&self, account: AccountId, status: &str) {
        self.log.seen(account, self.clock.now_micros(), Some(status.to_owned()));
    }
}

/// How many columns [`Account::read`] takes.
const COLUMNS: usize = 10;

macro_rules! select {
    ($more:literal, $rest:literal) => {
        concat!(
            "SELECT id, host_id, localpart, created_at, locked, lock_reason, locked_until, last_login, last_logout, last_status",
            $more,
            " FROM accounts ",
            $rest
        )
    };
}
pub(crate) use select;

const NAMES: &str = select!(
    "",
    "WHERE host_id = ? AND localpart >= ? AND localpart < ? ORDER BY localpart LIMIT ?"
);
const NAMES_DOWN: &str = select!(
    "",
    "WHERE host_id = ? AND localpart >= ? AND localpart < ? ORDER BY localpart DESC LIMIT ?"
);
const BY_NAME: &str = select!(
    "",
    "WHERE host_id = ? AND localpart >= ? AND localpart < ? AND localpart > ? ORDER BY localpart LIMIT ?"
);
const BY_NAME_DOWN: &str = select!(
    "",
    "WHERE host_id = ? AND localpart >= ? AND localpart < ? AND localpart < ? ORDER BY localpart DESC LIMIT ?"
);
impl Account {
    fn read(row: &Row) -> Result<Self, StorageError> {
        let lock = Lock {
            reason: row.maybe_text(5)?,
            until: row.maybe_int(6)?,
        };
        Ok(Self {
            id: row.account(0)?,
            host: HostId::new(row.int(1)?),
            localpart: row.text(2)?,
            created_at: row.int(3)?,
            lock: row.flag(4)?.then_some(lock),
            last_login: row.maybe_int(7)?,
            last_logout: row.maybe_int(8)?,
            last_status: row.maybe_text(9)?,
        })
    }
}

/// Behind every localpart: RFC 8265 allows no noncharacters.
const BEHIND_ALL: &str = "\u{10ffff}";

/// The smallest text that begins with `prefix`, and the smallest behind all those.
pub(crate) fn prefix_bounds(prefix: &str) -> (String, String) {
    let end = prefix_end(prefix);
    (prefix.to_owned(), end.unwrap_or_else(|| BEHIND_ALL.to_owned()))
}

/// The smallest text behind all that begin with `prefix`, in the order of bytes (which for UTF-8 is
/// the order of characters); `None` for the empty prefix.
fn prefix_end(prefix: &str) -> Option<String> {
    let mut characters: Vec<char> = prefix.chars().collect();
    while let Some(last) = characters.pop() {
        if let Some(next) = (last..=char::MAX).nth(1) {
            characters.push(next);
            return Some(characters.into_iter().collect());
        }
    }
    None
}

/// An account leaves its groups, and those change with it; says whether it was in any.
async fn leave_groups(tx: &mut Transaction, account: AccountId) -> Result<bool, StorageError> {
    const KEEP: Sql = Sql::locking("SELECT id FROM accounts WHERE id = ?");
    // Asked first, so that groups are taken before the account, as by whoever adds a member.
    if tx.row(IS_MEMBER, args![account]).await?.is_none() {
        tx.row(KEEP, args![account]).await?;
        // Nobody can add it any more; somebody may have meanwhile.
        if tx.row(IS_MEMBER, args![account]).await?.is_none() {
            return Ok(false);
        }
    }
    let version = tx.next_groups_version().await?;
    tx.execute(LEAVES, args![version, account]).await?;
    Ok(true)
}

impl Transaction {
    /// Keeps the account as it is until this transaction ends: one change to its things at a time.
    pub(crate) async fn lock_account(&mut self, account: AccountId) -> Result<(), StorageError> {
        const LOCK: Sql = Sql::locking("SELECT id FROM accounts WHERE id = ?");
        match self.row(LOCK, args![account]).await? {
            Some(_) => Ok(()),
            None => Err(StorageError::gone("the account has been deleted")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::prefix_end;

    #[test]
    fn the_end_of_a_prefix_is_behind_everything_that_begins_with_it() {
        for (prefix, end) in [
            ("", None),
            ("a", Some("b")),
            ("al", Some("am")),
            ("a%", Some("a&")),
            ("a\u{d7ff}", Some("a\u{e000}")),
            ("a\u{10ffff}", Some("b")),
            ("\u{10ffff}", None),
        ] {
            assert_eq!(prefix_end(prefix).as_deref(), end, "{prefix:?}");
        }
    }
}
