//! UTS #39 §4: names that look alike. What is compared are skeletons: texts that look the same have the same.

use unicode_security::confusable_detection;

use crate::db::{MAX_PART_BYTES, Transaction, args};
use crate::{Accounts, HostId, StorageError};

/// The version of Unicode whose `confusables.txt` skeletons are made by, as 180000 for 18.0.0.
const DATA: i64 = {
    let (major, minor, update) = unicode_security::UNICODE_VERSION;
    (major * 10_000 + minor * 100 + update) as i64
};

/// Accounts looked at in one transaction: others wait no longer than for these.
const AT_ONCE: i64 = 200;

/// What a prepared localpart looks like (UTS #39 §4, `skeleton(X)`). It is not for people to read: `rn` stands for `m`.
/// One of more than 1,023 bytes is cut, so that it can be looked up.
pub(crate) fn skeleton(localpart: &str) -> String {
    let mut skeleton = String::with_capacity(localpart.len());
    for character in confusable_detection::skeleton(localpart) {
        if skeleton.len() + character.len_utf8() > MAX_PART_BYTES {
            break;
        }
        skeleton.push(character);
    }
    skeleton
}

impl Accounts {
    /// Notes what the names of accounts look like where that is not noted yet, or was by an older version of Unicode, some
    /// at a time; says of how many.
    pub async fn note_looks(&self) -> Result<u64, StorageError> {
        const NOTED: &str = "SELECT value FROM counters WHERE name = 'lookalikes'";
        const NOTE: &str = "UPDATE counters SET value = ? WHERE name = 'lookalikes' AND value < ?";
        let by = self.db.row(NOTED, args![]).await?.map_or(Ok(0), |row| row.int(0))?;
        if by >= DATA {
            return self.note_missing().await;
        }
        let noted = self.note_all().await?;
        self.db.execute(NOTE, args![DATA, DATA]).await?;
        Ok(noted)
    }

    async fn note_all(&self) -> Result<u64, StorageError> {
        const NEXT: &str = "SELECT id, localpart, skeleton FROM accounts WHERE id > ? ORDER BY id LIMIT ?";
        let (mut noted, mut after) = (0, 0);
        loop {
            let mut tx = self.db.begin().await?;
            let rows = tx.rows(NEXT, args![after, AT_ONCE]).await?;
            let Some(last) = rows.last() else { return Ok(noted) };
            after = last.int(0)?;
            for row in &rows {
                let look = skeleton(&row.text(1)?);
                if row.maybe_text(2)?.as_ref() != Some(&look) {
                    tx.execute(SET, args![look.as_str(), row.account(0)?]).await?;
                    noted += 1;
                }
            }
            tx.commit().await?;
        }
    }

    async fn note_missing(&self) -> Result<u64, StorageError> {
        let mut noted = 0;
        for row in self.db.rows("SELECT id FROM hosts", args![]).await? {
            let host = HostId::new(row.int(0)?);
            loop {
                let mut tx = self.db.begin().await?;
                let count = note_some(&mut tx, host).await?;
                tx.commit().await?;
                if count == 0 {
                    break;
                }
                noted += count;
            }
        }
        Ok(noted)
    }
}

const SET: &str = "UPDATE accounts SET skeleton = ? WHERE id = ?";

/// Notes the looks of some accounts of a host; of how many. None is left where that is 0.
pub(crate) async fn note_some(tx: &mut Transaction, host: HostId) -> Result<u64, StorageError> {
    // In the order of the index: to sort a million by their numbers takes long.
    const SOME: &str = "SELECT id, localpart FROM accounts WHERE host_id = ? AND skeleton IS NULL LIMIT ?";
    let rows = tx.rows(SOME, args![host.get(), AT_ONCE]).await?;
    for row in &rows {
        let look = skeleton(&row.text(1)?);
        tx.execute(SET, args![look.as_str(), row.account(0)?]).await?;
    }
    Ok(rows.len() as u64)
}

/// An account of the host whose name looks like this one: the one of this name, where there is one.
pub(crate) async fn alike(
    tx: &mut Transaction,
    host: HostId,
    localpart: &str,
    look: &str,
) -> Result<Option<String>, StorageError> {
    const ALIKE: &str = "SELECT localpart FROM accounts WHERE host_id = ? AND skeleton = ? \
                         ORDER BY CASE WHEN localpart = ? THEN 0 ELSE 1 END, id LIMIT 1";
    let row = tx.row(ALIKE, args![host.get(), look, localpart]).await?;
    row.map(|row| row.text(0)).transpose()
}

#[cfg(test)]
mod tests {
    use super::{MAX_PART_BYTES, skeleton};

    #[test]
    fn names_that_look_alike_have_one_skeleton_and_others_have_not() {
        for (one, other, is_alike) in [
            ("juliet", "juliet", true),
            // Cyrillic о and е, Greek ο.
            ("romeo", "r\u{43e}m\u{435}o", true),
            ("romeo", "rome\u{3bf}", true),
            // All of it Cyrillic.
            ("\u{440}\u{430}\u{443}\u{440}\u{430}\u{4cf}", "paypal", true),
            // Within ASCII.
            ("modern", "modem", true),
            ("paypa1", "paypal", true),
            // What is composed, decomposed, or not seen.
            ("caf\u{e9}", "cafe\u{301}", true),
            ("rom\u{200d}eo", "romeo", true),
            // Armenian.
            ("\u{578}\u{57d}\u{578}", "nun", true),
            ("romeo", "romea", false),
            ("romeo", "rome0", false),
            ("romeo", "rom\u{e9}o", false),
            ("romeo", "romeo.", false),
            ("user11", "user12", false),
            ("user10", "user1", false),
            ("\u{6f22}\u{5b57}", "\u{6f22}\u{5b50}", false),
        ] {
            assert_eq!(skeleton(one) == skeleton(other), is_alike, "{one:?}, {other:?}");
        }
    }

    #[test]
    fn a_skeleton_is_never_longer_than_can_be_looked_up() {
        // U+33A8 and the like become several characters each.
        for name in ["m".repeat(1023), "\u{fdfa}".repeat(341), "\u{33a8}".repeat(341)] {
            let look = skeleton(&name);
            assert!(
                look.len() <= MAX_PART_BYTES && look.len() > MAX_PART_BYTES - 8,
                "{}",
                look.len()
            );
        }
        assert_ne!(skeleton(&"m".repeat(400)), skeleton(&"m".repeat(401)));
    }
}
