//! How the database fares, as this server sees it: for operators.
//!
//! Each question is bounded in time, and one that is not answered leaves the others as they are.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::db::{Db, Pools, SlowStatement, Sql, args, timed};
use crate::log::{Log, QueueUsage};
use crate::migrate::{self, Applied};
use crate::{Clock, Options, StorageError, SystemClock};

/// Nobody waits longer to see one part of it.
const PATIENCE: Duration = Duration::from_secs(2);
/// Rows of a table that are counted one by one, where the database keeps no count.
pub const COUNTED_ROWS_MAX: u64 = 100_000;

/// How the database fares. What is not known says why.
#[derive(Debug, Clone)]
pub struct Health {
    /// What the database says of its version.
    pub version: Known<String>,
    /// The connections of this server.
    pub pools: Vec<PoolUsage>,
    /// Messages on their way into the log.
    pub queue: QueueUsage,
    /// What all of it takes, in bytes.
    pub bytes: Known<u64>,
    /// SQLite's file, and how many bytes it and its write-ahead log have; none where there is no file.
    pub files: Option<(PathBuf, Known<u64>, Known<u64>)>,
    /// The tables, by name.
    pub tables: Known<Vec<TableUsage>>,
    /// The steps that brought the tables where they are.
    pub migrations: Known<Vec<Applied>>,
    /// From how many milliseconds on a statement is slow.
    pub slow_millis: u64,
    /// Statements that were slow since this server started, the worst first.
    pub slow: Vec<SlowStatement>,
    /// What matters where servers share it; none where they cannot.
    pub shared: Option<Shared>,
}

/// What is known, or why it is not.
pub type Known<T> = Result<T, String>;

/// Connections of one kind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PoolUsage {
    /// What for.
    pub purpose: &'static str,
    /// Those that are open.
    pub open: u64,
    /// Those of them that nobody uses.
    pub idle: u64,
    /// Statements that wait for one.
    pub waiting: u64,
    /// How many there may be.
    pub max: u64,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableUsage {
    /// Its name.
    pub name: String,
    /// Its rows: counted, as far as that goes, or as the database estimates them.
    pub rows: u64,
    /// What it and its indexes take, in bytes, where the database says so.
    pub bytes: Option<u64>,
}

/// What matters where servers share the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shared {
    /// Connections that the database allows, to all.
    pub connections_max: Known<u64>,
    /// Those that are open, as far as our user may see.
    pub connections: Known<u64>,
    /// What this server may open at most.
    pub connections_ours: u64,
    /// Whether nothing can be written: it is a standby.
    pub is_read_only: Known<bool>,
    /// How far its clock is ahead of this server's, in milliseconds.
    pub clock_ahead_millis: Known<i64>,
}

/// Looks at the database.
#[derive(Clone)]
pub struct Checkup {
    db: Db,
    aside: Db,
    log: Log,
    max_connections: u32,
    file: Option<PathBuf>,
}

impl Checkup {
    pub(crate) fn new(db: Db, aside: Db, log: Log, options: &Options) -> Self {
        Self {
            db,
            aside,
            log,
            max_connections: options.max_connections.max(2),
            file: options.file(),
        }
    }

    /// From how many milliseconds on a statement is slow, from now on.
    pub fn set_slow_millis(&self, millis: u64) {
        for db in [&self.db, &self.aside] {
            db.meter.set_slow_millis(millis);
        }
    }

    /// How it fares now.
    pub async fn look(&self) -> Health {
        let (version, bytes, tables, migrations, shared) = tokio::join!(
            soon(self.version()),
            soon(self.bytes()),
            soon(self.tables()),
            soon(migrate::applied(&self.db)),
            self.shared(),
        );
        Health {
            version,
            pools: self.pools(),
            queue: self.log.usage_of_queue(),
            bytes,
            files: self.file.as_deref().map(files),
            tables,
            migrations,
            slow_millis: self.db.meter.slow_millis(),
            slow: self.slow(),
            shared,
        }
    }

