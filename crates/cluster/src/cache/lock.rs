//! Locks: one of all nodes has one, until it lets go, dies, or its time is over.

use std::time::{Duration, Instant};

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Handle;

use super::definition::{Definition, micros};
use super::handle::Cache;
use super::held::bytes;
use super::registry::{Caches, draw};
use crate::state::{CacheId, Claim, Command, Outcome, Remove};
use crate::{NodeId, NotDone, clock};

/// A lock that was taken. Dropping it lets go, as soon as the cluster hears of it.
///
/// It ends by the clock of the node that leads, so a lease should be long beside what servers' clocks differ by; and
/// a process may be stopped at any moment after it has looked at [`is_held`](Self::is_held). What must not happen
/// twice is to be refused by whom it happens to: each holder's token is higher than those before.
#[must_use = "a lock that is dropped is let go"]
pub struct Lock {
    caches: Caches,
    cache: CacheId,
    key: Bytes,
    request: u64,
    token: u64,
    until: Instant,
    runtime: Handle,
}

impl<K, V> Cache<K, V>
where
    K: Serialize + DeserializeOwned,
    V: Serialize + DeserializeOwned,
{
    /// Takes the lock of a key for so long; `None` where somebody has it. Locks and entries of a key have nothing to do
    /// with each other.
    ///
    /// # Errors
    /// Where the cluster did not decide. It may do so yet; the lock is free again when its time is over.
    pub async fn lock(&self, key: &K, lease: Duration) -> Result<Option<Lock>, NotDone> {
        let mut lock = Lock {
            caches: self.caches.clone(),
            cache: Definition::locks(self.definition.id),
            key: bytes(key),
            request: draw(),
            token: 0,
            until: Instant::now(),
            runtime: Handle::current(),
        };
        let is_taken = lock.claim(lease).await?;
        Ok(is_taken.then_some(lock))
    }
}

impl Lock {
    /// The fencing token: higher than that of every holder before.
    #[must_use]
    pub fn token(&self) -> u64 {
        self.token
    }

    /// Whether it is still held, as far as this node can know.
    #[must_use]
    pub fn is_held(&self) -> bool {
        let place = &self.caches.inner.place;
        let is_there = || {
            let entry = place.look(|machine, _| machine.get(self.cache, &self.key).map(|entry| entry.stamp));
            entry == Some(self.token)
        };
        Instant::now() < self.until && place.may_act() && is_there()
    }

    /// Holds it for so long from now on; false where it is lost.
    ///
    /// # Errors
    /// Where the cluster did not decide. It may do so yet.
    pub async fn renew(&mut self, lease: Duration) -> Result<bool, NotDone> {
        match self.is_held() {
            true => self.claim(lease).await,
            false => Ok(false),
        }
    }

    /// Lets go, and waits until everybody may know.
    ///
    /// # Errors
    /// Where the cluster did not decide. The lock is free when its time is over.
    pub async fn release(mut self) -> Result<(), NotDone> {
        let token = std::mem::take(&mut self.token);
        release(&self.caches, self.cache, &self.key, token).await
    }

    async fn claim(&mut self, lease: Duration) -> Result<bool, NotDone> {
        // Counted from before it is asked for, so that it is over here before it is elsewhere.
        let (until, now) = (Instant::now() + lease, clock::since_1970());
        let claim = |me: NodeId| {
            Command::Claim(Claim {
                cache: self.cache,
                key: self.key.clone(),
                owner: me,
                request: self.request,
                token: now.unsigned_abs(),
                until_micros: now.saturating_add(micros(lease)),
            })
        };
        match self.caches.inner.place.write(claim).await? {
            // Where it was lost in between, what is there now is another one.
            Outcome::Locked(token) if self.token == 0 || self.token == token => {
                (self.token, self.until) = (token, until);
                Ok(true)
            }
            Outcome::Locked(token) => {
                self.token = token;
                Ok(false)
            }
            Outcome::Taken(_) => Ok(false),
            Outcome::Done | Outcome::Stale | Outcome::Refused | Outcome::Full => Err(NotDone::Undecided),
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let token = std::mem::take(&mut self.token);
        if token == 0 {
            return;
        }
        let (caches, cache, key) = (self.caches.clone(), self.cache, std::mem::take(&mut self.key));
        self.runtime.spawn(async move {
            // Otherwise it is free when its time is over.
            let _ = release(&caches, cache, &key, token).await;
        });
    }
}

async fn release(caches: &Caches, cache: CacheId, key: &Bytes, token: u64) -> Result<(), NotDone> {
    let remove = |me: NodeId| {
        Command::Remove(Remove {
            cache,
            key: key.clone(),
            owner: Some(me),
            stamp: token,
        })
    };
    caches.inner.place.write(remove).await.map(|_| ())
}
