//! What set-up is given of this process: its configuration, looks at domains and databases, and a new start.

mod write;

use std::{path::PathBuf, sync::Arc};

use ops::{Configured, Install, Looking, Written};
use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::{
    check::{self, Level},
    config::{Configuration, DEFAULT_FILE, Origin, mask_url},
    control::Status,
    listeners::Addresses,
};

/// This process, as set-up sees it.
pub(crate) struct Installation {
    configuration: Configuration,
    status: Status,
    restart: Restart,
}

/// A wish to start anew.
#[derive(Clone, Default)]
pub(crate) struct Restart(Arc<Wish>);

#[derive(Default)]
struct Wish {
    told: Notify,
    token: Mutex<Option<String>>,
}

impl Restart {
    /// The token of the set-up that wishes it, where one does.
    pub(crate) fn token(&self) -> Option<String> {
        self.0.token.lock().clone()
    }

    /// Waits until somebody wishes it.
    pub(crate) async fn wanted(&self) {
        self.0.told.notified().await;
    }
}

impl Installation {
    pub(crate) fn new(configuration: &Configuration, addresses: &Addresses, restart: Restart) -> Self {
        Self {
            configuration: configuration.clone(),
            status: Status::here(addresses.all()),
            restart,
        }
    }

    /// The database's address, without the password.
    pub(crate) fn database(&self) -> String {
        mask_url(&self.configuration.config.database.url)
    }

    fn held_by(&self, key: &str) -> Option<String> {
        match self.configuration.origin(key) {
            Origin::Default => None,
            origin => Some(origin.to_string()),
        }
    }
}

impl Install for Installation {
    fn configured(&self) -> Configured {
        Configured {
            database: self.database(),
            database_by: self.held_by("database.url"),
            domains_by: self.held_by("domains"),
        }
    }

    fn look_at_domain<'a>(&'a self, domain: &'a str) -> Looking<'a> {
        Box::pin(async move {
            let found = check::domain(&self.configuration, &self.status, domain).await;
            found.into_iter().map(finding).collect()
        })
    }

    fn try_database<'a>(&'a self, url: &'a str) -> Looking<'a> {
        Box::pin(async move {
            let mut candidate = self.configuration.clone();
            url.clone_into(&mut candidate.config.database.url);
            check::database(&candidate).await.into_iter().map(finding).collect()
        })
    }

    fn write(&self, database: &str, domain: &str) -> Written {
        let path = self.configuration.file.clone();
        let domain = self.held_by("domains").is_none().then_some(domain);
        write::add(path.unwrap_or_else(|| PathBuf::from(DEFAULT_FILE)), database, domain)
    }

    fn restart(&self, token: &str) {
        *self.restart.0.token.lock() = Some(token.to_owned());
        self.restart.0.told.notify_one();
    }
}

/// A finding as pages show it.
pub(crate) fn finding(found: check::Finding) -> ops::Finding {
    ops::Finding {
        mood: match found.level {
            Level::Ok => "good",
            Level::Warning => "warn",
            Level::Error => "bad",
        },
        subject: found.subject.to_owned(),
        message: found.message,
        advice: found.advice,
    }
}
