//! Opening the pools.

use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlPoolOptions};
use sqlx::pool::PoolOptions;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Database, Executor};

use super::doubt::Doubt;
use super::readers::Readers;
use super::{Db, Pools};
use crate::options::Target;
use crate::{Options, StorageError};

/// How long one waits for a connection before the caller is told that the database is away.
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// The cluster's row, its registry, the poll for changes, and PostgreSQL's notifications: one each.
pub(crate) const ASIDE_CONNECTIONS: u32 = 4;
/// How long a connection that was set aside may take to say that it is well.
const RELEASE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a connection that is in doubt may take to say that it is well; then another one is tried.
const DOUBT_TIMEOUT: Duration = Duration::from_secs(1);
/// How long SQLite waits for another process (a command line act beside the running server).
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a transaction may say nothing before the database ends it, and its locks with it. A node that loses its power
/// or stands still in the middle of one would otherwise hold up the others for as long as nobody notices.
const SILENT_TRANSACTION_SECS: u32 = 5;

impl Db {
    /// Connects; creates SQLite's file and directory where they are missing.
    pub(crate) async fn connect(options: &Options) -> Result<Self, StorageError> {
        let doubt = Arc::new(Doubt::default());
        let max = options.max_connections;
        let pools = match options.url.parse()? {
            Target::SqliteMemory => sqlite_memory().await?,
            Target::SqliteFile(path) => sqlite_file(&path).await?,
            Target::Postgres(target) => {
                let pool = doubting(PgPoolOptions::new(), max, &doubt);
                Pools::Postgres(never_silent(pool).connect_with(postgres(*target)).await?)
            }
            Target::Mysql(target) => {
                let pool = read_committed(doubting(MySqlPoolOptions::new(), max, &doubt));
                Pools::Mysql(pool.connect_with(mysql(*target)).await?)
            }
        };
        Ok(Self {
            pools,
            doubt,
            meter: Arc::default(),
            changed: Arc::default(),
        })
    }

    /// The same database by a few connections of its own, made when they are needed: for what must not
    /// wait behind everything else. SQLite has none to spare.
    pub(crate) fn aside(&self, options: &Options) -> Result<Self, StorageError> {
        let doubt = Arc::new(Doubt::default());
        let pools = match options.url.parse()? {
            Target::SqliteMemory | Target::SqliteFile(_) => return Ok(self.clone()),
            Target::Postgres(target) => {
                let pool = quick(doubting(PgPoolOptions::new(), ASIDE_CONNECTIONS, &doubt));
                Pools::Postgres(never_silent(pool).connect_lazy_with(postgres(*target)))
            }
            Target::Mysql(target) => {
                let pool = quick(read_committed(doubting(
                    MySqlPoolOptions::new(),
                    ASIDE_CONNECTIONS,
                    &doubt,
                )));
                Pools::Mysql(pool.connect_lazy_with(mysql(*target)))
            }
        };
        Ok(Self {
            pools,
            doubt,
            // Its own: who waits here does not wait there.
            meter: Arc::default(),
            changed: Arc::clone(&self.changed),
        })
    }
}

async fn sqlite_memory() -> Result<Pools, StorageError> {
    let options = SqliteConnectOptions::new()
        .filename(":memory:")
        .in_memory(true)
        .foreign_keys(true);
    let one = lasting(SqlitePoolOptions::new(), 1)
        .connect_with(options.disable_statement_logging())
        .await?;
    Ok(Pools::Sqlite {
        writer: one,
        readers: None,
    })
}

async fn sqlite_file(path: &Path) -> Result<Pools, StorageError> {
    create_privately(path)?;
    let options = SqliteConnectOptions::new()
        .filename(path)
        .journal_mode(SqliteJournalMode::Wal)
        // "Ack means durable": NORMAL would lose the last commits with the power.
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging();
    let writing = options
        .clone()
        // Every account's latest messages are on a page of their own: these stay at hand, in KiB, ...
        .pragma("cache_size", "-8192")
        // ... and are written back to the file once for many commits (16 MiB of them) rather than for few.
        .pragma("wal_autocheckpoint", "4000");
    let writer = lasting(SqlitePoolOptions::new(), 1).connect_with(writing).await?;
    let readers = Some(Readers::new(options, Options::SQLITE_READERS));
    Ok(Pools::Sqlite { writer, readers })
}

