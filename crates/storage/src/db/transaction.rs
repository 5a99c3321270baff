//! All or nothing.

use std::sync::Arc;
use std::time::Instant;

use sqlx::{MySql, Postgres, Sqlite};

use super::{Meter, Row, Sql, Value, act, bind_all, check_texts, within};
use crate::StorageError;

/// A transaction on any of the three. PostgreSQL and MySQL run at READ COMMITTED: what must not
/// change meanwhile is read with [`Sql::locking`].
pub(crate) struct Transaction {
    pub(crate) begun: Begun,
    meter: Arc<Meter>,
}

/// One of the drivers' transactions.
pub(crate) enum Begun {
    Sqlite(sqlx::Transaction<'static, Sqlite>),
    Postgres(sqlx::Transaction<'static, Postgres>),
    Mysql(sqlx::Transaction<'static, MySql>),
}

impl Transaction {
    pub(super) fn new(begun: Begun, meter: Arc<Meter>) -> Self {
        Self { begun, meter }
    }

    /// Runs a statement that changes something; says how many rows it concerned.
    pub(crate) async fn execute(&mut self, sql: impl Into<Sql>, args: &[Value<'_>]) -> Result<u64, StorageError> {
        check_texts(args)?;
        let sql = sql.into();
        let (begun, started) = (&mut self.begun, Instant::now());
        let result = within(async {
            Ok(match begun {
                Begun::Sqlite(tx) => bind_all!(sqlx::query(sql.sqlite()), args)
                    .execute(&mut **tx)
                    .await?
                    .rows_affected(),
                Begun::Postgres(tx) => bind_all!(sqlx::query(sql.postgres()), args)
                    .execute(&mut **tx)
                    .await?
                    .rows_affected(),
                Begun::Mysql(tx) => bind_all!(sqlx::query(sql.mysql()), args)
                    .execute(&mut **tx)
                    .await?
                    .rows_affected(),
            })
        })
        .await;
        self.meter.took(sql.sqlite(), started);
        result
    }

    /// Reads all rows.
    pub(crate) async fn rows(&mut self, sql: impl Into<Sql>, args: &[Value<'_>]) -> Result<Vec<Row>, StorageError> {
        check_texts(args)?;
        let sql = sql.into();
        let (begun, started) = (&mut self.begun, Instant::now());
        let result = within(async {
            Ok(match begun {
                Begun::Sqlite(tx) => {
                    let rows = bind_all!(sqlx::query(sql.sqlite()), args).fetch_all(&mut **tx).await?;
                    rows.into_iter().map(Row::Sqlite).collect()
                }
                Begun::Postgres(tx) => {
                    let rows = bind_all!(sqlx::query(sql.postgres()), args)
                        .fetch_all(&mut **tx)
                        .await?;
                    rows.into_iter().map(Row::Postgres).collect()
                }
                Begun::Mysql(tx) => {
                    let rows = bind_all!(sqlx::query(sql.mysql()), args).fetch_all(&mut **tx).await?;
                    rows.into_iter().map(Row::Mysql).collect()
                }
            })
        })
        .await;
        self.meter.took(sql.sqlite(), started);
        result
    }

    /// Reads one row or none.
    pub(crate) async fn row(&mut self, sql: impl Into<Sql>, args: &[Value<'_>]) -> Result<Option<Row>, StorageError> {
        Ok(self.rows(sql, args).await?.into_iter().next())
    }

    /// Makes it all durable, and with it what the record says of the act that it belongs to.
    pub(crate) async fn commit(mut self) -> Result<(), StorageError> {
        let marked = match act::is_to_be_marked() {
            true => Some(Box::pin(act::mark(&mut self)).await?),
            false => None,
        };
        let started = Instant::now();
        let result = within(async {
            match self.begun {
                Begun::Sqlite(tx) => tx.commit().await,
                Begun::Postgres(tx) => tx.commit().await,
                Begun::Mysql(tx) => tx.commit().await,
            }
        })
        .await;
        self.meter.took("COMMIT", started);
        result?;
        if let Some(marked) = marked {
            marked.hold();
        }
        Ok(())
    }
}
