//! How things stand with certificates that are ordered. Times are microseconds since 1970.

use serde::{Deserialize, Serialize};

use crate::{Mood, Password};

/// What an authority wants before all else (RFC 8555 §7.1.1).
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcmeDirectory {
    /// Its terms: their address; empty where it has none.
    pub terms: String,
    /// Whether accounts have to be bound to others that their owners have there (§7.3.4).
    pub needs_binding: bool,
}

/// How things stand.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcmeStatus {
    /// Whether certificates are ordered at all.
    pub is_enabled: bool,
    /// The address of the authority's directory.
    pub directory: String,
    /// Where the authority writes to; empty: nowhere.
    pub contact: String,
    /// For which hosts; empty: for all.
    pub wanted: Vec<String>,
    /// The name of the key that binds the account; empty: it is not bound.
    pub binding_id: String,
    /// Who agreed to the authority's terms.
    pub consent: Option<AcmeConsent>,
    /// Whether the server that was asked answers challenges: it has an address under `[acme]`.
    pub is_listening: bool,
    /// Every host that is served.
    pub hosts: Vec<AcmeHost>,
}

/// Somebody agreed to an authority's terms.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcmeConsent {
    /// Their address; empty where it has none.
    pub terms: String,
    /// Who.
    pub by: String,
    /// When.
    pub at: i64,
}

/// How things stand with a host.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcmeHost {
    /// The host.
    pub host: String,
    /// What is done for it.
    pub state: AcmeState,
    /// Until when the certificate is valid that all servers use for it; none: there is none.
    pub valid_until: Option<i64>,
    /// Whether that was ordered; otherwise an operator put it in.
    pub is_ordered: bool,
    /// When the next one is ordered, at the earliest.
    pub next_at: Option<i64>,
    /// The last order, where it failed.
    pub failed: Option<AcmeFailed>,
}

/// What is done for a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AcmeState {
    /// Nothing: it is not wanted.
    Off,
    /// Nothing: the configuration names its certificate.
    Configured,
    /// Nothing: nobody has agreed to the authority's terms.
    NoConsent,
    /// One is ordered just now.
    Ordering,
    /// One will be ordered.
    Waiting,
    /// The last order failed.
    Failed,
    /// It has one.
    Valid,
}

/// An order that failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcmeFailed {
    /// When.
    pub at: i64,
    /// Why: the authority's own words where it said any.
    pub why: String,
    /// How many have failed, one after the other.
    pub times: u32,
}

/// What ordering is turned on with; none: as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AcmeWish {
    /// The address of the authority's directory.
    pub directory: Option<String>,
    /// Where the authority writes to, by mail.
    pub contact: Option<String>,
    /// For which hosts; empty: for all.
    pub hosts: Option<Vec<String>>,
    /// The name of the key that binds the account.
    pub binding_id: Option<String>,
    /// That key.
    pub binding_secret: Option<Password>,
    /// The address of the terms that are agreed to, as the authority names it.
    pub agreed_terms: Option<String>,
}

impl AcmeHost {
    /// What there is to say, and how bad it is; `time` writes times.
    #[must_use]
    pub fn said(&self, time: &dyn Fn(i64) -> String) -> (Mood, String) {
        let next = self.next_at.map(time);
        match (self.state, &self.failed, self.valid_until.map(time)) {
            (AcmeState::Off, ..) => (Mood::Good, "off".to_owned()),
            (AcmeState::Configured, ..) => (
                Mood::Good,
                "not ordered: the configuration names its certificate".to_owned(),
            ),
            (AcmeState::NoConsent, ..) => (
                Mood::Warn,
                "waiting: nobody has agreed to the authority’s terms yet".to_owned(),
            ),
            (AcmeState::Ordering, ..) => (Mood::Good, "is being ordered".to_owned()),
            (AcmeState::Failed, Some(failed), until) => {
                let mood = if until.is_some() { Mood::Warn } else { Mood::Bad };
                (mood, failed.said(time, next, until))
            }
            (AcmeState::Valid, _, Some(until)) => {
                let text = match (self.is_ordered, next) {
                    (true, Some(next)) => format!("valid until {until}, by ACME; renewed from {next}"),
                    (true, None) => format!("valid until {until}, by ACME"),
                    (false, Some(next)) => format!("valid until {until}, put in by an operator; ordered from {next}"),
                    (false, None) => format!("valid until {until}, put in by an operator"),
                };
                (Mood::Good, text)
            }
            _ => (Mood::Warn, "waiting to be ordered".to_owned()),
        }
    }
}

impl AcmeFailed {
    fn said(&self, time: &dyn Fn(i64) -> String, next: Option<String>, until: Option<String>) -> String {
        let (at, why) = (time(self.at), &self.why);
        match (next, until) {
            (Some(next), Some(until)) => {
                format!("failed {at}: {why}; next try {next}; the one before is valid until {until}")
            }
            (Some(next), None) => format!("failed {at}: {why}; next try {next}"),
            (None, Some(until)) => format!("failed {at}: {why}; the one before is valid until {until}"),
            (None, None) => format!("failed {at}: {why}"),
        }
    }
}