/// The file (its companions inherit it) and the directory, when they are new, are their owner's alone:
/// there are keys in it.
fn create_privately(path: &Path) -> Result<(), StorageError> {
    let failed = |what: &Path, error| StorageError::Url(format!("cannot create {}: {error}", what.display()));
    if let Some(directory) = path.parent().filter(|directory| !directory.as_os_str().is_empty()) {
        let mut builder = std::fs::DirBuilder::new();
        builder.recursive(true).mode(0o700);
        builder.create(directory).map_err(|error| failed(directory, error))?;
    }
    let file = std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path);
    file.map(|_| ()).map_err(|error| failed(path, error))
}

fn postgres(target: PgConnectOptions) -> PgConnectOptions {
    target.application_name("hearth").disable_statement_logging()
}

fn mysql(target: MySqlConnectOptions) -> MySqlConnectOptions {
    target.disable_statement_logging()
}

fn never_silent(pool: PgPoolOptions) -> PgPoolOptions {
    pool.after_connect(|connection, _| {
        Box::pin(async move {
            let sql = format!("SET idle_in_transaction_session_timeout = '{SILENT_TRANSACTION_SECS}s'");
            connection.execute(AssertSqlSafe(sql)).await?;
            Ok(())
        })
    })
}

/// As in PostgreSQL; REPEATABLE READ would lock gaps and read the past. Nor may its transactions be silent, where it is
/// MariaDB: MySQL knows no such bound.
fn read_committed(pool: MySqlPoolOptions) -> MySqlPoolOptions {
    pool.after_connect(|connection, _| {
        Box::pin(async move {
            connection
                .execute("SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED")
                .await?;
            let sql = format!("SET SESSION idle_transaction_timeout = {SILENT_TRANSACTION_SECS}");
            match connection.execute(AssertSqlSafe(sql)).await {
                Err(error) if error.as_database_error().is_none() => Err(error),
                _ => Ok(()),
            }
        })
    })
}

/// A pool that gives a connection up when it does not answer soon after its use: the driver would wait
/// as long as the network does, and a few of those would be all there are.
fn quick<DB: Database>(pool: PoolOptions<DB>) -> PoolOptions<DB> {
    pool.after_release(|connection, _| {
        Box::pin(async move { answers(connection, RELEASE_TIMEOUT).await.map(|()| true) })
    })
}

/// Whether a connection still lives: one that says nothing for so long does not.
async fn answers<C: Connection>(connection: &mut C, timeout: Duration) -> Result<(), sqlx::Error> {
    let answer = tokio::time::timeout(timeout, connection.ping()).await;
    answer.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// A pool whose connections stay: SQLite's writer, and the only copy of a database in memory.
fn lasting<DB: Database>(pool: PoolOptions<DB>, size: u32) -> PoolOptions<DB> {
    pool.max_connections(size)
        .min_connections(size)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
}

/// A pool that asks a connection whether it still lives only where there is reason to doubt it:
/// asking always would cost every statement a second round trip.
fn doubting<DB: Database>(pool: PoolOptions<DB>, max: u32, doubt: &Arc<Doubt>) -> PoolOptions<DB> {
    let doubt = Arc::clone(doubt);
    pool.max_connections(max.max(2))
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .test_before_acquire(false)
        .before_acquire(move |connection, meta| {
            let doubtful = doubt.concerns(meta.idle_for);
            Box::pin(async move {
                if doubtful {
                    answers(connection, DOUBT_TIMEOUT).await?;
                }
                Ok(true)
            })
        })
}
