//! The message log: one row for each message that must not be lost.
//!
//! Sessions hand rows to one writer task, which commits what has gathered and then answers all of
//! them: under load a commit carries hundreds of rows, when idle it carries one at once. *Offline*
//! is the rows that nobody has acknowledged.
//!
//! `queue` is where sessions and writer meet; `writer` is the task; `batch` what one commit holds;
//! `statements` how it is said to each database (in one of fixed
//! sizes, `sized`, or by `arrays`); `read` the other direction.

mod arrays;
mod batch;
mod queue;
mod read;
mod sized;
mod statements;
mod writer;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::oneshot;

use crate::db::Db;
use crate::{AccountId, Clock, LogClock, LogId, Options, StorageError};
use batch::Seen;
use queue::Queue;

pub use queue::QueueUsage;

/// A message in the log of an account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogRow {
    /// Whose log.
    pub account: AccountId,
    /// Its place in the log, from [`Log::next_id`].
    pub id: LogId,
    /// The bare JID at the other end.
    pub peer: String,
    /// The stanza, as it will be delivered.
    pub stanza: Bytes,
    /// When it need not be delivered any more, in microseconds since 1970 (set by its
    /// sender or by the operator).
    pub expires_at: Option<i64>,
}

/// What an account has in its log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LogUsage {
    /// Rows.
    pub rows: u64,
    /// Bytes of their stanzas.
    pub bytes: u64,
}

/// The message log. Clones share it.
#[derive(Clone)]
pub struct Log {
    db: Db,
    ids: Arc<LogClock>,
    clock: Arc<dyn Clock>,
    /// Closes the queue, and so ends the writer, when the last handle goes.
    handle: Arc<Handle>,
}

struct Handle {
    queue: Arc<Queue>,
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Starts the writer.
pub(crate) fn start(db: Db, ids: Arc<LogClock>, options: &Options) -> Log {
    let queue = Arc::new(Queue::new(options.log_queue_rows, options.log_queue_bytes));
    tokio::spawn(writer::run(db.clone(), Arc::clone(&queue)));
    Log {
        db,
        ids,
        clock: Arc::clone(&options.clock),
        handle: Arc::new(Handle { queue }),
    }
}

impl Log {
    /// An id for the next message, greater than all made or read on this node before.
    #[must_use]
    pub fn next_id(&self) -> LogId {
        self.ids.next_id()
    }

    /// The number of this node in ids from now on (its low 12 bits count).
    pub fn set_node(&self, node: u64) {
        self.ids.set_node(node);
    }

    /// Takes note of an id made by another node.
    pub fn observe(&self, id: LogId) {
        self.ids.observe(id);
    }

    /// Hands a row to the writer. The returned future tells when the row is durable; dropping it
    /// changes nothing. [`StorageError::Full`] at once when too much waits already.
    pub fn append(&self, row: LogRow) -> Result<Appended, StorageError> {
        let (answer, waiting) = oneshot::channel();
        self.append_then(row, move |result| {
            // Who asked may have gone meanwhile.
            let _ = answer.send(result);
        })?;
        Ok(Appended(waiting))
    }

    /// Hands a row to the writer, which calls `then` when the row is durable or will not be. `then`
    /// runs on the writer's task: it hands the news on and returns.
    ///
    /// While the database is away the writer tries again and again, and `then` waits.
    pub fn append_then(
        &self,
        row: LogRow,
        then: impl FnOnce(Result<(), StorageError>) + Send + 'static,
    ) -> Result<(), StorageError> {
        if row.peer.contains('\0') {
            return Err(StorageError::Nul);
        }
        self.handle.queue.append(row, Box::new(then))
    }

    /// These rows have reached their account: they go, after they were written. Nobody waits for it;
    /// should it be lost, the message is delivered a second time, never lost.
    pub fn acknowledge(&self, account: AccountId, ids: impl IntoIterator<Item = LogId>) {
        self.handle.queue.acknowledge(account, ids);
    }

    /// Waits until everything handed over before is written. [`StorageError::Unavailable`] as soon as
    /// the database is found to be away; the writer goes on trying.
    pub async fn flush(&self) -> Result<(), StorageError> {
        self.handle.queue.flush().await
    }

    /// How long whoever has just appended a row should wait before the next: something from half of the queue's bounds on. So
    /// a few who send much are slowed down to what the database takes.
    #[must_use]
    pub fn pause(&self) -> Duration {
        self.handle.queue.pause()
    }

    /// What waits for the writer, and how it fares.
    pub(crate) fn usage_of_queue(&self) -> QueueUsage {
        self.handle.queue.usage()
    }

    /// Takes nothing more, writes what waits (one attempt, when the database is away) and ends.
    pub(crate) async fn close(&self) -> Result<(), StorageError> {
        let flushed = self.handle.queue.flush();
        self.handle.queue.close();
        flushed.await
    }

    /// An account is gone: whatever of it still waits goes with it.
    pub(crate) fn forget(&self, account: AccountId) {
        self.handle.queue.forget(account);
    }

    /// An account logged in, or out with a status text.
    pub(crate) fn seen(&self, account: AccountId, at: i64, logout: Option<String>) {
        self.handle.queue.seen(account, Seen::new(at, logout));
    }
}

/// Tells when a row is durable.
#[derive(Debug)]
pub struct Appended(oneshot::Receiver<Result<(), StorageError>>);

impl Future for Appended {
    type Output = Result<(), StorageError>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0)
            .poll(context)
            .map(|answer| answer.unwrap_or(Err(StorageError::Closed)))
    }
}
