//! The domains that this server answers for.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use storage::{Host, HostId};

/// Domains, prepared; changed as a whole.
#[derive(Debug, Default)]
pub struct Hosts {
    ids: ArcSwap<HashMap<String, HostId>>,
}

impl Hosts {
    /// These hosts.
    pub fn new(hosts: impl IntoIterator<Item = Host>) -> Self {
        let this = Self::default();
        this.replace(hosts);
        this
    }

    /// Other hosts from now on.
    pub fn replace(&self, hosts: impl IntoIterator<Item = Host>) {
        self.ids
            .store(Arc::new(hosts.into_iter().map(|host| (host.domain, host.id)).collect()));
    }

    /// The number of a domain of ours.
    #[must_use]
    pub fn id(&self, domain: &str) -> Option<HostId> {
        self.ids.load().get(domain).copied()
    }

    /// Whether a prepared domain is ours.
    #[must_use]
    pub fn contains(&self, domain: &str) -> bool {
        self.ids.load().contains_key(domain)
    }

    /// All domains, sorted.
    #[must_use]
    pub fn list(&self) -> Vec<String> {
        let mut list: Vec<_> = self.ids.load().keys().cloned().collect();
        list.sort();
        list
    }
}
