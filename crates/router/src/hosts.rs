//! The domains that this server answers for.

use std::{collections::HashMap, sync::Arc};

use arc_swap::ArcSwap;
use protocol::{StreamCondition, StreamError};
use storage::{Host, HostId};

use crate::Router;

/// Domains that are served, prepared; changed as a whole.
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

    /// Other hosts from now on. Those that are disabled are not ours.
    fn replace(&self, hosts: impl IntoIterator<Item = Host>) {
        let served = hosts.into_iter().filter(|host| host.disabled_at.is_none());
        self.ids
            .store(Arc::new(served.map(|host| (host.domain, host.id)).collect()));
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

impl Router {
    /// Other hosts from now on. Sessions of those that are gone are closed, and what was remembered of their accounts is
    /// forgotten: should they come again, it may be with others.
    pub fn replace_hosts(&self, hosts: impl IntoIterator<Item = Host>) {
        self.hosts().replace(hosts);
        let strangers = self.directory().all().into_iter();
        let strangers = strangers.filter(|session| !self.hosts().contains(session.jid.domain()));
        for session in strangers {
            session.close(host_gone());
        }
        self.accounts().forget_hosts(self.hosts());
    }
}

/// RFC 6120 §4.9.3.5: the stream's host is not served any more.
pub(crate) fn host_gone() -> StreamError {
    StreamError::with_text(StreamCondition::HostGone, "this host is not served here any more")
}
