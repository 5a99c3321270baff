//! Who is in a group.

use super::{GroupNumber, Groups};
use crate::db::{Sql, args};
use crate::{AccountId, StorageError};

/// An account in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// The localpart of its JID.
    pub localpart: String,
    /// Whether it is noted as an administrator of the group.
    pub is_admin: bool,
}

/// A group that an account is in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    /// The group's name.
    pub group: String,
    /// Whether the account is noted as its administrator.
    pub is_admin: bool,
}

impl Groups {
    /// A page of members whose localparts begin with `prefix`, behind the localpart `after`.
    pub async fn members(
        &self,
        group: GroupNumber,
        prefix: &str,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Member>, StorageError> {
        const PAGE: &str = "SELECT a.localpart, m.is_admin FROM roster_group_members m JOIN accounts a ON a.id = m.account_id \
                            WHERE m.group_id = ? AND a.localpart >= ? AND a.localpart < ? AND a.localpart > ? \
                            ORDER BY a.localpart LIMIT ?";
        let (from, to) = crate::accounts::prefix_bounds(prefix);
        let values = args![group.get(), from.as_str(), to.as_str(), after, i64::from(limit)];
        let rows = self.db.rows(PAGE, values).await?;
        rows.iter()
            .map(|row| {
                Ok(Member {
                    localpart: row.text(0)?,
                    is_admin: row.flag(1)?,
                })
            })
            .collect()
    }

    /// The groups of an account, by name.
    pub async fn of_account(&self, account: AccountId) -> Result<Vec<Membership>, StorageError> {
        const OF: &str = "SELECT g.name, m.is_admin FROM roster_group_members m JOIN roster_groups g ON g.id = m.group_id \
                          WHERE m.account_id = ? ORDER BY g.name";
        let rows = self.db.rows(OF, args![account]).await?;
        rows.iter()
            .map(|row| {
                Ok(Membership {
                    group: row.text(0)?,
                    is_admin: row.flag(1)?,
                })
            })
            .collect()
    }

    /// Adds accounts, all or none; says how many were not members yet. The group may grow to
    /// [`Groups::MAX_MEMBERS`].
    pub async fn add_members(&self, group: GroupNumber, accounts: &[AccountId]) -> Result<usize, StorageError> {
        const HAS: &str = "SELECT is_admin FROM roster_group_members WHERE group_id = ? AND account_id = ?";
        const ADD: &str = "INSERT INTO roster_group_members (group_id, account_id, is_admin) VALUES (?, ?, 0)";
        const COUNT: &str = "SELECT COUNT(*) FROM roster_group_members WHERE group_id = ?";
        let (mut tx, version) = self.begin().await?;
        let mut added = 0;
        for account in accounts {
            if tx.row(HAS, args![group.get(), *account]).await?.is_none() {
                tx.execute(ADD, args![group.get(), *account]).await?;
                added += 1;
            }
        }
        if added == 0 {
            return Ok(0);
        }
        let count = tx
            .row(COUNT, args![group.get()])
            .await?
            .map_or(Ok(0), |row| row.int(0))?;
        if usize::try_from(count).unwrap_or(usize::MAX) > Self::MAX_MEMBERS {
            return Err(StorageError::TooLarge {
                what: "the group, in members,",
                limit: Self::MAX_MEMBERS,
            });
        }
        tx.execute(CHANGED, args![version, group.get()]).await?;
        self.commit(tx).await?;
        Ok(added)
    }

    /// Takes an account out of a group; `false` where it was not in it.
    pub async fn remove_member(&self, group: GroupNumber, account: AccountId) -> Result<bool, StorageError> {
        const REMOVE: &str = "DELETE FROM roster_group_members WHERE group_id = ? AND account_id = ?";
        let (mut tx, version) = self.begin().await?;
        if tx.execute(REMOVE, args![group.get(), account]).await? == 0 {
            return Ok(false);
        }
        tx.execute(CHANGED, args![version, group.get()]).await?;
        self.commit(tx).await?;
        Ok(true)
    }

    /// Notes whether a member is an administrator of the group; `false` where it is no member. No roster shows it.
    pub async fn set_admin(&self, group: GroupNumber, account: AccountId, is_to: bool) -> Result<bool, StorageError> {
        const HAS: Sql =
            Sql::locking("SELECT is_admin FROM roster_group_members WHERE group_id = ? AND account_id = ?");
        const SET: &str = "UPDATE roster_group_members SET is_admin = ? WHERE group_id = ? AND account_id = ?";
        let mut tx = self.db.begin().await?;
        if tx.row(HAS, args![group.get(), account]).await?.is_none() {
            return Ok(false);
        }
        tx.execute(SET, args![is_to, group.get(), account]).await?;
        tx.commit().await?;
        Ok(true)
    }
}

const CHANGED: &str = "UPDATE roster_groups SET version = ? WHERE id = ?";

/// Whether an account is in a group.
pub(crate) const IS_MEMBER: &str = "SELECT group_id FROM roster_group_members WHERE account_id = ? LIMIT 1";
/// Its groups change when it leaves them.
pub(crate) const LEAVES: &str = "UPDATE roster_groups SET version = ? WHERE id IN \
                                 (SELECT group_id FROM roster_group_members WHERE account_id = ?)";
