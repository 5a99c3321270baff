//! How the log is written, in the words each database is fastest with.

use std::fmt::Write as _;
use std::sync::Arc;

use sqlx::{AssertSqlSafe, MySql, Postgres, Sqlite};

use super::LogRow;
use super::batch::{Notes, Seen};
use crate::db::{Db, Pools, Transaction, args, within};
use crate::{AccountId, LogId, StorageError};

/// The numbers of rows there are statements for: each is prepared once, and any number of rows is a
/// handful of them.
const SIZES: [usize; 9] = [256, 128, 64, 32, 16, 8, 4, 2, 1];

/// The statements of the writer.
pub(super) struct Statements {
    db: Db,
    inserts: Sized,
    deletes: Sized,
}

/// One statement in all sizes.
type Sized = Vec<(usize, Arc<str>)>;

impl Statements {
    pub(super) fn new(db: Db) -> Self {
        let inserts = sized(
            "INSERT INTO message_log (account_id, id, peer, stanza, expires_at) VALUES ",
            "(?,?,?,?,?)",
            ",",
            "",
        );
        let deletes = match &db.pools {
            // SQLite looks up each of these by the key; a list of pairs would make it read the table.
            Pools::Sqlite { .. } => sized("DELETE FROM message_log WHERE ", "(account_id=? AND id=?)", " OR ", ""),
            _ => sized("DELETE FROM message_log WHERE (account_id, id) IN (", "(?,?)", ",", ")"),
        };
        Self { db, inserts, deletes }
    }

    /// Writes all of it or nothing.
    pub(super) async fn write(&self, rows: &[LogRow], notes: &Notes) -> Result<(), StorageError> {
        let mut tx = self.db.begin().await?;
        self.insert(&mut tx, rows).await?;
        self.delete(&mut tx, &notes.acknowledged).await?;
        for (account, seen) in &notes.seen {
            record(&mut tx, *account, seen).await?;
        }
        for account in &notes.forgotten {
            tx.execute("DELETE FROM message_log WHERE account_id = ?", args![*account])
                .await?;
        }
        tx.commit().await
    }

    /// Whether exactly this row is in the log.
    pub(super) async fn is_written(&self, row: &LogRow) -> Result<bool, StorageError> {
        const GET: &str = "SELECT peer, stanza FROM message_log WHERE account_id = ? AND id = ?";
        match self.db.row(GET, args![row.account, row.id]).await? {
            Some(found) => Ok(found.text(0)? == row.peer && found.bytes(1)? == row.stanza),
            None => Ok(false),
        }
    }

    async fn insert(&self, tx: &mut Transaction, rows: &[LogRow]) -> Result<(), StorageError> {
        match tx {
            Transaction::Sqlite(tx) => {
                for (sql, part) in in_sizes(&self.inserts, rows) {
                    let mut query = sqlx::query::<Sqlite>(sql);
                    for row in part {
                        query = query.bind(row.account.get()).bind(row.id.raw()).bind(row.peer.as_str());
                        query = query.bind(row.stanza.as_ref()).bind(row.expires_at);
                    }
                    within(query.execute(&mut **tx)).await?;
                }
            }
            Transaction::Mysql(tx) => {
                for (sql, part) in in_sizes(&self.inserts, rows) {
                    let mut query = sqlx::query::<MySql>(sql);
                    for row in part {
                        query = query.bind(row.account.get()).bind(row.id.raw()).bind(row.peer.as_str());
                        query = query.bind(row.stanza.as_ref()).bind(row.expires_at);
                    }
                    within(query.execute(&mut **tx)).await?;
                }
            }
            Transaction::Postgres(tx) if !rows.is_empty() => {
                const INSERT: &str = "INSERT INTO message_log (account_id, id, peer, stanza, expires_at) \
                                      SELECT * FROM UNNEST($1::bigint[], $2::bigint[], $3::text[], $4::bytea[], $5::bigint[])";
                let query = sqlx::query::<Postgres>(INSERT)
                    .bind(rows.iter().map(|row| row.account.get()).collect::<Vec<_>>())
                    .bind(rows.iter().map(|row| row.id.raw()).collect::<Vec<_>>())
                    .bind(rows.iter().map(|row| row.peer.as_str()).collect::<Vec<_>>())
                    .bind(rows.iter().map(|row| row.stanza.as_ref()).collect::<Vec<_>>())
                    .bind(rows.iter().map(|row| row.expires_at).collect::<Vec<_>>());
                within(query.execute(&mut **tx)).await?;
            }
            Transaction::Postgres(_) => {}
        }
        Ok(())
    }

