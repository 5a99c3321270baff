//! What operators have done: begun before an act, ended after it, so that nothing is done that is not recorded. Between
//! the two, the act's first change of the database writes into its entry that there was one, in the same transaction: so
//! an entry whose end is missing still tells whether something was changed.

use std::sync::Arc;

use crate::db::{Db, Row, Sql, act, args};
use crate::{Clock, LogClock, LogId, StorageError};

/// An act that is about to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewAuditEntry {
    /// Who acts.
    pub actor: String,
    /// From where, when it is over a network.
    pub address: Option<String>,
    /// The name of the node that does it.
    pub node: String,
    /// What is done, as in `account.lock`.
    pub act: String,
    /// To what.
    pub target: String,
    /// What was there before.
    pub before: Option<String>,
    /// What is to be there afterwards.
    pub after: Option<String>,
}

/// An act in the record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// Its number: greater is later.
    pub id: i64,
    /// When, in microseconds since 1970.
    pub at: i64,
    /// What was about to be done.
    pub act: NewAuditEntry,
    /// What became of it; none: it is under way, or its server died over it, and nothing in the database was changed.
    /// [`AuditLog::CHANGED`]: the same, but something was.
    pub outcome: Option<String>,
}

/// Which acts: those in whose parts these texts are, letter by letter. An empty text is in all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditFilter {
    /// In who did it.
    pub actor: String,
    /// In what was done.
    pub act: String,
    /// In what it was done to.
    pub target: String,
    /// In what was there before or afterwards, or in what became of it.
    pub text: String,
    /// Done to this domain, or to an address of it.
    pub host: String,
    /// Not before this time, in microseconds since 1970.
    pub since: Option<i64>,
    /// Before this time, in microseconds since 1970.
    pub until: Option<i64>,
    /// Only acts before the one with this number.
    pub before: Option<i64>,
}

/// An id may be ahead of its own entry's time by what clocks of servers differ.
const CLOCKS_APART_MICROS: i64 = 24 * 60 * 60 * 1_000_000;

/// The record.
#[derive(Clone)]
pub struct AuditLog {
    db: Db,
    clock: Arc<dyn Clock>,
    ids: Arc<LogClock>,
}

