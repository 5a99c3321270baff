//! Ids of log rows: a hybrid logical clock, so that an answer always sorts after what it answers.
//!
//! 51 bits of microseconds since 2025-01-01, then 12 bits that name the node. When a node needs two
//! ids in one microsecond, or has seen an id from another node's faster clock, it takes the
//! following microsecond: ids of one node only ever grow, and no two nodes make the same one.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::Clock;

/// 2025-01-01T00:00:00Z in microseconds since 1970.
const EPOCH_MICROS: i64 = 1_735_689_600_000_000;
const NODE_BITS: u32 = 12;
const NODE_MASK: i64 = (1 << NODE_BITS) - 1;
/// 13 digits of 5 bits hold 65 bits, so all 63 of ours.
const TEXT_LENGTH: usize = 13;
/// Base 32 in ASCII order (and without look-alikes), so that the text sorts like the number.
const DIGITS: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// The id of a message in the log, and its XEP-0359 stanza id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LogId(i64);

impl LogId {
    /// The id with this number, as it was stored or sent between nodes.
    #[must_use]
    pub const fn from_raw(raw: i64) -> Self {
        Self(raw)
    }

    /// The number, for storing and for sending between nodes.
    #[must_use]
    pub const fn raw(self) -> i64 {
        self.0
    }

    /// The smallest id of that time (microseconds since 1970): where a page that starts then begins.
    #[must_use]
    pub const fn first_at(unix_micros: i64) -> Self {
        let micros = unix_micros.saturating_sub(EPOCH_MICROS);
        if micros < 0 { Self(0) } else { Self(micros << NODE_BITS) }
    }

    /// When it was made, in microseconds since 1970.
    #[must_use]
    pub const fn timestamp(self) -> i64 {
        (self.0 >> NODE_BITS) + EPOCH_MICROS
    }

    /// Which node made it.
    #[must_use]
    pub const fn node(self) -> u16 {
        (self.0 & NODE_MASK) as u16
    }
}

impl fmt::Display for LogId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; TEXT_LENGTH];
        for (place, digit) in text.iter_mut().rev().enumerate() {
            *digit = DIGITS[(self.0 >> (5 * place) & 31) as usize];
        }
        f.write_str(std::str::from_utf8(&text).expect("the digits are ASCII"))
    }
}

/// A text that is not the id of a log row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a message id of this server")]
pub struct BadLogId;

impl FromStr for LogId {
    type Err = BadLogId;

    fn from_str(text: &str) -> Result<Self, BadLogId> {
        if text.len() != TEXT_LENGTH {
            return Err(BadLogId);
        }
        let raw = text.bytes().try_fold(0_i128, |raw, byte| {
            let digit = DIGITS.iter().position(|digit| *digit == byte).ok_or(BadLogId)?;
            Ok(raw << 5 | i128::try_from(digit).map_err(|_| BadLogId)?)
        })?;
        i64::try_from(raw).map(Self).map_err(|_| BadLogId)
    }
}

/// Makes [`LogId`]s for one node.
pub struct LogClock {
    clock: Arc<dyn Clock>,
    /// The microsecond (since our epoch) of the last id made or seen.
    last: AtomicI64,
    node: AtomicI64,
}

impl LogClock {
    /// A clock for the node with this number (its low 12 bits count).
    pub fn new(clock: Arc<dyn Clock>, node: u16) -> Self {
        Self {
            clock,
            last: AtomicI64::new(0),
            node: AtomicI64::new(i64::from(node) & NODE_MASK),
        }
    }

    /// This node's number from now on (its low 12 bits count).
    pub fn set_node(&self, node: u64) {
        self.node.store((node & 0xfff) as i64 & NODE_MASK, Ordering::Relaxed);
    }

    /// An id greater than every id made or seen before.
    pub fn next_id(&self) -> LogId {
        let now = self.clock.now_micros() - EPOCH_MICROS;
        let mut last = self.last.load(Ordering::Relaxed);
        loop {
            let micros = now.max(last + 1);
            match self
                .last
                .compare_exchange_weak(last, micros, Ordering::AcqRel, Ordering::Relaxed)
            {
                Ok(_) => return LogId(micros << NODE_BITS | self.node.load(Ordering::Relaxed)),
                Err(other) => last = other,
            }
        }
    }

    /// Takes note of an id made elsewhere: every id made here from now on is greater.
    pub fn observe(&self, seen: LogId) {
        self.last.fetch_max(seen.0 >> NODE_BITS, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    struct Still(AtomicI64);

    impl Clock for Still {
        fn now_micros(&self) -> i64 {
            self.0.load(Ordering::Relaxed)
        }
    }

    fn still(micros: i64) -> Arc<Still> {
        Arc::new(Still(AtomicI64::new(EPOCH_MICROS + micros)))
    }

    #[test]
    fn ids_grow_although_the_clock_stands_still_or_goes_back() {
        let time = still(1_000);
        let ids = LogClock::new(time.clone(), 7);
        let first = ids.next_id();
        let second = ids.next_id();
        time.0.store(EPOCH_MICROS, Ordering::Relaxed);
        let third = ids.next_id();
        assert!(first < second && second < third);
        assert_eq!((first.node(), first.timestamp()), (7, EPOCH_MICROS + 1_000));
        assert_eq!(third.timestamp(), EPOCH_MICROS + 1_002);
    }

    #[test]
    fn an_answer_sorts_after_what_it_answers_whatever_the_clocks_say() {
        let fast = LogClock::new(still(9_000_000), 4_095);
        let slow = LogClock::new(still(1), 0);
        let question = fast.next_id();
        slow.observe(question);
        assert!(slow.next_id() > question);
    }

    #[test]
    fn the_text_sorts_like_the_number_and_reads_back() {
        let numbers = [0, 1, 31, 32, 4_095, 4_096, i64::from(u32::MAX), 1 << 62, i64::MAX];
        let texts: Vec<String> = numbers.iter().map(|raw| LogId(*raw).to_string()).collect();
        assert!(texts.windows(2).all(|pair| pair[0] < pair[1]), "{texts:?}");
        for (raw, text) in numbers.iter().zip(&texts) {
            assert_eq!(text.parse::<LogId>().unwrap(), LogId(*raw));
        }
    }

    #[test]
    fn texts_that_are_no_ids_are_refused() {
        for text in [
            "",
            "0",
            "zzzzzzzzzzzzz",
            "000000000000u",
            "00000000000000",
            "0000000000ä0",
            "000000000000A",
        ] {
            assert_eq!(text.parse::<LogId>(), Err(BadLogId), "{text}");
        }
    }

    #[test]
    fn a_time_becomes_the_first_id_of_its_microsecond() {
        let id = LogClock::new(still(5), 3).next_id();
        assert!(LogId::first_at(EPOCH_MICROS + 5) < id && id < LogId::first_at(EPOCH_MICROS + 6));
        assert_eq!(LogId::first_at(0), LogId(0));
    }
}
