//! A cache as people look into it: its entries in words, and clearing it where that does no harm.

use futures_util::stream::{self, StreamExt};

use super::definition::Face;
use super::held::is_alive;
use super::registry::Caches;
use crate::state::{CacheId, Command, Remove};
use crate::{NodeId, NotDone};

/// Which entries are looked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Search {
    /// Only entries in whose key or value this is, letter by letter; empty: all.
    pub text: String,
    /// Only entries whose keys, in words, come after this.
    pub after: String,
    /// How many at most.
    pub limit: usize,
}

/// Some entries of a cache, in words.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// How many are meant, on all pages.
    pub total: usize,
    /// The first of them, by key.
    pub entries: Vec<InWords>,
}

/// An entry, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InWords {
    /// Its key.
    pub key: String,
    /// What is under it.
    pub value: String,
    /// Whose it is.
    pub owner: Option<NodeId>,
    /// When it vanishes by itself, in microseconds since 1970, UTC.
    pub until_micros: Option<i64>,
    /// What it takes, with its key.
    pub bytes: usize,
}

/// Why a cache is as it was.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotCleared {
    /// There is none of this name.
    #[error("there is no such cache")]
    Unknown,
    /// It would do harm.
    #[error("{0}")]
    Harmful(&'static str),
    /// The cluster did not decide; some of its entries may be gone.
    #[error(transparent)]
    NotDone(#[from] NotDone),
}

/// Commands on their way at a time.
const AT_A_TIME: usize = 256;

impl Caches {
    /// Entries of the cache of this name; none where there is no such cache. Reads all of it: for consoles.
    #[must_use]
    pub fn search(&self, name: &str, search: &Search) -> Option<Found> {
        let (id, face) = self.face(name)?;
        // A copy, so that the log does not wait; it costs next to nothing.
        let machine = self.inner.place.look(|machine, _| Some(machine.clone()))?;
        let mut entries: Vec<InWords> = machine
            .entries(id)
            .filter(|entry| is_alive(entry.expires_at_micros))
            .map(|entry| {
                let (key, value) = (face.describe)(entry.key, entry.value);
                InWords {
                    key,
                    value,
                    owner: entry.owner,
                    until_micros: entry.expires_at_micros,
                    bytes: entry.key.len() + entry.value.len(),
                }
            })
            .filter(|entry| entry.key.contains(&search.text) || entry.value.contains(&search.text))
            .collect();
        let total = entries.len();
        entries.retain(|entry| entry.key > search.after);
        entries.sort_unstable_by(|a, b| a.key.cmp(&b.key));
        entries.truncate(search.limit);
        Some(Found { total, entries })
    }

    /// Takes every entry out of the cache of this name, on all nodes; how many there were.
    ///
    /// # Errors
    /// Where there is none of this name, it would do harm, or the cluster does not decide.
    pub async fn clear(&self, name: &str) -> Result<usize, NotCleared> {
        let (id, face) = self.face(name).ok_or(NotCleared::Unknown)?;
        if let Some(why) = face.kept {
            return Err(NotCleared::Harmful(why));
        }
        let removals = self.removals(id);
        let count = removals.len();
        let mut results = stream::iter(removals)
            .map(|remove| async move {
                let command = |_: NodeId| Command::Remove(remove.clone());
                self.inner.place.write(command).await
            })
            .buffer_unordered(AT_A_TIME);
        while let Some(result) = results.next().await {
            result?;
        }
        Ok(count)
    }

    fn removals(&self, id: CacheId) -> Vec<Remove> {
        let machine = self.inner.place.look(|machine, _| Some(machine.clone()));
        let Some(machine) = machine else { return Vec::new() };
        let entries = machine.entries(id).map(|entry| Remove {
            cache: id,
            key: entry.to_key(),
            owner: entry.owner,
            stamp: entry.stamp,
        });
        entries.collect()
    }

    fn face(&self, name: &str) -> Option<(CacheId, Face)> {
        let known = self.inner.known.lock();
        let found = known.iter().find(|(_, known)| known.name == name);
        found.map(|(id, known)| (*id, known.face))
    }
}
