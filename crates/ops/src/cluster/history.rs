//! A server's last day, minute by minute: kept in the database, so that a restart does not forget it and any server can
//! show it.

use std::time::Duration;

use storage::Storage;

use super::{Clustering, NodeReport, Vitals};
use crate::{Actor, OpsError};

/// How long what a server used and did is remembered.
pub const REMEMBERED: Duration = Duration::from_secs(24 * 60 * 60);

/// This server's pages of the history.
#[derive(Clone)]
pub struct History {
    storage: Storage,
    server_key: String,
}

impl History {
    /// Of the server with this key.
    #[must_use]
    pub fn new(storage: Storage, server_key: String) -> Self {
        Self { storage, server_key }
    }

    /// Enters a minute. One that is entered already stays as it is.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn add(&self, vitals: &Vitals) -> Result<(), OpsError> {
        let history = self.storage.node_history();
        Ok(history.add(&self.server_key, &vitals.sample()).await?)
    }

    /// Forgets what all servers did more than a day before this moment, in microseconds since 1970.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn prune(&self, now: i64) -> Result<u64, OpsError> {
        Ok(self.storage.node_history().prune(day_before(now)).await?)
    }
}

fn day_before(now: i64) -> i64 {
    now.saturating_sub(i64::try_from(REMEMBERED.as_micros()).unwrap_or(i64::MAX))
}

impl Clustering {
    /// The last day of a server, by the number of its present life: a moment for every minute, oldest first. `now` is in
    /// microseconds since 1970.
    ///
    /// # Errors
    /// Where the actor's power does not reach, there is no such server, or the database fails.
    pub async fn history(&self, actor: &Actor, node: u64, now: i64) -> Result<Vec<Vitals>, OpsError> {
        actor.require_server()?;
        let servers = self.storage.cluster().servers().await?;
        let server = servers.into_iter().find(|server| server.id == node);
        let key = server.ok_or_else(|| OpsError::NoNode(node.to_string()))?.server_key;
        let samples = self.storage.node_history().since(&key, day_before(now)).await?;
        Ok(samples.iter().map(Vitals::of).collect())
    }

    /// How a server fares, and what it used and did lately.
    ///
    /// # Errors
    /// Where the actor's power does not reach, or that server does not say.
    pub async fn report(&self, actor: &Actor, node: u64) -> Result<NodeReport, OpsError> {
        actor.require_server()?;
        let said = self.live.reports(Some(node), true).await.into_iter().next();
        let said = said.map_or_else(|| Err("it is no member of the cluster".to_owned()), |(_, said)| said);
        said.map_err(|why| OpsError::NoAnswer { node, why })
    }
}