    fn slow(&self) -> Vec<SlowStatement> {
        let mut slow = self.db.meter.slow();
        // SQLite has no others.
        if !matches!(self.db.pools, Pools::Sqlite { .. }) {
            slow.extend(self.aside.meter.slow());
            slow.sort_by(|a, b| (b.worst_micros, a.statement).cmp(&(a.worst_micros, b.statement)));
        }
        slow
    }

    fn pools(&self) -> Vec<PoolUsage> {
        let usage = |purpose, db: &Db, (open, idle): (usize, usize), max: u64| PoolUsage {
            purpose,
            open: open as u64,
            idle: idle as u64,
            waiting: db.meter.waiting() as u64,
            max,
        };
        let counts = |db: &Db| match &db.pools {
            Pools::Sqlite { writer, readers } => {
                let readers = readers.as_ref().map_or((0, 0), crate::db::Readers::counts);
                (writer.size() as usize + readers.0, writer.num_idle() + readers.1)
            }
            Pools::Postgres(pool) => (pool.size() as usize, pool.num_idle()),
            Pools::Mysql(pool) => (pool.size() as usize, pool.num_idle()),
        };
        match &self.db.pools {
            Pools::Sqlite { readers, .. } => {
                let max = 1 + readers.as_ref().map_or(0, |_| Options::SQLITE_READERS as u64);
                vec![usage("everything", &self.db, counts(&self.db), max)]
            }
            _ => vec![
                usage(
                    "everything but the cluster",
                    &self.db,
                    counts(&self.db),
                    self.max_connections.into(),
                ),
                usage(
                    "the cluster",
                    &self.aside,
                    counts(&self.aside),
                    crate::db::ASIDE_CONNECTIONS.into(),
                ),
            ],
        }
    }

    async fn version(&self) -> Result<String, StorageError> {
        const VERSION: Sql = Sql::of_each("SELECT sqlite_version()", "SELECT version()", "SELECT version()");
        match self.db.row(VERSION, args![]).await? {
            Some(row) => row.text(0),
            None => Err(StorageError::corrupt("the database does not say its version")),
        }
    }

    async fn number(&self, sql: impl Into<Sql>) -> Result<i64, StorageError> {
        match self.db.row(sql, args![]).await? {
            Some(row) => row.int(0),
            None => Err(StorageError::corrupt("the database does not say a number")),
        }
    }

    async fn bytes(&self) -> Result<u64, StorageError> {
        const BYTES: Sql = Sql::of_each(
            "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()",
            "SELECT pg_database_size(current_database())",
            "SELECT CAST(COALESCE(SUM(data_length + index_length), 0) AS SIGNED) FROM information_schema.tables \
             WHERE table_schema = DATABASE()",
        );
        Ok(count(self.number(BYTES).await?))
    }

    async fn tables(&self) -> Result<Vec<TableUsage>, StorageError> {
        const POSTGRES: &str = "SELECT relname::text, n_live_tup, pg_total_relation_size(relid) FROM pg_stat_user_tables \
                                WHERE schemaname = current_schema() ORDER BY relname";
        const MYSQL: &str = "SELECT table_name, CAST(COALESCE(table_rows, 0) AS SIGNED), \
                             CAST(COALESCE(data_length + index_length, 0) AS SIGNED) FROM information_schema.tables \
                             WHERE table_schema = DATABASE() ORDER BY table_name";
        let sql = match &self.db.pools {
            Pools::Sqlite { .. } => return self.counted().await,
            Pools::Postgres(_) => POSTGRES,
            Pools::Mysql(_) => MYSQL,
        };
        let rows = self.db.rows(sql, args![]).await?;
        rows.iter()
            .map(|row| {
                Ok(TableUsage {
                    name: row.text(0)?,
                    rows: count(row.int(1)?),
                    bytes: Some(count(row.int(2)?)),
                })
            })
            .collect()
    }

    /// SQLite estimates nothing: rows are counted, up to a bound.
    async fn counted(&self) -> Result<Vec<TableUsage>, StorageError> {
        let mut tables = Vec::new();
        for (name, sql) in COUNTS {
            tables.push(TableUsage {
                name: (*name).to_owned(),
                rows: count(self.number(*sql).await?),
                bytes: None,
            });
        }
        Ok(tables)
    }

