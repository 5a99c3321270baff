//! What waits for one session: many producers, one consumer (the session's task), bounded.

use std::{
    collections::VecDeque,
    task::{Context, Poll, Waker},
};

use parking_lot::Mutex;
use protocol::{Stanza, StreamError};
use storage::LogId;

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
    /// Of a session that comes from another node: what came here directly, until all has come by way of that node.
    direct: Option<VecDeque<Delivery>>,
    /// What came from other nodes, while something that waits in the log has to go before it.
    kept_back: Option<VecDeque<Delivery>>,
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

    /// Of a session that comes from another node. What is pushed waits until [`Inbox::open`], behind what
    /// [`Inbox::push_handed`] hands over.
    pub(crate) fn behind_another(capacity: usize) -> Self {
        let state = State {
            direct: Some(VecDeque::new()),
            ..State::default()
        };
        Self {
            capacity,
            state: Mutex::new(state),
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
        let aside = aside.into_iter().flatten().map(VecDeque::len);
        state.queue.len() + aside.sum::<usize>()
    }

    /// Hands over a stanza.
    ///
    /// # Errors
    /// Where the session has ended, or where it is `capacity` stanzas behind: then it is told to close
    /// (slow readers are evicted, so that nobody waits for them).
    pub fn push(&self, delivery: Delivery) -> Result<(), Refused> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(Refused::Closed(delivery));
        }
        let queue = state.direct.as_ref().unwrap_or(&state.queue);
        if queue.len() >= self.capacity {
            drop(state);
            return self.evict(delivery);
        }
        if let Some(direct) = &mut state.direct {
            direct.push_back(delivery);
            return Ok(());
        }
        state.queue.push_back(delivery);
        let waker = state.waker.take();
        drop(state);
        wake(waker);
        Ok(())
    }

    /// It is too far behind: it is told to close.
    fn evict(&self, delivery: Delivery) -> Result<(), Refused> {
        let mut state = self.state.lock();
        state.is_slow = true;
        let waker = state.end(slow_reader());
        drop(state);
        wake(waker);
        Err(Refused::Full(delivery))
    }

    /// Hands over a stanza of another node: behind what waits in the log, where it has to be behind that.
    pub(crate) fn push_from_afar(&self, delivery: Delivery) -> Result<(), Refused> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(Refused::Closed(delivery));
        }
        let Some(kept_back) = &mut state.kept_back else {
            drop(state);
            return self.push(delivery);
        };
        if kept_back.len() >= self.capacity {
            drop(state);
            return self.evict(delivery);
        }
        kept_back.push_back(delivery);
        Ok(())
    }

    /// From now on what other nodes send is kept back.
    pub(crate) fn keep_back(&self) {
        self.state.lock().kept_back.get_or_insert_default();
    }

    /// What was kept back follows.
    pub(crate) fn let_go(&self) {
        let mut state = self.state.lock();
        let Some(mut kept_back) = state.kept_back.take() else {
            return;
        };
        let State { queue, direct, .. } = &mut *state;
        direct.as_mut().unwrap_or(queue).append(&mut kept_back);
        let waker = state.waker.take();
        drop(state);
        wake(waker);
    }

    #[cfg(test)]
    pub(crate) fn is_keeping_back(&self) -> bool {
        self.state.lock().kept_back.is_some()
    }

    /// Hands over a stanza that waited for the session on the node that it comes from, where there was a bound already.
    pub(crate) fn push_handed(&self, delivery: Delivery) -> Result<(), Refused> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(Refused::Closed(delivery));
        }
        state.queue.push_back(delivery);
        let waker = state.waker.take();
        drop(state);
        wake(waker);
        Ok(())
    }

    /// Nothing more comes by way of the node that the session comes from.
    pub(crate) fn open(&self) {
        let mut state = self.state.lock();
        let Some(mut direct) = state.direct.take() else { return };
        state.queue.append(&mut direct);
        let waker = state.waker.take();
        drop(state);
        wake(waker);
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
    pub(crate) fn take(&self) -> VecDeque<Delivery> {
        self.let_go();
        std::mem::take(&mut self.state.lock().queue)
    }

    /// Takes nothing more and gives back what was waiting. Called by the session's task when it ends.
    pub fn shut(&self) -> VecDeque<Delivery> {
        let mut state = self.state.lock();
        state.is_closed = true;
        state.waker = None;
        let mut waiting = std::mem::take(&mut state.queue);
        waiting.extend(state.direct.take().into_iter().flatten());
        waiting.extend(state.kept_back.take().into_iter().flatten());
        waiting
    }
}

impl State {
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

fn slow_reader() -> StreamError {
    StreamError::with_text(
        protocol::StreamCondition::ResourceConstraint,
        "too many stanzas wait for this client; it does not read fast enough",
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use protocol::MessageType;

    use super::*;

    fn delivery(id: &str) -> Delivery {
        Delivery::new(Stanza::message(MessageType::Chat).id(id))
    }

    fn ids(deliveries: VecDeque<Delivery>) -> Vec<String> {
        deliveries
            .into_iter()
            .map(|it| it.stanza.id.unwrap().to_string())
            .collect()
    }

    #[test]
    fn what_is_kept_back_follows_what_was_read_from_the_log() {
        let inbox = Inbox::new(2);
        inbox.push(delivery("1")).unwrap();
        inbox.keep_back();
        inbox.push_from_afar(delivery("3")).unwrap();
        inbox.push(delivery("2")).unwrap();
        inbox.push_from_afar(delivery("4")).unwrap();
        assert_eq!(inbox.waiting(), 4);
        inbox.let_go();
        assert_eq!(ids(inbox.take()), ["1", "2", "3", "4"]);
        inbox.push_from_afar(delivery("5")).unwrap();
        assert_eq!(ids(inbox.shut()), ["5"]);
    }

    #[test]
    fn no_more_is_kept_back_than_an_inbox_holds() {
        let inbox = Inbox::new(2);
        inbox.keep_back();
        for id in ["1", "2"] {
            inbox.push_from_afar(delivery(id)).unwrap();
        }
        assert!(matches!(inbox.push_from_afar(delivery("3")), Err(Refused::Full(_))));
        assert!(inbox.is_closed());
        assert_eq!(ids(inbox.shut()), ["1", "2"]);
    }

    #[test]
    fn what_came_by_way_of_the_old_node_is_first() {
        for is_opened in [true, false] {
            let inbox = Inbox::behind_another(2);
            inbox.push(delivery("3")).unwrap();
            inbox.push_handed(delivery("1")).unwrap();
            inbox.push_handed(delivery("2")).unwrap();
            if is_opened {
                inbox.open();
            }
            assert_eq!(ids(inbox.shut()), ["1", "2", "3"]);
            assert!(inbox.push_handed(delivery("4")).is_err());
        }
    }
}
