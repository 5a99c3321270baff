//! What an operator may choose about features. Changed while the server runs; every request sees the newest.

use std::sync::Arc;

use arc_swap::ArcSwap;

/// The settings that all features look at.
pub type LiveSettings = Arc<ArcSwap<Settings>>;

/// Settings of all features, each under the name of its feature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Settings {
    /// Rosters and subscriptions (RFC 6121 §2, §3).
    pub roster: RosterSettings,
    /// Messages for accounts that nobody is at (XEP-0160).
    pub offline: OfflineSettings,
    /// XEP-0191.
    pub blocking: BlockingSettings,
    /// XEP-0054.
    pub vcard: VcardSettings,
    /// XEP-0049.
    pub private: PrivateSettings,
    /// XEP-0092.
    pub version: VersionSettings,
    /// XEP-0157.
    pub contacts: ContactSettings,
    /// XEP-0077, by the account itself.
    pub registration: RegistrationSettings,
}

impl Settings {
    /// The settings, ready to be shared.
    #[must_use]
    pub fn live(self) -> LiveSettings {
        Arc::new(ArcSwap::from_pointee(self))
    }
}

/// Bounds of rosters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RosterSettings {
    /// Contacts in one roster (1 to 100,000).
    pub max_items: usize,
    /// Groups of one contact (0 to 1,000).
    pub max_groups: usize,
    /// Bytes of a contact's name, and of a group's (1 to 10,000).
    pub name_bytes: usize,
    /// Strangers whose requests wait for an account's answer; more are ignored (1 to 10,000).
    pub max_requests: usize,
    /// Bytes of such a request that are kept with it; of a larger one only that it was made (256 to 65,536).
    pub request_bytes: usize,
    /// Requests of one account that wait for an answer (1 to 100,000).
    pub max_asks: usize,
}

impl Default for RosterSettings {
    fn default() -> Self {
        Self {
            max_items: 2000,
            max_groups: 50,
            name_bytes: 1023,
            max_requests: 200,
            request_bytes: 4096,
            max_asks: 500,
        }
    }
}

/// What happens to a message that no session of its account takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum OfflinePolicy {
    /// It is stored; beyond the quota its sender is told that it was not.
    #[default]
    StoreOrBounce,
    /// It is stored, quota or not.
    Always,
    /// It is stored; beyond the quota it is dropped.
    StoreOrDrop,
    /// Its sender is told that nobody is there.
    Bounce,
    /// It is dropped.
    Drop,
}

/// Offline messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfflineSettings {
    /// What happens to them.
    pub policy: OfflinePolicy,
    /// Messages that wait for one account (1 to 1,000,000).
    pub max_messages: u64,
    /// Bytes of messages that wait for one account (1,024 to 1 GiB).
    pub max_bytes: u64,
}

impl Default for OfflineSettings {
    fn default() -> Self {
        Self {
            policy: OfflinePolicy::default(),
            max_messages: 1000,
            max_bytes: 4 * 1024 * 1024,
        }
    }
}

/// Block lists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlockingSettings {
    /// Addresses on one block list (1 to 100,000).
    pub max_items: usize,
}

impl Default for BlockingSettings {
    fn default() -> Self {
        Self { max_items: 10_000 }
    }
}

/// Who sees an account's vCard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum VcardAudience {
    /// Whom the account has in its roster.
    #[default]
    Contacts,
    /// Everybody. A stranger can then tell an account that has a vCard from one that does not exist.
    Everybody,
}

/// vCards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VcardSettings {
    /// Bytes of one vCard, photo included (1,024 to 1 MiB).
    pub max_bytes: usize,
    /// Who sees it.
    pub audience: VcardAudience,
}

impl Default for VcardSettings {
    fn default() -> Self {
        Self {
            max_bytes: 192 * 1024,
            audience: VcardAudience::default(),
        }
    }
}

/// Private XML storage.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateSettings {
    /// Bytes of all private XML of one account (1,024 to 16 MiB).
    pub max_bytes: usize,
}

impl Default for PrivateSettings {
    fn default() -> Self {
        Self { max_bytes: 512 * 1024 }
    }
}

/// What the server says of its software.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VersionSettings {
    /// Whether the version is told beside the name.
    pub is_shown: bool,
}

impl Default for VersionSettings {
    fn default() -> Self {
        Self { is_shown: true }
    }
}

/// Where people of this server can be reached, as URIs (`xmpp:…`, `mailto:…`, `https:…`), by purpose.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContactSettings {
    /// To report abuse.
    pub abuse: Vec<String>,
    /// Its administrators.
    pub admin: Vec<String>,
    /// To tell what one thinks of it.
    pub feedback: Vec<String>,
    /// Sales.
    pub sales: Vec<String>,
    /// To report weaknesses.
    pub security: Vec<String>,
    /// Where it says how it is.
    pub status: Vec<String>,
    /// For help.
    pub support: Vec<String>,
}

/// What accounts may do to themselves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RegistrationSettings {
    /// Change their password.
    pub password_change: bool,
    /// Remove themselves.
    pub account_removal: bool,
}

impl Default for RegistrationSettings {
    fn default() -> Self {
        Self {
            password_change: true,
            account_removal: true,
        }
    }
}
