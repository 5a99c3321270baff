//! Many rows in one statement, where a statement has a fixed number of parameters: SQLite and MySQL.

use std::fmt::Write as _;
use std::sync::Arc;

use sqlx::{AssertSqlSafe, MySql, Sqlite, Transaction};

use super::LogRow;
use crate::db::{Pools, within};
use crate::{AccountId, LogId, StorageError};

/// The numbers of rows there are statements for: each is prepared once, and any number of rows is a
/// handful of them.
const SIZES: [usize; 9] = [256, 128, 64, 32, 16, 8, 4, 2, 1];

/// The statements that add and remove rows, in all sizes.
pub(super) struct Sized {
    inserts: Statements,
    deletes: Statements,
}

type Statements = Vec<(usize, Arc<str>)>;

macro_rules! write_to {
    ($name:ident, $driver:ty) => {
        /// Adds and removes rows.
        pub(super) async fn $name(
            &self,
            tx: &mut Transaction<'static, $driver>,
            rows: &[LogRow],
            acknowledged: &[(AccountId, LogId)],
        ) -> Result<(), StorageError> {
            for (sql, part) in cut(&self.inserts, rows) {
                let insert = part.iter().fold(sqlx::query::<$driver>(sql), |insert, row| {
                    let insert = insert
                        .bind(row.account.get())
                        .bind(row.id.raw())
                        .bind(row.peer.as_str());
                    insert.bind(row.stanza.as_ref()).bind(row.expires_at)
                });
                within(insert.execute(&mut **tx)).await?;
            }
            for (sql, part) in cut(&self.deletes, acknowledged) {
                let delete = part
                    .iter()
                    .fold(sqlx::query::<$driver>(sql), |delete, (account, id)| {
                        delete.bind(account.get()).bind(id.raw())
                    });
                within(delete.execute(&mut **tx)).await?;
            }
            Ok(())
        }
    };
}

impl Sized {
    pub(super) fn new(pools: &Pools) -> Self {
        let inserts = in_all_sizes(
            "INSERT INTO message_log (account_id, id, peer, stanza, expires_at) VALUES ",
            "(?,?,?,?,?)",
            ",",
            "",
        );
        let deletes = match pools {
            // It looks up each alternative by the key; a list of pairs would make it read the table.
            Pools::Sqlite { .. } => {
                in_all_sizes("DELETE FROM message_log WHERE ", "(account_id=? AND id=?)", " OR ", "")
            }
            _ => in_all_sizes("DELETE FROM message_log WHERE (account_id, id) IN (", "(?,?)", ",", ")"),
        };
        Self { inserts, deletes }
    }

    write_to!(write_sqlite, Sqlite);
    write_to!(write_mysql, MySql);
}

/// A statement with one to 256 groups of parameters.
fn in_all_sizes(before: &str, group: &str, between: &str, after: &str) -> Statements {
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
fn cut<'a, T>(
    statements: &'a Statements,
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
        let statements = in_all_sizes("", "?", ",", "");
        for (rows, parts) in [
            (0, vec![]),
            (1, vec![1]),
            (7, vec![4, 2, 1]),
            (700, vec![256, 256, 128, 32, 16, 8, 4]),
        ] {
            let items = vec![(); rows];
            let cut: Vec<usize> = cut(&statements, &items).map(|(_, part)| part.len()).collect();
            assert_eq!(cut, parts, "{rows}");
        }
        assert_eq!(in_all_sizes("a (", "(?,?)", ",", ")")[7].1.as_ref(), "a ((?,?),(?,?))");
    }
}
