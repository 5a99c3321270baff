//! What waits for one session: many producers, one consumer (the session's task), bounded.
//!
//! What finds it full waits in the message log, where it has a row there: the inbox keeps the row's number, and what comes
//! later goes behind it. When the session has taken everything else, it has the next rows read (`overflow`).

mod afar;
mod aside;

use std::{
    collections::{HashMap, VecDeque},
    task::{Context, Poll, Waker},
};

use parking_lot::Mutex;
use protocol::{Stanza, StreamError};
use storage::LogId;

use aside::Aside;
pub use aside::Waiting;
pub(crate) use aside::sort;

/// A stanza for a session, with its place in the account's message log where it has one.
#[derive(Debug)]
pub struct Delivery {
    /// Addressed and ready to be written.
    pub stanza: Box<Stanza>,
    /// The row that goes once the session has acknowledged the stanza.
    pub log_id: Option<LogId>,
}

impl Delivery {
    /// A stanza that leaves no trace when it is lost.
    #[must_use]
    pub fn new(stanza: Stanza) -> Self {
        Self {
            stanza: Box::new(stanza),
            log_id: None,
        }
    }
}

/// Why an inbox took nothing. The stanza comes back.
#[derive(Debug)]
pub enum Refused {
    /// The session has ended.
    Closed(Delivery),
    /// The session does not keep up; it is being closed.
    Full(Delivery),
}

impl Refused {
    /// The stanza that was not taken.
    #[must_use]
    pub fn into_delivery(self) -> Delivery {
        match self {
            Self::Closed(delivery) | Self::Full(delivery) => delivery,
        }
    }
}

/// A bounded queue that wakes its session.
#[derive(Debug)]
pub struct Inbox {
    capacity: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    queue: VecDeque<Delivery>,
    /// Behind the queue: what found it full, and what came then.
    overflow: Aside,
    /// The next rows of that are being read.
    is_reading: bool,
    /// Of a session that comes from another node: what came here directly, until all has come by way of that node.
    direct: Option<Aside>,
    /// What came from other nodes, while something that waits in the log has to go before it.
    kept_back: Option<Aside>,
    /// Set once: the reason for which the session is to close.
    close: Option<StreamError>,
    /// It does not read what is there: nothing more is sent to it before it closes.
    is_slow: bool,
    /// The consumer is gone, or told to go; nothing is taken any more.
    is_closed: bool,
    /// Something beside stanzas wants the session's attention.
    is_nudged: bool,
    waker: Option<Waker>,
}

/// What the session finds when it looks.
#[derive(Debug)]
pub enum Found {
    /// Stanzas, in order, moved to the buffer that was passed; or just a nudge, with none.
    Stanzas,
    /// Nothing but rows of the log, which are to be read now ([`crate::Router::read_overflow`]).
    Rows,
    /// The session is to close.
    Close(StreamError),
}

impl Inbox {
    /// Empty, with room for `capacity` stanzas.
    #[must_use]
    pub fn new(capacity: usize) -> Self {
        Self {
            capacity,
            state: Mutex::default(),
        }
    }

    /// How many stanzas it has room for when it is empty.
    #[must_use]
    pub fn capacity(&self) -> usize {
        self.capacity
    }

    /// How many stanzas wait in it.
    #[must_use]
    pub fn waiting(&self) -> usize {
        let state = self.state.lock();
        let aside = [&state.direct, &state.kept_back];
        let aside = aside.into_iter().flatten().map(Aside::len);
        state.queue.len() + state.overflow.len() + aside.sum::<usize>()
    }

    /// Whether more waits than it has room for.
    #[must_use]
    pub fn is_overflowing(&self) -> bool {
        !self.state.lock().overflow.is_empty()
    }

