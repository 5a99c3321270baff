//! The log's writer: the one task that changes the log.

use std::sync::Arc;
use std::time::{Duration, Instant};

use metrics::{counter, histogram};
use tracing::{error, warn};

use super::LogRow;
use super::batch::{Appends, Batch};
use super::queue::Queue;
use super::statements::Statements;
use crate::StorageError;
use crate::db::Db;

/// Rows in one transaction: beyond it nothing is gained, and the first waits for the last.
const ROWS_PER_COMMIT: usize = 2_000;
/// Bytes in one transaction, for the same reason and for `max_allowed_packet`.
const BYTES_PER_COMMIT: usize = 4 * 1024 * 1024;
/// Between attempts while the database is away: from, to.
const PAUSES: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// Writes until the queue is closed and empty.
pub(super) async fn run(db: Db, queue: Arc<Queue>) {
    let mut writer = Writer {
        statements: Statements::new(db),
        queue,
    };
    while let Some(batch) = writer.queue.gather().await {
        writer.write(batch).await;
    }
}

struct Writer {
    statements: Statements,
    queue: Arc<Queue>,
}

impl Writer {
    /// Writes a batch in as many transactions as it needs, and answers everybody.
    async fn write(&mut self, mut batch: Batch) {
        let settled = batch.take_settled();
        self.answer(settled, &Ok(()));
        while let Some(count) = first_commit(batch.appends.rows()) {
            let appends = batch.appends.split_to(count);
            self.commit(Batch {
                appends,
                ..Batch::default()
            })
            .await;
        }
        if !batch.is_empty() {
            self.commit(batch).await;
        }
    }

    /// Commits a batch, or, where the database refuses it as a whole, row by row.
    async fn commit(&mut self, mut batch: Batch) {
        let result = self.persist(&mut batch).await;
        match result {
            Err(error) if !error.is_transient() => self.commit_singly(batch, &error).await,
            result => self.finish(batch, &result),
        }
    }

    /// One bad row fails alone; and a row that is there already, because the answer to an earlier
    /// commit was lost with its connection, is fine.
    async fn commit_singly(&mut self, mut batch: Batch, error: &StorageError) {
        warn!(rows = batch.appends.rows().len(), %error, "the database refuses a batch of the log, trying row by row");
        while !batch.appends.is_empty() {
            let mut one = Batch {
                appends: batch.appends.split_to(1),
                ..Batch::default()
            };
            let mut result = self.persist(&mut one).await;
            if let (Err(StorageError::Conflict(_)), [row]) = (&result, one.appends.rows()) {
                result = self
                    .statements
                    .is_written(row)
                    .await
                    .and_then(|is| if is { Ok(()) } else { result });
            }
            self.finish(one, &result);
        }
        if let Err(error) = self.persist(&mut batch).await {
            error!(%error, "acknowledgements could not be written to the log: their messages will be delivered again");
        }
        self.finish(batch, &Ok(()));
    }

    /// Writes a batch; while the database is away again and again, until the queue is closed.
    async fn persist(&mut self, batch: &mut Batch) -> Result<(), StorageError> {
        let mut pause = PAUSES.0;
        loop {
            let started = Instant::now();
            let result = self.statements.write(batch.appends.rows(), &batch.notes).await;
            let Err(error @ StorageError::Unavailable(_)) = &result else {
                self.queue.trouble(None);
                histogram!("storage_log_commit_seconds").record(started.elapsed());
                return result;
            };
            warn!(%error, "the database is away, messages wait in memory");
            self.queue.trouble(Some(error));
            for flush in batch.flushes.drain(..) {
                let _ = flush.send(Err(error.clone()));
            }
            if self.queue.is_closed() {
                return result;
            }
            self.queue.closed_within(pause).await;
            pause = (pause * 2).min(PAUSES.1);
        }
    }

    fn finish(&self, batch: Batch, result: &Result<(), StorageError>) {
        self.answer(batch.appends, result);
        for flush in batch.flushes {
            let _ = flush.send(result.clone());
        }
    }

    fn answer(&self, appends: Appends, result: &Result<(), StorageError>) {
        if appends.is_empty() {
            return;
        }
        let outcome = if result.is_ok() { "written" } else { "failed" };
        counter!("storage_log_rows_total", "outcome" => outcome).increment(appends.rows().len() as u64);
        self.queue.release(appends.rows().len(), appends.bytes());
        appends.answer(result);
    }
}

/// How many of these rows make up the first of several commits; `None` when one is enough.
fn first_commit(rows: &[LogRow]) -> Option<usize> {
    let mut bytes = 0;
    let is_beyond = |(index, row): (usize, &LogRow)| {
        bytes += row.bytes();
        index > 0 && (index >= ROWS_PER_COMMIT || bytes > BYTES_PER_COMMIT)
    };
    rows.iter().enumerate().position(is_beyond)
}
