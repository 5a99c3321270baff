//! Hearing of changes: of the properties, of groups, of the registry, of the row.
//!
//! One task asks for a few numbers once a second, and at once when this process has changed something or
//! the database says that another one has. The numbers are the truth: a wake-up that gets lost costs a
//! second, no more.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::MissedTickBehavior;

use super::{Cluster, soon};
use crate::StorageError;
use crate::db::{Db, args};

/// How often the numbers are asked for. Changes that nobody tells of arrive this late.
const POLL: Duration = Duration::from_secs(1);

/// Numbers that grow with every change, on whatever node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Versions {
    /// Of system properties.
    pub properties: i64,
    /// Of the registry and the cluster's row, but for heartbeats that say nothing new and renewals.
    pub cluster: i64,
    /// Of groups.
    pub groups: i64,
    /// Of certificates that all servers use, and of what is wished of them.
    pub certificates: i64,
}

/// Tells of changes.
#[derive(Debug, Clone)]
pub struct Changes {
    versions: watch::Receiver<Option<Versions>>,
}

impl Changes {
    /// The versions as soon as they are known, and then whenever they have changed; `None` when the
    /// storage is closed. Changes gather: only the latest are told. Nothing is lost when the future is
    /// dropped.
    pub async fn changed(&mut self) -> Option<Versions> {
        loop {
            self.versions.changed().await.ok()?;
            if let Some(versions) = *self.versions.borrow_and_update() {
                return Some(versions);
            }
        }
    }
}

impl Cluster {
    /// Watches for changes. Everybody who does shares one task, which must find a runtime to run in.
    #[must_use]
    pub fn changes(&self) -> Changes {
        self.watchers.subscribe()
    }
}

/// Those who watch, and the task that looks for them while there are any.
#[derive(Clone)]
pub(super) struct Watchers {
    db: Db,
    told: Arc<Mutex<Option<Told>>>,
}

type Told = watch::Sender<Option<Versions>>;

impl Watchers {
    pub(super) fn new(db: Db) -> Self {
        Self {
            db,
            told: Arc::default(),
        }
    }

    fn subscribe(&self) -> Changes {
        let mut told = self.told.lock();
        let sender = told.get_or_insert_with(|| {
            let sender = Told::new(None);
            tokio::spawn(self.clone().look(sender.clone()));
            sender
        });
        let mut versions = sender.subscribe();
        versions.mark_changed();
        Changes { versions }
    }

    async fn look(self, told: Told) {
        tokio::select! {
            () = self.poll(&told) => {}
            never = self.db.listen() => match never {},
        }
    }

    async fn poll(&self, told: &Told) {
        let mut ticks = tokio::time::interval(POLL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.db.notified() => {}
            }
            match self.versions().await {
                Ok(versions) => {
                    told.send_if_modified(|last| last.replace(versions) != Some(versions));
                }
                Err(StorageError::Closed) => {
                    *self.told.lock() = None;
                    return;
                }
                // What cannot be read now is read at the next tick; `/readyz` tells that the database is away.
                Err(_) => {}
            }
            // Under the lock, so that nobody begins to watch in between.
            let mut slot = self.told.lock();
            if told.receiver_count() == 0 {
                *slot = None;
                return;
            }
        }
    }

    async fn versions(&self) -> Result<Versions, StorageError> {
        const VERSIONS: &str = "SELECT (SELECT value FROM counters WHERE name = 'properties'), version, \
             (SELECT value FROM counters WHERE name = 'groups'), \
             (SELECT value FROM counters WHERE name = 'certificates') FROM cluster WHERE id = 1";
        let row = soon(&self.db, self.db.row(VERSIONS, args![])).await?;
        let row = row.ok_or_else(|| StorageError::corrupt("the cluster's row is not there"))?;
        Ok(Versions {
            properties: row.int(0)?,
            cluster: row.int(1)?,
            groups: row.int(2)?,
            certificates: row.int(3)?,
        })
    }
}
