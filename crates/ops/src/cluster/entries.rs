//! A cache's entries, for people; and clearing a cache where that does no harm.

use serde::{Deserialize, Serialize};

use super::{CacheInfo, Clustering};
use crate::{Actor, OpsError, PAGE_MAX, audit::Deed};

/// Which entries of a cache are looked for. Written to links: append, never reorder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntriesQuestion {
    /// The cache's name.
    pub cache: String,
    /// Only entries in whose key or value this is, letter by letter; empty: all.
    pub text: String,
    /// Only entries behind this key: the last of the page before.
    pub after: String,
    /// How many at most.
    pub limit: u32,
}

/// A page of a cache's entries. Written to links: append, never reorder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntriesPage {
    /// How many are meant, on all pages.
    pub total: u64,
    /// By key.
    pub entries: Vec<EntryInfo>,
    /// Whether there is another page.
    pub has_more: bool,
}

/// An entry of a cache, in words; secrets are not in them. Written to links: append, never reorder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct EntryInfo {
    /// Its key.
    pub key: String,
    /// What is under it.
    pub value: String,
    /// The server whose it is; none where it is nobody's.
    pub owner: Option<u64>,
    /// When it vanishes by itself, in microseconds since 1970.
    pub until: Option<i64>,
    /// What it takes, with its key.
    pub bytes: u64,
}

impl Clustering {
    /// The clustered caches as a server of this cluster has them, this one or another, by name.
    ///
    /// # Errors
    /// Where the actor's power does not reach, or that server does not say.
    pub async fn caches_at(&self, actor: &Actor, node: u64) -> Result<Vec<CacheInfo>, OpsError> {
        match self.live.here().node == Some(node) {
            true => self.caches(actor),
            false => self.caches_of(actor, node).await,
        }
    }

    /// Entries of a cache as a server of this cluster has them.
    ///
    /// # Errors
    /// Where the actor's power does not reach, there is no such cache, or that server does not say.
    pub async fn entries(&self, actor: &Actor, node: u64, question: EntriesQuestion) -> Result<EntriesPage, OpsError> {
        actor.require_server()?;
        let limit = question.limit.clamp(1, PAGE_MAX);
        let name = question.cache.clone();
        let asked = EntriesQuestion {
            limit: limit + 1,
            ..question
        };
        let page = self.live.entries(node, asked).await;
        let page = page.map_err(|why| OpsError::NoAnswer { node, why })?;
        let mut page = page.ok_or(OpsError::NoCache(name))?;
        page.has_more = page.entries.len() > limit as usize;
        page.entries.truncate(limit as usize);
        Ok(page)
    }

    /// Takes every entry out of a cache, on all servers; how many there were.
    ///
    /// # Errors
    /// Where the actor's power does not reach, there is no such cache, or it must not be cleared.
    pub async fn clear_cache(&self, actor: &Actor, cache: &str) -> Result<u64, OpsError> {
        let work = async {
            actor.require_owner()?;
            let caches = self.caches(actor)?;
            let info = caches.into_iter().find(|info| info.name == cache);
            let name = || cache.to_owned();
            let info = info.ok_or_else(|| OpsError::NoCache(name()))?;
            if let Some(why) = info.kept {
                return Err(OpsError::NotCleared { name: name(), why });
            }
            let cleared = self.live.clear(name()).await;
            cleared.map_err(|why| OpsError::NotCleared { name: name(), why })
        };
        let record = self.properties.record();
        record.record(actor, Deed::new("cache.clear", cache), work).await
    }
}
