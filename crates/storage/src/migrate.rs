//! Brings the tables up to date at start, one process at a time.
//!
//! Migrations are numbered files, built in. A released one is never edited; during a rolling upgrade
//! two versions of the program work on the tables side by side (expand → move → contract).

use std::time::Duration;

use sqlx::{Connection, Executor, MySqlConnection, PgConnection, Row as _, SqliteConnection};
use tracing::info;

use crate::StorageError;
use crate::db::{Db, Pools, Sql, args};

/// A step, in the words of each database.
struct Migration {
    version: i64,
    name: &'static str,
    sqlite: &'static str,
    postgres: &'static str,
    mysql: &'static str,
}

macro_rules! migration {
    ($version:literal, $name:literal, $file:literal) => {
        Migration {
            version: $version,
            name: $name,
            sqlite: include_str!(concat!("../../../migrations/sqlite/", $file)),
            postgres: include_str!(concat!("../../../migrations/postgres/", $file)),
            mysql: include_str!(concat!("../../../migrations/mysql/", $file)),
        }
    };
}

const MIGRATIONS: &[Migration] = &[
    migration!(1, "the first tables", "0001_first_tables.sql"),
    migration!(2, "the cluster and its servers", "0002_cluster.sql"),
    migration!(3, "administrators and what they do", "0003_console.sql"),
    migration!(4, "tokens for the API", "0004_api_tokens.sql"),
    migration!(5, "groups", "0005_groups.sql"),
    migration!(
        6,
        "the record by time, the history by property",
        "0006_property_history.sql"
    ),
    migration!(7, "what servers use and do", "0007_node_history.sql"),
    migration!(8, "second factors of administrators", "0008_second_factor.sql"),
    migration!(9, "encrypted properties", "0009_sealed_properties.sql"),
    migration!(10, "hosts that are not served", "0010_disabled_hosts.sql"),
    migration!(11, "certificates of all servers", "0011_acme.sql"),
    migration!(12, "what accounts' names look like", "0012_lookalikes.sql"),
];

/// How long a process waits for another one that migrates.
const LOCK_TIMEOUT: Duration = Duration::from_secs(120);
/// Any number that nobody else uses for an advisory lock in the same database.
const POSTGRES_LOCK: i64 = 0x6865_6172_7468;

const VERSIONS: &str = "CREATE TABLE IF NOT EXISTS schema_versions \
                        (version bigint NOT NULL PRIMARY KEY, applied_at bigint NOT NULL)";
const CURRENT: &str = "SELECT COALESCE(MAX(version), 0) FROM schema_versions";

/// Changes nothing, and is refused where nothing may be changed: by a standby, or for a user who may only read.
const WRITE_NOTHING: &str = "UPDATE schema_versions SET applied_at = applied_at WHERE 1 = 0";

/// How up to date a database's tables are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inspection {
    /// The version of the tables; 0 where there are none of ours.
    pub found: i64,
    /// The newest version that this program knows, which a start brings the tables to.
    pub known: i64,
    /// What the database says where nothing can be written to its tables.
    pub refuses_writing: Option<String>,
}

/// Looks, and changes nothing.
pub(crate) async fn inspect(db: &Db) -> Result<Inspection, StorageError> {
    const HAS_VERSIONS: Sql = Sql::of_each(
        "SELECT COUNT(*) FROM sqlite_master WHERE name = 'schema_versions'",
        "SELECT COUNT(*) FROM information_schema.tables \
         WHERE table_schema = current_schema() AND table_name = 'schema_versions'",
        "SELECT COUNT(*) FROM information_schema.tables \
         WHERE table_schema = DATABASE() AND table_name = 'schema_versions'",
    );
    let known = MIGRATIONS.last().map_or(0, |migration| migration.version);
    let number = async |sql: Sql| match db.row(sql, args![]).await? {
        Some(row) => row.int(0),
        None => Ok(0),
    };
    let found = match number(HAS_VERSIONS).await? {
        0 => 0,
        _ => number(Sql::from(CURRENT)).await?,
    };
    let refuses_writing = match found {
        0 => None,
        _ => db
            .execute(WRITE_NOTHING, args![])
            .await
            .err()
            .map(|error| error.to_string()),
    };
    Ok(Inspection {
        found,
        known,
        refuses_writing,
    })
}

/// A step that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// Its number.
    pub version: i64,
    /// What it was for.
    pub name: &'static str,
    /// When, in microseconds since 1970.
    pub at: i64,
}

