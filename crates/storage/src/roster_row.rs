//! A roster item as a row.

use crate::StorageError;
use crate::db::Row;
use crate::roster::{RosterItem, Subscription};

/// No XML text can hold it, so no group's name does.
const GROUP_SEPARATOR: char = '\u{1f}';

/// The columns [`RosterItem::read`] expects, in its order.
macro_rules! columns {
    () => {
        "i.jid, i.name, i.subscription, i.ask, i.pending_in, i.approved, i.groups_text, i.listed"
    };
}
pub(crate) use columns;

impl RosterItem {
    /// Reads the item whose columns start at `first`.
    pub(crate) fn read(row: &Row, first: usize) -> Result<Self, StorageError> {
        let groups = row.text(first + 6)?;
        Ok(Self {
            jid: row.text(first)?,
            name: row.text(first + 1)?,
            subscription: Subscription::from_number(row.int(first + 2)?)?,
            ask: row.flag(first + 3)?,
            pending_in: row.maybe_bytes(first + 4)?,
            approved: row.flag(first + 5)?,
            groups: groups
                .split(GROUP_SEPARATOR)
                .filter(|group| !group.is_empty())
                .map(str::to_owned)
                .collect(),
            listed: row.flag(first + 7)?,
        })
    }

    /// Its groups as one text.
    pub(crate) fn groups_text(&self) -> String {
        self.groups.join("\u{1f}")
    }
}

impl Subscription {
    pub(crate) fn number(self) -> i64 {
        match self {
            Self::None => 0,
            Self::To => 1,
            Self::From => 2,
            Self::Both => 3,
        }
    }

    fn from_number(number: i64) -> Result<Self, StorageError> {
        match number {
            0 => Ok(Self::None),
            1 => Ok(Self::To),
            2 => Ok(Self::From),
            3 => Ok(Self::Both),
            _ => Err(StorageError::corrupt(
                "a roster item has a subscription state that does not exist",
            )),
        }
    }
}
