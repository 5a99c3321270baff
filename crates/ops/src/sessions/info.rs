//! A live session, as operators see it.

use protocol::{Stanza, ns};
use router::Session;
use serde::{Deserialize, Serialize};

/// One live session. Written to links: append, never reorder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionInfo {
    /// Full JID.
    pub jid: String,
    /// Where the client is.
    pub address: String,
    /// Whether the stream is encrypted.
    pub encrypted: bool,
    /// The SASL mechanism that let it in.
    pub mechanism: String,
    /// Priority of its presence; none while it is unavailable.
    pub priority: Option<i8>,
    /// When it was bound, in microseconds since 1970.
    pub bound_at: i64,
    /// The version of TLS, as in `TLSv1.3`.
    pub tls: Option<String>,
    /// The cipher suite by its IANA name.
    pub cipher: Option<String>,
    /// Whether the login was bound to the TLS channel.
    pub is_channel_bound: bool,
    /// Whether its stanzas are acknowledged (XEP-0198).
    pub acks: Acks,
    /// Whether it has a connection; else its client may yet come back.
    pub is_connected: bool,
    /// Whether its client said that nobody looks at it (XEP-0352).
    pub is_inactive: bool,
    /// When its client was last heard, in microseconds since 1970.
    pub heard_at: i64,
    /// Stanzas from the client, since the session is on this server.
    pub stanzas_in: u64,
    /// Stanzas to the client.
    pub stanzas_out: u64,
    /// Bytes from the client, inside TLS.
    pub bytes_in: u64,
    /// Bytes to the client, inside TLS.
    pub bytes_out: u64,
    /// Stanzas that wait to be sent.
    pub waiting: u64,
    /// Stanzas that were sent and not acknowledged.
    pub unacked: u64,
    /// What the client calls itself.
    pub software: Option<String>,
    /// How its presence shows it (RFC 6121 §4.7.2.1): `away`, `chat`, `dnd`, `xa`; none: plainly available, or not at all.
    pub show: Option<String>,
    /// What its presence says in words.
    pub status: Option<String>,
}

/// Whether a stream's stanzas are acknowledged (XEP-0198). Written to links: append, never reorder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Acks {
    /// They are not.
    #[default]
    Off,
    /// They are.
    On,
    /// They are, and the client may come back.
    Resumable,
}

/// Characters of what a client says of itself that are shown.
const WORDS_CHARS: usize = 200;

impl SessionInfo {
    /// All but what its presence says.
    pub(crate) fn of(session: &Session, now_micros: i64) -> Self {
        let (facts, meter) = (&session.facts, &session.meter);
        let (traffic, silent) = (meter.traffic(), meter.silent());
        let silent = i64::try_from(silent.as_micros()).unwrap_or(i64::MAX);
        Self {
            jid: session.jid.to_string(),
            address: facts.address.to_string(),
            encrypted: facts.is_encrypted,
            mechanism: facts.mechanism.to_owned(),
            priority: session.priority(),
            bound_at: facts.bound_at_micros,
            tls: facts.tls.map(|tls| tls.version.to_owned()),
            // The library's names of TLS 1.3's suites are its own.
            cipher: facts.tls.map(|tls| tls.cipher.replacen("TLS13_", "TLS_", 1)),
            is_channel_bound: facts.mechanism.ends_with("-PLUS"),
            acks: match meter.acks() {
                router::Acks::Off => Acks::Off,
                router::Acks::On => Acks::On,
                router::Acks::Resumable => Acks::Resumable,
            },
            is_connected: meter.is_connected(),
            is_inactive: meter.is_inactive(),
            heard_at: now_micros.saturating_sub(silent),
            stanzas_in: traffic.stanzas_in,
            stanzas_out: traffic.stanzas_out,
            bytes_in: traffic.bytes_in,
            bytes_out: traffic.bytes_out,
            waiting: session.inbox.waiting() as u64,
            unacked: u64::from(meter.unacked()),
            software: facts.software.as_deref().map(str::to_owned),
            show: None,
            status: None,
        }
    }

    /// What its presence says.
    pub(crate) fn read_presence(&mut self, session: &Session) {
        let Some(presence) = session.presence() else { return };
        self.show = text(&presence, "show");
        self.status = text(&presence, "status");
        if self.software.is_none() {
            // XEP-0115 §4: the node is a URL of the software.
            let caps = presence.find("c", ns::CAPS).map(protocol::Child::to_element);
            self.software = caps.and_then(|caps| caps.get("node").map(short));
        }
    }
}

fn text(presence: &Stanza, name: &str) -> Option<String> {
    let text = presence.find(name, ns::CLIENT)?.to_element().own_text();
    let text = text.trim();
    (!text.is_empty()).then(|| short(text))
}

fn short(text: &str) -> String {
    text.chars().take(WORDS_CHARS).collect()
}
