//! Which of a client's stanzas are done with: stored where they had to be (XEP-0198 §4, "ack means durable").

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::Session;

/// Stanzas of one stream that still wait for a commit, oldest first.
#[derive(Debug, Default)]
pub struct Handled {
    waiting: Mutex<VecDeque<Waiting>>,
    settled: Notify,
}

#[derive(Debug)]
struct Waiting {
    number: u32,
    commits_due: u32,
}

impl Handled {
    /// How many of the `received` stanzas may be acknowledged: all before the first that waits.
    #[must_use]
    pub fn count(&self, received: u32) -> u32 {
        self.waiting
            .lock()
            .front()
            .map_or(received, |first| first.number.wrapping_sub(1))
    }

    /// How many stanzas wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.lock().len()
    }

    /// Waits until none waits.
    pub async fn all(&self) {
        loop {
            let settled = self.settled.notified();
            tokio::pin!(settled);
            settled.as_mut().enable();
            if self.waiting() == 0 {
                return;
            }
            settled.await;
        }
    }

    /// The sender was told that the stanza went nowhere: nothing is waited for.
    pub(crate) fn release(&self, number: u32) {
        let mut waiting = self.waiting.lock();
        waiting.retain(|entry| entry.number != number);
    }

    fn hold(&self, number: u32) {
        let mut waiting = self.waiting.lock();
        match waiting.back_mut() {
            Some(last) if last.number == number => last.commits_due += 1,
            _ => waiting.push_back(Waiting { number, commits_due: 1 }),
        }
    }

    /// Counts one commit; true where the acknowledgeable number moved.
    fn settle(&self, number: u32) -> bool {
        let mut waiting = self.waiting.lock();
        if let Some(entry) = waiting.iter_mut().find(|entry| entry.number == number) {
            entry.commits_due = entry.commits_due.saturating_sub(1);
        }
        let before = waiting.len();
        while waiting.front().is_some_and(|first| first.commits_due == 0) {
            waiting.pop_front();
        }
        let has_moved = waiting.len() < before;
        drop(waiting);
        if has_moved {
            self.settled.notify_waiters();
        }
        has_moved
    }
}

/// Keeps one stanza from being acknowledged until what it had to leave behind is durable.
///
/// Dropped without [`Receipt::settle`] the stanza stays unacknowledged for good, and its sender sends it again.
#[derive(Debug)]
pub struct Receipt {
    session: Arc<Session>,
    number: u32,
}

impl Receipt {
    /// For the stanza of this number (counted from 1) of the session's stream.
    #[must_use]
    pub fn new(session: &Arc<Session>, number: u32) -> Self {
        session.handled.hold(number);
        Self {
            session: session.clone(),
            number,
        }
    }

    /// It is durable, or its sender was told that it is not.
    pub fn settle(self) {
        if self.session.handled.settle(self.number) {
            self.session.inbox.nudge();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_has_no_gap_before_it_is_acknowledged() {
        let handled = Handled::default();
        assert_eq!(handled.count(7), 7);
        for number in [3, 5, 5] {
            handled.hold(number);
        }
        assert_eq!(handled.count(7), 2);
        assert!(!handled.settle(5));
        assert_eq!(handled.count(7), 2);
        assert!(handled.settle(3));
        assert_eq!(handled.count(7), 4, "the fifth waits for its second commit");
        assert!(handled.settle(5));
        assert_eq!(handled.count(7), 7);
    }

    #[test]
    fn the_count_goes_round_at_two_to_the_32() {
        let handled = Handled::default();
        handled.hold(0);
        assert_eq!(handled.count(1), u32::MAX);
    }
}