impl AuditLog {
    /// The longest text of an entry, in bytes; what is longer is cut.
    pub const MAX_TEXT_BYTES: usize = 4 * 1024;
    /// The outcome of an act between its first change of the database and its end.
    pub const CHANGED: &str = act::CHANGED;
    /// Acts that are forgotten in one step.
    pub const FORGOTTEN_AT_A_TIME: u64 = 500;
    /// The longest name of an act, in bytes.
    const MAX_ACT_BYTES: usize = 64;

    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>, ids: Arc<LogClock>) -> Self {
        Self { db, clock, ids }
    }

    /// Records that an act is about to be done; its number.
    pub async fn begin(&self, entry: &NewAuditEntry) -> Result<i64, StorageError> {
        const ADD: &str = "INSERT INTO audit_log (id, done_at, actor, address, node, act, target, value_before, \
                           value_after) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)";
        let id = self.ids.next_id();
        let values = args![
            id,
            self.clock.now_micros(),
            cut(&entry.actor, Self::MAX_TEXT_BYTES),
            entry.address.as_deref(),
            entry.node.as_str(),
            cut(&entry.act, Self::MAX_ACT_BYTES),
            cut(&entry.target, Self::MAX_TEXT_BYTES),
            entry.before.as_deref().map(|text| cut(text, Self::MAX_TEXT_BYTES)),
            entry.after.as_deref().map(|text| cut(text, Self::MAX_TEXT_BYTES)),
        ];
        // Acts hold acts: that another one begins is no change that the first one makes.
        act::outside(async {
            let mut tx = self.db.begin().await?;
            tx.execute(ADD, values).await?;
            tx.commit().await
        })
        .await?;
        Ok(id.raw())
    }

    /// Does `work` as the act with this number: its first change of the database and the entry that tells of it are
    /// durable together, or neither is. What is left to another task, as the log's writer, is not part of it.
    pub async fn during<T>(&self, id: i64, work: impl Future<Output = T>) -> T {
        act::during(id, work).await
    }

    /// Records what became of it.
    pub async fn end(&self, id: i64, outcome: &str) -> Result<(), StorageError> {
        const END: &str = "UPDATE audit_log SET outcome = ? WHERE id = ? AND (outcome IS NULL OR outcome = ?)";
        let outcome = cut(outcome, Self::MAX_TEXT_BYTES);
        let values = args![outcome, id, Self::CHANGED];
        act::outside(self.db.execute(END, values)).await.map(|_| ())
    }

    /// Records anew what became of an entry that counts: how often a login failed.
    pub async fn restate(&self, id: i64, outcome: &str) -> Result<(), StorageError> {
        const RESTATE: &str = "UPDATE audit_log SET outcome = ? WHERE id = ? AND act = 'console.login-failed'";
        let outcome = cut(outcome, Self::MAX_TEXT_BYTES);
        self.db.execute(RESTATE, args![outcome, id]).await.map(|_| ())
    }

    /// Forgets the oldest acts from before that time, in microseconds since 1970: [`AuditLog::FORGOTTEN_AT_A_TIME`] at
    /// most, so that nobody waits long for this; how many. Fewer than that: there are no more.
    pub async fn forget_some_before(&self, time: i64) -> Result<u64, StorageError> {
        // Numbers grow with time: the oldest ones are found without looking at others.
        const FORGET: Sql = Sql::differing(
            "DELETE FROM audit_log WHERE id IN (SELECT id FROM audit_log WHERE id < ? AND done_at < ? ORDER BY id LIMIT ?)",
            "DELETE FROM audit_log WHERE id < ? AND done_at < ? ORDER BY id LIMIT ?",
        );
        let before = LogId::first_at(time.saturating_add(CLOCKS_APART_MICROS));
        let most = i64::try_from(Self::FORGOTTEN_AT_A_TIME).unwrap_or(i64::MAX);
        self.db.execute(FORGET, args![before, time, most]).await
    }

    /// Acts, the latest first.
    pub async fn list(&self, filter: &AuditFilter, limit: u32) -> Result<Vec<AuditEntry>, StorageError> {
        // Whole texts, so that nothing in them has a meaning: no wildcards.
        const PAGE: Sql = Sql::of_each(
            page!("instr(", "target || '/'"),
            page!("strpos(", "target || '/'"),
            page!("INSTR(", "CONCAT(target, '/')"),
        );
        let (actor, act, target) = (filter.actor.as_str(), filter.act.as_str(), filter.target.as_str());
        let (text, host) = (filter.text.as_str(), filter.host.as_str());
        let within = format!("@{host}/");
        let values = args![
            filter.before.unwrap_or(i64::MAX),
            filter.since.unwrap_or(i64::MIN),
            filter.until.unwrap_or(i64::MAX),
            actor,
            actor,
            act,
            act,
            target,
            target,
            text,
            text,
            text,
            text,
            host,
            host,
            within.as_str(),
            i64::from(limit)
        ];
        let rows = self.db.rows(PAGE, values).await?;
        rows.iter().map(AuditEntry::read).collect()
    }
}

/// The statement, with the function that looks for a text in another, and a target that ends with a stroke.
macro_rules! page {
    ($find:literal, $target:literal) => {
        concat!(
            "SELECT id, done_at, actor, address, node, act, target, value_before, value_after, outcome FROM audit_log \
             WHERE id < ? AND done_at >= ? AND done_at < ? AND (? = '' OR ",
            $find,
            "actor, ?) > 0) AND (? = '' OR ",
            $find,
            "act, ?) > 0) AND (? = '' OR ",
            $find,
            "target, ?) > 0) AND (? = '' OR ",
            $find,
            "COALESCE(value_before, ''), ?) > 0 OR ",
            $find,
            "COALESCE(value_after, ''), ?) > 0 OR ",
            $find,
            "COALESCE(outcome, ''), ?) > 0) AND (? = '' OR target = ? OR ",
            $find,
            $target,
            ", ?) > 0) ORDER BY id DESC LIMIT ?"
        )
    };
}
use page;

/// As much of a text as there is room for.
fn cut(text: &str, bytes: usize) -> &str {
    &text[..text.floor_char_boundary(bytes)]
}

impl AuditEntry {
    fn read(row: &Row) -> Result<Self, StorageError> {
        Ok(Self {
            id: row.int(0)?,
            at: row.int(1)?,
            act: NewAuditEntry {
                actor: row.text(2)?,
                address: row.maybe_text(3)?,
                node: row.text(4)?,
                act: row.text(5)?,
                target: row.text(6)?,
                before: row.maybe_text(7)?,
                after: row.maybe_text(8)?,
            },
            outcome: row.maybe_text(9)?,
        })
    }
}
