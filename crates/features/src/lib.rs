//! Extensions of the protocol that act on stanzas, one file each, and one line each in [`all`].
//!
//! A feature knows neither sockets nor the other features. What several share stands beside them: `contact` is what
//! the features of RFC 6121 and blocking share, `refuse` is how they say no, [`settings`] is what an operator may
//! choose about them.

mod blocking;
mod caps;
mod commands;
mod contact;
mod contact_addresses;
mod disco;
mod host_info;
mod last_activity;
mod offline;
mod ping;
mod presence;
mod private;
mod refuse;
mod registration;
mod roster;
mod sanitize;
pub mod settings;
mod shared_rosters;
mod subscription;
mod time;
mod vcard;
mod version;

use std::sync::Arc;

use auth::Authenticator;
use router::Feature;

pub use commands::{OperatorActs, Operators};
pub use settings::{
    BlockingSettings, ContactSettings, LiveSettings, OfflinePolicy, OfflineSettings, PrivateSettings,
    RegistrationSettings, RosterSettings, Settings, VcardAudience, VcardSettings, VersionSettings,
};

/// Every feature, in the order in which they are asked. What operators can do, `operators` is told later.
#[must_use]
pub fn all(settings: &LiveSettings, authenticator: &Authenticator, operators: &Operators) -> Vec<Arc<dyn Feature>> {
    vec![
        Arc::new(sanitize::Sanitize),
        blocking::Blocking::new(settings),
        roster::Roster::new(settings),
        Arc::new(shared_rosters::SharedRosters),
        subscription::Subscription::new(settings),
        last_activity::LastActivity::new(),
        Arc::new(presence::Presence::default()),
        offline::Offline::new(settings),
        Arc::new(disco::Disco),
        Arc::new(caps::Caps::default()),
        contact_addresses::ContactAddresses::new(settings),
        Arc::new(ping::Ping),
        version::Version::new(settings),
        Arc::new(time::Time),
        vcard::Vcard::new(settings),
        private::Private::new(settings),
        registration::Registration::new(settings, authenticator),
        commands::Commands::new(operators),
    ]
}
