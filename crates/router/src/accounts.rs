//! Local accounts in memory: those with a session, and some that were needed lately.

use std::{collections::HashMap, sync::Arc};

use parking_lot::Mutex;
use protocol::Jid;
use storage::{AccountId, Storage, StorageError};

use crate::{Account, Hosts, peers::Mesh, sharing::Sharing};

/// The one place where [`Account`] values are made, so that each account has one.
pub struct Accounts {
    storage: Storage,
    hosts: Arc<Hosts>,
    mesh: Arc<Mesh>,
    sharing: Arc<Sharing>,
    capacity: usize,
    known: Mutex<HashMap<Jid, Arc<Account>>>,
}

impl Accounts {
    pub(crate) fn new(
        storage: Storage,
        hosts: Arc<Hosts>,
        mesh: Arc<Mesh>,
        sharing: Arc<Sharing>,
        capacity: usize,
    ) -> Self {
        Self {
            storage,
            hosts,
            mesh,
            sharing,
            capacity,
            known: Mutex::default(),
        }
    }

    /// The account of a JID on one of our hosts; `None` where it does not exist.
    ///
    /// # Errors
    /// Where the database does not answer.
    pub async fn find(&self, jid: &Jid) -> Result<Option<Arc<Account>>, StorageError> {
        if let Some(account) = self.known.lock().get(jid.bare_str()) {
            return Ok(Some(account.clone()));
        }
        // Who has a session on another node exists, whatever the database does. Guests have no number.
        match self
            .mesh
            .elsewhere
            .of(jid.bare_str())
            .first()
            .map(|entry| entry.account)
        {
            Some(0) => return Ok(Some(Arc::new(Account::anonymous(jid.to_bare())))),
            Some(number) => return Ok(Some(self.enter(AccountId::new(number), jid))),
            None => {}
        }
        let (Some(local), Some(host)) = (jid.local(), self.hosts.id(jid.domain())) else {
            return Ok(None);
        };
        let found = self.storage.accounts().find(host, local).await?;
        Ok(found.map(|row| self.enter(row.id, jid)))
    }

    /// The account that has just been authenticated.
    #[must_use]
    pub fn enter(&self, id: AccountId, jid: &Jid) -> Arc<Account> {
        let mut known = self.known.lock();
        if let Some(account) = known.get(jid.bare_str()) {
            // Deleted and made again under the same name, it is another account.
            if account.id == id {
                return account.clone();
            }
        }
        if known.len() >= self.capacity {
            forget_unused(&mut known, self.capacity);
        }
        let account = Arc::new(Account::new(id, jid.to_bare()).beside(self.mesh.clone(), self.sharing.clone()));
        known.insert(account.jid.clone(), account.clone());
        account
    }

    /// Forgets the accounts of hosts that are not served.
    pub(crate) fn forget_hosts(&self, served: &Hosts) {
        self.known.lock().retain(|jid, _| served.contains(jid.domain()));
    }

    /// An account that is in memory, by its bare JID's text.
    pub(crate) fn known(&self, bare: &str) -> Option<Arc<Account>> {
        self.known.lock().get(bare).cloned()
    }

    /// All accounts in memory.
    pub(crate) fn all(&self) -> Vec<Arc<Account>> {
        self.known.lock().values().cloned().collect()
    }

    /// Forgets an account that was deleted, or changed behind our back.
    pub fn forget(&self, jid: &Jid) {
        self.known.lock().remove(jid.bare_str());
    }
}

/// Makes room by dropping accounts that nobody holds. Those in use stay, however many they are.
fn forget_unused(known: &mut HashMap<Jid, Arc<Account>>, capacity: usize) {
    let mut spare = known.len().saturating_sub(capacity / 2);
    known.retain(|_, account| {
        let goes = spare > 0 && Arc::strong_count(account) == 1;
        spare -= usize::from(goes);
        !goes
    });
}
