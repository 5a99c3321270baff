//! What was sent to a client and not acknowledged yet (XEP-0198 §4).

use std::{collections::VecDeque, mem};

use router::Delivery;

/// Sent stanzas, oldest first, with the counters of both directions.
#[derive(Debug, Default)]
pub(crate) struct Outbox {
    unacked: VecDeque<Delivery>,
    unacked_bytes: usize,
    /// Stanzas that the client has acknowledged, modulo 2³².
    acked: u32,
    /// Stanzas received from the client, modulo 2³².
    received: u32,
    /// Stanzas sent since the last `<r/>`.
    since_request: usize,
}

/// The client acknowledged more than was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TooHigh {
    /// What it said.
    pub(crate) h: u32,
    /// What was sent.
    pub(crate) sent: u32,
}

impl Outbox {
    /// Of a stream that has come from another node; what the client does not have follows as if it were sent for the first
    /// time.
    pub(crate) fn moved(acked: u32, received: u32) -> Self {
        Self {
            acked,
            received,
            ..Self::default()
        }
    }

    /// Counts a stanza from the client and returns its number, from 1.
    pub(crate) fn receive(&mut self) -> u32 {
        self.received = self.received.wrapping_add(1);
        self.received
    }

    /// The client was told that so many were received; it sends the others again, and then they count.
    pub(crate) fn rewind(&mut self, received: u32) {
        self.received = received;
    }

    /// How many stanzas were received.
    pub(crate) fn received(&self) -> u32 {
        self.received
    }

    /// Keeps a stanza that was sent.
    pub(crate) fn push(&mut self, delivery: Delivery) {
        self.unacked_bytes += delivery.stanza.size();
        self.unacked.push_back(delivery);
        self.since_request += 1;
    }

    /// Whether the client owes so much that nothing more is sent.
    pub(crate) fn is_full(&self, max_stanzas: usize, max_bytes: usize) -> bool {
        self.unacked.len() >= max_stanzas || self.unacked_bytes >= max_bytes
    }

    /// Whether the client owes an acknowledgement.
    pub(crate) fn is_empty(&self) -> bool {
        self.unacked.is_empty()
    }

    /// Stanzas sent since an acknowledgement was last asked for.
    pub(crate) fn since_request(&self) -> usize {
        self.since_request
    }

    /// An acknowledgement was asked for.
    pub(crate) fn requested(&mut self) {
        self.since_request = 0;
    }

    /// Forgets what the client has; gives it back, so that rows can go.
    pub(crate) fn acknowledge(&mut self, h: u32) -> Result<impl Iterator<Item = Delivery>, TooHigh> {
        let count = h.wrapping_sub(self.acked) as usize;
        if count > self.unacked.len() {
            let sent = u32::try_from(self.unacked.len()).unwrap_or(u32::MAX);
            return Err(TooHigh {
                h,
                sent: self.acked.wrapping_add(sent),
            });
        }
        self.acked = h;
        let bytes = &mut self.unacked_bytes;
        Ok(self
            .unacked
            .drain(..count)
            .inspect(|delivery| *bytes = bytes.saturating_sub(delivery.stanza.size())))
    }

    /// What to send again on a resumed stream.
    pub(crate) fn unacked(&self) -> impl ExactSizeIterator<Item = &Delivery> {
        self.unacked.iter()
    }

    /// Takes everything that was not acknowledged.
    pub(crate) fn take(&mut self) -> VecDeque<Delivery> {
        self.unacked_bytes = 0;
        mem::take(&mut self.unacked)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use protocol::{MessageType, Stanza};

    fn sent(count: u32) -> Outbox {
        let mut outbox = Outbox::default();
        for id in 0..count {
            outbox.push(Delivery::new(Stanza::message(MessageType::Chat).id(&id.to_string())));
        }
        outbox
    }

    #[test]
    fn acknowledged_stanzas_go_oldest_first() {
        let mut outbox = sent(3);
        let gone: Vec<_> = outbox
            .acknowledge(2)
            .unwrap()
            .map(|delivery| delivery.stanza.id.unwrap())
            .collect();
        assert_eq!(gone, ["0", "1"]);
        assert_eq!(outbox.unacked().count(), 1);
        assert_eq!(
            outbox.acknowledge(2).unwrap().count(),
            0,
            "the same number again is no error"
        );
    }

    #[test]
    fn more_than_was_sent_is_refused_and_nothing_is_forgotten() {
        let mut outbox = sent(3);
        assert_eq!(outbox.acknowledge(4).err(), Some(TooHigh { h: 4, sent: 3 }));
        assert_eq!(outbox.unacked().count(), 3);
        assert_eq!(outbox.acknowledge(1).unwrap().count(), 1);
        assert!(outbox.acknowledge(0).is_err(), "an older number means 2^32 more");
    }

    #[test]
    fn bytes_come_back_with_acknowledgements() {
        let mut outbox = sent(2);
        assert!(outbox.is_full(2, usize::MAX) && outbox.is_full(9, 1));
        assert_eq!(outbox.acknowledge(2).unwrap().count(), 2);
        assert_eq!(outbox.unacked_bytes, 0);
        assert!(outbox.is_empty() && !outbox.is_full(1, 1));
    }
}
