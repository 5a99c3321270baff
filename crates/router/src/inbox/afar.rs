//! What comes by way of other nodes, and how it stays in order.

use parking_lot::Mutex;

use super::{Aside, Delivery, Inbox, Refused, State, Waiting, wake};

impl Inbox {
    /// Of a session that comes from another node. What is pushed waits until [`Inbox::open`], behind what
    /// [`Inbox::push_handed`] hands over.
    pub(crate) fn behind_another(capacity: usize) -> Self {
        let state = State {
            direct: Some(Aside::default()),
            ..State::default()
        };
        Self {
            capacity,
            state: Mutex::new(state),
        }
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
        let refused = kept_back.put(delivery, self.capacity);
        drop(state);
        refused.or_else(|delivery| self.evict(delivery))
    }

    /// From now on what other nodes send is kept back.
    pub(crate) fn keep_back(&self) {
        self.state.lock().kept_back.get_or_insert_default();
    }

    /// What was kept back follows.
    pub(crate) fn let_go(&self) {
        let mut state = self.state.lock();
        for waiting in state.kept_back.take().into_iter().flatten() {
            match &mut state.direct {
                Some(direct) => direct.push(waiting),
                None => state.follow(waiting, self.capacity),
            }
        }
        let waker = state.waker.take();
        drop(state);
        wake(waker);
    }

    #[cfg(test)]
    pub(crate) fn is_keeping_back(&self) -> bool {
        self.state.lock().kept_back.is_some()
    }

    /// Hands over what waited for the session on the node that it comes from, where there was a bound already. It comes back
    /// where the session has ended.
    pub(crate) fn push_handed(&self, waiting: Waiting) -> Result<(), Waiting> {
        let mut state = self.state.lock();
        if state.is_closed {
            return Err(waiting);
        }
        state.follow(waiting, usize::MAX);
        let waker = state.waker.take();
        drop(state);
        wake(waker);
        Ok(())
    }

    /// Nothing more comes by way of the node that the session comes from.
    pub(crate) fn open(&self) {
        let mut state = self.state.lock();
        let Some(direct) = state.direct.take() else { return };
        for waiting in direct {
            state.follow(waiting, self.capacity);
        }
        let waker = state.waker.take();
        drop(state);
        wake(waker);
    }
}
