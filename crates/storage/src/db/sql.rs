//! One statement in the words of each database.

use sqlx::AssertSqlSafe;

/// A statement with `?` for each parameter. SQLite and PostgreSQL understand each other well enough
/// to share the words, but for the time; MySQL gets its own where they differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sql {
    standard: &'static str,
    postgres: Option<&'static str>,
    mysql: Option<&'static str>,
    lock: Option<Lock>,
}

/// What a `SELECT` keeps others from doing until its transaction ends.
#[derive(Clone, Copy, Debug)]
enum Lock {
    /// Locking and changing the rows.
    Update,
    /// Changing them.
    Share,
}

impl From<&'static str> for Sql {
    fn from(standard: &'static str) -> Self {
        Self {
            standard,
            postgres: None,
            mysql: None,
            lock: None,
        }
    }
}

impl Sql {
    /// One wording for SQLite and PostgreSQL, one for MySQL and MariaDB.
    pub(crate) const fn differing(standard: &'static str, mysql: &'static str) -> Self {
        Self {
            standard,
            postgres: None,
            mysql: Some(mysql),
            lock: None,
        }
    }

    /// One wording for each: see `timed!`.
    pub(crate) const fn of_each(sqlite: &'static str, postgres: &'static str, mysql: &'static str) -> Self {
        Self {
            standard: sqlite,
            postgres: Some(postgres),
            mysql: Some(mysql),
            lock: None,
        }
    }

    /// A `SELECT` that keeps the rows for this transaction until it ends. SQLite has one writer
    /// at a time and needs no words for it.
    pub(crate) const fn locking(standard: &'static str) -> Self {
        Self {
            standard,
            postgres: None,
            mysql: None,
            lock: Some(Lock::Update),
        }
    }

    /// The same statement, keeping the rows for this transaction until it ends.
    pub(crate) const fn and_lock(mut self) -> Self {
        self.lock = Some(Lock::Update);
        self
    }

    /// A `SELECT` after which the rows stay as they are until this transaction ends; others may do the
    /// same at the same time.
    pub(crate) const fn holding(standard: &'static str) -> Self {
        Self {
            standard,
            postgres: None,
            mysql: None,
            lock: Some(Lock::Share),
        }
    }

    pub(super) fn sqlite(self) -> &'static str {
        self.standard
    }

    pub(super) fn postgres(self) -> AssertSqlSafe<String> {
        let mut text = numbered(self.postgres.unwrap_or(self.standard));
        text.push_str(match self.lock {
            Some(Lock::Update) => FOR_UPDATE,
            Some(Lock::Share) => " FOR SHARE",
            None => "",
        });
        AssertSqlSafe(text)
    }

    pub(super) fn mysql(self) -> AssertSqlSafe<String> {
        let mut text = String::from(self.mysql.unwrap_or(self.standard));
        text.push_str(match self.lock {
            Some(Lock::Update) => FOR_UPDATE,
            // MariaDB does not know FOR SHARE.
            Some(Lock::Share) => " LOCK IN SHARE MODE",
            None => "",
        });
        AssertSqlSafe(text)
    }
}

const FOR_UPDATE: &str = " FOR UPDATE";

/// A statement in which `now` between two literals is the database's clock, in milliseconds since 1970:
/// `timed!("UPDATE t SET seen_at = " now " WHERE id = ?")`. When a statement waits for a lock, it may be
/// the time before the wait.
macro_rules! timed {
    ($first:literal $(now $rest:literal)+) => {
        $crate::db::Sql::of_each(
            concat!($first, $("CAST(unixepoch('subsec') * 1000 AS integer)", $rest),+),
            concat!($first, $("CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint)", $rest),+),
            concat!($first, $("CAST(UNIX_TIMESTAMP(NOW(6)) * 1000 AS SIGNED)", $rest),+),
        )
    };
}

pub(crate) use timed;

/// `?, ?` → `$1, $2`. No statement of ours has a question mark in a literal.
fn numbered(sql: &str) -> String {
    let mut text = String::with_capacity(sql.len() + 16);
    for (index, part) in sql.split('?').enumerate() {
        if index > 0 {
            text.push('$');
            text.push_str(&index.to_string());
        }
        text.push_str(part);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_database_gets_its_words() {
        let sql = Sql::locking("SELECT a FROM b WHERE c = ? AND d = ?");
        assert_eq!(sql.sqlite(), "SELECT a FROM b WHERE c = ? AND d = ?");
        assert_eq!(sql.postgres().0, "SELECT a FROM b WHERE c = $1 AND d = $2 FOR UPDATE");
        assert_eq!(sql.mysql().0, "SELECT a FROM b WHERE c = ? AND d = ? FOR UPDATE");
        assert_eq!(Sql::differing("x ?", "y ?").mysql().0, "y ?");
        let sql = Sql::holding("SELECT a FROM b WHERE c = ?");
        assert_eq!(sql.sqlite(), "SELECT a FROM b WHERE c = ?");
        assert_eq!(sql.postgres().0, "SELECT a FROM b WHERE c = $1 FOR SHARE");
        assert_eq!(sql.mysql().0, "SELECT a FROM b WHERE c = ? LOCK IN SHARE MODE");
    }

    #[test]
    fn the_time_is_each_databases_own() {
        let sql = timed!("SELECT " now ", a FROM b WHERE c > " now " AND d = ?").and_lock();
        for (text, clock) in [
            (sql.sqlite().to_owned(), "unixepoch("),
            (sql.postgres().0, "clock_timestamp("),
            (sql.mysql().0, "NOW("),
        ] {
            assert_eq!(text.matches(clock).count(), 2, "{text}");
            assert!(text.contains(", a FROM b WHERE c > "), "{text}");
        }
        assert!(sql.postgres().0.ends_with(" AND d = $1 FOR UPDATE"));
    }
}
