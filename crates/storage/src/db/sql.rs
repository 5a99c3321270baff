//! One statement in the words of each database.

use sqlx::AssertSqlSafe;

/// A statement with `?` for each parameter. SQLite and PostgreSQL understand each other well enough
/// to share the words; MySQL gets its own where they differ.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sql {
    standard: &'static str,
    mysql: Option<&'static str>,
    lock: bool,
}

impl From<&'static str> for Sql {
    fn from(standard: &'static str) -> Self {
        Self {
            standard,
            mysql: None,
            lock: false,
        }
    }
}

impl Sql {
    /// One wording for SQLite and PostgreSQL, one for MySQL and MariaDB.
    pub(crate) const fn differing(standard: &'static str, mysql: &'static str) -> Self {
        Self {
            standard,
            mysql: Some(mysql),
            lock: false,
        }
    }

    /// The same `SELECT`, keeping the rows for this transaction until it ends. SQLite has one writer
    /// at a time and needs no words for it.
    pub(crate) const fn locking(standard: &'static str) -> Self {
        Self {
            standard,
            mysql: None,
            lock: true,
        }
    }

    pub(super) fn sqlite(self) -> &'static str {
        self.standard
    }

    pub(super) fn postgres(self) -> AssertSqlSafe<String> {
        let mut text = numbered(self.standard);
        if self.lock {
            text.push_str(FOR_UPDATE);
        }
        AssertSqlSafe(text)
    }

    pub(super) fn mysql(self) -> AssertSqlSafe<String> {
        let mut text = String::from(self.mysql.unwrap_or(self.standard));
        if self.lock {
            text.push_str(FOR_UPDATE);
        }
        AssertSqlSafe(text)
    }
}

const FOR_UPDATE: &str = " FOR UPDATE";

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
    }
}
