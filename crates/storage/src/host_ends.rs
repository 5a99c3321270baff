//! Hosts that are not served any more: for a while, or for good.

use crate::db::{Transaction, args};
use crate::{AccountId, HostId, Hosts, StorageError, erasure};

/// What became of a change of a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HostChange<T> {
    /// It is made.
    Done(T),
    /// No host has this name.
    NoHost,
    /// No other host is served.
    LastHost,
    /// Nobody would be left who may do everything.
    LastOwner,
}

/// What went with a host.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct HostDeleted {
    /// Accounts.
    pub accounts: u64,
    /// Groups.
    pub groups: u64,
}

/// Accounts deleted in one transaction: others wait no longer than for these.
const AT_ONCE: u32 = 500;

impl Hosts {
    /// Serves a host no more, or again; everything of it stays. All servers look for it, as they do when a property
    /// changes.
    pub async fn set_disabled(&self, domain: &str, is_disabled: bool) -> Result<HostChange<()>, StorageError> {
        const SET: &str = "UPDATE hosts SET disabled_at = ? WHERE id = ?";
        let mut tx = self.begin().await?;
        let Some(host) = find(&mut tx, domain).await? else {
            return Ok(HostChange::NoHost);
        };
        if is_disabled && !others_are_served(&mut tx, host).await? {
            return Ok(HostChange::LastHost);
        }
        let at = is_disabled.then(|| self.clock.now_micros());
        tx.execute(SET, args![at, host.get()]).await?;
        tx.commit().await?;
        self.db.notify().await;
        Ok(HostChange::Done(()))
    }

    /// Deletes a host and all that belongs to it: groups, accounts and what is remembered of them, also as a detail of
    /// acts on others, and every power over it. It is disabled first, and its accounts go some at a time: where that is
    /// cut short it can be done again.
    pub async fn delete(&self, domain: &str) -> Result<HostChange<HostDeleted>, StorageError> {
        // In boxes: acts hold acts, and a thread's stack is not for all of them.
        let host = match Box::pin(self.end(domain)).await? {
            HostChange::Done(host) => host,
            HostChange::NoHost => return Ok(HostChange::NoHost),
            HostChange::LastHost => return Ok(HostChange::LastHost),
            HostChange::LastOwner => return Ok(HostChange::LastOwner),
        };
        Box::pin(erasure::erase(&self.db, &format!("@{domain}"))).await?;
        let mut deleted = HostDeleted {
            groups: Box::pin(self.delete_groups(host)).await?,
            accounts: 0,
        };
        loop {
            let some = self.logins.changing(None, self.delete_some_accounts(host));
            match Box::pin(some).await? {
                0 => break,
                count => deleted.accounts += count,
            }
        }
        Box::pin(self.delete_row(host)).await?;
        Ok(HostChange::Done(deleted))
    }

    async fn delete_row(&self, host: HostId) -> Result<(), StorageError> {
        let mut tx = self.begin().await?;
        tx.execute("DELETE FROM hosts WHERE id = ?", args![host.get()]).await?;
        tx.commit().await?;
        self.db.notify().await;
        Ok(())
    }

