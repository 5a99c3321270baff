//! What a server needs of all groups to decide who sees whom: read as a whole, so that no roster asks for them again.

use std::collections::HashMap;

use super::{GroupNumber, Groups, ShownTo};
use crate::StorageError;
use crate::db::{Sql, args};

/// All groups that matter to rosters.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SharedGroups {
    /// What the counter of groups was when they were read.
    pub version: i64,
    /// Those that are shown to somebody, and those that were chosen to see them; by number.
    pub groups: Vec<SharedGroup>,
}

/// A group as rosters know it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SharedGroup {
    /// Its number.
    pub number: GroupNumber,
    /// Grows with each of its changes.
    pub version: i64,
    /// Its host.
    pub domain: String,
    /// Under which its members stand in rosters.
    pub display_name: String,
    /// Whose rosters show them.
    pub shown_to: ShownTo,
    /// The chosen groups, for [`ShownTo::Groups`].
    pub viewers: Vec<GroupNumber>,
    /// Localparts of the members.
    pub members: Vec<String>,
}

impl Groups {
    /// A number that grows with every change on any node.
    pub async fn version(&self) -> Result<i64, StorageError> {
        let row = self
            .db
            .row("SELECT value FROM counters WHERE name = 'groups'", args![])
            .await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// All groups that matter to rosters, as they were at one moment: a change waits until they are read. A part of one
    /// would pass for the whole of it, because it has its version.
    pub async fn shared(&self) -> Result<SharedGroups, StorageError> {
        const HOLD: Sql = Sql::holding("SELECT value FROM counters WHERE name = 'groups'");
        const GROUPS: &str = "SELECT g.id, g.version, h.domain, g.display_name, g.shown_to FROM roster_groups g \
                              JOIN hosts h ON h.id = g.host_id WHERE g.shown_to <> 'nobody' \
                              OR EXISTS (SELECT 1 FROM roster_group_viewers v WHERE v.viewer_id = g.id) ORDER BY g.id";
        const VIEWERS: &str = "SELECT group_id, viewer_id FROM roster_group_viewers ORDER BY group_id, viewer_id";
        const MEMBERS: &str = "SELECT m.group_id, a.localpart FROM roster_group_members m \
                               JOIN accounts a ON a.id = m.account_id";
        let mut tx = self.db.begin().await?;
        let held = tx.row(HOLD, args![]).await?;
        let version = held.map_or(Ok(0), |row| row.int(0))?;
        let mut groups = Vec::new();
        let mut places = HashMap::new();
        for row in tx.rows(GROUPS, args![]).await? {
            places.insert(row.int(0)?, groups.len());
            groups.push(SharedGroup {
                number: GroupNumber(row.int(0)?),
                version: row.int(1)?,
                domain: row.text(2)?,
                display_name: row.text(3)?,
                shown_to: ShownTo::read(&row.text(4)?)?,
                viewers: Vec::new(),
                members: Vec::new(),
            });
        }
        for row in tx.rows(VIEWERS, args![]).await? {
            if let Some(place) = places.get(&row.int(0)?) {
                groups[*place].viewers.push(GroupNumber(row.int(1)?));
            }
        }
        for row in tx.rows(MEMBERS, args![]).await? {
            if let Some(place) = places.get(&row.int(0)?) {
                groups[*place].members.push(row.text(1)?);
            }
        }
        tx.commit().await?;
        Ok(SharedGroups { version, groups })
    }
}
