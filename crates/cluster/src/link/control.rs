//! Calls and tells over one control connection.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use foldhash::fast::RandomState;
use parking_lot::Mutex;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, timeout_at};

use super::frame::{Header, MAX_BODY_BYTES, Outcome};
use crate::Group;

/// Frames that wait to be written. With bodies of the largest kind 256 MiB, but those are snapshots' pieces, of which
/// one is under way at a time; the rest are some hundred bytes.
const QUEUED_FRAMES: usize = 256;
/// Calls without an answer to one peer: batches of commands and of tasks; more means that the peer does not keep up.
const CALLS_IN_FLIGHT: usize = 1024;

/// Why a call has no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// There is no link to the node, or it broke. If it broke, the call may have been served all the same.
    #[error("the node cannot be reached")]
    Unreachable,
    /// No answer in time. The call may have been served all the same.
    #[error("the node did not answer in time")]
    Deadline,
    /// Too many calls are in flight here or there. This one was not served.
    #[error("the node has too much to do")]
    Busy,
    /// The node is in another group. The call was not served.
    #[error("the node is in another group")]
    OtherGroup,
    /// The body is larger than [`MAX_BODY_BYTES`]; the answer's, if the call was served.
    #[error("longer than {MAX_BODY_BYTES} bytes")]
    TooLong,
    /// The node's handler says why not.
    #[error("the node could not do it")]
    Failed(Bytes),
}

pub(crate) type Queued = (Header, Bytes);
/// Who waits for an answer.
type Caller = oneshot::Sender<(Outcome, Bytes)>;

/// One control connection, seen from those who call.
pub(crate) struct Control {
    queue: mpsc::Sender<Queued>,
    waiting: Mutex<HashMap<u64, Caller, RandomState>>,
    next: AtomicU64,
}

/// Removes a call that nobody waits for any more.
struct Waiting<'a> {
    control: &'a Control,
    id: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.control.waiting.lock().remove(&self.id);
    }
}

impl Control {
    pub(crate) fn new() -> (Self, mpsc::Receiver<Queued>) {
        let (queue, queued) = mpsc::channel(QUEUED_FRAMES);
        let control = Self {
            queue,
            waiting: Mutex::default(),
            next: AtomicU64::new(1),
        };
        (control, queued)
    }

    pub(crate) async fn call(
        &self,
        kind: u8,
        group: Option<Group>,
        body: Bytes,
        deadline: Instant,
    ) -> Result<Bytes, CallError> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let answer = self.expect_answer(id)?;
        let _waiting = Waiting { control: self, id };
        self.put(Header::Call { id, kind, group }, body)?;
        let (outcome, body) = timeout_at(deadline, answer)
            .await
            .map_err(|_| CallError::Deadline)?
            .map_err(|_| CallError::Unreachable)?;
        match outcome {
            Outcome::Done => Ok(body),
            Outcome::Failed => Err(CallError::Failed(body)),
            Outcome::Busy => Err(CallError::Busy),
            Outcome::OtherGroup => Err(CallError::OtherGroup),
            Outcome::TooLong => Err(CallError::TooLong),
        }
    }

    pub(crate) fn tell(&self, kind: u8, group: Option<Group>, body: Bytes) -> Result<(), CallError> {
        self.put(Header::Tell { kind, group }, body)
    }

    /// Queues a frame without waiting.
    pub(crate) fn put(&self, header: Header, body: Bytes) -> Result<(), CallError> {
        if body.len() > MAX_BODY_BYTES {
            return Err(CallError::TooLong);
        }
        self.queue.try_send((header, body)).map_err(|error| match error {
            mpsc::error::TrySendError::Full(_) => CallError::Busy,
            mpsc::error::TrySendError::Closed(_) => CallError::Unreachable,
        })
    }

    /// Queues an answer, and waits for its place.
    pub(crate) async fn answer(&self, id: u64, outcome: Outcome, body: Bytes) {
        // Without a connection there is nobody to answer.
        let _ = self.queue.send((Header::Answer { id, outcome }, body)).await;
    }

    /// Hands an answer to who waits for it. One that comes too late is dropped.
    pub(crate) fn answered(&self, id: u64, outcome: Outcome, body: Bytes) {
        if let Some(waiting) = self.waiting.lock().remove(&id) {
            let _ = waiting.send((outcome, body));
        }
    }

    /// The connection is over, and its queue is gone: whoever waits learns it at once.
    pub(crate) fn close(&self) {
        self.waiting.lock().clear();
    }

    fn expect_answer(&self, id: u64) -> Result<oneshot::Receiver<(Outcome, Bytes)>, CallError> {
        let mut waiting = self.waiting.lock();
        if waiting.len() >= CALLS_IN_FLIGHT {
            return Err(CallError::Busy);
        }
        let (tell, answer) = oneshot::channel();
        waiting.insert(id, tell);
        Ok(answer)
    }
}
