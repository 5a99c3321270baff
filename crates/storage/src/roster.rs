//! RFC 6121 §2: contact lists, with the versions of XEP-0237.
//!
//! Every change takes the roster's next version and marks its item with it; a removed item stays as
//! a mark for a while. So the changes since a version are the items with a greater one.

use serde::{Deserialize, Serialize};

use crate::db::{Db, MAX_JID_BYTES, Sql, Transaction, args, key};
use crate::roster_row::columns;
use crate::{AccountId, StorageError};

/// RFC 6121 §2.1.2.5.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum Subscription {
    /// Neither sees the other's presence.
    #[default]
    None,
    /// The user sees the contact's presence.
    To,
    /// The contact sees the user's presence.
    From,
    /// Both.
    Both,
}

/// A contact.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct RosterItem {
    /// The contact's bare JID.
    pub jid: String,
    /// The name the user gave it; empty for none.
    pub name: String,
    /// Who sees whose presence.
    pub subscription: Subscription,
    /// RFC 6121 §2.1.2.2: the user has asked to see the contact's presence.
    pub ask: bool,
    /// The contact's request to see the user's presence, as it came; it waits for an answer.
    pub pending_in: Option<Vec<u8>>,
    /// RFC 6121 §3.4: the contact's request is approved in advance.
    pub approved: bool,
    /// The user's groups it is in.
    pub groups: Vec<String>,
    /// Whether it is part of what clients see; a stranger who has only asked is not (RFC 6121 §3.1.3).
    pub listed: bool,
}

/// What to do with an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RosterEdit {
    /// Leave it.
    Keep,
    /// Make it so.
    Put(RosterItem),
    /// Take it away.
    Remove,
}

/// What has become of an item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterEdited {
    /// The item before.
    pub before: Option<RosterItem>,
    /// The item now.
    pub after: Option<RosterItem>,
    /// The version of the roster now.
    pub version: i64,
}

/// A change since some version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RosterChange {
    /// The item is now so.
    Put(RosterItem),
    /// The item of this JID is gone.
    Removed(String),
}

/// XEP-0237: how to bring a client up to date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RosterSince {
    /// By these changes in order, each with the version it leads to.
    Changes(Vec<(i64, RosterChange)>),
    /// By the whole roster: the changes are not known any more.
    Whole,
}

/// The contact lists of all accounts.
#[derive(Clone)]
pub struct Roster {
    db: Db,
}

impl Roster {
    /// Removed items remembered for each account; who was away for longer gets the whole roster.
    pub const MAX_REMOVED: i64 = 100;

    pub(crate) fn new(db: Db) -> Self {
        Self { db }
    }

    /// All items (those not listed too) and the version they are at.
    pub async fn load(&self, account: AccountId) -> Result<(Vec<RosterItem>, i64), StorageError> {
        const LOAD: &str = concat!(
            "SELECT r.version, ",
            columns!(),
            " FROM rosters r LEFT JOIN roster_items i ON i.account_id = r.account_id AND i.removed = 0 \
             WHERE r.account_id = ? ORDER BY i.jid"
        );
        let rows = self.db.rows(LOAD, args![account]).await?;
        let version = rows.first().map_or(Ok(first_version(account)), |row| row.int(0))?;
        let mut items = Vec::with_capacity(rows.len());
        for row in &rows {
            // A roster without items is one row of nulls.
            if row.maybe_text(1)?.is_some() {
                items.push(RosterItem::read(row, 1)?);
            }
        }
        Ok((items, version))
    }

    /// One item.
    pub async fn get(&self, account: AccountId, jid: &str) -> Result<Option<RosterItem>, StorageError> {
        let row = self.db.row(GET, args![account, jid]).await?;
        row.map(|row| RosterItem::read(&row, 0)).transpose()
    }

