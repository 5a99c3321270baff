//! The switchboard: hosts, live sessions, and every stanza's way from one to another.
//!
//! Knows no SQL, no Raft, no TLS, no HTTP. A stanza's stops here, each in its file:
//!
//! | stop | file |
//! |---|---|
//! | sender-side hooks, whose address it is | `route` |
//! | receiver-side hooks, choice of sessions, offline | `deliver` |
//! | the row that keeps a message from being lost | `keep` |
//! | questions to the server and to accounts | `iq` |
//! | presence | `presence` |
//! | what a session is to get | `inbox` |
//! | what found that full | `overflow` |
//! | a session's beginning and end | `bind` |
//! | what waited for an account, once it is available | `available` |
//! | sessions on other nodes | `peers` |
//! | who sees whom by groups | `sharing` |
//!
//! A [`Feature`] takes part through [`Hooks`].

mod account;
mod accounts;
mod available;
mod bind;
mod deliver;
mod directory;
mod feature;
mod flight;
mod flow;
mod handled;
mod hooks;
mod hosts;
mod inbox;
mod iq;
mod keep;
mod meter;
mod overflow;
mod peers;
mod presence;
mod route;
mod session;
mod settings;
mod sharing;
mod tap;

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use peers::Mesh;
use sharing::Sharing;
use storage::{Host, Storage};

pub use account::{Account, Blocked, Contacts, Profile};
pub use accounts::Accounts;
pub use bind::ConflictPolicy;
pub use directory::{Directory, Sessions};
pub use feature::{Feature, Xep};
pub use flow::{Flow, Request};
pub use handled::{Handled, Receipt};
pub use hooks::{Answer, Disco, Hooks, Later, Offline, Phase, Side, To, Verdict};
pub use hosts::Hosts;
pub use inbox::{Delivery, Found, Inbox, Refused, Waiting, slow_reader};
pub use keep::{append, is_kept, read as read_kept};
pub use meter::{Acks, Meter, Traffic};
pub use peers::{
    AskError, Gate, GivenUp, Moving, NotAdopted, Peers, Reading, SessionEntry, Standalone, Streams, Unpublished,
};
pub use route::Address;
pub use session::{Facts, Session, TlsFacts};
pub use settings::Settings;
pub use sharing::{Affected, SHARED_CONTACTS_MAX, Share, SharingChange, SharingIndex, View};
pub use tap::{Drawn, TAPPED_BYTES_MAX, TAPPED_STANZAS_MAX, Tap, Tapped, Way};

/// The switchboard of one server.
pub struct Router {
    storage: Storage,
    hosts: Arc<Hosts>,
    accounts: Accounts,
    directory: Arc<Directory>,
    hooks: Hooks,
    settings: Settings,
    generations: AtomicU64,
    mesh: Arc<Mesh>,
    sharing: Arc<Sharing>,
}

impl Router {
    /// For these hosts, with these features in the order in which they are asked.
    #[must_use]
    pub fn new(storage: Storage, hosts: Vec<Host>, features: &[Arc<dyn Feature>], settings: Settings) -> Arc<Self> {
        let hosts = Arc::new(Hosts::new(hosts));
        let mesh = Mesh::new(storage.clone());
        let directory = Arc::new(Directory::default());
        let sharing = Arc::new(Sharing::new(directory.clone(), mesh.clone()));
        let accounts = Accounts::new(
            storage.clone(),
            hosts.clone(),
            mesh.clone(),
            sharing.clone(),
            settings.cached_accounts,
        );
        Arc::new(Self {
            accounts,
            storage,
            hosts,
            directory,
            hooks: Hooks::of(features),
            settings,
            generations: AtomicU64::new(1),
            mesh,
            sharing,
        })
    }

    /// What is remembered.
    #[must_use]
    pub fn storage(&self) -> &Storage {
        &self.storage
    }

    /// The domains that this server answers for.
    #[must_use]
    pub fn hosts(&self) -> &Hosts {
        &self.hosts
    }

    /// Local accounts.
    #[must_use]
    pub fn accounts(&self) -> &Accounts {
        &self.accounts
    }

    /// Live sessions.
    #[must_use]
    pub fn directory(&self) -> &Directory {
        &self.directory
    }

    /// What features registered and announce.
    #[must_use]
    pub fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    /// Other nodes, and what is known of their sessions.
    pub(crate) fn mesh(&self) -> &Arc<Mesh> {
        &self.mesh
    }

    /// How often somebody's sessions on other nodes were looked for and found, and how often there were none.
    #[must_use]
    pub fn lookups_elsewhere(&self) -> (u64, u64) {
        self.mesh.elsewhere.lookups()
    }

    /// Whether there is a session of this full JID, here or at another node.
    #[must_use]
    pub fn is_live(&self, full: &protocol::Jid) -> bool {
        self.directory.find(full).is_some() || self.mesh.elsewhere.find(full).is_some()
    }

    /// Bounds and rules.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    fn next_generation(&self) -> u64 {
        self.generations.fetch_add(1, Ordering::Relaxed)
    }
}
