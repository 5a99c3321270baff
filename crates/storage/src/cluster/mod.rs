//! The servers that share this database, and the row that decides which cluster exists.
//!
//! The database's clock alone counts here. Nothing in here decides *when* to renew, to take over or to
//! call a server dead: that is the cluster's. What this adds is that one of many who try at once wins.
//!
//! | to find | look in |
//! |---|---|
//! | the row: lease, epoch, members | `row` |
//! | the registry of servers | `servers` |
//! | the cluster's own certificate authority | `authority` |
//! | waking up when something has changed | `changes` |

mod authority;
mod changes;
mod row;
mod servers;

use std::future::Future;
use std::time::Duration;

pub use changes::{Changes, Versions};
pub use row::{ArbiterRow, Claim, Grounds, GroupId, Listed};
pub use servers::{NewServer, Server, ServerState, Standing};

use crate::StorageError;
use crate::db::{Db, Row, Transaction, args};
use changes::Watchers;

/// Less than a lease, so that an answer still means something when it comes, and a database that is away
/// is known to be away.
const PATIENCE: Duration = Duration::from_secs(3);

/// The registry of servers and the cluster's row. It has connections of its own, so that a lease is
/// renewed however busy the others are.
///
/// Nothing waits longer than three seconds. An error leaves open whether a change was made: who needs
/// to know reads again. Dropping a future half-way is the same.
#[derive(Clone)]
pub struct Cluster {
    db: Db,
    watchers: Watchers,
}

impl Cluster {
    pub(crate) fn new(db: Db) -> Self {
        Self {
            watchers: Watchers::new(db.clone()),
            db,
        }
    }

    pub(crate) async fn close(&self) {
        self.db.close().await;
    }

    /// Makes a change durable and wakes those who watch.
    async fn commit(&self, mut tx: Transaction) -> Result<(), StorageError> {
        tx.execute("UPDATE cluster SET version = version + 1 WHERE id = 1", args![])
            .await?;
        tx.commit().await?;
        self.db.notify().await;
        Ok(())
    }
}

/// Bounds the wait for an answer. After one that did not come the other connections are asked whether
/// they live before they are used: the network may have swallowed them all.
async fn soon<T>(db: &Db, work: impl Future<Output = Result<T, StorageError>>) -> Result<T, StorageError> {
    match tokio::time::timeout(PATIENCE, work).await {
        Ok(result) => result,
        Err(_) => {
            db.doubt();
            Err(StorageError::timed_out("no answer within 3 seconds"))
        }
    }
}

/// A number for a column. Those past 2⁶³ are nobody's: they are counted from 0.
fn column(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A number from a column.
fn number(row: &Row, column: usize) -> Result<u64, StorageError> {
    u64::try_from(row.int(column)?).map_err(|_| StorageError::corrupt("a number in the cluster's tables is negative"))
}
