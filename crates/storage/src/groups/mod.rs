//! Groups of a host's accounts, and whose rosters show their members.
//!
//! | to find | look in |
//! |---|---|
//! | the groups themselves | here |
//! | who is in them | `members` |
//! | what a server needs of all of them to decide who sees whom | `shared` |

mod members;
mod shared;

use std::sync::Arc;

pub(crate) use members::{IS_MEMBER, LEAVES};
pub use members::{Member, Membership};
pub use shared::{SharedGroup, SharedGroups};

use crate::db::{Db, MAX_PART_BYTES, Row, Sql, Transaction, args, key};
use crate::{Clock, HostId, StorageError};

/// The number of a group. It is never given to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GroupNumber(i64);

impl GroupNumber {
    /// The group with this number.
    #[must_use]
    pub const fn new(number: i64) -> Self {
        Self(number)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> i64 {
        self.0
    }
}

/// Whose rosters show the members of a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ShownTo {
    /// Nobody's.
    #[default]
    Nobody,
    /// Those of its members.
    Members,
    /// Those of everybody of the host.
    Host,
    /// Those of its members, and of the members of chosen groups.
    Groups,
}

/// What an operator says of a group.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct GroupFacts {
    /// Under which its members stand in rosters.
    pub display_name: String,
    /// For operators.
    pub description: String,
    /// Whose rosters show the members.
    pub shown_to: ShownTo,
    /// Names of the chosen groups, sorted; counts for [`ShownTo::Groups`] alone.
    pub viewers: Vec<String>,
}

/// A group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// Its number.
    pub number: GroupNumber,
    /// Its name, which no other group of the host has.
    pub name: String,
    /// What an operator says of it.
    pub facts: GroupFacts,
    /// How many members it has.
    pub members: u64,
    /// When it was made, in microseconds since 1970.
    pub created_at: i64,
}

/// The groups of all hosts.
#[derive(Clone)]
pub struct Groups {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl Groups {
    /// Groups of one host.
    pub const MAX_PER_HOST: usize = 1_000;
    /// Members of one group.
    pub const MAX_MEMBERS: usize = 10_000;
    /// Bytes of a group's name and of the name in rosters.
    pub const MAX_NAME_BYTES: usize = MAX_PART_BYTES;
    /// Bytes of a description.
    pub const MAX_DESCRIPTION_BYTES: usize = 4_096;

    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    /// All groups of a host, by name.
    pub async fn list(&self, host: HostId) -> Result<Vec<Group>, StorageError> {
        const LIST: &str = select!("WHERE g.host_id = ? ORDER BY g.name");
        const VIEWERS: &str = "SELECT v.group_id, w.name FROM roster_group_viewers v \
                               JOIN roster_groups w ON w.id = v.viewer_id WHERE w.host_id = ? ORDER BY w.name";
        let rows = self.db.rows(LIST, args![host.get()]).await?;
        let mut groups = rows.iter().map(Group::read).collect::<Result<Vec<_>, _>>()?;
        for row in self.db.rows(VIEWERS, args![host.get()]).await? {
            let (number, viewer) = (row.int(0)?, row.text(1)?);
            if let Some(group) = groups.iter_mut().find(|group| group.number.0 == number) {
                group.facts.viewers.push(viewer);
            }
        }
        Ok(groups)
    }

    /// The group of this name.
    pub async fn get(&self, host: HostId, name: &str) -> Result<Option<Group>, StorageError> {
        const GET: &str = select!("WHERE g.host_id = ? AND g.name = ?");
        const VIEWERS: &str = "SELECT w.name FROM roster_group_viewers v JOIN roster_groups w ON w.id = v.viewer_id \
                               WHERE v.group_id = ? ORDER BY w.name";
        let Some(row) = self.db.row(GET, args![host.get(), name]).await? else {
            return Ok(None);
        };
        let mut group = Group::read(&row)?;
        let viewers = self.db.rows(VIEWERS, args![group.number.0]).await?;
        group.facts.viewers = viewers.iter().map(|row| row.text(0)).collect::<Result<_, _>>()?;
        Ok(Some(group))
    }

    /// Makes a group; `false` where the host has one of this name.
    pub async fn create(&self, host: HostId, name: &str, facts: &GroupFacts) -> Result<bool, StorageError> {
        const ADD: &str = "INSERT INTO roster_groups (host_id, name, display_name, description, shown_to, version, \
                           created_at) VALUES (?, ?, ?, ?, ?, ?, ?)";
        const COUNT: &str = "SELECT COUNT(*) FROM roster_groups WHERE host_id = ?";
        let name = key("the group's name, in bytes,", name, Self::MAX_NAME_BYTES)?;
        facts.check()?;
        let (mut tx, version) = self.begin().await?;
        if tx.row(NUMBER, args![host.get(), name]).await?.is_some() {
            return Ok(false);
        }
        let count = tx
            .row(COUNT, args![host.get()])
            .await?
            .map_or(Ok(0), |row| row.int(0))?;
        if usize::try_from(count).unwrap_or(usize::MAX) >= Self::MAX_PER_HOST {
            return Err(StorageError::TooLarge {
                what: "the number of the host's groups",
                limit: Self::MAX_PER_HOST,
            });
        }
        let values = args![
            host.get(),
            name,
            facts.display_name.as_str(),
            facts.description.as_str(),
            facts.shown_to.word(),
            version,
            self.clock.now_micros(),
        ];
        tx.execute(ADD, values).await?;
        let row = tx.row(NUMBER, args![host.get(), name]).await?;
        let row = row.ok_or_else(|| StorageError::corrupt("a group that was just made is not there"))?;
        put_viewers(&mut tx, host, row.int(0)?, facts).await?;
        self.commit(tx).await?;
        Ok(true)
    }

