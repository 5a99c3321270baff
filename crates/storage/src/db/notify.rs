//! Waking those who watch for changes: in this process at once, in others where the database can.

use std::convert::Infallible;
use std::time::Duration;

use sqlx::postgres::{PgListener, PgPool};
use tracing::debug;

use super::{Db, Pools, within};

/// PostgreSQL's name for our notifications. Servers in other schemas of the same database may use it
/// too: a wake-up says only that it is worth looking.
const CHANNEL: &str = "hearth_changes";
/// Until the next try to listen. What changes meanwhile is found by those who poll.
const LISTEN_RETRY: Duration = Duration::from_secs(2);

impl Db {
    /// Says that something has changed, after it was committed. Says it best it can: a wake-up that gets
    /// lost is made up for by polling, so there is no error.
    pub(crate) async fn notify(&self) {
        self.changed.notify_one();
        if let Pools::Postgres(pool) = &self.pools {
            // Not inside the transaction: PostgreSQL commits those that notify one after another, and
            // what only speaks its protocol (CockroachDB) may not know the function.
            let told = within(sqlx::query("SELECT pg_notify($1, '')").bind(CHANNEL).execute(pool)).await;
            if let Err(error) = told {
                debug!(%error, "nobody was notified of a change");
            }
        }
    }

    /// Waits until it is worth looking. Wake-ups gather: many are one.
    pub(crate) async fn notified(&self) {
        self.changed.notified().await;
    }

    /// Passes the wake-ups of other processes on to [`Db::notified`], for ever.
    pub(crate) async fn listen(&self) -> Infallible {
        if let Pools::Postgres(pool) = &self.pools {
            while !pool.is_closed() {
                let Err(error) = self.listen_once(pool).await;
                debug!(%error, "not listening to the database's notifications");
                tokio::time::sleep(LISTEN_RETRY).await;
            }
        }
        std::future::pending().await
    }

    async fn listen_once(&self, pool: &PgPool) -> Result<Infallible, sqlx::Error> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        loop {
            // None: the connection was lost and is there again; something may have been missed.
            let _ = listener.try_recv().await?;
            self.changed.notify_one();
        }
    }
}
