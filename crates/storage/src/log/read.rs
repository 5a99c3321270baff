//! Reading the log.

use super::{Log, LogRow, LogUsage};
use crate::db::{Row, Sql, args};
use crate::{AccountId, LogId, StorageError};

impl Log {
    /// What nobody has acknowledged, in order: at most `limit` rows behind `after`. Sees everything
    /// that was handed over on this node before.
    pub async fn unacknowledged(
        &self,
        account: AccountId,
        after: Option<LogId>,
        limit: u32,
    ) -> Result<Vec<LogRow>, StorageError> {
        // `? + 0`: SQLite would plan a statement anew for each bound limit, at the cost of the rest again.
        const PAGE: Sql = Sql::differing(
            "SELECT id, peer, stanza, expires_at FROM message_log WHERE account_id = ? AND id > ? \
             AND (expires_at IS NULL OR expires_at > ?) ORDER BY id LIMIT ? + 0",
            "SELECT id, peer, stanza, expires_at FROM message_log WHERE account_id = ? AND id > ? \
             AND (expires_at IS NULL OR expires_at > ?) ORDER BY id LIMIT ?",
        );
        self.settle().await?;
        let after = after.map_or(-1, LogId::raw);
        let rows = self
            .db
            .rows(PAGE, args![account, after, self.clock.now_micros(), i64::from(limit)])
            .await?;
        let rows: Vec<LogRow> = rows
            .iter()
            .map(|row| LogRow::read(account, row))
            .collect::<Result<_, _>>()?;
        if let Some(last) = rows.last() {
            // What answers them sorts behind them.
            self.ids.observe(last.id);
        }
        Ok(rows)
    }

    /// How much the account has in its log: for its quota.
    pub async fn usage(&self, account: AccountId) -> Result<LogUsage, StorageError> {
        const USAGE: Sql = Sql::differing(
            "SELECT COUNT(*), CAST(COALESCE(SUM(LENGTH(stanza)), 0) AS bigint) FROM message_log WHERE account_id = ?",
            "SELECT COUNT(*), CAST(COALESCE(SUM(LENGTH(stanza)), 0) AS SIGNED) FROM message_log WHERE account_id = ?",
        );
        self.settle().await?;
        let Some(row) = self.db.row(USAGE, args![account]).await? else {
            return Ok(LogUsage::default());
        };
        let count = |column| {
            u64::try_from(row.int(column)?).map_err(|_| StorageError::corrupt("a count of the log is negative"))
        };
        Ok(LogUsage {
            rows: count(0)?,
            bytes: count(1)?,
        })
    }

    /// Removes what has expired and what accounts left that are gone, a little at a time; says how many
    /// rows. For a job that runs now and then.
    pub async fn sweep(&self) -> Result<u64, StorageError> {
        const NEXT: &str = "SELECT MIN(account_id) FROM message_log WHERE account_id > ?";
        const EXPIRED: &str = "DELETE FROM message_log WHERE account_id = ? AND expires_at <= ?";
        const ORPHANS: &str = "DELETE FROM message_log WHERE account_id = ? \
                               AND NOT EXISTS (SELECT 1 FROM accounts WHERE accounts.id = message_log.account_id)";
        let (mut account, mut removed) = (0, 0);
        while let Some(row) = self.db.row(NEXT, args![account]).await? {
            let Some(next) = row.maybe_int(0)? else { break };
            account = next;
            removed += self
                .db
                .execute(EXPIRED, args![account, self.clock.now_micros()])
                .await?;
            removed += self.db.execute(ORPHANS, args![account]).await?;
        }
        Ok(removed)
    }

    async fn settle(&self) -> Result<(), StorageError> {
        if self.handle.queue.is_settled() {
            Ok(())
        } else {
            self.flush().await
        }
    }
}

impl LogRow {
    fn read(account: AccountId, row: &Row) -> Result<Self, StorageError> {
        Ok(Self {
            account,
            id: row.log_id(0)?,
            peer: row.text(1)?,
            stanza: row.bytes(2)?.into(),
            expires_at: row.maybe_int(3)?,
        })
    }
}
