//! Client streams: bounds, patience, stream management, sessions.

use ops::Kind;

use super::{DAY, Property, live, number, restart};

pub(super) static ROWS: &[Property] = &[
    live(
        "c2s.tls_required",
        Kind::Bool,
        |s| &mut s.c2s.is_tls_required,
        "Whether a client's stream must be encrypted before anything else.",
    ),
    live(
        "c2s.negotiation_secs",
        number(5..=300),
        |s| &mut s.c2s.negotiation_secs,
        "Seconds that a client has to authenticate and bind.",
    ),
    live(
        "c2s.conflict_policy",
        number(-1..=100),
        |s| &mut s.c2s.conflict_policy,
        "When a resource is taken: how often a newcomer is refused before the old session is closed. 0 closes it at \
         once, -1 never.",
    ),
    live(
        "c2s.sasl_tries",
        number(1..=10),
        |s| &mut s.c2s.sasl_tries,
        "Tries at authentication on one stream.",
    ),
    live(
        "c2s.idle_timeout_secs",
        number(10..=DAY),
        |s| &mut s.c2s.idle_timeout_secs,
        "Seconds of silence after which a client is asked whether it is there.",
    ),
    live(
        "c2s.ping_timeout_secs",
        number(5..=3600),
        |s| &mut s.c2s.ping_timeout_secs,
        "Seconds that it has to answer.",
    ),
    live(
        "c2s.write_timeout_secs",
        number(5..=3600),
        |s| &mut s.c2s.write_timeout_secs,
        "Seconds that a client may take to read what was written before it is given up.",
    ),
    live(
        "c2s.stanza_timeout_secs",
        number(5..=3600),
        |s| &mut s.c2s.stanza_timeout_secs,
        "Seconds that a client may take to end a stanza that it has begun.",
    ),
    live(
        "c2s.bytes_per_second",
        number(0..=1_000_000_000),
        |s| &mut s.c2s.rate.per_second,
        "Bytes per second that a client may send in the long run; what is more waits. 0 is without limit.",
    ),
    live(
        "c2s.burst_bytes",
        number(10_000..=1_000_000_000),
        |s| &mut s.c2s.rate.burst,
        "Bytes that a client may send at once after a quiet time.",
    ),
    live(
        "c2s.stanza_bytes",
        number(10_000..=10_485_760),
        |s| &mut s.c2s.limits.stanza_bytes,
        "Bytes of one stanza of an authenticated client (announced by XEP-0478).",
    ),
    // Stream management (XEP-0198) and client state (XEP-0352).
    live(
        "sm.hand_over_secs",
        number(0..=15),
        |s| &mut s.c2s.hand_over_secs,
        "Seconds that a server which drains keeps sessions for their clients to come back at another server of the \
         cluster; 0 closes them at once.",
    ),
    live(
        "sm.resume_secs",
        number(0..=DAY),
        |s| &mut s.c2s.resume_secs,
        "Seconds that a session waits for its client to come back; 0 is not at all.",
    ),
    live(
        "sm.max_unacked",
        number(10..=100_000),
        |s| &mut s.c2s.unacked_stanzas,
        "Stanzas that a client may leave unacknowledged.",
    ),
    live(
        "sm.behind_timeout_secs",
        number(1..=600),
        |s| &mut s.c2s.behind_timeout_secs,
        "Seconds that a client may take nothing while so much waits for it that the rest waits in the message log.",
    ),
    live(
        "sm.max_unacked_bytes",
        number(65_536..=1_073_741_824),
        |s| &mut s.c2s.unacked_bytes,
        "Bytes that a client may leave unacknowledged.",
    ),
    live(
        "csi.max_held",
        number(0..=10_000),
        |s| &mut s.c2s.held_presences,
        "Presences kept back for a client that nobody looks at.",
    ),
    // Accounts and sessions.
    live(
        "registration.enabled",
        Kind::Bool,
        |s| &mut s.c2s.is_registration_open,
        "Whether strangers may make accounts (XEP-0077).",
    ),
    live(
        "accounts.refuse_lookalikes",
        Kind::Bool,
        |s| &mut s.auth.refuses_lookalikes,
        "Whether no account is made whose name looks like that of another of its host (UTS #39), as with a letter of \
         another alphabet. Administrators can say that they mean it.",
    ),
    restart(
        "sessions.max_per_account",
        number(1..=100),
        |s| &mut s.router.sessions_per_account,
        "Sessions that one account may have at a time.",
    ),
    restart(
        "sessions.inbox_stanzas",
        number(100..=100_000),
        |s| &mut s.router.inbox_stanzas,
        "Stanzas that wait for one session. What else it is behind waits in the message log; where that does not keep it, \
         the session is closed as a slow reader.",
    ),
    restart(
        "accounts.cached",
        number(0..=1_000_000),
        |s| &mut s.router.cached_accounts,
        "Accounts kept in memory beyond those that have a session.",
    ),
];
