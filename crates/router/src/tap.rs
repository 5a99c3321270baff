//! A tap on one session's stanzas, for an operator who looks into a problem. It is closed nearly always, and then costs
//! a stanza one relaxed load; it closes by itself, and what it holds is bounded.

use std::{
    collections::VecDeque,
    sync::atomic::{AtomicBool, Ordering::Relaxed},
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use parking_lot::Mutex;
use protocol::Stanza;

/// Stanzas that wait to be looked at; the oldest go first.
pub const TAPPED_STANZAS_MAX: usize = 256;
/// Their bytes.
pub const TAPPED_BYTES_MAX: usize = 512 * 1024;

/// A session's tap.
#[derive(Debug, Default)]
pub struct Tap {
    is_open: AtomicBool,
    flow: Mutex<Option<Flow>>,
}

/// Which way a stanza goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// From the client.
    In,
    /// To the client.
    Out,
}

/// A stanza that passed an open tap.
#[derive(Debug, Clone)]
pub struct Tapped {
    /// Counts from 1 since the tap was opened.
    pub number: u64,
    /// When, in microseconds since 1970, UTC.
    pub at_micros: i64,
    /// Which way.
    pub way: Way,
    /// The stanza. Its children are shared, not copied.
    pub stanza: Stanza,
}

/// What was drawn from a tap.
#[derive(Debug)]
pub struct Drawn {
    /// What passed, the oldest first.
    pub stanzas: Vec<Tapped>,
    /// How long it is still open.
    pub left: Duration,
    /// Whether what people write may be read.
    pub shows_text: bool,
}

#[derive(Debug)]
struct Flow {
    until: Instant,
    shows_text: bool,
    passed: u64,
    bytes: usize,
    waiting: VecDeque<Tapped>,
}

impl Tap {
    /// Whether stanzas are to be shown to it.
    pub fn is_open(&self) -> bool {
        self.is_open.load(Relaxed)
    }

    /// Opens it for this time; what passed before is forgotten. `shows_text`: whether what people write may be read, too.
    pub fn open(&self, time: Duration, shows_text: bool) {
        *self.flow.lock() = Some(Flow {
            until: Instant::now() + time,
            shows_text,
            passed: 0,
            bytes: 0,
            waiting: VecDeque::new(),
        });
        self.is_open.store(true, Relaxed);
    }

    /// Closes it; what passed is forgotten. Says whether it was open.
    pub fn close(&self) -> bool {
        self.is_open.store(false, Relaxed);
        self.flow.lock().take().is_some()
    }

    /// Closes it if its time is over.
    pub fn close_if_over(&self) {
        let mut flow = self.flow.lock();
        if flow.as_ref().is_some_and(Flow::is_over) {
            self.is_open.store(false, Relaxed);
            flow.take();
        }
    }

    /// Shows it a stanza. To be called only where it is open.
    #[cold]
    pub fn show(&self, way: Way, stanza: &Stanza) {
        self.close_if_over();
        if let Some(flow) = &mut *self.flow.lock() {
            flow.push(way, stanza);
        }
    }

    /// What passed behind this number; none where it is closed.
    #[must_use]
    pub fn read(&self, after: u64) -> Option<Drawn> {
        self.close_if_over();
        let flow = self.flow.lock();
        let flow = flow.as_ref()?;
        let waiting = flow.waiting.iter().filter(|tapped| tapped.number > after);
        let left = flow.until.saturating_duration_since(Instant::now());
        Some(Drawn {
            stanzas: waiting.cloned().collect(),
            left,
            shows_text: flow.shows_text,
        })
    }
}

impl Flow {
    fn is_over(&self) -> bool {
        Instant::now() >= self.until
    }

    fn push(&mut self, way: Way, stanza: &Stanza) {
        self.passed += 1;
        self.bytes += stanza.size();
        self.waiting.push_back(Tapped {
            number: self.passed,
            at_micros: now_micros(),
            way,
            stanza: stanza.clone(),
        });
        while self.waiting.len() > TAPPED_STANZAS_MAX || self.bytes > TAPPED_BYTES_MAX {
            let Some(oldest) = self.waiting.pop_front() else { break };
            self.bytes = self.bytes.saturating_sub(oldest.stanza.size());
        }
    }
}

fn now_micros() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use protocol::MessageType;

    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    fn show(tap: &Tap, id: usize) {
        let stanza = Stanza::message(MessageType::Chat).id(&id.to_string());
        tap.show(Way::In, &stanza);
    }

    #[test]
    fn a_closed_tap_keeps_nothing() {
        let tap = Tap::default();
        show(&tap, 1);
        assert!(!tap.is_open() && tap.read(0).is_none());
        tap.open(LONG, false);
        assert!(tap.is_open());
        show(&tap, 2);
        assert_eq!(tap.read(0).unwrap().stanzas.len(), 1);
        assert!(tap.close());
        assert!(!tap.is_open() && tap.read(0).is_none() && !tap.close());
    }

    #[test]
    fn a_tap_closes_by_itself() {
        let tap = Tap::default();
        tap.open(Duration::ZERO, false);
        show(&tap, 1);
        assert!(!tap.is_open() && tap.read(0).is_none());
    }

    #[test]
    fn an_open_tap_holds_the_newest_and_no_more_than_it_may() {
        let tap = Tap::default();
        tap.open(LONG, false);
        for id in 1..=TAPPED_STANZAS_MAX + 10 {
            show(&tap, id);
        }
        let Drawn { stanzas: all, left, .. } = tap.read(0).unwrap();
        assert_eq!((all.len(), all[0].number), (TAPPED_STANZAS_MAX, 11));
        assert!(left > LONG / 2);
        let last = all.last().unwrap().number;
        assert_eq!(tap.read(last - 1).unwrap().stanzas.len(), 1);
        assert!(tap.read(last).unwrap().stanzas.is_empty());
    }
}
