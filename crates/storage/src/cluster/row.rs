//! The arbiter: one row that says which cluster exists, who belongs to it, and until when it may act
//! without asking again.

use super::{Cluster, column, number, soon};
use crate::StorageError;
use crate::db::{Row, Sql, Transaction, args, timed};

/// Which cluster: a number that only grows, and a random name, so that a database that has forgotten its
/// last commits cannot make the same cluster twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GroupId {
    /// Counts take-overs; 0 when there has never been a cluster.
    pub epoch: u64,
    /// 128 random bits.
    pub id: u128,
}

/// The row, at the time it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArbiterRow {
    /// The cluster that exists, or was the last one.
    pub group: GroupId,
    /// Grows with every renewal.
    pub lease_seq: u64,
    /// What is left of the lease by the database's clock, in milliseconds; negative when it is past.
    pub lease_left_millis: i64,
    /// Nobody holds it: there has been no cluster yet, or its last member ended it in good order.
    pub is_released: bool,
    /// The processes that may hold a grant.
    pub members: Vec<Listed>,
}

/// A process that may hold a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Listed {
    /// The number of its life.
    pub id: u64,
    /// Which server it runs on: a number that is the same for all lives there.
    pub server: u64,
}

/// Why it is right to take over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grounds {
    /// The lease is past. (That it also stood still for long enough is for the taker to have watched.)
    Expired,
    /// All members but the taker are proven dead, whatever the lease says.
    AllDead {
        /// The number under which the taker is listed as a member.
        listed: u64,
    },
    /// Nobody holds the lease: [`ArbiterRow::is_released`].
    Released,
}

/// What a taker wants.
#[derive(Debug, Clone, Copy)]
pub struct Claim {
    /// The taker: the only member afterwards.
    pub me: Listed,
    /// 128 bits that were never used before.
    pub new_group: u128,
    /// How long the first lease lasts.
    pub lease_millis: u32,
    /// Why.
    pub grounds: Grounds,
}

impl Cluster {
    /// The processes that a cluster may have; as many servers may be registered.
    pub const MAX_MEMBERS: usize = 1_000;

    /// Reads the row.
    pub async fn read(&self) -> Result<ArbiterRow, StorageError> {
        let row = soon(&self.db, self.db.row(READ, args![])).await?;
        ArbiterRow::read(&row.ok_or_else(gone)?)
    }

    /// Makes the lease last `lease_millis` from now, also one that is past, as long as nobody has taken
    /// over. `false`: somebody has.
    pub async fn renew(&self, group: GroupId, lease_millis: u32) -> Result<bool, StorageError> {
        const RENEW: Sql = timed!("UPDATE cluster SET lease_seq = lease_seq + 1, lease_until = " now
                                  " + ? WHERE id = 1 AND epoch = ? AND group_id = ?");
        let id = group.id.to_be_bytes();
        let values = args![i64::from(lease_millis), column(group.epoch), id.as_slice()];
        Ok(soon(&self.db, self.db.execute(RENEW, values)).await? > 0)
    }

    /// Renews the lease and sees to it that these are listed and those are not, in one transaction.
    pub async fn renew_with(
        &self,
        group: GroupId,
        lease_millis: u32,
        list: &[Listed],
        unlist: &[u64],
    ) -> Result<bool, StorageError> {
        const RENEW: Sql = timed!("UPDATE cluster SET lease_seq = lease_seq + 1, lease_until = " now
                                  " + ?, members = ? WHERE id = 1");
        soon(&self.db, async {
            let mut tx = self.db.begin().await?;
            let row = lock(&mut tx).await?;
            if row.group != group {
                return Ok(false);
            }
            let mut members = row.members;
            members.retain(|member| !unlist.contains(&member.id));
            for new in list {
                if !members.contains(new) {
                    members.push(*new);
                }
            }
            let members = text_within_bounds(&members)?;
            tx.execute(RENEW, args![i64::from(lease_millis), members.as_str()])
                .await?;
            self.commit(tx).await?;
            Ok(true)
        })
        .await
    }

    /// Makes a new cluster in place of the one that was `seen`, if the row is still as it was then (but
    /// for its members) and the grounds hold. `None`: not so. Of all who try at once one succeeds.
    ///
    /// After an error it may have succeeded: the row then says `new_group`.
    pub async fn take_over(&self, seen: &ArbiterRow, claim: &Claim) -> Result<Option<GroupId>, StorageError> {
        soon(&self.db, self.try_to_take_over(seen, claim)).await
    }

    async fn try_to_take_over(&self, seen: &ArbiterRow, claim: &Claim) -> Result<Option<GroupId>, StorageError> {
        const TAKE: Sql = timed!("UPDATE cluster SET epoch = ?, group_id = ?, lease_seq = lease_seq + 1, lease_until = "
                                 now " + ?, members = ? WHERE id = 1");
        let mut tx = self.db.begin().await?;
        let row = lock(&mut tx).await?;
        let is_as_seen = (row.group, row.lease_seq) == (seen.group, seen.lease_seq);
        if !is_as_seen || !claim.grounds.hold(&row) {
            return Ok(None);
        }
        let group = GroupId {
            epoch: row.group.epoch + 1,
            id: claim.new_group,
        };
        let (id, members) = (group.id.to_be_bytes(), text(&[claim.me]));
        let lease = i64::from(claim.lease_millis);
        tx.execute(TAKE, args![column(group.epoch), id.as_slice(), lease, members.as_str()])
            .await?;
        self.commit(tx).await?;
        Ok(Some(group))
    }

    /// Adds a process to the members, before its first grant. `false`: another group has taken over.
    pub async fn list(&self, group: GroupId, new: Listed) -> Result<bool, StorageError> {
        soon(
            &self.db,
            self.change_members(group, |members| {
                if !members.contains(&new) {
                    members.push(new);
                }
            }),
        )
        .await
    }

