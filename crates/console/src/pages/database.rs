//! `/database`: the database, as this server sees it.

use askama::Template;
use axum::response::Response;
use ops::{COUNTED_ROWS_MAX, DatabaseInfo, Known};

use crate::{
    frame::Frame,
    language::{filters, t, t1, t2},
    refusal::rendered,
    visit::Visit,
    words,
};

#[derive(Template)]
#[template(path = "database.html")]
struct Page {
    frame: Frame,
    info: DatabaseInfo,
    kind: &'static str,
    tables: Known<Vec<TableRow>>,
    slow: Vec<SlowRow>,
    needs: Option<Vec<Need>>,
}

struct TableRow {
    name: String,
    rows: String,
    bytes: Option<u64>,
}

struct SlowRow {
    statement: &'static str,
    count: u64,
    worst: String,
    last_at: i64,
}

/// Something that servers which share the database need of it.
struct Need {
    what: &'static str,
    mood: &'static str,
    text: String,
}

/// Clocks that are further apart, in milliseconds, are said to be.
const CLOCKS_APART_MILLIS: u64 = 1_000;

pub(crate) async fn page(visit: Visit) -> Response {
    let info = match visit.acts().databases.look(visit.actor()).await {
        Ok(info) => info,
        Err(error) => return visit.refuse(&error).await,
    };
    let health = &info.health;
    // The database that estimates says how large a table is, too.
    let row = |table: &ops::TableUsage| TableRow {
        name: table.name.clone(),
        rows: match table.bytes {
            Some(_) => t1("about {0}", table.rows),
            None if table.rows > COUNTED_ROWS_MAX => t1("more than {0}", COUNTED_ROWS_MAX),
            None => table.rows.to_string(),
        },
        bytes: table.bytes,
    };
    let slow = health.slow.iter().map(|it| SlowRow {
        statement: it.statement,
        count: it.count,
        worst: words::micros(it.worst_micros),
        last_at: it.last_at,
    });
    rendered(&Page {
        frame: visit.frame(t("Database")).await,
        kind: words::database(&info.kind),
        tables: health.tables.clone().map(|tables| tables.iter().map(row).collect()),
        slow: slow.collect(),
        needs: health.shared.as_ref().map(needs),
        info,
    })
}

fn needs(shared: &ops::Shared) -> Vec<Need> {
    let need = |what, judged: Known<(&'static str, String)>| {
        let (mood, text) = judged.unwrap_or_else(|why| ("warn", t1("unknown: {0}", why)));
        Need { what, mood, text }
    };
    let writable = shared.is_read_only.clone().map(|is_read_only| match is_read_only {
        true => (
            "bad",
            t("no: it is a standby, or read-only. Name the primary in database.url").to_owned(),
        ),
        false => ("good", t("yes").to_owned()),
    });
    let connections = match (&shared.connections_max, &shared.connections) {
        (Ok(max), Ok(open)) => {
            let ours = shared.connections_ours;
            let servers = max / ours.max(1);
            let mood = if servers < 2 { "bad" } else { "good" };
            let text = [
                t2("{0} of {1} are open, as far as is seen", open, max),
                t2(
                    "this server opens {0} at most, so there is room for {1} like it",
                    ours,
                    servers,
                ),
            ]
            .join("; ");
            Ok((mood, text))
        }
        (Err(why), _) | (_, Err(why)) => Err(why.clone()),
    };
    let clock = shared.clock_ahead_millis.clone().map(|ahead| {
        let apart = ahead.unsigned_abs();
        match apart > CLOCKS_APART_MILLIS {
            true if ahead < 0 => ("warn", t1("{0} ms behind this server's: set both by NTP", apart)),
            true => ("warn", t1("{0} ms ahead of this server's: set both by NTP", apart)),
            false => ("good", t1("within {0} ms of this server's", CLOCKS_APART_MILLIS)),
        }
    });
    vec![
        need(t("Can be written to"), writable),
        need(t("Connections"), connections),
        need(t("Clock"), clock),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(shared: &ops::Shared, expected: [(&str, &str); 3]) {
        for (need, (mood, words)) in needs(shared).iter().zip(expected) {
            assert!(
                need.mood == mood && need.text.contains(words),
                "{}: {} {}",
                need.what,
                need.mood,
                need.text
            );
        }
    }

    #[test]
    fn what_a_cluster_needs_of_the_database_is_judged() {
        let fine = ops::Shared {
            connections_max: Ok(100),
            connections: Ok(7),
            connections_ours: 15,
            is_read_only: Ok(false),
            clock_ahead_millis: Ok(-20),
        };
        check(
            &fine,
            [("good", "yes"), ("good", "room for 6"), ("good", "within 1000 ms")],
        );
        let bad = ops::Shared {
            connections_max: Ok(20),
            is_read_only: Ok(true),
            clock_ahead_millis: Ok(-5_000),
            ..fine.clone()
        };
        check(
            &bad,
            [("bad", "standby"), ("bad", "room for 1"), ("warn", "5000 ms behind")],
        );
        let unknown = ops::Shared {
            connections: Err("no answer".to_owned()),
            is_read_only: Err("no answer".to_owned()),
            clock_ahead_millis: Err("no answer".to_owned()),
            ..fine
        };
        check(&unknown, [("warn", "unknown: no answer"); 3]);
    }
}
