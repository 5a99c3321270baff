//! A local account as routing sees it: its contacts and whom it blocks, in memory while somebody needs them.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use arc_swap::{ArcSwap, Guard};
use parking_lot::Mutex;
use protocol::Jid;
use storage::{AccountId, LogId, RosterEdit, RosterEdited, RosterItem, Storage, StorageError, Subscription};
use tokio::sync::{Notify, OnceCell};

/// An account of this server. There is one value for all its sessions.
#[derive(Debug)]
pub struct Account {
    /// Never given to another account, not even one of the same name.
    pub id: AccountId,
    /// Bare JID.
    pub jid: Jid,
    /// A guest without rows in the database, gone with its session (SASL ANONYMOUS).
    pub is_anonymous: bool,
    profile: OnceCell<Profile>,
    /// One change at a time, so that memory and database change in the same order.
    changing: tokio::sync::Mutex<()>,
    /// Rows of the message log that live sessions have and have not acknowledged, with how many sessions have them.
    in_flight: Mutex<HashMap<LogId, usize>>,
    landed: Notify,
    turn: tokio::sync::Mutex<()>,
}

/// What is loaded of an account when its first stanza comes or goes.
#[derive(Debug)]
pub struct Profile {
    contacts: ArcSwap<Contacts>,
    blocked: ArcSwap<Blocked>,
}

/// The roster: listed contacts, and strangers who have asked.
#[derive(Debug, Default, Clone)]
pub struct Contacts {
    items: HashMap<Jid, Arc<RosterItem>>,
}

/// The block list (XEP-0191).
#[derive(Debug, Default)]
pub struct Blocked {
    jids: HashSet<Jid>,
}

