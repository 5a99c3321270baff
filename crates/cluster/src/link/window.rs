//! The ordered stream to one peer: what was not handled yet, numbered, over however many connections it takes.

use std::collections::VecDeque;
use std::time::Duration;

use bytes::Bytes;

/// Messages that one peer has not handled yet. At 50,000 a second, what a peer may be behind by: a third of a second.
pub const UNHANDLED_MESSAGES: usize = 16 * 1024;
/// Their bytes: a peer that stands still costs no more memory than this.
pub const UNHANDLED_BYTES: usize = 32 * 1024 * 1024;
/// From half of either bound on, whoever sends is asked to pause after each message, at the bound for so long. So a few who
/// send much are slowed down to what the peer takes, and a great many have to come together to reach the bound while a peer
/// is silent that is not declared dead yet.
pub const PAUSE_MAX: Duration = Duration::from_secs(1);

/// What goes to one peer.
#[derive(Default)]
pub(crate) struct Window {
    waiting: VecDeque<Bytes>,
    bytes: usize,
    /// How many were handled: the number of the last one, for numbers begin with one.
    handled: u64,
    /// The number of the last one that the present connection has taken.
    taken: u64,
    /// The connection that may take.
    connection: Option<u64>,
    /// The peer is dead; nothing more is taken in.
    closed: bool,
}

impl Window {
    /// Appends a message, or gives it back when the window is full; how long whoever sends it should wait before the next.
    pub(crate) fn push(&mut self, message: Bytes) -> Result<Duration, Bytes> {
        if self.closed || self.waiting.len() >= UNHANDLED_MESSAGES || self.bytes + message.len() > UNHANDLED_BYTES {
            return Err(message);
        }
        self.bytes += message.len();
        self.waiting.push_back(message);
        Ok(self.pause())
    }

    fn pause(&self) -> Duration {
        let messages = over_half(self.waiting.len(), UNHANDLED_MESSAGES);
        PAUSE_MAX.mul_f64(messages.max(over_half(self.bytes, UNHANDLED_BYTES)))
    }

    /// A new connection takes over; up to `received` the peer has everything. False if that cannot be.
    pub(crate) fn resume(&mut self, connection: u64, received: u64) -> bool {
        if received > self.handled + self.waiting.len() as u64 {
            return false;
        }
        self.connection = Some(connection);
        self.taken = received.max(self.handled);
        true
    }

    /// The next message for `connection`, with its number. `Err` if another connection has taken over.
    pub(crate) fn take(&mut self, connection: u64) -> Result<Option<(u64, Bytes)>, TakenOver> {
        if self.connection != Some(connection) {
            return Err(TakenOver);
        }
        let index = usize::try_from(self.taken - self.handled).expect("bounded by the window");
        let message = self.waiting.get(index).cloned();
        self.taken += u64::from(message.is_some());
        Ok(message.map(|message| (self.taken, message)))
    }

    /// The peer has handled everything up to `number`. False if it never got that far.
    pub(crate) fn handled(&mut self, number: u64) -> bool {
        if number > self.handled + self.waiting.len() as u64 {
            return false;
        }
        while self.handled < number {
            let message = self.waiting.pop_front().expect("counted above");
            self.bytes -= message.len();
            self.handled += 1;
        }
        self.taken = self.taken.max(self.handled);
        true
    }

    /// Everything that was not handled, in order; the end of this window.
    pub(crate) fn give_back(&mut self) -> Vec<Bytes> {
        self.connection = None;
        self.closed = true;
        self.bytes = 0;
        std::mem::take(&mut self.waiting).into()
    }

    /// Messages and bytes that are not handled yet.
    pub(crate) fn unhandled(&self) -> (usize, usize) {
        (self.waiting.len(), self.bytes)
    }
}

/// The share of the upper half that is used.
fn over_half(used: usize, bound: usize) -> f64 {
    let half = bound / 2;
    used.saturating_sub(half) as f64 / half as f64
}

/// Another connection carries the stream now.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TakenOver;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn window(count: u8) -> Window {
        let mut window = Window::default();
        for number in 1..=count {
            window.push(Bytes::from(vec![number])).unwrap();
        }
        window
    }

    fn take_all(window: &mut Window, connection: u64) -> Vec<u64> {
        std::iter::from_fn(|| window.take(connection).unwrap())
            .map(|(number, message)| {
                assert_eq!(number, u64::from(message[0]), "a message keeps its number");
                number
            })
            .collect()
    }

    #[test]
    fn a_new_connection_goes_on_after_what_was_received() {
        let mut window = window(5);
        assert!(window.resume(1, 0));
        assert_eq!(take_all(&mut window, 1), [1, 2, 3, 4, 5]);
        assert!(window.handled(2));
        assert!(window.resume(2, 3));
        assert_eq!(window.take(1), Err(TakenOver));
        assert_eq!(take_all(&mut window, 2), [4, 5]);
        assert!(!window.handled(6), "more than there ever was");
        assert!(!window.resume(3, 6));
        assert_eq!(window.give_back().len(), 3, "received is not handled");
        assert!(window.push(Bytes::new()).is_err(), "the dead get nothing more");
    }

    #[test]
    fn who_sends_is_asked_to_pause_once_half_is_used() {
        for (message, bound) in [
            (&[0; 1][..], UNHANDLED_MESSAGES),
            (&[0; 32 * 1024], UNHANDLED_BYTES / (32 * 1024)),
        ] {
            let mut window = Window::default();
            let pauses: Vec<_> = (0..bound)
                .map(|_| window.push(Bytes::copy_from_slice(message)).unwrap())
                .collect();
            let (first, second) = pauses.split_at(bound / 2);
            assert!(first.iter().all(Duration::is_zero));
            assert!(second.is_sorted() && !second[0].is_zero());
            assert_eq!(pauses[bound - 1], PAUSE_MAX);
            window.handled(bound as u64 / 2 + 1);
            assert!(window.pause().is_zero());
        }
    }

    #[test]
    fn a_full_window_gives_the_message_back() {
        let mut window = Window::default();
        let large = Bytes::from(vec![0; UNHANDLED_BYTES]);
        window.push(large).unwrap();
        assert_eq!(window.push(Bytes::from_static(b"x")), Err(Bytes::from_static(b"x")));
        assert!(window.handled(1));
        for _ in 0..UNHANDLED_MESSAGES {
            window.push(Bytes::new()).unwrap();
        }
        assert!(window.push(Bytes::new()).is_err());
    }
}
