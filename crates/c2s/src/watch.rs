//! The clock of one stream: silence, slow reading, slow writing, and how fast it may send. One timer in all.

use std::{
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use tokio::time::{Instant, Sleep, sleep_until};
use transport::RateLimit;

use crate::{Settings, connection::Connection};

/// How long sent stanzas may wait before an acknowledgement is asked for. An answer costs the client's radio and us a
/// read and a write; nothing is lost by waiting, for a stream that is resumed tells what it has.
const ACK_REQUEST_AFTER: Duration = Duration::from_secs(10);

/// What time has brought.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Alarm {
    /// Silent for long: ask.
    Ask,
    /// Asked and still silent.
    Silent,
    /// Does not read what was written.
    NotReading,
    /// Takes nothing of more than its inbox holds.
    Behind,
    /// Began a stanza and does not end it.
    Midway,
    /// Sent stanzas wait for an acknowledgement.
    RequestAck,
    /// May send again.
    ReadOn,
}

/// Deadlines of one stream.
pub(crate) struct Watch {
    idle: Duration,
    answer: Duration,
    write: Duration,
    stanza: Duration,
    behind: Duration,
    rate: RateLimit,
    asked_at: Option<Instant>,
    blocked_since: Option<Instant>,
    behind_since: Option<Instant>,
    paused_until: Option<Instant>,
    midway_since: Option<Instant>,
    owing_since: Option<Instant>,
    timer: Pin<Box<Sleep>>,
}

impl Watch {
    pub(crate) fn new(settings: &Settings) -> Self {
        let idle = Duration::from_secs(settings.idle_timeout_secs);
        Self {
            idle,
            answer: Duration::from_secs(settings.ping_timeout_secs),
            write: Duration::from_secs(settings.write_timeout_secs),
            stanza: Duration::from_secs(settings.stanza_timeout_secs),
            behind: Duration::from_secs(settings.behind_timeout_secs),
            rate: RateLimit::new(settings.rate),
            asked_at: None,
            blocked_since: None,
            behind_since: None,
            paused_until: None,
            midway_since: None,
            owing_since: None,
            timer: Box::pin(sleep_until(Instant::now() + idle)),
        }
    }

    /// Whether the client has not sent too much lately.
    pub(crate) fn may_read(&self) -> bool {
        self.paused_until.is_none()
    }

    /// Something came; how many bytes it was.
    pub(crate) fn has_read(&mut self, connection: &mut Connection) -> usize {
        self.asked_at = None;
        let (now, bytes) = (connection.last_read(), connection.take_bytes_read());
        self.spend(now, bytes);
        match (connection.is_midway(), self.midway_since) {
            (true, None) => self.midway_since = Some(now),
            (false, _) => self.midway_since = None,
            (true, Some(_)) => {}
        }
        bytes
    }

    /// What the client sent has caused as much work as these bytes would.
    pub(crate) fn has_worked(&mut self, bytes: usize) {
        if bytes > 0 {
            self.spend(Instant::now(), bytes);
        }
    }

    /// What the client sent goes where more than it can take waits already.
    pub(crate) fn hold_back(&mut self, pause: Duration) {
        if !pause.is_zero() {
            let until = Instant::now() + pause;
            self.paused_until = Some(self.paused_until.map_or(until, |other| other.max(until)));
        }
    }

    fn spend(&mut self, now: Instant, bytes: usize) {
        let pause = self.rate.spend(now.into_std(), bytes);
        if !pause.is_zero() {
            self.paused_until = Some(now + pause);
        }
    }

    /// Everything that waited was written.
    pub(crate) fn has_written(&mut self) {
        self.blocked_since = None;
    }

    /// The socket takes nothing at the moment.
    pub(crate) fn is_blocked(&mut self) {
        if self.blocked_since.is_none() {
            self.blocked_since = Some(Instant::now());
        }
    }

    /// Whether the client takes nothing at the moment while more waits for it than its inbox holds.
    pub(crate) fn set_behind(&mut self, is_behind: bool) {
        match is_behind {
            true => _ = self.behind_since.get_or_insert_with(Instant::now),
            false => self.behind_since = None,
        }
    }

    /// Waits for the next thing that time brings; `owes` says whether sent stanzas are unacknowledged and not asked for.
    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, connection: &Connection, owes: bool) -> Poll<Alarm> {
        match (owes, self.owing_since) {
            (true, None) => self.owing_since = Some(Instant::now()),
            (false, Some(_)) => self.owing_since = None,
            _ => {}
        }
        loop {
            let (at, alarm) = self.next(connection);
            // Moving a timer costs; one that rings early is asked again.
            if at < self.timer.deadline() {
                self.timer.as_mut().reset(at);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            if Instant::now() < at {
                self.timer.as_mut().reset(at);
                continue;
            }
            self.rung(alarm);
            return Poll::Ready(alarm);
        }
    }

    fn next(&self, connection: &Connection) -> (Instant, Alarm) {
        let silence = match self.asked_at {
            Some(asked) => (asked + self.answer, Alarm::Silent),
            None => (connection.last_read() + self.idle, Alarm::Ask),
        };
        [
            self.paused_until.map(|at| (at, Alarm::ReadOn)),
            self.blocked_since.map(|at| (at + self.write, Alarm::NotReading)),
            self.behind_since.map(|at| (at + self.behind, Alarm::Behind)),
            self.midway_since.map(|at| (at + self.stanza, Alarm::Midway)),
            self.owing_since.map(|at| (at + ACK_REQUEST_AFTER, Alarm::RequestAck)),
        ]
        .into_iter()
        .flatten()
        .fold(silence, |first, other| if other.0 < first.0 { other } else { first })
    }

    fn rung(&mut self, alarm: Alarm) {
        match alarm {
            Alarm::Ask => self.asked_at = Some(Instant::now()),
            Alarm::ReadOn => self.paused_until = None,
            Alarm::RequestAck => self.owing_since = None,
            Alarm::Silent | Alarm::NotReading | Alarm::Behind | Alarm::Midway => {}
        }
    }
}
