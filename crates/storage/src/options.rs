//! Where the database is, and the bounds of what waits for it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use sqlx::mysql::MySqlConnectOptions;
use sqlx::postgres::PgConnectOptions;

use crate::{Clock, StorageError, SystemClock};

/// What [`crate::Storage::open`] needs to know.
#[derive(Clone)]
pub struct Options {
    /// `sqlite:data/hearth.db`, `sqlite::memory:`, `postgres://…` or `mysql://…`.
    pub url: String,
    /// Connections to PostgreSQL or MySQL at most, besides the log's own one and the cluster's, which has
    /// up to four. SQLite always has one writer and [`Options::SQLITE_READERS`] readers.
    pub max_connections: u32,
    /// Messages that may wait for the database; beyond it senders are told to wait.
    pub log_queue_rows: usize,
    /// Bytes of messages that may wait for the database.
    pub log_queue_bytes: usize,
    /// The number of this node in message ids (12 bits).
    pub node: u16,
    /// Whether what logins need is kept in memory, where the database is SQLite. Only for one to whose database no other
    /// process writes, nor another [`Storage`](crate::Storage): another's changes of accounts would not be seen.
    pub keeps_logins: bool,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
}

impl Options {
    /// Connections that read beside the one that writes.
    pub const SQLITE_READERS: usize = 4;

    /// The defaults for the database at this URL.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            max_connections: 10,
            log_queue_rows: 50_000,
            log_queue_bytes: 64 * 1024 * 1024,
            node: 0,
            keeps_logins: false,
            clock: Arc::new(SystemClock),
        }
    }

    /// SQLite's file; none where it is another database, or in memory.
    pub(crate) fn file(&self) -> Option<PathBuf> {
        match self.url.parse() {
            Ok(Target::SqliteFile(path)) => Some(path),
            _ => None,
        }
    }
}

impl fmt::Debug for Options {
    /// The URL may hold a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = self.url.split(':').next().unwrap_or_default();
        f.debug_struct("Options")
            .field("scheme", &scheme)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

/// Which of the databases this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DatabaseKind {
    /// A file, or memory: of one process alone.
    Sqlite,
    /// PostgreSQL, or what speaks like it.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
}

impl DatabaseKind {
    /// The kind that a URL means; `None` where it means no database that this program knows.
    #[must_use]
    pub fn of(url: &str) -> Option<Self> {
        match url.split_once(':')?.0 {
            "sqlite" => Some(Self::Sqlite),
            "postgres" | "postgresql" => Some(Self::Postgres),
            "mysql" | "mariadb" => Some(Self::Mysql),
            _ => None,
        }
    }

    /// Its name in URLs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
            Self::Mysql => "mysql",
        }
    }

    /// Whether servers on several machines can share it.
    #[must_use]
    pub fn is_shared(self) -> bool {
        self != Self::Sqlite
    }
}

/// A database URL, understood.
#[derive(Debug)]
pub(crate) enum Target {
    SqliteFile(PathBuf),
    SqliteMemory,
    Postgres(Box<PgConnectOptions>),
    Mysql(Box<MySqlConnectOptions>),
}

const ALLOWED: &str = "allowed are sqlite:<file>, sqlite::memory:, postgres://<user>:<password>@<host>:<port>/<database> \
                       and mysql://<user>:<password>@<host>:<port>/<database>";

impl FromStr for Target {
    type Err = StorageError;

    fn from_str(url: &str) -> Result<Self, StorageError> {
        let (scheme, rest) = url.split_once(':').ok_or_else(|| bad("it has no scheme"))?;
        match DatabaseKind::of(url) {
            Some(DatabaseKind::Sqlite) => sqlite(rest),
            Some(DatabaseKind::Postgres) => {
                named_database(rest)?;
                let options = url.parse().map_err(|error| bad(&format!("{error}")))?;
                Ok(Self::Postgres(Box::new(options)))
            }
            Some(DatabaseKind::Mysql) => {
                named_database(rest)?;
                let options = url.parse().map_err(|error| bad(&format!("{error}")))?;
                Ok(Self::Mysql(Box::new(options)))
            }
            None => Err(bad(&format!("{scheme:?} is not a database this program knows"))),
        }
    }
}

fn sqlite(rest: &str) -> Result<Target, StorageError> {
    let path = rest.strip_prefix("//").unwrap_or(rest);
    match path {
        ":memory:" => Ok(Target::SqliteMemory),
        "" => Err(bad("the file name is missing")),
        _ if path.contains('?') => Err(bad("a SQLite file takes no parameters")),
        _ => Ok(Target::SqliteFile(PathBuf::from(path))),
    }
}

/// Without a name the drivers fall back to the user's name or to none: surprising, so refused.
fn named_database(rest: &str) -> Result<(), StorageError> {
    let address = rest
        .strip_prefix("//")
        .ok_or_else(|| bad("\"//\" is missing after the scheme"))?;
    let path = address.split('?').next().and_then(|address| address.split_once('/'));
    match path {
        Some((_, name)) if !name.is_empty() => Ok(()),
        _ => Err(bad("the name of the database is missing")),
    }
}

/// The URL itself is left out of the text: it may hold a password.
fn bad(why: &str) -> StorageError {
    StorageError::Url(format!("the database URL cannot be used: {why}; {ALLOWED}"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn urls_of_the_three_databases_are_understood() {
        for (url, expected) in [
            ("sqlite:data/hearth.db", "SqliteFile(\"data/hearth.db\")"),
            ("sqlite:/var/lib/hearth.db", "SqliteFile(\"/var/lib/hearth.db\")"),
            ("sqlite:///var/lib/hearth.db", "SqliteFile(\"/var/lib/hearth.db\")"),
            ("sqlite::memory:", "SqliteMemory"),
            ("postgres://hearth:secret@db/hearth", "Postgres("),
            ("postgresql://db/hearth?sslmode=require", "Postgres("),
            ("mysql://hearth:secret@db:3306/hearth", "Mysql("),
            ("mariadb://db/hearth", "Mysql("),
        ] {
            let target = format!("{:?}", url.parse::<Target>().unwrap());
            assert!(target.starts_with(expected), "{url}: {target}");
        }
    }

    #[test]
    fn other_urls_are_refused_with_what_is_allowed_and_without_the_password() {
        for url in [
            "",
            "data/hearth.db",
            "sqlite:",
            "sqlite:a.db?mode=ro",
            "oracle://hearth:secret@db/x",
            "postgres:hearth",
            "postgres://hearth:secret@db",
            "postgres://hearth:secret@db/",
            "mysql://hearth:secret@db:port/x",
        ] {
            let text = url.parse::<Target>().unwrap_err().to_string();
            assert!(
                text.contains("sqlite:<file>") && !text.contains("secret@"),
                "{url}: {text}"
            );
        }
    }
}
