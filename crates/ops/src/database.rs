//! The database, as this server sees it.

use storage::{Health, Storage};

use crate::{Actor, OpsError};

/// Looks at the database.
#[derive(Clone)]
pub struct Databases {
    storage: Storage,
    address: String,
}

/// The database.
#[derive(Debug, Clone)]
pub struct DatabaseInfo {
    /// Which it is: sqlite, postgres or mysql.
    pub kind: String,
    /// Where it is, without its password.
    pub address: String,
    /// How it fares.
    pub health: Health,
}

/// Settings of what is said of the database.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// From how many milliseconds on a statement is listed as slow.
    pub slow_statement_ms: u32,
}

impl Default for DatabaseSettings {
    fn default() -> Self {
        Self { slow_statement_ms: 500 }
    }
}

impl Databases {
    /// The one behind `storage`, at this address; no password is in it.
    #[must_use]
    pub fn new(storage: Storage, address: String) -> Self {
        Self { storage, address }
    }

    /// How it fares now. What it does not say in time is unknown, with the reason.
    ///
    /// # Errors
    /// Where the actor's power does not reach.
    pub async fn look(&self, actor: &Actor) -> Result<DatabaseInfo, OpsError> {
        actor.require_server()?;
        Ok(DatabaseInfo {
            kind: self.storage.kind().name().to_owned(),
            address: self.address.clone(),
            health: self.storage.checkup().look().await,
        })
    }

    /// Other settings from now on.
    pub fn set(&self, settings: &DatabaseSettings) {
        self.storage
            .checkup()
            .set_slow_millis(settings.slow_statement_ms.into());
    }
}
