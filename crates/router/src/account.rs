//! A local account as routing sees it: its contacts and whom it blocks, in memory while somebody needs them.

mod profile;

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
};

use arc_swap::ArcSwap;
use protocol::Jid;
use smallvec::SmallVec;
use storage::{AccountId, LogId, RosterEdit, RosterEdited, RosterItem, Storage, StorageError};
use tokio::sync::OnceCell;

use crate::{
    flight::InFlight,
    peers::{Mesh, frame::Frame},
    sharing::{Share, Sharing, View},
};

pub use profile::{Blocked, Contacts, Profile};

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
    /// How often other nodes said that the account's rows have changed, and how often when the profile was last read.
    /// Reading notes the number before it asks the database, so that what changes meanwhile is read again.
    changes: AtomicU64,
    changes_read: AtomicU64,
    /// Rows of the message log that live sessions have and have not acknowledged.
    in_flight: InFlight,
    /// The last row that this node left waiting, as a number; 0 for none.
    last_waiting: AtomicI64,
    /// Another node did not say in time which rows it has, and will be asked again.
    looks_later: AtomicBool,
    /// Other nodes, who hear of changes; `None` for guests, whom nobody else knows.
    mesh: Option<Arc<Mesh>>,
    /// Who sees whom by groups; `None` for guests, who are in none.
    sharing: Option<Arc<Sharing>>,
    turn: tokio::sync::Mutex<()>,
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
            changes: AtomicU64::new(0),
            changes_read: AtomicU64::new(0),
            in_flight: InFlight::default(),
            last_waiting: AtomicI64::new(0),
            looks_later: AtomicBool::new(false),
            mesh: None,
            sharing: None,
            turn: tokio::sync::Mutex::default(),
        }
    }

    /// The same account on a server that has others beside it, and groups.
    pub(crate) fn beside(mut self, mesh: Arc<Mesh>, sharing: Arc<Sharing>) -> Self {
        self.mesh = Some(mesh);
        self.sharing = Some(sharing);
        self
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

    /// Contacts and block list, loaded at the first call, and again after another node changed them.
    ///
    /// # Errors
    /// Where the database does not give them. Those that are known already are good until it does.
    pub async fn profile(&self, storage: &Storage) -> Result<&Profile, StorageError> {
        match self.profile.get() {
            Some(profile) if self.is_fresh() => Ok(profile),
            Some(profile) => {
                let _one_at_a_time = self.changing.lock().await;
                if let Err(error) = self.reload(profile, storage).await {
                    tracing::warn!(target: "router", %error, "an account that changed on another node was not read again");
                }
                Ok(profile)
            }
            None => {
                let load = async {
                    let changes = self.changes.load(Ordering::Acquire);
                    let profile = match &self.mesh {
                        Some(mesh) => Profile::find(self, mesh, storage).await?,
                        None => Profile::load(self.id, storage).await?,
                    };
                    self.changes_read.store(changes, Ordering::Release);
                    Ok(profile)
                };
                self.profile.get_or_try_init(|| load).await
            }
        }
    }

    pub(crate) fn is_fresh(&self) -> bool {
        self.changes.load(Ordering::Acquire) == self.changes_read.load(Ordering::Acquire)
    }

    /// Reads the profile again where it is stale. The caller has `changing`.
    async fn reload(&self, profile: &Profile, storage: &Storage) -> Result<(), StorageError> {
        if self.is_fresh() {
            return Ok(());
        }
        let changes = self.changes.load(Ordering::Acquire);
        let now = Profile::load(self.id, storage).await?;
        profile.contacts.store(now.contacts.load_full());
        profile.blocked.store(now.blocked.load_full());
        self.changes_read.store(changes, Ordering::Release);
        Ok(())
    }

    /// Another node has changed the account's rows.
    pub(crate) fn has_changed(&self) {
        self.changes.fetch_add(1, Ordering::AcqRel);
    }

    /// This node has: the others hear of it, after the commit.
    fn tell_change(&self) {
        if let Some(mesh) = &self.mesh {
            mesh.send_all(&Frame::Changed {
                account: self.jid.as_str(),
            });
        }
    }

    /// Contacts and block list, where they are loaded. The router loads them before it runs any hook.
    #[must_use]
    pub fn loaded(&self) -> Option<&Profile> {
        self.profile.get()
    }

    /// Whether the account sees the presence of `bare`, by its own roster or by a group. The only place where that is
    /// decided.
    #[must_use]
    pub fn sees(&self, bare: &str) -> bool {
        self.loaded().is_some_and(|profile| profile.contacts().sees(bare))
            || self.by_groups(|sharing| sharing.now().sees(self.jid.as_str(), bare))
    }

    /// Whether `bare` may see the account's presence, by the account's own roster or by a group. The only place where
    /// that is decided.
    #[must_use]
    pub fn may_be_seen_by(&self, bare: &str) -> bool {
        self.loaded().is_some_and(|profile| profile.contacts().may_see(bare))
            || self.by_groups(|sharing| sharing.sees(bare, self.jid.as_str()))
    }

    /// What the account and `bare` are to each other by groups.
    #[must_use]
    pub fn share(&self, bare: &str) -> Share {
        let sharing = self.sharing.as_ref();
        sharing.map_or_else(Share::default, |sharing| sharing.now().share(self.jid.as_str(), bare))
    }

    /// What groups put into the account's roster.
    #[must_use]
    pub fn shared_view(&self) -> View {
        let sharing = self.sharing.as_ref();
        sharing.map_or_else(View::default, |sharing| sharing.now().view(&self.jid))
    }

    /// The number of the account's [`View`].
    #[must_use]
    pub fn shared_print(&self) -> u64 {
        let sharing = self.sharing.as_ref();
        sharing.map_or(0, |sharing| sharing.now().print(&self.jid))
    }

    fn by_groups(&self, sees: impl FnOnce(&Sharing) -> bool) -> bool {
        self.sharing.as_ref().is_some_and(|sharing| sees(sharing))
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
            // One that another node wrote may be missing between what is known and this.
            if contacts.version + 1 == edited.version {
                contacts.version = edited.version;
            }
            match &edited.after {
                Some(item) => contacts.items.insert(jid.clone(), Arc::new(item.clone())),
                None => contacts.items.remove(jid),
            };
            profile.contacts.store(Arc::new(contacts));
            self.tell_change();
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
        self.tell_change();
        Ok(())
    }

    /// Blocks these addresses no more; all of them where none is named. Gives back those that were blocked.
    ///
    /// # Errors
    /// As [`storage::Blocking::remove`].
    pub async fn unblock(&self, storage: &Storage, jids: &[Jid]) -> Result<Vec<Jid>, StorageError> {
        let profile = self.profile(storage).await?;
        let _one_at_a_time = self.changing.lock().await;
        self.reload(profile, storage).await?;
        let mut blocked = profile.blocked.load().jids.clone();
        let gone: Vec<Jid> = if jids.is_empty() {
            storage.blocking().clear(self.id).await?;
            blocked.drain().collect()
        } else {
            storage.blocking().remove(self.id, jids).await?;
            jids.iter().filter_map(|jid| blocked.take(jid)).collect()
        };
        profile.blocked.store(Arc::new(Blocked { jids: blocked }));
        self.tell_change();
        Ok(gone)
    }

    /// So many live sessions here, and sessions on these nodes, have the message of this row.
    pub(crate) fn set_in_flight(&self, id: LogId, here: usize, there: SmallVec<[u64; 1]>) {
        self.in_flight.start(id, here, there);
    }

    /// One live session less has it: the session acknowledged it, or gave it back. Where it came from another node, that
    /// hears of it once the acknowledgement is written.
    pub fn set_landed(&self, id: LogId) {
        let Some(mesh) = &self.mesh else {
            self.in_flight.land(id);
            return;
        };
        for origin in self.in_flight.land(id) {
            mesh.send_acknowledged(origin, self, id);
        }
    }

    /// The message of this row is in the log, and no session has it.
    pub fn is_waiting(&self, id: LogId) {
        self.last_waiting.fetch_max(id.raw(), Ordering::AcqRel);
    }

    /// The last row of which that was said here, whatever has become of it.
    pub(crate) fn last_waiting(&self) -> Option<LogId> {
        match self.last_waiting.load(Ordering::Acquire) {
            0 => None,
            raw => Some(LogId::from_raw(raw)),
        }
    }

    /// Waits until no live session has the message of this row.
    pub async fn landed(&self, id: LogId) {
        self.in_flight.landed(id).await;
    }

    /// Notes whether the account is looked at again later; says whether that is news.
    pub(crate) fn looks_later(&self, is_to: bool) -> bool {
        self.looks_later.swap(is_to, Ordering::AcqRel) != is_to
    }

    pub(crate) fn in_flight(&self) -> &InFlight {
        &self.in_flight
    }

    /// One at a time adds to the messages that wait for the account, gives some back, or hands them to a session that
    /// takes messages from then on. So none is overlooked, and they stay in order.
    pub async fn turn(&self) -> tokio::sync::MutexGuard<'_, ()> {
        self.turn.lock().await
    }
}
