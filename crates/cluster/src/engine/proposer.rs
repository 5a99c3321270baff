//! Commands on their way into the log: gathered into batches, to whoever leads, until they are applied here.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Semaphore, oneshot};
use tokio::time::{sleep, timeout_at};

use crate::kind;
use crate::link::Links;
use crate::raft::{Consensus, NotProposed};
use crate::state::{Batch, Command, MAX_BATCH_BYTES, MAX_BATCH_COMMANDS, Outcome};

/// Batches on their way at a time; meanwhile the next one gathers.
const FLIGHTS: usize = 2;
/// After this time the cluster has not decided. An election takes less.
const PATIENCE: Duration = Duration::from_secs(5);
/// Until a batch is offered again that nobody took.
const PAUSE: Duration = Duration::from_millis(50);
/// Commands that wait: more than a node's clients can cause before they time out.
const MAX_WAITING: usize = 64 * 1024;

/// Why a command has no outcome.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotDone {
    /// The cluster did not decide in time. It may do so yet.
    #[error("the cluster did not decide in time")]
    Undecided,
    /// Too much waits to be decided.
    #[error("too much waits for the cluster to decide")]
    Busy,
}

struct Waiting {
    command: Command,
    tell: oneshot::Sender<Result<Outcome, NotDone>>,
}

/// One life's way into the log of its group.
pub(super) struct Proposer {
    consensus: Arc<Consensus>,
    links: Arc<Links>,
    waiting: Mutex<Vec<Waiting>>,
    flights: Arc<Semaphore>,
}

impl Proposer {
    pub(super) fn new(consensus: Arc<Consensus>, links: Arc<Links>) -> Arc<Self> {
        Arc::new(Self {
            consensus,
            links,
            waiting: Mutex::default(),
            flights: Arc::new(Semaphore::new(FLIGHTS)),
        })
    }

    /// What came of a command, once it is applied here.
    pub(super) async fn propose(self: &Arc<Self>, command: Command) -> Result<Outcome, NotDone> {
        let (tell, outcome) = oneshot::channel();
        {
            let mut waiting = self.waiting.lock();
            if waiting.len() >= MAX_WAITING {
                return Err(NotDone::Busy);
            }
            waiting.push(Waiting { command, tell });
        }
        if let Ok(flight) = Arc::clone(&self.flights).try_acquire_owned() {
            let this = Arc::clone(self);
            self.links.runtime().spawn(async move {
                // Whoever comes while this one flies is taken along by the next.
                let mut flight = Some(flight);
                while let Some(permit) = flight.take() {
                    while let Some(batch) = this.gather() {
                        this.fly(batch).await;
                    }
                    drop(permit);
                    if !this.waiting.lock().is_empty() {
                        flight = Arc::clone(&this.flights).try_acquire_owned().ok();
                    }
                }
            });
        }
        outcome.await.unwrap_or(Err(NotDone::Undecided))
    }

    fn gather(&self) -> Option<Vec<Waiting>> {
        let mut waiting = self.waiting.lock();
        let (mut count, mut bytes) = (0, 0);
        for next in waiting.iter().take(MAX_BATCH_COMMANDS) {
            bytes += next.command.weight();
            if count > 0 && bytes > MAX_BATCH_BYTES {
                break;
            }
            count += 1;
        }
        (count > 0).then(|| waiting.drain(..count).collect())
    }

    async fn fly(&self, waiting: Vec<Waiting>) {
        let (commands, tells): (Vec<_>, Vec<_>) = waiting.into_iter().map(|one| (one.command, one.tell)).unzip();
        let decided = self.decide(Batch { commands }).await;
        if let Some(outcomes) = decided.filter(|outcomes| outcomes.len() == tells.len()) {
            for (tell, outcome) in tells.into_iter().zip(outcomes) {
                // Who has given up does not hear it.
                let _ = tell.send(Ok(outcome));
            }
        }
    }

    /// Offers a batch to whoever leads until somebody takes it. It may be applied twice, which commands allow for.
    async fn decide(&self, batch: Batch) -> Option<Vec<Outcome>> {
        let deadline = Instant::now() + PATIENCE;
        let body: Bytes = postcard::to_allocvec(&batch)
            .expect("plain data has a form in bytes")
            .into();
        while Instant::now() < deadline {
            let offered = self.offer(&batch, &body, deadline);
            if let Ok(Some((index, outcomes))) = timeout_at(deadline.into(), offered).await {
                let mut applied = self.consensus.applied();
                let reached = timeout_at(deadline.into(), applied.wait_for(|applied| *applied >= index)).await;
                return reached.is_ok_and(|reached| reached.is_ok()).then_some(outcomes);
            }
            sleep(PAUSE).await;
        }
        None
    }

    async fn offer(&self, batch: &Batch, body: &Bytes, deadline: Instant) -> Option<(u64, Vec<Outcome>)> {
        let leader = self.consensus.leader()?;
        if leader == self.links.node() {
            return self.consensus.propose(batch.clone()).await.ok();
        }
        let answer = self
            .links
            .call(leader, kind::PROPOSE, body.clone(), deadline)
            .await
            .ok()?;
        postcard::from_bytes(&answer).ok()
    }
}

/// Another node's batch, on the leader.
pub(super) async fn propose_for(consensus: &Consensus, body: &[u8]) -> Option<Bytes> {
    let batch: Batch = postcard::from_bytes(body).ok()?;
    match consensus.propose(batch).await {
        Ok(written) => postcard::to_allocvec(&written).ok().map(Bytes::from),
        Err(NotProposed::NotLeader | NotProposed::Ended) => None,
    }
}