    /// Changes what is said of a group; `false` where there is none of this name.
    pub async fn change(&self, host: HostId, name: &str, facts: &GroupFacts) -> Result<bool, StorageError> {
        const CHANGE: &str = "UPDATE roster_groups SET display_name = ?, description = ?, shown_to = ?, version = ? \
                              WHERE id = ?";
        facts.check()?;
        let (mut tx, version) = self.begin().await?;
        let Some(row) = tx.row(NUMBER, args![host.get(), name]).await? else {
            return Ok(false);
        };
        let number = row.int(0)?;
        let (display_name, description) = (facts.display_name.as_str(), facts.description.as_str());
        let values = args![display_name, description, facts.shown_to.word(), version, number];
        tx.execute(CHANGE, values).await?;
        put_viewers(&mut tx, host, number, facts).await?;
        self.commit(tx).await?;
        Ok(true)
    }

    /// Deletes a group; `false` where there is none of this name. Its members stay who they are.
    pub async fn delete(&self, host: HostId, name: &str) -> Result<bool, StorageError> {
        // Those that it was chosen to see change as well.
        const SEEN: &str = "UPDATE roster_groups SET version = ? WHERE id IN \
                            (SELECT group_id FROM roster_group_viewers WHERE viewer_id = ?)";
        let (mut tx, version) = self.begin().await?;
        let Some(row) = tx.row(NUMBER, args![host.get(), name]).await? else {
            return Ok(false);
        };
        let number = row.int(0)?;
        tx.execute(SEEN, args![version, number]).await?;
        tx.execute("DELETE FROM roster_groups WHERE id = ?", args![number])
            .await?;
        self.commit(tx).await?;
        Ok(true)
    }

    /// One change at a time, on whatever node, and the version it takes.
    async fn begin(&self) -> Result<(Transaction, i64), StorageError> {
        let mut tx = self.db.begin().await?;
        let version = tx.next_groups_version().await?;
        Ok((tx, version))
    }

    async fn commit(&self, tx: Transaction) -> Result<(), StorageError> {
        tx.commit().await?;
        self.db.notify().await;
        Ok(())
    }
}

const NUMBER: &str = "SELECT id FROM roster_groups WHERE host_id = ? AND name = ?";

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT g.id, g.name, g.display_name, g.description, g.shown_to, g.created_at, \
             (SELECT COUNT(*) FROM roster_group_members m WHERE m.group_id = g.id) FROM roster_groups g ",
            $rest
        )
    };
}
use select;

impl Transaction {
    /// Takes the groups for this transaction; returns the version of what it changes.
    pub(crate) async fn next_groups_version(&mut self) -> Result<i64, StorageError> {
        self.execute("UPDATE counters SET value = value + 1 WHERE name = 'groups'", args![])
            .await?;
        let row = self
            .row("SELECT value FROM counters WHERE name = 'groups'", args![])
            .await?;
        row.ok_or_else(|| StorageError::corrupt("the counter of groups is not there"))?
            .int(0)
    }
}

/// Instead of those there were. Names of groups that do not exist are left out.
async fn put_viewers(tx: &mut Transaction, host: HostId, number: i64, facts: &GroupFacts) -> Result<(), StorageError> {
    const ADD: Sql = Sql::differing(
        "INSERT INTO roster_group_viewers (group_id, viewer_id) VALUES (?, ?) ON CONFLICT (group_id, viewer_id) DO NOTHING",
        "INSERT INTO roster_group_viewers (group_id, viewer_id) VALUES (?, ?) ON DUPLICATE KEY UPDATE group_id = group_id",
    );
    tx.execute("DELETE FROM roster_group_viewers WHERE group_id = ?", args![number])
        .await?;
    if facts.shown_to != ShownTo::Groups {
        return Ok(());
    }
    for viewer in &facts.viewers {
        if let Some(row) = tx.row(NUMBER, args![host.get(), viewer.as_str()]).await? {
            tx.execute(ADD, args![number, row.int(0)?]).await?;
        }
    }
    Ok(())
}

impl GroupFacts {
    fn check(&self) -> Result<(), StorageError> {
        let name = (
            "the name in rosters, in bytes,",
            &self.display_name,
            Groups::MAX_NAME_BYTES,
        );
        let description = (
            "the description, in bytes,",
            &self.description,
            Groups::MAX_DESCRIPTION_BYTES,
        );
        for (what, text, limit) in [name, description] {
            key(what, text, limit)?;
        }
        if self.viewers.len() > Groups::MAX_PER_HOST {
            return Err(StorageError::TooLarge {
                what: "the number of chosen groups",
                limit: Groups::MAX_PER_HOST,
            });
        }
        Ok(())
    }
}

impl ShownTo {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Members => "members",
            Self::Host => "host",
            Self::Groups => "groups",
        }
    }

    pub(crate) fn read(word: &str) -> Result<Self, StorageError> {
        match word {
            "nobody" => Ok(Self::Nobody),
            "members" => Ok(Self::Members),
            "host" => Ok(Self::Host),
            "groups" => Ok(Self::Groups),
            _ => Err(StorageError::corrupt("a group is shown to nobody that is known")),
        }
    }
}

impl Group {
    fn read(row: &Row) -> Result<Self, StorageError> {
        let facts = GroupFacts {
            display_name: row.text(2)?,
            description: row.text(3)?,
            shown_to: ShownTo::read(&row.text(4)?)?,
            viewers: Vec::new(),
        };
        Ok(Self {
            number: GroupNumber(row.int(0)?),
            name: row.text(1)?,
            facts,
            created_at: row.int(5)?,
            members: u64::try_from(row.int(6)?).unwrap_or(0),
        })
    }
}
