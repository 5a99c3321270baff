//! The console, and the records of what was done.

use super::{Property, live, number};

pub(super) static ROWS: &[Property] = &[
    live(
        "console.idle_timeout_secs",
        number(60..=43_200),
        |s| &mut s.console.idle_timeout,
        "Seconds after which an administrator who asks for no page has to log in again. However busy, a login ends after \
         12 hours.",
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