/// The steps that were applied, in their order.
pub(crate) async fn applied(db: &Db) -> Result<Vec<Applied>, StorageError> {
    const ALL: &str = "SELECT version, applied_at FROM schema_versions ORDER BY version";
    let rows = db.rows(ALL, args![]).await?;
    rows.iter()
        .map(|row| {
            let version = row.int(0)?;
            let known = MIGRATIONS.iter().find(|migration| migration.version == version);
            Ok(Applied {
                version,
                name: known.map_or("unknown: of a newer version", |migration| migration.name),
                at: row.int(1)?,
            })
        })
        .collect()
}

/// Applies what is missing; refuses a database that a newer program has migrated.
pub(crate) async fn run(db: &Db, now: i64) -> Result<(), StorageError> {
    let work = async {
        match &db.pools {
            Pools::Sqlite { writer, .. } => sqlite(&mut *writer.acquire().await?, now).await,
            Pools::Postgres(pool) => postgres(&mut *pool.acquire().await?, now).await,
            Pools::Mysql(pool) => mysql(&mut *pool.acquire().await?, now).await,
        }
    };
    let timed_out = || StorageError::timed_out("another process has been migrating it for two minutes");
    tokio::time::timeout(LOCK_TIMEOUT, work)
        .await
        .unwrap_or_else(|_| Err(timed_out()))
}

/// One transaction, which nobody else can begin meanwhile.
async fn sqlite(connection: &mut SqliteConnection, now: i64) -> Result<(), StorageError> {
    let mut tx = connection.begin_with("BEGIN IMMEDIATE").await?;
    tx.execute(VERSIONS).await?;
    for migration in missing(tx.fetch_one(CURRENT).await?.try_get(0)?)? {
        tx.execute(migration.sqlite).await?;
        let record = sqlx::query("INSERT INTO schema_versions (version, applied_at) VALUES (?, ?)");
        record.bind(migration.version).bind(now).execute(&mut *tx).await?;
        report(migration);
    }
    Ok(tx.commit().await?)
}

/// One transaction, with a lock that ends with it (and so works through connection poolers).
async fn postgres(connection: &mut PgConnection, now: i64) -> Result<(), StorageError> {
    let mut tx = connection.begin().await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)")
        .bind(POSTGRES_LOCK)
        .execute(&mut *tx)
        .await?;
    tx.execute(VERSIONS).await?;
    for migration in missing(tx.fetch_one(CURRENT).await?.try_get(0)?)? {
        tx.execute(migration.postgres).await?;
        let record = sqlx::query("INSERT INTO schema_versions (version, applied_at) VALUES ($1, $2)");
        record.bind(migration.version).bind(now).execute(&mut *tx).await?;
        report(migration);
    }
    Ok(tx.commit().await?)
}

/// MySQL commits every change of a table by itself: a named lock keeps others out, and every
/// statement of a migration can be run again after one that was cut short.
async fn mysql(connection: &mut MySqlConnection, now: i64) -> Result<(), StorageError> {
    let lock = "SELECT GET_LOCK(CONCAT('hearth.migrate.', DATABASE()), 120)";
    let got: Option<i64> = connection.fetch_one(lock).await?.try_get(0)?;
    if got != Some(1) {
        return Err(StorageError::timed_out(
            "another process has been migrating it for two minutes",
        ));
    }
    let result = mysql_locked(connection, now).await;
    connection
        .execute("DO RELEASE_LOCK(CONCAT('hearth.migrate.', DATABASE()))")
        .await?;
    result
}

async fn mysql_locked(connection: &mut MySqlConnection, now: i64) -> Result<(), StorageError> {
    connection.execute(VERSIONS).await?;
    for migration in missing(connection.fetch_one(CURRENT).await?.try_get(0)?)? {
        connection.execute(migration.mysql).await?;
        let record = sqlx::query("INSERT INTO schema_versions (version, applied_at) VALUES (?, ?)");
        record
            .bind(migration.version)
            .bind(now)
            .execute(&mut *connection)
            .await?;
        report(migration);
    }
    Ok(())
}

/// What has to be applied to a database at this version.
fn missing(current: i64) -> Result<impl Iterator<Item = &'static Migration>, StorageError> {
    let known = MIGRATIONS.last().map_or(0, |migration| migration.version);
    if current > known {
        return Err(StorageError::TooNew { found: current, known });
    }
    Ok(MIGRATIONS.iter().filter(move |migration| migration.version > current))
}

fn report(migration: &Migration) {
    info!(
        version = migration.version,
        what = migration.name,
        "the database has been migrated"
    );
}
