//! Applying the log to the state.

use std::sync::Arc;

use openraft::storage::{RaftStateMachine, Snapshot};
use openraft::{EntryPayload, OptionalSend, RaftSnapshotBuilder, SnapshotMeta};
use parking_lot::{RwLock, RwLockReadGuard};
use tokio::sync::{Notify, watch};

use super::log::Log;
use super::{Entry, LogId, Membership, StorageError, Types};
use crate::state::{Change, Image, Machine, Outcome};

/// Hears of changes in their order. Must return at once: the log waits.
pub(crate) type Watcher = Arc<dyn Fn(&Machine, &[Change]) + Send + Sync>;

/// The state as far as the log was applied here.
pub(super) struct Store {
    state: RwLock<State>,
    applied: watch::Sender<u64>,
    watcher: Watcher,
    log: Log,
    /// Told when the log is to be cut.
    pub(super) is_long: Notify,
}

#[derive(Default)]
struct State {
    machine: Machine,
    applied: Option<LogId>,
    membership: Membership,
}

impl Store {
    /// That the entries of this log are applied to.
    pub(super) fn new(log: Log, watcher: Watcher) -> Arc<Self> {
        Arc::new(Self {
            state: RwLock::default(),
            applied: watch::Sender::new(0),
            watcher,
            log,
            is_long: Notify::new(),
        })
    }

    /// The state. To be let go at once: the log waits.
    pub(super) fn machine(&self) -> impl std::ops::Deref<Target = Machine> {
        RwLockReadGuard::map(self.state.read(), |state| &state.machine)
    }

    /// A copy of the state, and the index up to which the log was applied to it.
    pub(super) fn copy(&self) -> (u64, Machine) {
        let state = self.state.read();
        let index = state.applied.map_or(0, |applied| applied.index);
        (index, state.machine.clone())
    }

    /// The index up to which the log is applied, and the one up to which it may go when that far is in a snapshot.
    pub(super) fn superfluous(&self) -> Option<(u64, u64)> {
        let state = self.state.read();
        let (applied, bytes) = (state.applied?.index, state.machine.weight());
        drop(state);
        Some((applied, self.log.superfluous(bytes)?.min(applied)))
    }

    /// The state as it is now, which nothing is kept of. `None` before there is one.
    fn snapshot(&self) -> Option<Snapshot<Types>> {
        let state = self.state.read();
        let applied = state.applied?;
        Some(Snapshot {
            meta: SnapshotMeta {
                last_log_id: Some(applied),
                last_membership: state.membership.clone(),
                snapshot_id: applied.to_string(),
            },
            snapshot: Box::new(Image(state.machine.clone())),
        })
    }

    /// In which term the last entry was written that was applied here.
    pub(super) fn applied_term(&self) -> Option<u64> {
        self.state.read().applied.map(|applied| applied.leader_id.term)
    }

    /// The index up to which the log was applied.
    pub(super) fn applied(&self) -> watch::Receiver<u64> {
        self.applied.subscribe()
    }

    fn apply_one(&self, entry: Entry) -> Vec<Outcome> {
        let mut changes = Vec::new();
        let mut state = self.state.write();
        let outcomes = match entry.payload {
            EntryPayload::Blank => Vec::new(),
            EntryPayload::Membership(membership) => {
                state.membership = Membership::new(Some(entry.log_id), membership);
                Vec::new()
            }
            EntryPayload::Normal(batch) => {
                let commands = batch.commands.into_iter();
                commands
                    .map(|command| state.machine.apply(command, &mut changes))
                    .collect()
            }
        };
        state.applied = Some(entry.log_id);
        // Under the lock: whoever reads the state and is told of changes hears of those that it did not see.
        if !changes.is_empty() {
            (self.watcher)(&state.machine, &changes);
        }
        outcomes
    }
}

/// The end of the store that openraft holds.
#[derive(Clone)]
pub(super) struct Applier(pub(super) Arc<Store>);

impl RaftStateMachine<Types> for Applier {
    type SnapshotBuilder = Self;

    async fn applied_state(&mut self) -> Result<(Option<LogId>, Membership), StorageError> {
        let state = self.0.state.read();
        Ok((state.applied, state.membership.clone()))
    }

    async fn apply<I>(&mut self, entries: I) -> Result<Vec<Vec<Outcome>>, StorageError>
    where
        I: IntoIterator<Item = Entry> + OptionalSend,
        I::IntoIter: OptionalSend,
    {
        let mut last = None;
        let outcomes = entries
            .into_iter()
            .map(|entry| {
                last = Some(entry.log_id.index);
                self.0.apply_one(entry)
            })
            .collect();
        if let Some(last) = last {
            self.0.applied.send_replace(last);
        }
        let bytes = self.0.state.read().machine.weight();
        if self.0.log.is_long(bytes) {
            self.0.is_long.notify_one();
        }
        Ok(outcomes)
    }

    async fn get_snapshot_builder(&mut self) -> Self {
        self.clone()
    }

    async fn begin_receiving_snapshot(&mut self) -> Result<Box<Image>, StorageError> {
        Ok(Box::default())
    }

    async fn install_snapshot(
        &mut self,
        meta: &SnapshotMeta<u64, openraft::EmptyNode>,
        snapshot: Box<Image>,
    ) -> Result<(), StorageError> {
        let mut state = self.0.state.write();
        state.machine = snapshot.0;
        state.applied = meta.last_log_id;
        state.membership = meta.last_membership.clone();
        (self.0.watcher)(&state.machine, &[Change::Reset]);
        drop(state);
        if let Some(last) = meta.last_log_id {
            self.0.applied.send_replace(last.index);
        }
        Ok(())
    }

    /// The state as it is now: one that was kept would take as much memory again, and be older than it need be.
    async fn get_current_snapshot(&mut self) -> Result<Option<Snapshot<Types>>, StorageError> {
        Ok(self.0.snapshot())
    }
}

impl RaftSnapshotBuilder<Types> for Applier {
    /// Tells openraft how much of the log it may forget.
    async fn build_snapshot(&mut self) -> Result<Snapshot<Types>, StorageError> {
        let nothing = Snapshot {
            meta: SnapshotMeta::default(),
            snapshot: Box::default(),
        };
        Ok(self.0.snapshot().unwrap_or(nothing))
    }
}
