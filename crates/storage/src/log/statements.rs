//! How the log is written: a transaction, or on PostgreSQL, where one statement says it all, less.

use std::time::Instant;

use sqlx::{PgConnection, PgPool};

use super::batch::{Notes, Seen};
use super::sized::Sized;
use super::{LogRow, arrays};
use crate::db::{Begun, Db, Pools, Transaction, args, within};
use crate::{AccountId, LogId, StorageError};

/// The statements of the writer.
pub(super) struct Statements {
    db: Db,
    sized: Sized,
    /// The log's own: giving one back and taking it again is two more round trips.
    postgres: Option<PgConnection>,
}

impl Statements {
    pub(super) fn new(db: Db) -> Self {
        Self {
            sized: Sized::new(&db.pools),
            db,
            postgres: None,
        }
    }

    /// Writes all of it or nothing.
    pub(super) async fn write(&mut self, rows: &[LogRow], notes: &Notes) -> Result<(), StorageError> {
        let started = Instant::now();
        let result = match &self.db.pools {
            Pools::Postgres(pool) if notes.seen.is_empty() && notes.forgotten.is_empty() => {
                let pool = pool.clone();
                self.write_at_once(&pool, rows, &notes.acknowledged).await
            }
            _ => self.write_in_steps(rows, notes).await,
        };
        self.db.meter.took("a commit of the message log", started);
        result
    }

    /// One statement, which is its own transaction.
    async fn write_at_once(
        &mut self,
        pool: &PgPool,
        rows: &[LogRow],
        acknowledged: &[(AccountId, LogId)],
    ) -> Result<(), StorageError> {
        if let Some(mut kept) = self.postgres.take() {
            match arrays::write(&mut kept, rows, acknowledged).await {
                // It died while it was idle, most likely.
                Err(error) if error.is_broken_connection() => {}
                result => {
                    self.postgres = Some(kept);
                    return result;
                }
            }
        }
        let mut connection = within(pool.acquire()).await?.detach();
        arrays::prepare(&mut connection).await?;
        arrays::write(&mut connection, rows, acknowledged).await?;
        self.postgres = Some(connection);
        Ok(())
    }

    async fn write_in_steps(&self, rows: &[LogRow], notes: &Notes) -> Result<(), StorageError> {
        let mut tx = self.db.begin().await?;
        match &mut tx.begun {
            Begun::Sqlite(tx) => self.sized.write_sqlite(tx, rows, &notes.acknowledged).await?,
            Begun::Mysql(tx) => self.sized.write_mysql(tx, rows, &notes.acknowledged).await?,
            Begun::Postgres(tx) => arrays::write(tx, rows, &notes.acknowledged).await?,
        }
        for (account, seen) in &notes.seen {
            record(&mut tx, *account, seen).await?;
        }
        for account in &notes.forgotten {
            tx.execute("DELETE FROM message_log WHERE account_id = ?", args![*account])
                .await?;
        }
        tx.commit().await
    }

    /// Whether exactly this row is in the log.
    pub(super) async fn is_written(&self, row: &LogRow) -> Result<bool, StorageError> {
        const GET: &str = "SELECT peer, stanza FROM message_log WHERE account_id = ? AND id = ?";
        match self.db.row(GET, args![row.account, row.id]).await? {
            Some(found) => Ok(found.text(0)? == row.peer && found.bytes(1)? == row.stanza),
            None => Ok(false),
        }
    }
}

async fn record(tx: &mut Transaction, account: AccountId, seen: &Seen) -> Result<(), StorageError> {
    const RECORD: &str = "UPDATE accounts SET last_login = COALESCE(?, last_login), \
                          last_logout = COALESCE(?, last_logout), last_status = COALESCE(?, last_status) WHERE id = ?";
    let logout = seen.logout.as_ref();
    let values = args![
        seen.login,
        logout.map(|(at, _)| *at),
        logout.map(|(_, status)| status.as_str()),
        account
    ];
    tx.execute(RECORD, values).await.map(|_| ())
}
