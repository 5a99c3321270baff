//! The switch: a property that every server which shares the database must see alike.

use storage::DatabaseKind;

use crate::Value;

/// The property that says whether the servers that share the database are one cluster.
pub const CLUSTER_ENABLED: &str = "cluster.enabled";

/// Why a property cannot have this value on a database of this kind, and what to do.
///
/// Servers that do not share a database are strangers to one another, and SQLite is a file of one process.
#[must_use]
pub fn impossible(name: &str, value: &Value, database: DatabaseKind) -> Option<&'static str> {
    let is_switched_on = name == CLUSTER_ENABLED && *value == Value::Bool(true);
    (is_switched_on && !database.is_shared()).then_some(
        "clustering needs a database that several servers can share, and SQLite is for one server alone: \
         set database.url to a PostgreSQL or MariaDB database first",
    )
}

/// Whether a property holds for all servers or for none: one of a cluster that believes itself alone would do harm.
pub(crate) fn holds_everywhere(name: &str) -> bool {
    name == CLUSTER_ENABLED
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_would_switch_clustering_on_without_a_shared_database_is_refused() {
        let (on, off) = (Value::Bool(true), Value::Bool(false));
        for (name, value, database, is_refused) in [
            (CLUSTER_ENABLED, &on, DatabaseKind::Sqlite, true),
            (CLUSTER_ENABLED, &on, DatabaseKind::Postgres, false),
            (CLUSTER_ENABLED, &on, DatabaseKind::Mysql, false),
            (CLUSTER_ENABLED, &off, DatabaseKind::Sqlite, false),
            ("registration.enabled", &on, DatabaseKind::Sqlite, false),
        ] {
            let refused = impossible(name, value, database);
            assert_eq!(refused.is_some(), is_refused, "{name} = {value} on {database:?}");
        }
    }
}