    /// Disables a host that is to go, and takes all power over it, and of its accounts.
    async fn end(&self, domain: &str) -> Result<HostChange<HostId>, StorageError> {
        const COUNT: &str = "UPDATE counters SET value = value + 1 WHERE name = 'administrators'";
        const OWNER: &str = "SELECT a.account_id FROM administrators a JOIN accounts c ON c.id = a.account_id \
                             WHERE a.role = 'owner' AND c.host_id <> ? LIMIT 1";
        const ANY_OWNER: &str = "SELECT account_id FROM administrators WHERE role = 'owner' LIMIT 1";
        const TOKENS: &str = "DELETE FROM api_tokens WHERE host_id = ? OR account_id IN \
                              (SELECT id FROM accounts WHERE host_id = ?)";
        const POWER: &str = "DELETE FROM administrators WHERE host_id = ? OR account_id IN \
                             (SELECT id FROM accounts WHERE host_id = ?)";
        const LOGINS: &str =
            "DELETE FROM console_sessions WHERE account_id IN (SELECT id FROM accounts WHERE host_id = ?)";
        let mut tx = self.begin().await?;
        tx.execute(COUNT, args![]).await?;
        let Some(host) = find(&mut tx, domain).await? else {
            return Ok(HostChange::NoHost);
        };
        if !others_are_served(&mut tx, host).await? {
            return Ok(HostChange::LastHost);
        }
        let has_owner = tx.row(ANY_OWNER, args![]).await?.is_some();
        if has_owner && tx.row(OWNER, args![host.get()]).await?.is_none() {
            return Ok(HostChange::LastOwner);
        }
        for sql in [TOKENS, POWER] {
            tx.execute(sql, args![host.get(), host.get()]).await?;
        }
        tx.execute(LOGINS, args![host.get()]).await?;
        let at = self.clock.now_micros();
        tx.execute("UPDATE hosts SET disabled_at = ? WHERE id = ?", args![at, host.get()])
            .await?;
        tx.commit().await?;
        self.db.notify().await;
        Ok(HostChange::Done(host))
    }

    async fn delete_groups(&self, host: HostId) -> Result<u64, StorageError> {
        let mut tx = self.db.begin().await?;
        tx.next_groups_version().await?;
        let groups = tx
            .execute("DELETE FROM roster_groups WHERE host_id = ?", args![host.get()])
            .await?;
        tx.commit().await?;
        self.db.notify().await;
        Ok(groups)
    }

    /// How many went; none is left where that is 0.
    async fn delete_some_accounts(&self, host: HostId) -> Result<u64, StorageError> {
        const SOME: &str = "SELECT id FROM accounts WHERE host_id = ? ORDER BY id LIMIT ?";
        const SEEN: &str = "UPDATE roster_groups SET version = ? WHERE id IN (SELECT m.group_id FROM \
                            roster_group_members m JOIN accounts c ON c.id = m.account_id \
                            WHERE c.host_id = ? AND c.id <= ?)";
        const MESSAGES: &str = "DELETE FROM message_log WHERE account_id IN \
                                (SELECT id FROM accounts WHERE host_id = ? AND id <= ?)";
        const ACCOUNTS: &str = "DELETE FROM accounts WHERE host_id = ? AND id <= ?";
        let mut tx = self.db.begin().await?;
        let rows = tx.rows(SOME, args![host.get(), i64::from(AT_ONCE)]).await?;
        let ids = rows
            .iter()
            .map(|row| row.account(0))
            .collect::<Result<Vec<AccountId>, _>>()?;
        let Some(last) = ids.last() else { return Ok(0) };
        // They may be in groups of other hosts.
        let version = tx.next_groups_version().await?;
        tx.execute(SEEN, args![version, host.get(), *last]).await?;
        tx.execute(MESSAGES, args![host.get(), *last]).await?;
        let count = tx.execute(ACCOUNTS, args![host.get(), *last]).await?;
        tx.commit().await?;
        self.db.notify().await;
        // Rows that waited in the log's queue meanwhile.
        for id in ids {
            self.log.forget(id);
        }
        Ok(count)
    }

    /// One change at a time, on whatever node; all of them look for it.
    async fn begin(&self) -> Result<Transaction, StorageError> {
        let mut tx = self.db.begin().await?;
        tx.execute(
            "UPDATE counters SET value = value + 1 WHERE name = 'properties'",
            args![],
        )
        .await?;
        Ok(tx)
    }
}

async fn find(tx: &mut Transaction, domain: &str) -> Result<Option<HostId>, StorageError> {
    let row = tx.row("SELECT id FROM hosts WHERE domain = ?", args![domain]).await?;
    row.map(|row| row.int(0).map(HostId::new)).transpose()
}

async fn others_are_served(tx: &mut Transaction, host: HostId) -> Result<bool, StorageError> {
    const OTHERS: &str = "SELECT id FROM hosts WHERE id <> ? AND disabled_at IS NULL LIMIT 1";
    Ok(tx.row(OTHERS, args![host.get()]).await?.is_some())
}
