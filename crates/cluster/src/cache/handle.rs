//! Reading and writing a cache.

use std::marker::PhantomData;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::definition::{Belongs, Counters, Definition, Lasts};
use super::held::{Held, Written, bytes, is_alive};
use super::registry::{Caches, draw};
use crate::state::{Command, Entry, Expect, Outcome, Put, Remove};
use crate::{NodeId, NotDone};

/// A cache. Clones are the same.
pub struct Cache<K, V> {
    pub(super) caches: Caches,
    pub(super) definition: Definition,
    counters: Arc<Counters>,
    types: PhantomData<fn(K) -> V>,
}

/// How often a change is tried again that others were faster with, each of whom got theirs done.
const TRIES: usize = 64;

impl<K, V> Cache<K, V>
where
    K: Serialize + DeserializeOwned,
    V: Serialize + DeserializeOwned,
{
    pub(super) fn new(caches: Caches, definition: Definition, counters: Arc<Counters>) -> Self {
        Self {
            caches,
            definition,
            counters,
            types: PhantomData,
        }
    }

    /// The value under a key, as far as this node knows. Not from within [`Host::changed`](crate::Host::changed), where
    /// what is asked here is being changed.
    #[must_use]
    pub fn get(&self, key: &K) -> Option<V> {
        self.look(key).map(|held| held.value)
    }

    /// The same, with all that is known of it.
    #[must_use]
    pub fn look(&self, key: &K) -> Option<Held<V>> {
        let found = self
            .find(&bytes(key))
            .filter(|(entry, _)| is_alive(entry.expires_at_micros));
        let held = found.and_then(|(entry, me)| self.held(&entry, me));
        self.counters.count(held.is_some());
        held
    }

    /// All of it, in no order. For consoles and tests.
    #[must_use]
    pub fn entries(&self) -> Vec<(K, Held<V>)> {
        let seen = self.caches.inner.place.look(|machine, me| {
            let entries = machine.entries(self.definition.id);
            let entries = entries.map(|entry| (entry.key, entry.to_entry()));
            let entries = entries.filter(|(_, entry)| is_alive(entry.expires_at_micros));
            let entries =
                entries.filter_map(|(key, entry)| Some((postcard::from_bytes(key).ok()?, self.held(&entry, me)?)));
            Some(entries.collect())
        });
        seen.unwrap_or_default()
    }

    /// Puts a value under a key, whatever is there; what another node owns stays.
    ///
    /// # Errors
    /// Where the cluster did not decide. It may do so yet.
    pub async fn put(&self, key: &K, value: &V, lasts: Lasts) -> Result<Written<V>, NotDone> {
        let (key, value, until) = (bytes(key), bytes(value), lasts.until());
        if self.definition.belongs == Belongs::Nobody {
            return self.write(&key, &value, until, draw(), Expect::Anything).await;
        }
        let own = self.caches.inner.own_stamp;
        let mut written = self.write(&key, &value, until, own, Expect::Free).await?;
        for _ in 0..TRIES {
            // Of this node, with another stamp; or of nobody any more, only that nobody has swept it up yet.
            let expect = match &written {
                Written::Taken(held) if held.is_mine || held.is_over() => Expect::Stamp(held.stamp),
                Written::Stale => Expect::Free,
                _ => break,
            };
            written = self.write(&key, &value, until, own, expect).await?;
        }
        Ok(written)
    }

    /// Puts a value under a key where there is nothing.
    ///
    /// # Errors
    /// Where the cluster did not decide. It may do so yet.
    pub async fn put_if_free(&self, key: &K, value: &V, lasts: Lasts) -> Result<Written<V>, NotDone> {
        let (key, value, until, stamp) = (bytes(key), bytes(value), lasts.until(), draw());
        let written = self.write(&key, &value, until, stamp, Expect::Free).await?;
        match &written {
            Written::Taken(held) if held.is_over() => {
                self.write(&key, &value, until, stamp, Expect::Stamp(held.stamp)).await
            }
            _ => Ok(written),
        }
    }

    /// Puts a value in the place of the one with this stamp. In a cache whose entries are nodes' it is this node's then,
    /// whose it was before.
    ///
    /// # Errors
    /// Where the cluster did not decide. It may do so yet.
    pub async fn compare_and_set(&self, key: &K, stamp: u64, value: &V, lasts: Lasts) -> Result<Written<V>, NotDone> {
        let (key, value) = (bytes(key), bytes(value));
        self.write(&key, &value, lasts.until(), draw(), Expect::Stamp(stamp))
            .await
    }

    /// Changes what is under a key into what `change` makes of it, and again where others were faster; `None` takes it
    /// out.
    ///
    /// # Errors
    /// Where the cluster did not decide, or others were faster all the time.
    pub async fn update(
        &self,
        key: &K,
        change: impl Fn(Option<&Held<V>>) -> Option<(V, Lasts)> + Send + Sync,
    ) -> Result<Written<V>, NotDone>
    where
        K: Sync,
        V: Send + Sync,
    {
        let bytes_of_key = bytes(key);
        for _ in 0..TRIES {
            let found = self.find(&bytes_of_key);
            let held = found.as_ref().filter(|(entry, _)| is_alive(entry.expires_at_micros));
            let held = held.and_then(|(entry, me)| self.held(entry, *me));
            let expect = found
                .as_ref()
                .map_or(Expect::Free, |(entry, _)| Expect::Stamp(entry.stamp));
            let written = match (change(held.as_ref()), &found) {
                (Some((value, lasts)), _) => {
                    self.write(&bytes_of_key, &bytes(&value), lasts.until(), draw(), expect)
                        .await?
                }
                (None, Some((entry, _))) => self.take_out(&bytes_of_key, entry.owner, entry.stamp).await?,
                (None, None) => Written::Done,
            };
            if !matches!(written, Written::Taken(_) | Written::Stale) {
                return Ok(written);
            }
        }
        Err(NotDone::Busy)
    }

    /// Takes out what is under a key: whatever it is, or in a cache whose entries are nodes' what is this node's.
    ///
    /// # Errors
    /// Where the cluster did not decide. It may do so yet.
    pub async fn remove(&self, key: &K) -> Result<Written<V>, NotDone> {
        let key = bytes(key);
        for _ in 0..TRIES {
            let Some((entry, me)) = self.find(&key) else { break };
            if entry.owner.is_some_and(|owner| owner != me) {
                break;
            }
            let taken_out = self.take_out(&key, entry.owner, entry.stamp).await?;
            if matches!(taken_out, Written::Done) {
                return Ok(Written::Done);
            }
        }
        Ok(Written::Stale)
    }

    /// Takes out what is under a key where it has this stamp.
    ///
    /// # Errors
    /// Where the cluster did not decide. It may do so yet.
    pub async fn remove_if(&self, key: &K, stamp: u64) -> Result<Written<V>, NotDone> {
        let key = bytes(key);
        match self.find(&key).filter(|(entry, _)| entry.stamp == stamp) {
            Some((entry, _)) => self.take_out(&key, entry.owner, stamp).await,
            None => Ok(Written::Stale),
        }
    }

    async fn take_out(&self, key: &Bytes, owner: Option<NodeId>, stamp: u64) -> Result<Written<V>, NotDone> {
        let remove = |_: NodeId| {
            Command::Remove(Remove {
                cache: self.definition.id,
                key: key.clone(),
                owner,
                stamp,
            })
        };
        self.done(remove).await
    }

    async fn write(
        &self,
        key: &Bytes,
        value: &Bytes,
        until: Option<i64>,
        stamp: u64,
        expect: Expect,
    ) -> Result<Written<V>, NotDone> {
        // Counts what this process writes, so that of two writes that overtake each other the later one stays.
        static WRITTEN: AtomicU64 = AtomicU64::new(0);
        let seq = WRITTEN.fetch_add(1, Ordering::Relaxed);
        let put = |me: NodeId| {
            Command::Put(Put {
                cache: self.definition.id,
                key: key.clone(),
                entry: Entry {
                    owner: (self.definition.belongs == Belongs::Node).then_some(me),
                    stamp,
                    seq,
                    expires_at_micros: until,
                    value: value.clone(),
                },
                expect,
            })
        };
        self.done(put).await
    }

    async fn done(&self, make: impl Fn(NodeId) -> Command) -> Result<Written<V>, NotDone> {
        match self.caches.inner.place.write(make).await? {
            Outcome::Done | Outcome::Locked(_) => Ok(Written::Done),
            Outcome::Full => Ok(Written::Full),
            Outcome::Stale => Ok(Written::Stale),
            Outcome::Refused => Err(NotDone::Undecided),
            Outcome::Taken(entry) => {
                let me = self.caches.inner.place.look(|_, me| Some(me)).unwrap_or(NodeId(0));
                match self.held(&entry, me) {
                    Some(held) => Ok(Written::Taken(held)),
                    // Nobody here can do anything about it.
                    None => Err(NotDone::Undecided),
                }
            }
        }
    }

    fn find(&self, key: &[u8]) -> Option<(Entry, NodeId)> {
        let place = &self.caches.inner.place;
        place.look(|machine, me| Some((machine.get(self.definition.id, key)?.to_entry(), me)))
    }

    fn held(&self, entry: &Entry, me: NodeId) -> Option<Held<V>> {
        let value = postcard::from_bytes(&entry.value).inspect_err(|error| {
            tracing::warn!(target: "cluster", cache = self.definition.name, %error, "an entry cannot be read");
        });
        Some(Held {
            value: value.ok()?,
            stamp: entry.stamp,
            owner: entry.owner,
            is_mine: entry.owner == Some(me),
            until_micros: entry.expires_at_micros,
        })
    }
}

impl<K, V> Clone for Cache<K, V> {
    fn clone(&self) -> Self {
        Self {
            caches: self.caches.clone(),
            definition: self.definition,
            counters: Arc::clone(&self.counters),
            types: PhantomData,
        }
    }
}
