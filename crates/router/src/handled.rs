//! Which of a client's stanzas are done with: stored where they had to be (XEP-0198 §4, "ack means durable").

use std::{collections::VecDeque, sync::Arc};

use parking_lot::Mutex;
use tokio::sync::Notify;

use crate::Session;

/// Stanzas of one stream that still wait for a commit, oldest first.
#[derive(Debug, Default)]
pub struct Handled {
    waiting: Mutex<Due>,
    settled: Notify,
}

#[derive(Debug, Default)]
struct Due {
    queue: VecDeque<Waiting>,
    /// Goes up when numbers begin to be used again, so that a late commit settles none of the new stanzas.
    era: u32,
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
        self.waiting.lock().count(received)
    }

    /// How many stanzas wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.lock().queue.len()
    }

    /// The client was told that only the returned count of its `received` stanzas is handled (XEP-0198 §5): it sends
    /// the others again, under the same numbers.
    pub fn rewind(&self, received: u32) -> u32 {
        let mut waiting = self.waiting.lock();
        let count = waiting.count(received);
        waiting.queue.clear();
        waiting.era = waiting.era.wrapping_add(1);
        count
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
        waiting.queue.retain(|entry| entry.number != number);
    }

    /// Notes that the stanza waits for one commit more; returns the era that the commit is to be settled in.
    fn hold(&self, number: u32) -> u32 {
        let mut waiting = self.waiting.lock();
        match waiting.queue.back_mut() {
            Some(last) if last.number == number => last.commits_due += 1,
            _ => waiting.queue.push_back(Waiting { number, commits_due: 1 }),
        }
        waiting.era
    }

    /// Counts one commit; true where the acknowledgeable number moved.
    fn settle(&self, number: u32, era: u32) -> bool {
        let mut waiting = self.waiting.lock();
        if waiting.era != era {
            return false;
        }
        let queue = &mut waiting.queue;
        if let Some(entry) = queue.iter_mut().find(|entry| entry.number == number) {
            entry.commits_due = entry.commits_due.saturating_sub(1);
        }
        let before = queue.len();
        while queue.front().is_some_and(|first| first.commits_due == 0) {
            queue.pop_front();
        }
        let has_moved = queue.len() < before;
        drop(waiting);
        if has_moved {
            self.settled.notify_waiters();
        }
        has_moved
    }
}

impl Due {
    /// All before the first that waits.
    fn count(&self, received: u32) -> u32 {
        self.queue
            .front()
            .map_or(received, |first| first.number.wrapping_sub(1))
    }
}

/// Keeps one stanza from being acknowledged until what it had to leave behind is durable.
///
/// Dropped without [`Receipt::settle`] the stanza stays unacknowledged for good, and its sender sends it again.
#[derive(Debug)]
pub struct Receipt {
    session: Arc<Session>,
    number: u32,
    era: u32,
}

impl Receipt {
    /// For the stanza of this number (counted from 1) of the session's stream.
    #[must_use]
    pub fn new(session: &Arc<Session>, number: u32) -> Self {
        Self {
            era: session.handled.hold(number),
            session: session.clone(),
            number,
        }
    }

    /// It is durable, or its sender was told that it is not.
    pub fn settle(self) {
        if self.session.handled.settle(self.number, self.era) {
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
            assert_eq!(handled.hold(number), 0);
        }
        assert_eq!(handled.count(7), 2);
        assert!(!handled.settle(5, 0));
        assert_eq!(handled.count(7), 2);
        assert!(handled.settle(3, 0));
        assert_eq!(handled.count(7), 4, "the fifth waits for its second commit");
        assert!(handled.settle(5, 0));
        assert_eq!(handled.count(7), 7);
    }

    #[test]
    fn what_is_sent_again_is_not_settled_by_the_commit_of_its_first_time() {
        let handled = Handled::default();
        let first = handled.hold(3);
        assert_eq!(handled.rewind(4), 2);
        assert_eq!(handled.count(2), 2);
        let second = handled.hold(3);
        assert!(!handled.settle(3, first));
        assert_eq!(handled.count(3), 2, "the second commit is due");
        assert!(handled.settle(3, second));
        assert_eq!(handled.count(3), 3);
    }

    #[test]
    fn the_count_goes_round_at_two_to_the_32() {
        let handled = Handled::default();
        handled.hold(0);
        assert_eq!(handled.count(1), u32::MAX);
    }
}