    /// What has changed since a client's version.
    pub async fn since(&self, account: AccountId, version: i64) -> Result<RosterSince, StorageError> {
        const STATE: &str = "SELECT version, floor_version FROM rosters WHERE account_id = ?";
        const CHANGES: &str = concat!(
            "SELECT i.version, i.removed, ",
            columns!(),
            " FROM roster_items i WHERE i.account_id = ? AND i.version > ? ORDER BY i.version"
        );
        let state = self.db.row(STATE, args![account]).await?;
        let (now, floor) = match state {
            Some(row) => (row.int(0)?, row.int(1)?),
            None => (first_version(account), first_version(account)),
        };
        if version < floor || version > now {
            return Ok(RosterSince::Whole);
        }
        if version == now {
            return Ok(RosterSince::Changes(Vec::new()));
        }
        let mut changes = Vec::new();
        for row in self.db.rows(CHANGES, args![account, version]).await? {
            let item = RosterItem::read(&row, 2)?;
            let is_seen = item.listed && !row.flag(1)?;
            changes.push((
                row.int(0)?,
                if is_seen {
                    RosterChange::Put(item)
                } else {
                    RosterChange::Removed(item.jid)
                },
            ));
        }
        Ok(RosterSince::Changes(changes))
    }

    /// Adds or replaces an item; returns the new version. The roster may grow to `max_items`.
    pub async fn upsert(&self, account: AccountId, item: RosterItem, max_items: usize) -> Result<i64, StorageError> {
        let jid = item.jid.clone();
        Ok(self
            .edit(account, &jid, max_items, |_| RosterEdit::Put(item))
            .await?
            .version)
    }

    /// Removes an item; returns the new version, or `None` when there was none.
    pub async fn remove(&self, account: AccountId, jid: &str) -> Result<Option<i64>, StorageError> {
        let edited = self.edit(account, jid, usize::MAX, |_| RosterEdit::Remove).await?;
        Ok(edited.before.map(|_| edited.version))
    }

    /// Puts items into the roster of a new account, all or none.
    pub async fn fill(&self, account: AccountId, items: &[RosterItem], max_items: usize) -> Result<(), StorageError> {
        let mut tx = self.db.begin().await?;
        let mut version = lock(&mut tx, account).await?;
        for item in items {
            key("the contact's address, in bytes,", &item.jid, MAX_JID_BYTES)?;
            version += 1;
            put(&mut tx, account, item, version).await?;
        }
        check_size(&mut tx, account, max_items).await?;
        tx.execute(
            "UPDATE rosters SET version = ? WHERE account_id = ?",
            args![version, account],
        )
        .await?;
        tx.commit().await
    }

    /// Looks at an item and decides, with no other change to this roster in between, on any node.
    pub async fn edit(
        &self,
        account: AccountId,
        jid: &str,
        max_items: usize,
        decide: impl FnOnce(Option<&RosterItem>) -> RosterEdit + Send,
    ) -> Result<RosterEdited, StorageError> {
        let jid = key("the contact's address, in bytes,", jid, MAX_JID_BYTES)?;
        let mut tx = self.db.begin().await?;
        let version = lock(&mut tx, account).await?;
        let before = tx
            .row(GET, args![account, jid])
            .await?
            .map(|row| RosterItem::read(&row, 0))
            .transpose()?;
        let after = match decide(before.as_ref()) {
            RosterEdit::Keep => before.clone(),
            RosterEdit::Put(item) => Some(RosterItem {
                jid: jid.to_owned(),
                ..item
            }),
            RosterEdit::Remove => None,
        };
        if after == before {
            return Ok(RosterEdited { before, after, version });
        }
        let version = version + 1;
        match &after {
            Some(item) => put(&mut tx, account, item, version).await?,
            None => forget(&mut tx, account, jid, version).await?,
        }
        if before.is_none() {
            check_size(&mut tx, account, max_items).await?;
        }
        tx.execute(
            "UPDATE rosters SET version = ? WHERE account_id = ?",
            args![version, account],
        )
        .await?;
        tx.commit().await?;
        Ok(RosterEdited { before, after, version })
    }
}

const GET: &str = concat!(
    "SELECT ",
    columns!(),
    " FROM roster_items i WHERE i.account_id = ? AND i.jid = ? AND i.removed = 0"
);