    async fn delete(&self, tx: &mut Transaction, keys: &[(AccountId, LogId)]) -> Result<(), StorageError> {
        match tx {
            Transaction::Sqlite(tx) => {
                for (sql, part) in in_sizes(&self.deletes, keys) {
                    let bind = |query: sqlx::query::Query<'static, Sqlite, _>, (account, id): &(AccountId, LogId)| {
                        query.bind(account.get()).bind(id.raw())
                    };
                    within(part.iter().fold(sqlx::query::<Sqlite>(sql), bind).execute(&mut **tx)).await?;
                }
            }
            Transaction::Mysql(tx) => {
                for (sql, part) in in_sizes(&self.deletes, keys) {
                    let bind = |query: sqlx::query::Query<'static, MySql, _>, (account, id): &(AccountId, LogId)| {
                        query.bind(account.get()).bind(id.raw())
                    };
                    within(part.iter().fold(sqlx::query::<MySql>(sql), bind).execute(&mut **tx)).await?;
                }
            }
            Transaction::Postgres(tx) if !keys.is_empty() => {
                const DELETE: &str = "DELETE FROM message_log m USING UNNEST($1::bigint[], $2::bigint[]) AS gone (account_id, id) \
                                      WHERE m.account_id = gone.account_id AND m.id = gone.id";
                let query = sqlx::query::<Postgres>(DELETE)
                    .bind(keys.iter().map(|(account, _)| account.get()).collect::<Vec<_>>())
                    .bind(keys.iter().map(|(_, id)| id.raw()).collect::<Vec<_>>());
                within(query.execute(&mut **tx)).await?;
            }
            Transaction::Postgres(_) => {}
        }
        Ok(())
    }
}

async fn record(tx: &mut Transaction, account: AccountId, seen: &Seen) -> Result<(), StorageError> {
    const RECORD: &str = "UPDATE accounts SET last_login = COALESCE(?, last_login), \
                          last_logout = COALESCE(?, last_logout), last_status = COALESCE(?, last_status) WHERE id = ?";
    let logout = seen.logout.as_ref();
    let values = args![
        seen.login,
        logout.map(|(at, _)| *at),
        logout.map(|(_, status)| status.as_str()),
        account
    ];
    tx.execute(RECORD, values).await.map(|_| ())
}

/// The statement with one to 256 groups of parameters.
fn sized(before: &str, group: &str, between: &str, after: &str) -> Sized {
    let statement = |size: usize| {
        let mut sql = String::from(before);
        for index in 0..size {
            let _ = write!(sql, "{}{group}", if index == 0 { "" } else { between });
        }
        sql.push_str(after);
        (size, Arc::from(sql))
    };
    SIZES.into_iter().map(statement).collect()
}

/// Cuts `items` into parts there are statements for.
fn in_sizes<'a, T>(
    statements: &'a Sized,
    mut items: &'a [T],
) -> impl Iterator<Item = (AssertSqlSafe<Arc<str>>, &'a [T])> {
    std::iter::from_fn(move || {
        let (size, sql) = statements.iter().find(|(size, _)| *size <= items.len())?;
        let (part, rest) = items.split_at(*size);
        items = rest;
        Some((AssertSqlSafe(Arc::clone(sql)), part))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_number_of_rows_is_a_handful_of_statements() {
        let statements = sized("", "?", ",", "");
        for (rows, parts) in [
            (0, vec![]),
            (1, vec![1]),
            (7, vec![4, 2, 1]),
            (700, vec![256, 256, 128, 32, 16, 8, 4]),
        ] {
            let items = vec![(); rows];
            let cut: Vec<usize> = in_sizes(&statements, &items).map(|(_, part)| part.len()).collect();
            assert_eq!(cut, parts, "{rows}");
        }
        assert_eq!(sized("a (", "(?,?)", ",", ")")[7].1.as_ref(), "a ((?,?),(?,?))");
    }
}
