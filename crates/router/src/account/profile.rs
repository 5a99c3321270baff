//! What is loaded of an account when its first stanza comes or goes: its contacts, and whom it blocks.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use arc_swap::{ArcSwap, Guard};
use protocol::Jid;
use storage::{AccountId, RosterItem, Storage, StorageError, Subscription};

/// What is loaded of an account when its first stanza comes or goes.
#[derive(Debug)]
pub struct Profile {
    pub(super) contacts: ArcSwap<Contacts>,
    pub(super) blocked: ArcSwap<Blocked>,
}

/// The roster: listed contacts, and strangers who have asked.
#[derive(Debug, Default, Clone)]
pub struct Contacts {
    pub(super) items: HashMap<Jid, Arc<RosterItem>>,
    /// Of the roster in the database, or an earlier one; 0 where it is not known.
    pub(super) version: i64,
}

/// The block list (XEP-0191).
#[derive(Debug, Default)]
pub struct Blocked {
    pub(super) jids: HashSet<Jid>,
}

impl Profile {
    pub(crate) async fn load(id: AccountId, storage: &Storage) -> Result<Self, StorageError> {
        let (items, version) = storage.roster().load(id).await?;
        let blocked = storage.blocking().list(id).await?;
        Ok(Self::of(items, version, &blocked))
    }

    pub(crate) fn of(items: Vec<RosterItem>, version: i64, blocked: &[String]) -> Self {
        let contacts = Contacts {
            version,
            items: items
                .into_iter()
                .filter_map(|item| Some((item.jid.parse().ok()?, Arc::new(item))))
                .collect(),
        };
        let blocked = Blocked {
            jids: blocked.iter().filter_map(|jid| jid.parse().ok()).collect(),
        };
        Self {
            contacts: ArcSwap::from_pointee(contacts),
            blocked: ArcSwap::from_pointee(blocked),
        }
    }

    /// The roster as it is now.
    #[must_use]
    pub fn contacts(&self) -> Guard<Arc<Contacts>> {
        self.contacts.load()
    }

    /// The block list as it is now.
    #[must_use]
    pub fn blocked(&self) -> Guard<Arc<Blocked>> {
        self.blocked.load()
    }
}

impl Contacts {
    /// The item of a bare JID.
    #[must_use]
    pub fn get(&self, bare: &str) -> Option<&Arc<RosterItem>> {
        self.items.get(bare)
    }

    /// The roster's version, or an earlier one: whoever is brought up to date from here misses nothing.
    #[must_use]
    pub fn version(&self) -> i64 {
        self.version
    }

    /// All items with their prepared bare JIDs, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&Jid, &Arc<RosterItem>)> {
        self.items.iter()
    }

    /// Whether the roster itself lets `bare` see the account's presence.
    pub(super) fn may_see(&self, bare: &str) -> bool {
        self.get(bare)
            .is_some_and(|item| matches!(item.subscription, Subscription::From | Subscription::Both))
    }

    /// Whether the account sees the presence of `bare` by the roster itself.
    pub(super) fn sees(&self, bare: &str) -> bool {
        self.get(bare)
            .is_some_and(|item| matches!(item.subscription, Subscription::To | Subscription::Both))
    }
}

impl Blocked {
    /// Whether stanzas of this JID are blocked: by its full JID, bare JID, domain with resource, or domain
    /// (XEP-0191 §5, as XEP-0016 §2.1 matches).
    #[must_use]
    pub fn matches(&self, jid: &Jid) -> bool {
        if self.jids.is_empty() {
            return false;
        }
        let of_domain = || jid.resource().map(|resource| format!("{}/{resource}", jid.domain()));
        self.jids.contains(jid.as_str())
            || self.jids.contains(jid.bare_str())
            || self.jids.contains(jid.domain())
            || of_domain().is_some_and(|text| self.jids.contains(text.as_str()))
    }

    /// All addresses, in no order.
    pub fn iter(&self) -> impl Iterator<Item = &Jid> {
        self.jids.iter()
    }
}