    /// Takes a process off the members, after it was declared dead or has left. `false`: another group
    /// has taken over.
    pub async fn unlist(&self, group: GroupId, id: u64) -> Result<bool, StorageError> {
        soon(
            &self.db,
            self.change_members(group, |members| members.retain(|member| member.id != id)),
        )
        .await
    }

    async fn change_members(
        &self,
        group: GroupId,
        change: impl FnOnce(&mut Vec<Listed>),
    ) -> Result<bool, StorageError> {
        let mut tx = self.db.begin().await?;
        let row = lock(&mut tx).await?;
        if row.group != group {
            return Ok(false);
        }
        let mut members = row.members.clone();
        change(&mut members);
        if members == row.members {
            return Ok(true);
        }
        let members = text_within_bounds(&members)?;
        tx.execute("UPDATE cluster SET members = ? WHERE id = 1", args![members.as_str()])
            .await?;
        self.commit(tx).await?;
        Ok(true)
    }

    /// Ends the lease when the last member stops in good order, so that who comes next need not wait.
    /// `false`: another group has taken over, or `me` is not the only member.
    pub async fn release(&self, group: GroupId, me: u64) -> Result<bool, StorageError> {
        soon(&self.db, async {
            let mut tx = self.db.begin().await?;
            let row = lock(&mut tx).await?;
            if row.group != group || row.members.iter().any(|member| member.id != me) || row.members.is_empty() {
                return Ok(false);
            }
            let end = "UPDATE cluster SET lease_seq = lease_seq + 1, lease_until = 0, members = '' WHERE id = 1";
            tx.execute(end, args![]).await?;
            self.commit(tx).await?;
            Ok(true)
        })
        .await
    }

    /// Whether nobody has taken over from this group.
    pub async fn is_current(&self, group: GroupId) -> Result<bool, StorageError> {
        soon(&self.db, async {
            let mut tx = self.db.begin().await?;
            holds(&mut tx, group).await
        })
        .await
    }
}

/// The guard of a write that would do harm when it comes late: whether this group is the current one,
/// which it then stays until the transaction ends. Renewing waits as long, so it had better be short.
pub(crate) async fn holds(tx: &mut Transaction, group: GroupId) -> Result<bool, StorageError> {
    const HOLD: Sql = Sql::holding("SELECT id FROM cluster WHERE id = 1 AND epoch = ? AND group_id = ?");
    let id = group.id.to_be_bytes();
    let row = tx.row(HOLD, args![column(group.epoch), id.as_slice()]).await?;
    Ok(row.is_some())
}

const READ: Sql = timed!("SELECT epoch, group_id, lease_seq, lease_until, " now ", members FROM cluster WHERE id = 1");

/// Reads the row and keeps others from it. The time may be that before the wait for it, so that a lease
/// is never taken for past too early.
async fn lock(tx: &mut Transaction) -> Result<ArbiterRow, StorageError> {
    let row = tx.row(READ.and_lock(), args![]).await?;
    ArbiterRow::read(&row.ok_or_else(gone)?)
}

impl Grounds {
    fn hold(self, row: &ArbiterRow) -> bool {
        match self {
            Self::Expired => row.lease_left_millis < 0,
            Self::AllDead { listed } => row.members.iter().any(|member| member.id == listed),
            Self::Released => row.is_released,
        }
    }
}

impl ArbiterRow {
    fn read(row: &Row) -> Result<Self, StorageError> {
        let id = <[u8; 16]>::try_from(row.bytes(1)?)
            .map_err(|_| StorageError::corrupt("the cluster's group is not 16 bytes long"))?;
        let (until, now) = (row.int(3)?, row.int(4)?);
        Ok(Self {
            group: GroupId {
                epoch: number(row, 0)?,
                id: u128::from_be_bytes(id),
            },
            lease_seq: number(row, 2)?,
            lease_left_millis: until.saturating_sub(now),
            is_released: until == 0,
            members: listed(&row.text(5)?)?,
        })
    }
}

fn text_within_bounds(members: &[Listed]) -> Result<String, StorageError> {
    if members.len() > Cluster::MAX_MEMBERS {
        let (what, limit) = ("the cluster, in members,", Cluster::MAX_MEMBERS);
        return Err(StorageError::TooLarge { what, limit });
    }
    Ok(text(members))
}

/// `id@server`, with commas between.
fn text(members: &[Listed]) -> String {
    let texts: Vec<String> = members
        .iter()
        .map(|Listed { id, server }| format!("{id}@{server}"))
        .collect();
    texts.join(",")
}

fn listed(text: &str) -> Result<Vec<Listed>, StorageError> {
    let parts = text.split(',').filter(|part| !part.is_empty());
    parts
        .map(|part| {
            let (id, server) = part.split_once('@')?;
            let (id, server) = (id.parse().ok()?, server.parse().ok()?);
            Some(Listed { id, server })
        })
        .collect::<Option<_>>()
        .ok_or_else(|| StorageError::corrupt("the list of the cluster's members has something else in it"))
}

fn gone() -> StorageError {
    StorageError::corrupt("the cluster's row is not there")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::{Listed, listed, text};

    #[test]
    fn members_come_back_as_they_were_listed() {
        for members in [vec![], vec![(7, 1)], vec![(3, u64::MAX), (1, 0), (u64::MAX, 3)]] {
            let members: Vec<_> = members.iter().map(|&(id, server)| Listed { id, server }).collect();
            assert_eq!(listed(&text(&members)).unwrap(), members);
        }
        for text in ["1@2,x", "1", "1@", "@1"] {
            assert!(listed(text).is_err(), "{text}");
        }
    }
}
