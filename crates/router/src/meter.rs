//! What a session's task counts, for people who look at sessions. Only that task writes, so a count costs it one store.

use std::{
    sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, Ordering::Relaxed},
    time::{Duration, Instant},
};

/// The counts of one session on this server, since it was bound or came here.
#[derive(Debug)]
pub struct Meter {
    began: Instant,
    stanzas_in: AtomicU64,
    stanzas_out: AtomicU64,
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    unacked: AtomicU32,
    /// When the client was last heard, in milliseconds since `began`.
    heard_millis: AtomicU64,
    acks: AtomicU8,
    is_inactive: AtomicBool,
    is_connected: AtomicBool,
}

/// Whether a stream's stanzas are acknowledged (XEP-0198).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Acks {
    /// They are not.
    #[default]
    Off,
    /// They are.
    On,
    /// They are, and the client may come back.
    Resumable,
}

/// Stanzas and bytes of some sessions, in both directions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Stanzas from clients.
    pub stanzas_in: u64,
    /// Stanzas to clients.
    pub stanzas_out: u64,
    /// Bytes from clients, inside TLS.
    pub bytes_in: u64,
    /// Bytes to clients, inside TLS.
    pub bytes_out: u64,
}

impl Default for Meter {
    fn default() -> Self {
        Self {
            began: Instant::now(),
            stanzas_in: AtomicU64::new(0),
            stanzas_out: AtomicU64::new(0),
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            unacked: AtomicU32::new(0),
            heard_millis: AtomicU64::new(0),
            acks: AtomicU8::new(0),
            is_inactive: AtomicBool::new(false),
            is_connected: AtomicBool::new(true),
        }
    }
}

/// One writer: a load and a store are enough, and cost less than an addition that others might make too.
fn add(count: &AtomicU64, more: u64) {
    count.store(count.load(Relaxed).wrapping_add(more), Relaxed);
}

impl Meter {
    /// A stanza of the client's came.
    pub fn stanza_in(&self) {
        add(&self.stanzas_in, 1);
    }

    /// A stanza went to the client.
    pub fn stanza_out(&self) {
        add(&self.stanzas_out, 1);
    }

    /// Bytes of the client's came, at this moment.
    pub fn read(&self, bytes: usize, at: Instant) {
        add(&self.bytes_in, bytes as u64);
        let millis = at.saturating_duration_since(self.began).as_millis();
        self.heard_millis
            .store(u64::try_from(millis).unwrap_or(u64::MAX), Relaxed);
    }

    /// Bytes went to the client.
    pub fn wrote(&self, bytes: usize) {
        add(&self.bytes_out, bytes as u64);
    }

    /// So many stanzas wait for the client's acknowledgement.
    pub fn set_unacked(&self, count: usize) {
        self.unacked.store(u32::try_from(count).unwrap_or(u32::MAX), Relaxed);
    }

    /// Whether stanzas are acknowledged.
    pub fn set_acks(&self, acks: Acks) {
        self.acks.store(acks as u8, Relaxed);
    }

    /// Whether the client said that nobody looks at it (XEP-0352).
    pub fn set_inactive(&self, is_inactive: bool) {
        self.is_inactive.store(is_inactive, Relaxed);
    }

    /// Whether the session has a connection now.
    pub fn set_connected(&self, is_connected: bool) {
        self.is_connected.store(is_connected, Relaxed);
    }

    /// All that was counted.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        Traffic {
            stanzas_in: self.stanzas_in.load(Relaxed),
            stanzas_out: self.stanzas_out.load(Relaxed),
            bytes_in: self.bytes_in.load(Relaxed),
            bytes_out: self.bytes_out.load(Relaxed),
        }
    }

    /// Stanzas that wait for the client's acknowledgement.
    #[must_use]
    pub fn unacked(&self) -> u32 {
        self.unacked.load(Relaxed)
    }

    /// Whether stanzas are acknowledged.
    #[must_use]
    pub fn acks(&self) -> Acks {
        match self.acks.load(Relaxed) {
            1 => Acks::On,
            2 => Acks::Resumable,
            _ => Acks::Off,
        }
    }

    /// Whether the client said that nobody looks at it.
    #[must_use]
    pub fn is_inactive(&self) -> bool {
        self.is_inactive.load(Relaxed)
    }

    /// Whether the session has a connection now; else its client may yet come back.
    #[must_use]
    pub fn is_connected(&self) -> bool {
        self.is_connected.load(Relaxed)
    }

    /// How long the client has been silent.
    #[must_use]
    pub fn silent(&self) -> Duration {
        let heard = Duration::from_millis(self.heard_millis.load(Relaxed));
        self.began.elapsed().saturating_sub(heard)
    }
}

impl std::ops::AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.stanzas_in = self.stanzas_in.wrapping_add(other.stanzas_in);
        self.stanzas_out = self.stanzas_out.wrapping_add(other.stanzas_out);
        self.bytes_in = self.bytes_in.wrapping_add(other.bytes_in);
        self.bytes_out = self.bytes_out.wrapping_add(other.bytes_out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_counted_is_read() {
        let meter = Meter::default();
        meter.stanza_in();
        meter.stanza_in();
        meter.stanza_out();
        meter.read(10, Instant::now());
        meter.wrote(7);
        let mut traffic = meter.traffic();
        traffic += meter.traffic();
        let twice = Traffic {
            stanzas_in: 4,
            stanzas_out: 2,
            bytes_in: 20,
            bytes_out: 14,
        };
        assert_eq!(traffic, twice);
        for acks in [Acks::On, Acks::Resumable, Acks::Off] {
            meter.set_acks(acks);
            assert_eq!(meter.acks(), acks);
        }
    }
}
