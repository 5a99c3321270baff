//! Changes of properties on their way to the parts of the house.

use std::{sync::Arc, time::Duration};

use ops::{OpsError, Properties};
use storage::Storage;
use tokio::{sync::Notify, time::MissedTickBehavior};
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
}

/// How often the version is looked at. Changes on other nodes arrive this late.
const POLL: Duration = Duration::from_secs(1);

/// Looks for changes.
pub(crate) struct Watch {
    pub(crate) storage: Storage,
    pub(crate) properties: Properties,
    /// The version of the properties that the settings in force were made of.
    pub(crate) version: i64,
    /// Told when pins have changed, of which the database knows nothing.
    pub(crate) repinned: Arc<Notify>,
}

impl Watch {
    /// Hands out the settings whenever a property has changed, on whatever node, until `stop`.
    pub(crate) async fn run(mut self, push: impl Fn(Settings) + Send, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut is_repinned = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.repinned.notified() => is_repinned = true,
                _ = ticks.tick() => {}
            }
            // What cannot be read now is read at the next tick; `/readyz` tells that the database is away.
            let Ok(changed) = self.changed(is_repinned).await else {
                continue;
            };
            is_repinned = false;
            if let Some(settings) = changed {
                push(settings);
            }
        }
    }

    async fn changed(&mut self, is_repinned: bool) -> Result<Option<Settings>, OpsError> {
        let version = self.storage.properties().version().await?;
        if version == self.version && !is_repinned {
            return Ok(None);
        }
        let held = self.properties.held().await?;
        self.version = version;
        Ok(Some(super::settings(&held)))
    }
}
