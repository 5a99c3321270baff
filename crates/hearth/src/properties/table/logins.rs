//! Logging in: mechanisms, tokens, what guesses cost.

use std::net::IpAddr;

use auth::CertificateAccount;
use ops::{Check, Kind};
use protocol::Jid;

use super::{DAY, Property, live, number};

/// How often passwords are stretched; `account import` asks for it.
pub(crate) const ITERATIONS: &str = "sasl.scram_iterations";

pub(super) static ROWS: &[Property] = &[
    live(
        ITERATIONS,
        number(4096..=1_000_000),
        |s| &mut s.auth.iterations,
        "How often new passwords are stretched. It prices every guess of whoever steals the database, and each login \
         of an honest client.",
    ),
    live(
        "sasl.scram_sha_1",
        Kind::Bool,
        |s| &mut s.auth.scram_sha_1,
        "Whether SCRAM-SHA-1 is offered, for clients that have no SHA-256.",
    ),
    live(
        "sasl.plain",
        Kind::Bool,
        |s| &mut s.auth.plain,
        "Whether PLAIN is offered, inside TLS. Where every client has SCRAM, better not.",
    ),
    live(
        "sasl.external",
        Kind::Bool,
        |s| &mut s.auth.external,
        "Whether clients may log in by a certificate that names their account.",
    ),
    live(
        "sasl.anonymous_hosts",
        Kind::List(DOMAINS),
        |s| &mut s.auth.anonymous_hosts,
        "Hosts at which guests may log in without an account.",
    ),
    live(
        "sasl.certificate_accounts",
        Kind::List(MAPPED),
        |s| &mut s.auth.certificate_accounts,
        "Accounts that certificates without an XMPP address stand for.",
    ),
    live(
        "fast.enabled",
        Kind::Bool,
        |s| &mut s.auth.fast,
        "Whether clients may exchange their password for a token (XEP-0484).",
    ),
    live(
        "fast.lifetime_secs",
        number(3600..=365 * DAY),
        |s| &mut s.auth.token_lifetime,
        "Seconds that a token lives that is not used.",
    ),
    live(
        "fast.rotation_secs",
        number(60..=365 * DAY),
        |s| &mut s.auth.token_rotation,
        "How old a token is, in seconds, when its client gets a new one at its next login.",
    ),
    live(
        "lockout.failures_per_address",
        number(1..=1_000_000),
        |s| &mut s.auth.failures_per_address,
        "Failed logins from one address within the window after which it is refused until the window ends.",
    ),
    live(
        "lockout.failures_per_account",
        number(1..=1_000_000),
        |s| &mut s.auth.failures_per_account,
        "Failed logins at one account within the window after which attempts from unknown addresses take longer.",
    ),
    live(
        "lockout.account_delay_secs",
        number(0..=30),
        |s| &mut s.auth.account_delay,
        "Seconds that an attempt at an account under attack takes at most; nobody is locked out of their account.",
    ),
    live(
        "lockout.window_secs",
        number(60..=DAY),
        |s| &mut s.auth.failure_window,
        "Seconds that failures are remembered.",
    ),
    live(
        "lockout.exempt",
        Kind::List(ADDRESSES),
        |s| &mut s.auth.exempt_addresses,
        "Addresses that are never refused, such as that of a web proxy.",
    ),
    live(
        "sasl.password_queue",
        number(1..=10_000),
        |s| &mut s.auth.password_queue,
        "Passwords that may wait for being stretched; more are told to try again later.",
    ),
];

const ADDRESSES: Check = Check {
    allowed: "IP addresses",
    is_allowed: |text| text.parse::<IpAddr>().is_ok(),
};
const DOMAINS: Check = Check {
    allowed: "domain names",
    is_allowed: |text| Jid::from_parts(None, text, None).is_ok(),
};
const MAPPED: Check = Check {
    allowed: "pairs \"<SHA-256 of the certificate in hexadecimal>=<user>@<domain>\"",
    is_allowed: |text| text.parse::<CertificateAccount>().is_ok(),
};
