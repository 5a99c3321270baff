//! Changes of properties on their way to the parts of the house.

use std::{sync::Arc, time::Duration};

use ops::Properties;
use storage::{Changes, Host, Hosts};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

/// The settings of every part.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) gate: transport::GateSettings,
    pub(crate) listener: transport::ListenerSettings,
    pub(crate) tls: transport::TlsSettings,
    pub(crate) auth: auth::Settings,
    pub(crate) router: router::Settings,
    pub(crate) c2s: c2s::Settings,
    pub(crate) features: features::Settings,
    pub(crate) cluster: cluster::Settings,
    pub(crate) console: ops::ConsoleSettings,
    pub(crate) keep: ops::KeepSettings,
    pub(crate) database: ops::DatabaseSettings,
    pub(crate) acme: ops::AcmeSettings,
}

/// Until what could not be read is read again.
const RETRY: Duration = Duration::from_secs(1);

/// Looks for changes.
pub(crate) struct Watch {
    pub(crate) changes: Changes,
    pub(crate) properties: Properties,
    /// A host that is added counts as a change of the properties.
    pub(crate) hosts: Hosts,
    /// The version of the properties that the settings in force were made of.
    pub(crate) version: i64,
    /// Told when pins have changed, of which the database knows nothing.
    pub(crate) repinned: Arc<Notify>,
}

impl Watch {
    /// Hands out the settings and the hosts whenever a property has changed, on whatever node, until `stop`.
    pub(crate) async fn run(mut self, push: impl Fn(Settings, Vec<Host>) + Send, stop: CancellationToken) {
        let (mut newest, mut is_repinned) = (self.version, false);
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.repinned.notified() => is_repinned = true,
                Some(versions) = self.changes.changed() => newest = versions.properties,
                () = tokio::time::sleep(RETRY), if newest != self.version || is_repinned => {}
            }
            if newest == self.version && !is_repinned {
                continue;
            }
            // What cannot be read now is read a little later; `/readyz` tells that the database is away.
            let (Ok(held), Ok(hosts)) = (self.properties.held().await, self.hosts.list().await) else {
                continue;
            };
            // What was read is as new as that, or newer: then it is read once more.
            (self.version, is_repinned) = (newest, false);
            push(super::settings(&held), hosts);
        }
    }
}