/// Takes the roster for this transaction; returns its version.
async fn lock(tx: &mut Transaction, account: AccountId) -> Result<i64, StorageError> {
    const LOCK: Sql = Sql::locking("SELECT version FROM rosters WHERE account_id = ?");
    const ADD: Sql = Sql::differing(
        "INSERT INTO rosters (account_id, version, floor_version) VALUES (?, ?, ?) ON CONFLICT (account_id) DO NOTHING",
        "INSERT INTO rosters (account_id, version, floor_version) VALUES (?, ?, ?) ON DUPLICATE KEY UPDATE version = version",
    );
    if let Some(row) = tx.row(LOCK, args![account]).await? {
        return row.int(0);
    }
    tx.execute(ADD, args![account, first_version(account), first_version(account)])
        .await?;
    let row = tx.row(LOCK, args![account]).await?;
    row.ok_or_else(|| StorageError::corrupt("a roster that was just made is not there"))?
        .int(0)
}

/// Where an account's versions begin: apart for each account, so that a client which knows the roster
/// of a deleted account of the same name is not brought up to date from there.
fn first_version(account: AccountId) -> i64 {
    (account.get() & 0x3fff_ffff) << 32
}

async fn put(tx: &mut Transaction, account: AccountId, item: &RosterItem, version: i64) -> Result<(), StorageError> {
    const PUT: Sql = Sql::differing(
        "INSERT INTO roster_items (account_id, jid, name, subscription, ask, pending_in, approved, groups_text, listed, \
         version, removed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) ON CONFLICT (account_id, jid) DO UPDATE SET \
         name = excluded.name, subscription = excluded.subscription, ask = excluded.ask, \
         pending_in = excluded.pending_in, approved = excluded.approved, groups_text = excluded.groups_text, \
         listed = excluded.listed, version = excluded.version, removed = 0",
        "INSERT INTO roster_items (account_id, jid, name, subscription, ask, pending_in, approved, groups_text, listed, \
         version, removed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0) ON DUPLICATE KEY UPDATE \
         name = VALUES(name), subscription = VALUES(subscription), ask = VALUES(ask), \
         pending_in = VALUES(pending_in), approved = VALUES(approved), groups_text = VALUES(groups_text), \
         listed = VALUES(listed), version = VALUES(version), removed = 0",
    );
    let groups = item.groups_text();
    let values = args![
        account,
        item.jid.as_str(),
        item.name.as_str(),
        item.subscription.number(),
        item.ask,
        item.pending_in.as_deref(),
        item.approved,
        groups.as_str(),
        item.listed,
        version,
    ];
    tx.execute(PUT, values).await.map(|_| ())
}

/// Turns an item into a mark that it is gone, and lets go of the oldest such marks.
async fn forget(tx: &mut Transaction, account: AccountId, jid: &str, version: i64) -> Result<(), StorageError> {
    const MARK: &str = "UPDATE roster_items SET name = '', subscription = 0, ask = 0, pending_in = NULL, approved = 0, \
                        groups_text = '', listed = 0, version = ?, removed = 1 WHERE account_id = ? AND jid = ?";
    const SURPLUS: &str = "SELECT version FROM roster_items WHERE account_id = ? AND removed = 1 \
                           ORDER BY version DESC LIMIT 1 OFFSET ?";
    const TRIM: &str = "DELETE FROM roster_items WHERE account_id = ? AND removed = 1 AND version <= ?";
    tx.execute(MARK, args![version, account, jid]).await?;
    let surplus = tx.row(SURPLUS, args![account, Roster::MAX_REMOVED]).await?;
    if let Some(floor) = surplus.map(|row| row.int(0)).transpose()? {
        tx.execute(TRIM, args![account, floor]).await?;
        tx.execute(
            "UPDATE rosters SET floor_version = ? WHERE account_id = ?",
            args![floor, account],
        )
        .await?;
    }
    Ok(())
}

async fn check_size(tx: &mut Transaction, account: AccountId, max_items: usize) -> Result<(), StorageError> {
    const COUNT: &str = "SELECT COUNT(*) FROM roster_items WHERE account_id = ? AND removed = 0";
    let count = tx.row(COUNT, args![account]).await?.map_or(Ok(0), |row| row.int(0))?;
    if usize::try_from(count).unwrap_or(usize::MAX) > max_items {
        return Err(StorageError::TooLarge {
            what: "the roster, in contacts,",
            limit: max_items,
        });
    }
    Ok(())
}
