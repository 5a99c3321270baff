//! Where certificates are ordered, and for whom.

use std::{collections::HashMap, fmt};

use crate::{Held, Value};

/// The directory of Let's Encrypt, where most get theirs.
pub const LETS_ENCRYPT: &str = "https://acme-v02.api.letsencrypt.org/directory";
/// The same, where everything may be tried and nobody trusts what comes of it.
pub const LETS_ENCRYPT_STAGING: &str = "https://acme-staging-v02.api.letsencrypt.org/directory";

/// The properties `acme.…`.
#[derive(Clone, PartialEq, Eq)]
pub struct AcmeSettings {
    /// Whether certificates are ordered at all.
    pub is_enabled: bool,
    /// The address of the authority's directory (RFC 8555 §7.1.1).
    pub directory: String,
    /// Where the authority writes to, by mail; empty: nowhere.
    pub contact: String,
    /// For which hosts; empty: for every one that is served.
    pub hosts: Vec<String>,
    /// The name of the key that binds the account to another one there (§7.3.4); empty: it is not bound.
    pub binding_id: String,
    /// That key, in base64url.
    pub binding_secret: String,
}

impl Default for AcmeSettings {
    fn default() -> Self {
        Self {
            is_enabled: false,
            directory: LETS_ENCRYPT.to_owned(),
            contact: String::new(),
            hosts: Vec::new(),
            binding_id: String::new(),
            binding_secret: String::new(),
        }
    }
}

impl fmt::Debug for AcmeSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AcmeSettings")
            .field("is_enabled", &self.is_enabled)
            .field("directory", &self.directory)
            .field("contact", &self.contact)
            .field("hosts", &self.hosts)
            .field("binding_id", &self.binding_id)
            .finish_non_exhaustive()
    }
}

impl AcmeSettings {
    /// As the properties hold them.
    pub(super) fn of(held: &HashMap<&'static str, Held>) -> Self {
        let value = |name: &str| held.get(name).map(|held| &held.value);
        let text = |name: &str| {
            value(name)
                .and_then(|value| value.as_text())
                .unwrap_or_default()
                .to_owned()
        };
        Self {
            is_enabled: value("acme.enabled").and_then(Value::as_bool).unwrap_or(false),
            directory: text("acme.directory_url"),
            contact: text("acme.contact"),
            hosts: value("acme.hosts")
                .and_then(|value| value.as_list())
                .unwrap_or_default()
                .to_vec(),
            binding_id: text("acme.eab_key_id"),
            binding_secret: text("acme.eab_secret"),
        }
    }

    /// Whether a host is to have its certificate from there.
    #[must_use]
    pub fn wants(&self, host: &str) -> bool {
        self.is_enabled && (self.hosts.is_empty() || self.hosts.iter().any(|wanted| wanted.eq_ignore_ascii_case(host)))
    }
}
