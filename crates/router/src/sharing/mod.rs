//! Shared rosters: who sees whom because of the groups that they are in.
//!
//! Every group that matters is in memory, as one index that is replaced as a whole when a group changes, on whatever
//! node. So a roster asks nobody, and a group of ten thousand costs a stanza no more than one of two.
//!
//! | to find | look in |
//! |---|---|
//! | who sees whom | `index` |
//! | what a change of groups changes for whom | `change` |
//! | hearing of changes, and who is there to be told | here |

mod change;
mod index;

use std::{sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use protocol::Jid;
use storage::StorageError;

pub use change::{Affected, SharingChange};
pub use index::{Share, SharingIndex, View};

use crate::{Directory, Router, peers::Mesh};

/// Contacts that one account has by groups, at most: what is beyond stands in no roster. As many as one group has
/// members.
pub const SHARED_CONTACTS_MAX: usize = 10_000;

/// Until groups that could not be read are read again.
const AGAIN: Duration = Duration::from_secs(1);

/// The index of this server.
#[derive(Debug)]
pub(crate) struct Sharing {
    directory: Arc<Directory>,
    mesh: Arc<Mesh>,
    index: ArcSwap<SharingIndex>,
    /// One reads at a time, so that each change is told once, in order.
    reading: tokio::sync::Mutex<()>,
}

impl Sharing {
    pub(crate) fn new(directory: Arc<Directory>, mesh: Arc<Mesh>) -> Self {
        Self {
            directory,
            mesh,
            index: ArcSwap::default(),
            reading: tokio::sync::Mutex::default(),
        }
    }

    /// Whether `viewer` sees `other` by a group. Guests are nobody of a host.
    pub(crate) fn sees(&self, viewer: &str, other: &str) -> bool {
        self.now().sees(viewer, other) && !self.is_guest(viewer)
    }

    fn is_guest(&self, bare: &str) -> bool {
        let here = self.directory.sessions(bare);
        let there = || {
            self.mesh
                .elsewhere
                .of(bare)
                .first()
                .is_some_and(|entry| entry.account == 0)
        };
        here.first().map_or_else(there, |session| session.account.is_anonymous)
    }

    pub(crate) fn now(&self) -> arc_swap::Guard<Arc<SharingIndex>> {
        self.index.load()
    }
}

impl Router {
    /// Who sees whom by groups, as this server knows it.
    #[must_use]
    pub fn sharing(&self) -> Arc<SharingIndex> {
        self.sharing.index.load_full()
    }

    /// Reads all groups, where one has changed, and lets features tell those whom that concerns. When this returns they
    /// have.
    ///
    /// # Errors
    /// Where the database does not give them.
    pub async fn refresh_sharing(self: &Arc<Self>) -> Result<(), StorageError> {
        let _one_at_a_time = self.sharing.reading.lock().await;
        let groups = self.storage().groups();
        let before = self.sharing.index.load_full();
        if groups.version().await? == before.version() {
            return Ok(());
        }
        let after = Arc::new(SharingIndex::of(&groups.shared().await?));
        self.sharing.index.store(after.clone());
        let change = Arc::new(SharingChange::of(before, after));
        for hook in self.hooks().sharing_changed_hooks() {
            hook(self.clone(), change.clone()).await;
        }
        Ok(())
    }

    /// Keeps up with changes of groups, until the storage is closed.
    pub async fn follow_sharing(self: Arc<Self>) {
        let mut changes = self.storage().cluster().changes();
        while let Some(versions) = changes.changed().await {
            if versions.groups == self.sharing.now().version() {
                continue;
            }
            while let Err(error) = self.refresh_sharing().await {
                if matches!(error, StorageError::Closed) {
                    return;
                }
                tracing::warn!(target: "roster", %error, "groups have changed and could not be read");
                tokio::time::sleep(AGAIN).await;
            }
        }
    }

    /// Accounts with sessions, on whatever node, whose rosters show this one by a group.
    #[must_use]
    pub fn shared_watchers(&self, index: &SharingIndex, account: &Jid) -> Vec<Jid> {
        let mut watchers: Vec<Jid> = index
            .chosen_watchers(account)
            .into_iter()
            .filter(|jid| self.has_sessions(jid))
            .collect();
        if index.is_shown_to_all(account) {
            watchers.extend(self.accounts_at(account.domain()));
            watchers.sort_unstable();
            watchers.dedup();
        }
        watchers.retain(|jid| jid != account);
        watchers
    }

    /// Accounts with sessions, on whatever node, that this one's roster shows by a group.
    #[must_use]
    pub fn shared_watched(&self, index: &SharingIndex, account: &Jid) -> Vec<Jid> {
        let mut watched: Vec<Jid> = index
            .seen(account)
            .into_iter()
            .filter(|jid| self.has_sessions(jid))
            .collect();
        watched.retain(|jid| jid != account);
        watched
    }

    /// Whether an account has a session, on whatever node.
    #[must_use]
    pub fn has_sessions(&self, account: &Jid) -> bool {
        self.directory().has(account.bare_str()) || !self.mesh().elsewhere.of(account.bare_str()).is_empty()
    }

    /// Accounts of a host that have sessions, each once; no guests.
    fn accounts_at(&self, domain: &str) -> Vec<Jid> {
        let here = self.directory().all().into_iter();
        let mut accounts: Vec<Jid> = here
            .filter(|session| session.account.jid.domain() == domain && !session.account.is_anonymous)
            .map(|session| session.account.jid.clone())
            .collect();
        accounts.extend(self.mesh().elsewhere.accounts_at(domain));
        accounts.sort_unstable();
        accounts.dedup();
        accounts
    }
}