impl Account {
    /// An account whose profile is not loaded yet.
    #[must_use]
    pub fn new(id: AccountId, jid: Jid) -> Self {
        Self {
            id,
            jid,
            is_anonymous: false,
            profile: OnceCell::new(),
            changing: tokio::sync::Mutex::default(),
            in_flight: Mutex::default(),
            landed: Notify::new(),
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// A guest: nobody's contact, remembered nowhere. Its id is no account's.
    #[must_use]
    pub fn anonymous(jid: Jid) -> Self {
        let profile = Profile {
            contacts: ArcSwap::default(),
            blocked: ArcSwap::default(),
        };
        Self {
            is_anonymous: true,
            profile: OnceCell::new_with(Some(profile)),
            ..Self::new(AccountId::new(0), jid)
        }
    }

    /// Contacts and block list, loaded at the first call.
    ///
    /// # Errors
    /// Where the database does not give them.
    pub async fn profile(&self, storage: &Storage) -> Result<&Profile, StorageError> {
        match self.profile.get() {
            Some(profile) => Ok(profile),
            None => self.profile.get_or_try_init(|| Profile::load(self.id, storage)).await,
        }
    }

    /// Contacts and block list, where they are loaded. The router loads them before it runs any hook.
    #[must_use]
    pub fn loaded(&self) -> Option<&Profile> {
        self.profile.get()
    }

    /// Changes one contact, in the database and in memory.
    ///
    /// # Errors
    /// As [`storage::Roster::edit`].
    pub async fn edit_contact(
        &self,
        storage: &Storage,
        jid: &Jid,
        max_items: usize,
        decide: impl FnOnce(Option<&RosterItem>) -> RosterEdit + Send,
    ) -> Result<RosterEdited, StorageError> {
        let profile = self.profile(storage).await?;
        let _one_at_a_time = self.changing.lock().await;
        let edited = storage.roster().edit(self.id, jid.as_str(), max_items, decide).await?;
        if edited.before != edited.after {
            let mut contacts = Contacts::clone(&profile.contacts.load());
            match &edited.after {
                Some(item) => contacts.items.insert(jid.clone(), Arc::new(item.clone())),
                None => contacts.items.remove(jid),
            };
            profile.contacts.store(Arc::new(contacts));
        }
        Ok(edited)
    }

    /// Blocks these addresses too.
    ///
    /// # Errors
    /// As [`storage::Blocking::add`].
    pub async fn block(&self, storage: &Storage, jids: &[Jid], max_items: usize) -> Result<(), StorageError> {
        let profile = self.profile(storage).await?;
        let _one_at_a_time = self.changing.lock().await;
        storage.blocking().add(self.id, jids, max_items).await?;
        let mut blocked = profile.blocked.load().jids.clone();
        blocked.extend(jids.iter().cloned());
        profile.blocked.store(Arc::new(Blocked { jids: blocked }));
        Ok(())
    }

    /// Blocks these addresses no more; all of them where none is named. Gives back those that were blocked.
    ///
    /// # Errors
    /// As [`storage::Blocking::remove`].
    pub async fn unblock(&self, storage: &Storage, jids: &[Jid]) -> Result<Vec<Jid>, StorageError> {
        let profile = self.profile(storage).await?;
        let _one_at_a_time = self.changing.lock().await;
        let mut blocked = profile.blocked.load().jids.clone();
        let gone: Vec<Jid> = if jids.is_empty() {
            storage.blocking().clear(self.id).await?;
            blocked.drain().collect()
        } else {
            storage.blocking().remove(self.id, jids).await?;
            jids.iter().filter_map(|jid| blocked.take(jid)).collect()
        };
        profile.blocked.store(Arc::new(Blocked { jids: blocked }));
        Ok(gone)
    }

    /// So many live sessions have the message of this row.
    pub(crate) fn set_in_flight(&self, id: LogId, sessions: usize) {
        self.in_flight.lock().insert(id, sessions);
    }

    /// One live session less has it: the session acknowledged it, or gave it back.
    pub fn set_landed(&self, id: LogId) {
        let mut in_flight = self.in_flight.lock();
        match in_flight.get_mut(&id) {
            Some(sessions) if *sessions > 1 => *sessions -= 1,
            _ => {
                in_flight.remove(&id);
            }
        }
        drop(in_flight);
        self.landed.notify_waiters();
    }

    /// Waits until no live session has the message of this row.
    pub async fn landed(&self, id: LogId) {
        loop {
            let told = self.landed.notified();
            tokio::pin!(told);
            told.as_mut().enable();
            if !self.in_flight.lock().contains_key(&id) {
                return;
            }
            told.await;
        }
    }

    /// One at a time adds to the messages that wait for the account, gives some back, or hands them to a session that
    /// takes messages from then on. So none is overlooked, and they stay in order.
    pub async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }

    /// Claims a row for a session that is about to get it; false where a live session has it already.
    #[must_use]
    pub fn claim(&self, id: LogId) -> bool {
        let mut in_flight = self.in_flight.lock();
        let is_free = !in_flight.contains_key(&id);
        if is_free {
            in_flight.insert(id, 1);
        }
        is_free
    }
}

impl Profile {
    async fn load(id: AccountId, storage: &Storage) -> Result<Self, StorageError> {
        let (items, _version) = storage.roster().load(id).await?;
        let blocked = storage.blocking().list(id).await?;
        let contacts = Contacts {
            items: items
                .into_iter()
                .filter_map(|item| Some((item.jid.parse().ok()?, Arc::new(item))))
                .collect(),
        };
        let blocked = Blocked {
            jids: blocked.iter().filter_map(|jid| jid.parse().ok()).collect(),
        };
        Ok(Self {
            contacts: ArcSwap::from_pointee(contacts),
            blocked: ArcSwap::from_pointee(blocked),
        })
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

    /// All items with their prepared bare JIDs, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (&Jid, &Arc<RosterItem>)> {
        self.items.iter()
    }

    /// Whether the contact `bare` may see the account's presence.
    #[must_use]
    pub fn may_see(&self, bare: &str) -> bool {
        self.get(bare)
            .is_some_and(|item| matches!(item.subscription, Subscription::From | Subscription::Both))
    }

    /// Whether the account sees the presence of the contact `bare`.
    #[must_use]
    pub fn sees(&self, bare: &str) -> bool {
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
