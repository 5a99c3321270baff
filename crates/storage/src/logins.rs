//! What logins need of accounts, kept in memory where nobody else writes to the database: SQLite's, of one process alone.
//!
//! What must never happen is that somebody gets in by what was true before. So whoever changes an account says so before and
//! after ([`Logins::changing`]): in between it is kept by nobody, and what was read meanwhile, or before, is not kept. A
//! change that was given up half-way may still be made behind our back, by the thread that writes: nothing more is kept until
//! a later change was made, since that thread makes one after the other.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::{Account, AccountId, Accounts, Credentials, HostId, Lock, StorageError};

/// Accounts that are kept at a time, half a kilobyte each.
const KEPT_MAX: usize = 20_000;

/// All that a login needs of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// Its number.
    pub account: AccountId,
    /// Set while nobody may log in.
    pub lock: Option<Lock>,
    /// The keys of its password.
    pub credentials: Credentials,
}

impl Login {
    /// Whether a lock is in force at this time (microseconds since 1970).
    #[must_use]
    pub fn is_locked(&self, now: i64) -> bool {
        self.lock.as_ref().is_some_and(|lock| lock.is_in_force(now))
    }
}

/// Those that are kept. Clones share them.
#[derive(Clone)]
pub(crate) struct Logins {
    /// None: nothing is kept.
    state: Option<Arc<Mutex<State>>>,
}

#[derive(Default)]
struct State {
    kept: HashMap<HostId, HashMap<Box<str>, Arc<Login>>>,
    count: usize,
    /// Grows with every beginning and every end of a change.
    moment: u64,
    /// Changes under way.
    changing: usize,
    /// When one was given up half-way.
    doubt: Option<u64>,
}

/// When somebody looked and found nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment(u64);

impl Accounts {
    /// What a login at this name needs. Where `may_be_kept`, it may come from memory, which is faster: whoever measures that
    /// learns that the account exists.
    pub async fn for_login(
        &self,
        host: HostId,
        localpart: &str,
        may_be_kept: bool,
    ) -> Result<Option<Arc<Login>>, StorageError> {
        if let Some(login) = self.logins.get(host, localpart).filter(|_| may_be_kept) {
            return Ok(Some(login));
        }
        let moment = self.logins.moment();
        let found = self.find_with_credentials(host, localpart).await?;
        let login = found.map(|(account, credentials)| Arc::new(login(account, credentials)));
        if let Some(login) = &login {
            self.logins.keep(moment, host, localpart, login);
        }
        Ok(login)
    }
}

fn login(account: Account, credentials: Credentials) -> Login {
    Login {
        account: account.id,
        lock: account.lock,
        credentials,
    }
}

impl Logins {
    pub(crate) fn new(is_kept: bool) -> Self {
        Self {
            state: is_kept.then(Arc::default),
        }
    }

    fn get(&self, host: HostId, localpart: &str) -> Option<Arc<Login>> {
        self.state.as_ref()?.lock().kept.get(&host)?.get(localpart).cloned()
    }

    fn moment(&self) -> Moment {
        Moment(self.state.as_ref().map_or(0, |state| state.lock().moment))
    }

    /// Keeps what was read after `since`, unless something changes or has changed.
    fn keep(&self, since: Moment, host: HostId, localpart: &str, login: &Arc<Login>) {
        let Some(state) = &self.state else { return };
        let mut state = state.lock();
        if state.moment != since.0 || state.changing > 0 || state.doubt.is_some() {
            return;
        }
        if state.count >= KEPT_MAX {
            state.forget_half();
        }
        let before = state
            .kept
            .entry(host)
            .or_default()
            .insert(localpart.into(), Arc::clone(login));
        state.count += usize::from(before.is_none());
    }

    /// Changes accounts: the one, or those that are anybody's.
    pub(crate) async fn changing<T>(
        &self,
        account: Option<AccountId>,
        work: impl Future<Output = Result<T, StorageError>>,
    ) -> Result<T, StorageError> {
        let Some(state) = &self.state else { return work.await };
        let change = Change::begin(state, account);
        let made = work.await?;
        change.end();
        Ok(made)
    }
}

impl State {
    fn forget(&mut self, account: Option<AccountId>) {
        let Some(account) = account else {
            self.kept.clear();
            self.count = 0;
            return;
        };
        self.retain(|login| login.account != account);
    }

    /// Makes room; which ones go is left to chance.
    fn forget_half(&mut self) {
        let mut is_odd = false;
        self.retain(|_| {
            is_odd = !is_odd;
            is_odd
        });
    }

    fn retain(&mut self, mut stays: impl FnMut(&Login) -> bool) {
        for names in self.kept.values_mut() {
            names.retain(|_, login| stays(login));
        }
        self.count = self.kept.values().map(HashMap::len).sum();
    }
}

/// A change under way. Dropped before it is made, it was given up.
struct Change<'a> {
    state: &'a Mutex<State>,
    account: Option<AccountId>,
    begun: u64,
    is_made: bool,
}

impl<'a> Change<'a> {
    fn begin(state: &'a Mutex<State>, account: Option<AccountId>) -> Self {
        let mut locked = state.lock();
        locked.changing += 1;
        locked.moment += 1;
        locked.forget(account);
        let begun = locked.moment;
        drop(locked);
        Self {
            state,
            account,
            begun,
            is_made: false,
        }
    }

    /// It was made.
    fn end(mut self) {
        self.is_made = true;
    }
}

impl Drop for Change<'_> {
    fn drop(&mut self) {
        let mut state = self.state.lock();
        state.changing -= 1;
        state.moment += 1;
        state.forget(self.account);
        if !self.is_made {
            state.doubt = Some(state.moment);
        } else if state.doubt.is_some_and(|doubt| doubt < self.begun) {
            state.doubt = None;
        }
    }
}

#[cfg(test)]
mod tests;
