//! What can go wrong between the house and its database.

use std::sync::Arc;

/// Why something could not be remembered or recalled.
///
/// Cheap to clone: one failed commit answers many waiting senders.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The database URL cannot be used; the text says what is allowed.
    #[error("{0}")]
    Url(String),
    /// The database does not answer, or asks to be asked again. Nothing is known to be lost: retry.
    #[error("the database is not available: {0}")]
    Unavailable(Cause),
    /// What should be new is there already, or what it depends on is gone.
    #[error("the database refuses the change: {0}")]
    Conflict(Cause),
    /// What the database returned cannot be what was written.
    #[error("the database is damaged: {0}")]
    Corrupt(Cause),
    /// A newer program has been at this database.
    #[error(
        "the database has schema version {found}, and this program knows versions up to {known}: \
         run the newer program that upgraded it, or restore the backup from before the upgrade"
    )]
    TooNew {
        /// The version found in the database.
        found: i64,
        /// The newest version this program can work with.
        known: i64,
    },
    /// A value is larger than its bound.
    #[error("{what} is too large: at most {limit} are allowed")]
    TooLarge {
        /// What was too large, with its unit.
        what: &'static str,
        /// The bound.
        limit: usize,
    },
    /// A text contains U+0000, which no address and no XML can, and which not every database stores.
    #[error("a text to be stored or looked up contains U+0000")]
    Nul,
    /// The log's queue is full: the sender waits (`resource-constraint`) and sends again.
    #[error("too many messages wait for the database")]
    Full,
    /// The storage has been closed.
    #[error("the storage is closed")]
    Closed,
    /// Any other refusal by the database: a bug on our side.
    #[error("the database reports: {0}")]
    Database(Cause),
}

/// The underlying error, shared.
pub type Cause = Arc<dyn std::error::Error + Send + Sync>;

impl StorageError {
    /// Whether the same request may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        matches!(self, Self::Unavailable(_) | Self::Full)
    }

    /// Whether this connection has failed and another one may not: not so when no connection could be
    /// had at all, or the one that was had did not answer for long.
    pub(crate) fn is_broken_connection(&self) -> bool {
        let Self::Unavailable(cause) = self else {
            return false;
        };
        cause
            .downcast_ref::<sqlx::Error>()
            .is_some_and(|error| !matches!(error, sqlx::Error::PoolTimedOut))
    }

    /// A damaged value, described.
    pub(crate) fn corrupt(what: impl Into<String>) -> Self {
        Self::Corrupt(Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(what.into())))
    }

    /// Something the change depends on is not there any more.
    pub(crate) fn gone(what: &'static str) -> Self {
        Self::Conflict(Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(what)))
    }

    /// A database that did not answer in time.
    pub(crate) fn timed_out(what: &'static str) -> Self {
        Self::Unavailable(Arc::from(Box::<dyn std::error::Error + Send + Sync>::from(what)))
    }
}

impl From<sqlx::Error> for StorageError {
    fn from(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::Database(database) => {
                let code = database.code().unwrap_or_default().into_owned();
                let number = database
                    .try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>()
                    .map(sqlx::mysql::MySqlDatabaseError::number);
                match judge(&code, number) {
                    Verdict::Unavailable => Self::Unavailable(Arc::new(error)),
                    Verdict::Corrupt => Self::Corrupt(Arc::new(error)),
                    Verdict::Other if is_conflict(&database.kind()) => Self::Conflict(Arc::new(error)),
                    Verdict::Other => Self::Database(Arc::new(error)),
                }
            }
            E::Io(_) | E::Tls(_) | E::PoolTimedOut | E::WorkerCrashed | E::BeginFailed => {
                Self::Unavailable(Arc::new(error))
            }
            E::PoolClosed => Self::Closed,
            E::ColumnDecode { .. } | E::Decode(_) => Self::Corrupt(Arc::new(error)),
            _ => Self::Database(Arc::new(error)),
        }
    }
}

fn is_conflict(kind: &sqlx::error::ErrorKind) -> bool {
    use sqlx::error::ErrorKind as K;
    matches!(kind, K::UniqueViolation | K::ForeignKeyViolation)
}

#[derive(Debug, PartialEq)]
enum Verdict {
    Unavailable,
    Corrupt,
    Other,
}

/// Sorts a database's error code: MySQL and MariaDB by number, PostgreSQL by its five-character
/// SQLSTATE, SQLite by its (extended) result code.
fn judge(code: &str, mysql_number: Option<u16>) -> Verdict {
    match mysql_number {
        Some(number) => judge_mysql(number),
        None => match code.parse::<u32>() {
            // SQLSTATEs have five characters; SQLite's extended codes stay below 10,000.
            Ok(number) if code.len() < 5 => judge_sqlite(number),
            _ => judge_sqlstate(code),
        },
    }
}

fn judge_mysql(number: u16) -> Verdict {
    match number {
        // Too many connections, shutdown, disk full, lock wait, deadlock, read-only, killed, gone.
        1021
        | 1040
        | 1053
        | 1077
        | 1129
        | 1152
        | 1158..=1161
        | 1203
        | 1205
        | 1213
        | 1226
        | 1290
        | 1317
        | 1836
        | 1927
        | 2006
        | 2013
        | 3169 => Verdict::Unavailable,
        1034 | 1035 | 1194 | 1712 => Verdict::Corrupt,
        _ => Verdict::Other,
    }
}

fn judge_sqlstate(code: &str) -> Verdict {
    match code {
        // In recovery or failed over to a standby; serialization failure; deadlock; lock not available.
        "25006" | "40001" | "40P01" | "55P03" | "58030" => Verdict::Unavailable,
        "XX001" | "XX002" => Verdict::Corrupt,
        // Connection exceptions, insufficient resources, operator intervention.
        _ if ["08", "53", "57"].iter().any(|class| code.starts_with(class)) => Verdict::Unavailable,
        _ => Verdict::Other,
    }
}

fn judge_sqlite(code: u32) -> Verdict {
    match code & 0xff {
        // BUSY, LOCKED, NOMEM, READONLY, IOERR, FULL, CANTOPEN.
        5 | 6 | 7 | 8 | 10 | 13 | 14 => Verdict::Unavailable,
        // CORRUPT, NOTADB.
        11 | 26 => Verdict::Corrupt,
        _ => Verdict::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::{Verdict, judge};

    #[test]
    fn errors_of_each_database_are_sorted() {
        for (code, mysql, expected) in [
            ("40001", Some(1213), Verdict::Unavailable),
            ("23000", Some(1062), Verdict::Other),
            ("57P01", None, Verdict::Unavailable),
            ("53300", None, Verdict::Unavailable),
            ("25006", None, Verdict::Unavailable),
            ("42601", None, Verdict::Other),
            ("XX001", None, Verdict::Corrupt),
            ("5", None, Verdict::Unavailable),
            ("261", None, Verdict::Unavailable),
            ("13", None, Verdict::Unavailable),
            ("11", None, Verdict::Corrupt),
            ("26", None, Verdict::Corrupt),
            ("1", None, Verdict::Other),
            ("2067", None, Verdict::Other),
        ] {
            assert_eq!(judge(code, mysql), expected, "{code} {mysql:?}");
        }
    }
}
