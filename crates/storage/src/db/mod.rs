//! The three databases behind one face.
//!
//! A subject module writes a statement once, with `?` for its parameters, and gets rows it can read
//! by position; where MySQL needs other words it gives them beside (see [`Sql`]). Native drivers,
//! so that what is hot can use what its database does best.

pub(crate) mod act;
mod connect;
mod doubt;
mod meter;
mod notify;
mod readers;
mod row;
mod sql;
mod transaction;
mod value;

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use sqlx::{MySqlPool, PgPool, SqlitePool};
use tokio::sync::Notify;

pub(crate) use connect::ASIDE_CONNECTIONS;
pub(crate) use meter::Meter;
pub use meter::SlowStatement;
pub(crate) use row::Row;
pub(crate) use sql::{Sql, timed};
pub(crate) use transaction::{Begun, Transaction};
pub(crate) use value::{MAX_JID_BYTES, MAX_PART_BYTES, Value, args, bind_all, check_texts, key};

use crate::StorageError;
use doubt::Doubt;
pub(crate) use readers::Readers;

/// No statement may keep a caller waiting longer, whatever the network does.
const STATEMENT_TIMEOUT: Duration = Duration::from_secs(30);

/// An open database.
#[derive(Clone, Debug)]
pub(crate) struct Db {
    pub(crate) pools: Pools,
    doubt: Arc<Doubt>,
    pub(crate) meter: Arc<Meter>,
    /// Told of changes that others watch for, by this process or another.
    changed: Arc<Notify>,
}

/// The connections to it.
#[derive(Clone, Debug)]
pub(crate) enum Pools {
    /// One connection writes; the others read beside it (WAL). In memory there is one for all.
    Sqlite {
        writer: SqlitePool,
        readers: Option<Readers>,
    },
    Postgres(PgPool),
    Mysql(MySqlPool),
}

/// A connection that died while it was idle says so when it is used: then another one is tried.
/// (A macro, since a closure's future cannot be shown to be `Send`.)
macro_rules! twice {
    ($db:ident, $work:expr) => {
        match within($work).await {
            Err(error) if error.is_broken_connection() => {
                $db.doubt.arise();
                within($work).await
            }
            result => result,
        }
    };
}

/// A connection of a pool, and the wait for it counted. (A macro for the same reason.)
macro_rules! acquire {
    ($db:ident, $pool:ident) => {{
        let _waits = $db.meter.waits();
        // In a box, as the driver has it where a statement is given to a pool: futures hold futures.
        Box::pin($pool.acquire()).await?
    }};
}

impl Db {
    /// Runs a statement that leaves the same behind when it runs twice: it is repeated when the
    /// connection breaks. Anything else belongs in a [`Transaction`]. Says how many rows it concerned.
    pub(crate) async fn execute(&self, sql: impl Into<Sql>, args: &[Value<'_>]) -> Result<u64, StorageError> {
        check_texts(args)?;
        let sql = sql.into();
        if act::is_to_be_marked() {
            // Rare, and large: not part of every future that changes something.
            return Box::pin(self.execute_in_act(sql, args)).await;
        }
        let started = Instant::now();
        let result = twice!(self, async {
            Ok(match &self.pools {
                Pools::Sqlite { writer, .. } => bind_all!(sqlx::query(sql.sqlite()), args)
                    .execute(&mut *acquire!(self, writer))
                    .await?
                    .rows_affected(),
                Pools::Postgres(pool) => bind_all!(sqlx::query(sql.postgres()), args)
                    .execute(&mut *acquire!(self, pool))
                    .await?
                    .rows_affected(),
                Pools::Mysql(pool) => bind_all!(sqlx::query(sql.mysql()), args)
                    .execute(&mut *acquire!(self, pool))
                    .await?
                    .rows_affected(),
            })
        });
        self.meter.took(sql.sqlite(), started);
        result
    }

    /// The same, with what the record says of it.
    async fn execute_in_act(&self, sql: Sql, args: &[Value<'_>]) -> Result<u64, StorageError> {
        let mut tx = self.begin().await?;
        let concerned = tx.execute(sql, args).await?;
        if concerned > 0 {
            tx.commit().await?;
        }
        Ok(concerned)
    }

    /// Reads all rows; callers bound them by `LIMIT` or by what may be stored.
    pub(crate) async fn rows(&self, sql: impl Into<Sql>, args: &[Value<'_>]) -> Result<Vec<Row>, StorageError> {
        check_texts(args)?;
        let sql = sql.into();
        let started = Instant::now();
        let result = twice!(self, async {
            Ok(match &self.pools {
                Pools::Sqlite { writer, readers } => {
                    let query = bind_all!(sqlx::query(sql.sqlite()), args);
                    let rows = match readers {
                        Some(readers) => readers.fetch_all(query, &self.meter).await?,
                        None => query.fetch_all(&mut *acquire!(self, writer)).await?,
                    };
                    rows.into_iter().map(Row::Sqlite).collect()
                }
                Pools::Postgres(pool) => {
                    let mut connection = acquire!(self, pool);
                    let query = bind_all!(sqlx::query(sql.postgres()), args);
                    let rows = query.fetch_all(&mut *connection).await?;
                    rows.into_iter().map(Row::Postgres).collect()
                }
                Pools::Mysql(pool) => {
                    let mut connection = acquire!(self, pool);
                    let query = bind_all!(sqlx::query(sql.mysql()), args);
                    let rows = query.fetch_all(&mut *connection).await?;
                    rows.into_iter().map(Row::Mysql).collect()
                }
            })
        });
        self.meter.took(sql.sqlite(), started);
        result
    }

    /// Reads one row or none.
    pub(crate) async fn row(&self, sql: impl Into<Sql>, args: &[Value<'_>]) -> Result<Option<Row>, StorageError> {
        Ok(self.rows(sql, args).await?.into_iter().next())
    }

    /// Begins a transaction; dropped without [`Transaction::commit`] it leaves no trace.
    pub(crate) async fn begin(&self) -> Result<Transaction, StorageError> {
        let started = Instant::now();
        let result = twice!(self, async {
            Ok(match &self.pools {
                // IMMEDIATE: waits for its turn now, rather than failing at the first write.
                Pools::Sqlite { writer, .. } => Begun::Sqlite({
                    let _waits = self.meter.waits();
                    writer.begin_with("BEGIN IMMEDIATE").await?
                }),
                Pools::Postgres(pool) => Begun::Postgres({
                    let _waits = self.meter.waits();
                    pool.begin().await?
                }),
                Pools::Mysql(pool) => Begun::Mysql({
                    let _waits = self.meter.waits();
                    pool.begin().await?
                }),
            })
        });
        self.meter.took("BEGIN", started);
        Ok(Transaction::new(result?, Arc::clone(&self.meter)))
    }

    /// Makes every connection that is idle now be asked whether it lives before it is used.
    pub(crate) fn doubt(&self) {
        self.doubt.arise();
    }

    /// Closes every connection.
    pub(crate) async fn close(&self) {
        match &self.pools {
            Pools::Sqlite { writer, readers } => {
                if let Some(readers) = readers {
                    readers.close().await;
                }
                writer.close().await;
            }
            Pools::Postgres(pool) => pool.close().await,
            Pools::Mysql(pool) => pool.close().await,
        }
    }
}

/// Bounds the wait for the database.
pub(crate) async fn within<T>(work: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, StorageError> {
    match tokio::time::timeout(STATEMENT_TIMEOUT, work).await {
        Ok(result) => Ok(result?),
        Err(_) => Err(StorageError::timed_out("no answer within 30 seconds")),
    }
}
