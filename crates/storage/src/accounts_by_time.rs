//! Accounts in the order of a time: along the index of that time, or, where few are meant, sorted.

use crate::accounts::select;
use crate::db::{Sql, Value};

/// Up to so many accounts are sorted; where more are meant, the page is found sooner along the index of the time.
pub(crate) const SORTED_MAX: i64 = 5_000;

/// Whether more than [`SORTED_MAX`] accounts are between two names.
pub(crate) const MANY: &str = "SELECT COUNT(*) FROM (SELECT 1 FROM accounts WHERE host_id = ? AND localpart >= ? AND localpart < ? LIMIT ?) meant";

/// Which accounts are meant.
#[derive(Clone, Copy)]
pub(crate) enum Meant {
    /// All of the host.
    All,
    /// Many, by their names.
    Many,
    /// Few, by their names.
    Few,
}

/// The statements for one time and one direction.
pub(crate) struct ByTime {
    all: Sql,
    many: Sql,
    few: Sql,
}

macro_rules! by_time {
    ($names:literal, $time:literal, $way:literal, $order:literal) => {
        concat!(
            select!("", "WHERE host_id = ?"),
            $names,
            " AND (",
            $time,
            ", id) ",
            $way,
            " (?, ?) ORDER BY ",
            $time,
            " ",
            $order,
            ", id ",
            $order,
            " LIMIT ?"
        )
    };
}

macro_rules! statements {
    ($time:literal, $way:literal, $order:literal) => {
        ByTime {
            all: Sql::of_each(
                by_time!("", $time, $way, $order),
                by_time!("", $time, $way, $order),
                by_time!("", $time, $way, $order),
            ),
            // The plus keeps SQLite, which counts nothing before it plans, from the index of the names.
            many: Sql::of_each(
                by_time!(" AND +localpart >= ? AND +localpart < ?", $time, $way, $order),
                by_time!(" AND localpart >= ? AND localpart < ?", $time, $way, $order),
                by_time!(" AND localpart >= ? AND localpart < ?", $time, $way, $order),
            ),
            few: Sql::of_each(
                by_time!(" AND localpart >= ? AND localpart < ?", $time, $way, $order),
                by_time!(" AND localpart >= ? AND localpart < ?", $time, $way, $order),
                by_time!(" AND localpart >= ? AND localpart < ?", $time, $way, $order),
            ),
        }
    };
}

pub(crate) static MADE: ByTime = statements!("created_at", ">", "ASC");
pub(crate) static MADE_DOWN: ByTime = statements!("created_at", "<", "DESC");
pub(crate) static LOGIN: ByTime = statements!("COALESCE(last_login, 0)", ">", "ASC");
pub(crate) static LOGIN_DOWN: ByTime = statements!("COALESCE(last_login, 0)", "<", "DESC");

impl ByTime {
    /// The statement, and what it is given.
    pub(crate) fn ask<'a>(
        &self,
        meant: Meant,
        host: i64,
        (from, to): (&'a str, &'a str),
        (time, id): (i64, i64),
        limit: i64,
    ) -> (Sql, Vec<Value<'a>>) {
        let sql = match meant {
            Meant::All => self.all,
            Meant::Many => self.many,
            Meant::Few => self.few,
        };
        let mut values: Vec<Value<'a>> = vec![host.into()];
        if !matches!(meant, Meant::All) {
            values.extend([Value::from(from), Value::from(to)]);
        }
        values.extend([Value::from(time), Value::from(id), Value::from(limit)]);
        (sql, values)
    }
}
