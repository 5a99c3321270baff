//! The session directory: bare JID → live sessions. Read on every delivery, with no await and no lock held after.

use std::{collections::HashMap, sync::Arc};

use foldhash::fast::RandomState;
use parking_lot::{Mutex, RwLock};
use protocol::Jid;
use smallvec::SmallVec;

use crate::{Session, Traffic};

/// Sessions of one account, oldest first.
pub type Sessions = SmallVec<[Arc<Session>; 2]>;

/// Shards, so that logins and deliveries of different accounts do not wait for each other.
const SHARDS: usize = 64;

/// Every live session of this server.
#[derive(Debug)]
pub struct Directory {
    shards: Vec<RwLock<HashMap<Jid, Sessions, RandomState>>>,
    hasher: RandomState,
    /// What sessions that are over had counted.
    ended: Mutex<Traffic>,
}

/// Why a session did not get its resource.
#[derive(Debug)]
pub enum Taken {
    /// Another session has it.
    Conflict(Arc<Session>),
    /// The account has as many sessions as it may.
    TooMany,
}

impl Default for Directory {
    fn default() -> Self {
        Self {
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            hasher: RandomState::default(),
            ended: Mutex::default(),
        }
    }
}

impl Directory {
    fn shard(&self, bare: &str) -> &RwLock<HashMap<Jid, Sessions, RandomState>> {
        use std::hash::BuildHasher;
        let hash = self.hasher.hash_one(bare);
        &self.shards[usize::try_from(hash % SHARDS as u64).expect("below SHARDS")]
    }

    /// Sessions of the account `bare`, which is a bare JID's text.
    #[must_use]
    pub fn sessions(&self, bare: &str) -> Sessions {
        self.shard(bare).read().get(bare).cloned().unwrap_or_default()
    }

    /// Whether the account `bare` has a session.
    #[must_use]
    pub fn has(&self, bare: &str) -> bool {
        self.shard(bare).read().contains_key(bare)
    }

    /// The session of a full JID.
    #[must_use]
    pub fn find(&self, full: &Jid) -> Option<Arc<Session>> {
        let shard = self.shard(full.bare_str()).read();
        shard
            .get(full.bare_str())?
            .iter()
            .find(|session| session.jid == *full)
            .cloned()
    }

    /// Enters a session.
    ///
    /// # Errors
    /// Where its full JID is taken, or where the account already has `max` sessions.
    pub fn insert(&self, session: &Arc<Session>, max: usize) -> Result<(), Taken> {
        let mut shard = self.shard(session.jid.bare_str()).write();
        let sessions = shard.entry(session.account.jid.clone()).or_default();
        if let Some(other) = sessions.iter().find(|other| other.jid == session.jid) {
            return Err(Taken::Conflict(other.clone()));
        }
        if sessions.len() >= max {
            return Err(Taken::TooMany);
        }
        sessions.push(session.clone());
        Ok(())
    }

    /// Removes this very session; a later one of the same full JID stays.
    pub fn remove(&self, session: &Session) {
        let bare = session.jid.bare_str();
        let mut shard = self.shard(bare).write();
        if let Some(sessions) = shard.get_mut(bare) {
            let before = sessions.len();
            sessions.retain(|other| other.generation != session.generation);
            if sessions.len() < before {
                *self.ended.lock() += session.meter.traffic();
            }
            if sessions.is_empty() {
                shard.remove(bare);
            }
        }
    }

    /// Every session, in no order.
    #[must_use]
    pub fn all(&self) -> Vec<Arc<Session>> {
        self.shards
            .iter()
            .flat_map(|shard| shard.read().values().flatten().cloned().collect::<Vec<_>>())
            .collect()
    }

    /// Stanzas and bytes of all clients since the server started. What ends or begins meanwhile may be missed once.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        let mut all = *self.ended.lock();
        for shard in &self.shards {
            for session in shard.read().values().flatten() {
                all += session.meter.traffic();
            }
        }
        all
    }

    /// How many sessions there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.read().values().map(SmallVec::len).sum::<usize>())
            .sum()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