    /// Hands over a stanza. Where the session is `capacity` stanzas behind, one that has a row in the log waits there.
    ///
    /// # Errors
    /// Where the session has ended, or is so far behind and the stanza has no row: then it is told to close
    /// (slow readers are evicted, so that nobody waits for them).
    pub fn push(&self, delivery: Delivery) -> Result<(), Refused> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(Refused::Closed(delivery));
        }
        let State {
            queue,
            overflow,
            direct,
            ..
        } = &mut *state;
        let refused = match direct {
            Some(direct) => direct.put(delivery, self.capacity),
            None if !overflow.is_empty() || queue.len() >= self.capacity => {
                overflow.put_lightly(delivery, self.capacity.saturating_sub(queue.len()))
            }
            None => {
                queue.push_back(delivery);
                let waker = state.waker.take();
                drop(state);
                wake(waker);
                return Ok(());
            }
        };
        drop(state);
        refused.or_else(|delivery| self.evict(delivery))
    }

    /// It is too far behind: it is told to close.
    fn evict(&self, delivery: Delivery) -> Result<(), Refused> {
        self.close_slow();
        Err(Refused::Full(delivery))
    }

    fn close_slow(&self) {
        let mut state = self.state.lock();
        state.is_slow = true;
        let waker = state.end(slow_reader());
        drop(state);
        wake(waker);
    }

    /// The rows to be read next, which are among the first `limit` that overflowed.
    pub(crate) fn next_rows(&self, limit: usize) -> Vec<LogId> {
        let state = self.state.lock();
        let rows = state.overflow.iter().take(limit).filter_map(|waiting| match waiting {
            Waiting::Whole(_) => None,
            Waiting::Row(row) => Some(*row),
        });
        rows.collect()
    }

    /// These rows were read. What overflowed follows, up to the first row that is not among them.
    pub(crate) fn refill(&self, mut read: HashMap<LogId, Stanza>) {
        let mut state = self.state.lock();
        state.is_reading = false;
        while let Some(next) = state.overflow.pop_if(|row| read.contains_key(&row)) {
            let delivery = match next {
                Waiting::Whole(delivery) => Some(delivery),
                Waiting::Row(row) => read.remove(&row).map(|stanza| Delivery {
                    stanza: Box::new(stanza),
                    log_id: Some(row),
                }),
            };
            state.queue.extend(delivery);
        }
        let waker = state.waker.take();
        drop(state);
        wake(waker);
    }

    /// A row that the session is to have is gone: it has missed what another session has acknowledged, and is told to close.
    pub(crate) fn has_missed(&self) {
        self.close_slow();
    }

    /// Tells the session to close its stream with this error; the first reason counts.
    pub fn close(&self, reason: StreamError) {
        let waker = self.state.lock().end(reason);
        wake(waker);
    }

    /// Whether the session has ended, or is told to.
    pub(crate) fn is_closed(&self) -> bool {
        self.state.lock().is_closed
    }

    /// Wakes the session without a stanza.
    pub fn nudge(&self) {
        let mut state = self.state.lock();
        state.is_nudged = true;
        let waker = state.waker.take();
        drop(state);
        wake(waker);
    }

    /// Waits until there is something, then moves all stanzas to `buffer`, which should be empty. What came before the
    /// reason to close is found before it.
    pub fn poll(&self, cx: &mut Context<'_>, buffer: &mut VecDeque<Delivery>) -> Poll<Found> {
        let mut state = self.state.lock();
        if (state.queue.is_empty() || state.is_slow)
            && let Some(reason) = state.close.take()
        {
            return Poll::Ready(Found::Close(reason));
        }
        if state.queue.is_empty() && !state.is_nudged {
            if !state.overflow.is_empty() && !state.is_reading && !state.is_closed {
                state.is_reading = true;
                return Poll::Ready(Found::Rows);
            }
            state.wait(cx);
            return Poll::Pending;
        }
        state.is_nudged = false;
        std::mem::swap(&mut state.queue, buffer);
        Poll::Ready(Found::Stanzas)
    }

    /// Waits for a reason to close, or a nudge, and leaves the stanzas where they are.
    pub fn poll_news(&self, cx: &mut Context<'_>) -> Poll<Found> {
        let mut state = self.state.lock();
        if let Some(reason) = state.close.take() {
            return Poll::Ready(Found::Close(reason));
        }
        if std::mem::take(&mut state.is_nudged) {
            return Poll::Ready(Found::Stanzas);
        }
        state.wait(cx);
        Poll::Pending
    }

    /// Takes what waits, of a session that has no task any more.
    pub(crate) fn take(&self) -> VecDeque<Waiting> {
        self.let_go();
        self.state.lock().drain()
    }

    /// Takes nothing more and gives back what was waiting. Called by the session's task when it ends.
    pub fn shut(&self) -> VecDeque<Waiting> {
        let mut state = self.state.lock();
        state.is_closed = true;
        state.waker = None;
        let mut waiting = state.drain();
        waiting.extend(state.direct.take().into_iter().flatten());
        waiting.extend(state.kept_back.take().into_iter().flatten());
        waiting
    }
}

impl State {
    /// Behind everything else that goes to the session, of which `capacity` stanzas are kept.
    fn follow(&mut self, waiting: Waiting, capacity: usize) {
        match waiting {
            Waiting::Whole(delivery) if self.overflow.is_empty() && self.queue.len() < capacity => {
                self.queue.push_back(delivery);
            }
            waiting => self.overflow.push(waiting),
        }
    }

    fn drain(&mut self) -> VecDeque<Waiting> {
        let queue = std::mem::take(&mut self.queue);
        let overflow = std::mem::take(&mut self.overflow);
        queue.into_iter().map(Waiting::Whole).chain(overflow).collect()
    }

    fn wait(&mut self, cx: &Context<'_>) {
        match &mut self.waker {
            Some(waker) => waker.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
    }

    fn end(&mut self, reason: StreamError) -> Option<Waker> {
        if self.is_closed {
            return None;
        }
        self.is_closed = true;
        self.close = Some(reason);
        self.waker.take()
    }
}

fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        waker.wake();
    }
}

/// What whoever does not read fast enough is told.
#[must_use]
pub fn slow_reader() -> StreamError {
    StreamError::with_text(
        protocol::StreamCondition::ResourceConstraint,
        "too many stanzas wait for this client; it does not read fast enough",
    )
}

#[cfg(test)]
mod tests;
