//! All caches of a process.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::definition::{Counters, Definition, Face, Info};
use super::place::Place;
use super::{Cache, publish};
use crate::state::{CacheId, Command};
use crate::{Membership, clock};

/// The caches of one process. Clones are the same.
#[derive(Clone)]
pub struct Caches {
    pub(super) inner: Arc<Inner>,
}

pub(super) struct Inner {
    pub(super) place: Place,
    pub(super) known: Mutex<BTreeMap<CacheId, Known>>,
    /// The stamp of what this process writes under a key of its own, time and again.
    pub(super) own_stamp: u64,
}

#[derive(Clone)]
pub(super) struct Known {
    pub(super) name: &'static str,
    pub(super) face: Face,
    /// None where somebody else writes the entries.
    definition: Option<Definition>,
    lookups: Arc<dyn Fn() -> (u64, u64) + Send + Sync>,
}

impl Default for Caches {
    fn default() -> Self {
        Self::new()
    }
}

impl Caches {
    /// Those of a process that is alone, until a [`Cluster`](crate::Cluster) is started with them.
    #[must_use]
    pub fn new() -> Self {
        let inner = Inner {
            place: Place::new(),
            known: Mutex::default(),
            own_stamp: draw(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// A cache.
    ///
    /// # Panics
    /// Where its number or its name is another's: both are given once, in the code of who owns it.
    #[must_use]
    pub fn cache<K, V>(&self, definition: Definition) -> Cache<K, V>
    where
        K: Serialize + DeserializeOwned,
        V: Serialize + DeserializeOwned,
    {
        assert!(
            definition.id.0 < Definition::LOCKS,
            "{} has the number of locks",
            definition.name
        );
        let counters = Arc::<Counters>::default();
        let read = Arc::clone(&counters);
        let (id, name) = (definition.id, definition.name);
        self.know(id, name, definition.face, Some(definition), move || read.read());
        let bound = Command::Bound(definition.id, definition.bound);
        match self.inner.place.membership() {
            None => self.inner.place.apply_here(bound),
            Some(membership) => {
                let runtime = membership.runtime().clone();
                runtime.spawn(async move {
                    // Where it is not decided, it is with the next membership.
                    let _ = membership.propose(bound).await;
                });
            }
        }
        Cache::new(self.clone(), definition, counters)
    }

    /// A cache whose entries somebody else writes and reads, by commands: it is listed with the others. `lookups` says how
    /// often it had an answer, and how often it had none.
    ///
    /// # Panics
    /// As [`Caches::cache`].
    pub fn observe(
        &self,
        id: CacheId,
        name: &'static str,
        face: Face,
        lookups: impl Fn() -> (u64, u64) + Send + Sync + 'static,
    ) {
        self.know(id, name, face, None, lookups);
    }

    fn know(
        &self,
        id: CacheId,
        name: &'static str,
        face: Face,
        definition: Option<Definition>,
        lookups: impl Fn() -> (u64, u64) + Send + Sync + 'static,
    ) {
        let mut known = self.inner.known.lock();
        assert!(
            known.values().all(|other| other.name != name),
            "there is a cache {name} already"
        );
        let new = Known {
            name,
            face,
            definition,
            lookups: Arc::new(lookups),
        };
        let before = known.insert(id, new);
        assert!(before.is_none(), "{name} has the number of another cache");
    }

    /// How each cache fares, by name.
    #[must_use]
    pub fn info(&self) -> Vec<Info> {
        // No lock of ours is held while the cluster's is waited for.
        let known = self.inner.known.lock().clone();
        let mut infos: Vec<Info> = known.iter().map(|(id, known)| self.info_of(*id, known)).collect();
        infos.sort_unstable_by_key(|info| info.name);
        infos
    }

    fn info_of(&self, id: CacheId, known: &Known) -> Info {
        let seen = self.inner.place.look(|machine, _| {
            let bound = machine.bound(id);
            Some((machine.size(id), bound, machine.evicted(id)))
        });
        let (size, bound, evictions) = seen.unwrap_or_default();
        let (hits, misses) = (known.lookups)();
        Info {
            name: known.name,
            size,
            bound,
            face: known.face,
            hits,
            misses,
            evictions,
        }
    }

    /// The names of all caches.
    #[must_use]
    pub fn names(&self) -> Vec<&'static str> {
        let known = self.inner.known.lock();
        let mut names: Vec<_> = known.values().map(|known| known.name).collect();
        names.sort_unstable();
        names
    }

    fn definitions(&self) -> Vec<Definition> {
        let known = self.inner.known.lock();
        known.values().filter_map(|known| known.definition).collect()
    }

    /// The membership under these caches.
    pub(crate) fn membership(&self) -> Option<Arc<Membership>> {
        self.inner.place.membership()
    }

    /// This server is a member: called while the cluster's state is held.
    pub(crate) fn enter(&self, membership: &Arc<Membership>) {
        self.inner.place.enter(membership, &self.definitions());
    }

    /// Tells the cluster what this server has.
    pub(crate) async fn publish(&self, membership: &Arc<Membership>) {
        publish::publish(&self.inner.place, membership, &self.definitions()).await;
    }

    /// This server has left the cluster.
    pub(crate) fn leave(&self) {
        self.inner.place.leave(&self.definitions());
    }

    /// This server was cut off from the cluster.
    pub(crate) fn cut_off(&self) {
        self.inner.place.cut_off(&self.definitions());
    }

    /// Takes out what has expired, of a server that is in no cluster.
    pub(crate) fn expire_here(&self) {
        self.inner.place.apply_here(Command::Expire(clock::since_1970()));
    }
}

/// A number that nobody else has drawn.
pub(super) fn draw() -> u64 {
    getrandom::u64().expect("the system's random source works")
}
