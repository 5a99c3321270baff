//! SQLite's reading connections.
//!
//! A pool of our own: the driver's asks a connection whether it still lives each time it comes back,
//! which for a thread in this process costs as much as the question it was taken for.

use std::sync::Arc;

use parking_lot::Mutex;
use sqlx::query::Query;
use sqlx::sqlite::{SqliteArguments, SqliteConnectOptions, SqliteRow};
use sqlx::{ConnectOptions, Connection, Sqlite, SqliteConnection};
use tokio::sync::Semaphore;

use super::Meter;
use crate::Options;

/// A few connections to one file.
#[derive(Clone)]
pub(crate) struct Readers {
    inner: Arc<Inner>,
}

struct Inner {
    options: SqliteConnectOptions,
    /// The one used last is used next: what it has read is at hand.
    idle: Mutex<Vec<SqliteConnection>>,
    permits: Semaphore,
}

impl std::fmt::Debug for Readers {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Readers").finish_non_exhaustive()
    }
}

impl Readers {
    pub(super) fn new(options: SqliteConnectOptions, count: usize) -> Self {
        let permits = Semaphore::new(count);
        Self {
            inner: Arc::new(Inner {
                options,
                idle: Mutex::default(),
                permits,
            }),
        }
    }

    /// Reads all rows of a query.
    pub(super) async fn fetch_all(
        &self,
        query: Query<'_, Sqlite, SqliteArguments>,
        meter: &Meter,
    ) -> Result<Vec<SqliteRow>, sqlx::Error> {
        let waits = meter.waits();
        let permit = self.inner.permits.acquire().await;
        let _permit = permit.map_err(|_| sqlx::Error::PoolClosed)?;
        drop(waits);
        let idle = self.inner.idle.lock().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.inner.options.connect().await?,
        };
        let result = query.fetch_all(&mut connection).await;
        // One whose thread has died is replaced; so is one whose question was given up half-way,
        // which never comes here.
        if !matches!(result, Err(sqlx::Error::WorkerCrashed)) {
            self.inner.idle.lock().push(connection);
        }
        result
    }

    /// How many are open, and how many of them are idle.
    pub(crate) fn counts(&self) -> (usize, usize) {
        let idle = self.inner.idle.lock().len();
        let busy = Options::SQLITE_READERS.saturating_sub(self.inner.permits.available_permits());
        (idle + busy, idle)
    }

    /// Closes the connections; whoever asks from now on is refused.
    pub(super) async fn close(&self) {
        self.inner.permits.close();
        let idle = std::mem::take(&mut *self.inner.idle.lock());
        for connection in idle {
            // Nothing of a reader's can be lost.
            let _ = connection.close().await;
        }
    }
}
