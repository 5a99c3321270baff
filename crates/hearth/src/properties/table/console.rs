//! The console, what it says of the database, and the records of what was done.

use ops::{Check, Kind};

use super::{Property, connections::NETWORKS, live, number};

pub(super) static ROWS: &[Property] = &[
    live(
        "database.slow_statement_ms",
        number(1..=60_000),
        |s| &mut s.database.slow_statement_ms,
        "Milliseconds from which on a statement is listed as slow on the console's page of the database, with the wait \
         for a connection.",
    ),
    live(
        "console.idle_timeout_secs",
        number(60..=43_200),
        |s| &mut s.console.idle_timeout,
        "Seconds after which an administrator who asks for no page has to log in again. However busy, a login ends \
         after 12 hours.",
    ),
    live(
        "console.proof_lasts_secs",
        number(0..=43_200),
        |s| &mut s.console.proof_lasts,
        "Seconds for which a password, and a code where there is a second factor, is enough for acts that give power \
         away or end something: after that it is asked for again. 0: each time.",
    ),
    live(
        "console.second_factor",
        Kind::Choice(&["optional", "required"]),
        |s| &mut s.console.second_factor,
        "Whether every administrator needs a second factor at the console. Who has none sets one up at the next page.",
    ),
    live(
        "console.hosts",
        Kind::List(NAMES),
        |s| &mut s.console.hosts,
        "Names under which browsers may ask for the console, as a proxy in front of it has them. Its addresses, this \
         server's name, its domains and the names in its certificate are always among them.",
    ),
    live(
        "console.allowed",
        Kind::List(NETWORKS),
        |s| &mut s.console.allowed,
        "Networks from which the console and the API are asked, besides this machine; others are turned away. Empty: from \
         everywhere. Behind a proxy that is the proxy's address.",
    ),
    live(
        "audit.keep_days",
        number(1..=36_500),
        |s| &mut s.keep.audit_days,
        "Days that what operators have done stays in the record.",
    ),
    live(
        "properties.history_keep_days",
        number(1..=36_500),
        |s| &mut s.keep.history_days,
        "Days that changes of system properties stay in their history, and can be undone.",
    ),
];

pub(super) const NAMES: Check = Check {
    allowed: "host names without a port, as \"console.example.org\"",
    is_allowed: |text| {
        let is_name_byte = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
        (1..=253).contains(&text.len()) && text.bytes().all(is_name_byte)
    },
};