    async fn shared(&self) -> Option<Shared> {
        const MAX: Sql = Sql::of_each(
            "SELECT 0",
            "SELECT setting::bigint FROM pg_settings WHERE name = 'max_connections'",
            "SELECT CAST(@@max_connections AS SIGNED)",
        );
        const OPEN: Sql = Sql::of_each(
            "SELECT 0",
            "SELECT COUNT(*) FROM pg_stat_activity WHERE backend_type = 'client backend'",
            "SELECT COUNT(*) FROM information_schema.processlist",
        );
        const READ_ONLY: Sql = Sql::of_each(
            "SELECT 0",
            "SELECT CASE WHEN pg_is_in_recovery() THEN CAST(1 AS bigint) ELSE CAST(0 AS bigint) END",
            "SELECT CAST(@@global.read_only AS SIGNED)",
        );
        const CLOCK: Sql = timed!("SELECT " now "");
        if matches!(self.db.pools, Pools::Sqlite { .. }) {
            return None;
        }
        let (max, open, read_only, clock) = tokio::join!(
            soon(self.number(MAX)),
            soon(self.number(OPEN)),
            soon(self.number(READ_ONLY)),
            soon(self.number(CLOCK)),
        );
        // Its own is the log's, besides the two pools.
        let ours = u64::from(self.max_connections) + u64::from(crate::db::ASIDE_CONNECTIONS) + 1;
        Some(Shared {
            connections_max: max.map(count),
            connections: open.map(count),
            connections_ours: ours,
            is_read_only: read_only.map(|flag| flag != 0),
            clock_ahead_millis: clock.map(|millis| millis - SystemClock.now_micros() / 1000),
        })
    }
}

/// Bounds the wait for an answer, and puts an error into words.
async fn soon<T>(work: impl Future<Output = Result<T, StorageError>>) -> Known<T> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err(format!("no answer within {} seconds", PATIENCE.as_secs())),
    }
}

fn count(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

/// SQLite's file, and its size and that of its write-ahead log.
fn files(file: &Path) -> (PathBuf, Known<u64>, Known<u64>) {
    let size = |path: &Path| match std::fs::metadata(path) {
        Ok(metadata) => Ok(metadata.len()),
        Err(error) => Err(error.to_string()),
    };
    let mut log = file.as_os_str().to_owned();
    log.push("-wal");
    (file.to_owned(), size(file), size(Path::new(&log)))
}

macro_rules! counts {
    ($($table:literal),* $(,)?) => {
        &[$((
            $table,
            // One more than COUNTED_ROWS_MAX, to know that there are more.
            concat!("SELECT COUNT(*) FROM (SELECT 1 FROM ", $table, " LIMIT 100001)"),
        )),*]
    };
}

/// Every table, and how its rows are counted.
const COUNTS: &[(&str, &str)] = counts![
    "accounts",
    "acme_accounts",
    "acme_challenges",
    "acme_orders",
    "administrators",
    "api_tokens",
    "audit_log",
    "blocked",
    "cluster",
    "cluster_node",
    "console_proofs",
    "console_sessions",
    "console_waiting",
    "counters",
    "hosts",
    "kept_certificates",
    "message_log",
    "node_history",
    "private_xml",
    "properties",
    "property_changes",
    "recovery_codes",
    "roster_group_members",
    "roster_group_viewers",
    "roster_groups",
    "roster_items",
    "rosters",
    "second_factors",
    "secrets",
    "tokens",
    "vcards",
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn every_table_is_counted() {
        let options = Options::new("sqlite::memory:");
        let db = Db::connect(&options).await.unwrap();
        migrate::run(&db, 0).await.unwrap();
        const ALL: &str = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
                           AND name <> 'schema_versions' ORDER BY name";
        let rows = db.rows(ALL, args![]).await.unwrap();
        let names: Vec<String> = rows.iter().map(|row| row.text(0).unwrap()).collect();
        let counted: Vec<&str> = COUNTS.iter().map(|(name, _)| *name).collect();
        assert_eq!(names, counted);
    }
}
