//! The console.

use super::{Property, live, number};

pub(super) static ROWS: &[Property] = &[live(
    "console.idle_timeout_secs",
    number(60..=43_200),
    |s| &mut s.console.idle_timeout,
    "Seconds after which an administrator who asks for no page has to log in again. However busy, a login ends after \
     12 hours.",
)];
