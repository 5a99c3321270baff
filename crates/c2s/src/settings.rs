//! What an operator may choose about client streams.

use protocol::stream::Limits;
use router::ConflictPolicy;
use transport::Rate;

/// Rules and bounds of client streams; changed live, they hold for new connections.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// Whether a stream must be encrypted before anything else (RFC 7590 §3.1). Default yes.
    pub is_tls_required: bool,
    /// Seconds that a client has to authenticate and bind (5 to 300).
    pub negotiation_secs: u64,
    /// Bounds of the parser for authenticated clients; announced by XEP-0478.
    pub limits: Limits,
    /// Bytes per second that a client may send; what is more waits in the network.
    pub rate: Rate,
    /// Tries at authentication on one stream (1 to 10).
    pub sasl_tries: u32,
    /// What happens when a resource is taken.
    pub conflict_policy: ConflictPolicy,
    /// Seconds of silence after which a client is asked whether it is there (10 to 86,400).
    pub idle_timeout_secs: u64,
    /// Seconds that it has to answer (5 to 3,600).
    pub ping_timeout_secs: u64,
    /// Seconds that a client may take to read what was written before it is given up (5 to 3,600).
    pub write_timeout_secs: u64,
    /// Seconds that a client may take to end a stanza that it has begun (5 to 3,600).
    pub stanza_timeout_secs: u64,
    /// Seconds that a session waits for its client to come back (XEP-0198; 0 to 86,400, 0 is never).
    pub resume_secs: u32,
    /// Seconds that a server which ends keeps such sessions for their clients to come back at another server of the
    /// cluster (0 to 15, 0 is never).
    pub hand_over_secs: u32,
    /// Stanzas that a client may leave unacknowledged (10 to 100,000).
    pub unacked_stanzas: usize,
    /// Bytes that a client may leave unacknowledged.
    pub unacked_bytes: usize,
    /// Seconds that a client may take nothing while its inbox overflows (1 to 600).
    pub behind_timeout_secs: u64,
    /// Presences kept back for a client that nobody looks at (XEP-0352; 0 to 10,000).
    pub held_presences: usize,
    /// Whether strangers may make accounts (XEP-0077). Default no.
    pub is_registration_open: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            is_tls_required: true,
            negotiation_secs: 30,
            limits: Limits::client(),
            rate: Rate {
                per_second: 64 * 1024,
                burst: 512 * 1024,
            },
            sasl_tries: 3,
            conflict_policy: ConflictPolicy::Kick,
            idle_timeout_secs: 300,
            ping_timeout_secs: 60,
            write_timeout_secs: 60,
            stanza_timeout_secs: 60,
            resume_secs: 300,
            hand_over_secs: 10,
            unacked_stanzas: 1000,
            unacked_bytes: 4 << 20,
            behind_timeout_secs: 30,
            held_presences: 500,
            is_registration_open: false,
        }
    }
}
