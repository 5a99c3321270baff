//! An act that is under way and stands in the record: that it has changed the database is written down in the very
//! transaction that changes it.
//!
//! Whose act it is goes with the task, not with every function's arguments: an act may change anything in the house, also
//! by ways that its author did not think of, and none of them must be able to leave the record out.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::{Transaction, args};
use crate::StorageError;

tokio::task_local! {
    static ACT: Option<Arc<Act>>;
}

/// The entry of an act.
#[derive(Debug)]
struct Act {
    entry: i64,
    /// Whether its entry says already that it has changed something.
    is_marked: AtomicBool,
}

/// What the record says of an act from its first change on, until what came of it is written: for ever, where its server
/// ends before that.
pub(crate) const CHANGED: &str = "changed the database; whether it came to its end is not known";

/// Does `work` as the act of this entry.
pub(crate) async fn during<T>(entry: i64, work: impl Future<Output = T>) -> T {
    let act = Act {
        entry,
        is_marked: AtomicBool::new(false),
    };
    ACT.scope(Some(Arc::new(act)), work).await
}

/// Does `work` as part of no act: the record is not what an act changes.
pub(crate) async fn outside<T>(work: impl Future<Output = T>) -> T {
    ACT.scope(None, work).await
}

/// The act that this belongs to, where its entry does not say yet that it has changed something.
fn unmarked() -> Option<Arc<Act>> {
    let act = ACT.try_with(Clone::clone).ok().flatten();
    act.filter(|act| !act.is_marked.load(Ordering::Relaxed))
}

/// Whether a change that is made now has to be written down with it.
pub(super) fn is_to_be_marked() -> bool {
    unmarked().is_some()
}

/// What has to be told that a transaction was committed.
pub(super) struct Marked(Option<Arc<Act>>);

impl Marked {
    /// It was.
    pub(super) fn hold(self) {
        if let Some(act) = self.0 {
            act.is_marked.store(true, Ordering::Relaxed);
        }
    }
}

/// Writes into the act's entry, in this transaction, that it has changed something.
///
/// # Errors
/// Where the entry is not there, or cannot be written: then nothing is to be changed either.
pub(super) async fn mark(tx: &mut Transaction) -> Result<Marked, StorageError> {
    const MARK: &str = "UPDATE audit_log SET outcome = ? WHERE id = ? AND (outcome IS NULL OR outcome = ?)";
    let Some(act) = unmarked() else {
        return Ok(Marked(None));
    };
    if tx.execute(MARK, args![CHANGED, act.entry, CHANGED]).await? == 0 {
        return Err(StorageError::corrupt(
            "what is to be changed is not in the record of acts",
        ));
    }
    Ok(Marked(Some(act)))
}
