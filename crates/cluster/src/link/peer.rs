//! One peer: its two connections, the streams each way, what was heard of it. Lives as long as its process may.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::{Notify, Semaphore, mpsc};
use tokio_util::sync::CancellationToken;

use super::control::Control;
use super::hello::{Hello, Purpose};
use super::window::Window;
use crate::{Group, NodeId};

/// Messages of a peer that wait for the handler. More wait at the sender, which counts their bytes.
const ARRIVED_MESSAGES: usize = 64;
/// Calls of one peer that are served at a time; beyond, it is told that we are busy.
const CALLS_SERVED: usize = 256;

pub(crate) type Arrived = (u64, Bytes);

/// One connection as the peer keeps it.
pub(crate) struct Line {
    pub(crate) connection: u64,
    /// Whether the node with the lower id called. Of two connections that cross each other this one stays.
    pub(crate) preferred: bool,
    pub(crate) close: CancellationToken,
    pub(crate) group: Option<Group>,
    pub(crate) control: Option<Arc<Control>>,
    pub(crate) hello: Hello,
}

/// Everything known about one peer.
pub(crate) struct Peer {
    pub(crate) node: NodeId,
    pub(crate) gone: CancellationToken,
    pub(crate) addresses: Mutex<Vec<SocketAddr>>,
    pub(crate) window: Mutex<Window>,
    /// There is something to write on the data connection. Shared with the task that handles what arrives.
    pub(crate) writable: Arc<Notify>,
    /// The last number whose handling is done.
    pub(crate) handled: Arc<AtomicU64>,
    /// The last number whose handling a connection has told the peer of; one that breaks then may have done so in vain,
    /// which the next one makes good.
    pub(crate) told: AtomicU64,
    pub(crate) serving: Arc<Semaphore>,
    pub(crate) round_trip_us: AtomicU64,
    pub(crate) bytes_in: AtomicU64,
    pub(crate) bytes_out: AtomicU64,
    arriving: Mutex<u64>,
    arrived: mpsc::Sender<Arrived>,
    heard: Mutex<Option<Instant>>,
    control: Slot,
    data: Slot,
}

#[derive(Default)]
struct Slot {
    line: Mutex<Option<Line>>,
    changed: Notify,
}

/// A number is missing in a peer's stream: one of us is broken.
#[derive(Debug)]
pub(crate) struct Gap;

impl Peer {
    pub(crate) fn new(node: NodeId) -> (Arc<Self>, mpsc::Receiver<Arrived>) {
        let (arrived, arrivals) = mpsc::channel(ARRIVED_MESSAGES);
        let peer = Self {
            node,
            gone: CancellationToken::new(),
            addresses: Mutex::default(),
            window: Mutex::default(),
            writable: Arc::default(),
            handled: Arc::default(),
            told: AtomicU64::new(0),
            serving: Arc::new(Semaphore::new(CALLS_SERVED)),
            round_trip_us: AtomicU64::new(0),
            bytes_in: AtomicU64::new(0),
            bytes_out: AtomicU64::new(0),
            arriving: Mutex::new(0),
            arrived,
            heard: Mutex::default(),
            control: Slot::default(),
            data: Slot::default(),
        };
        (Arc::new(peer), arrivals)
    }

    fn slot(&self, purpose: Purpose) -> &Slot {
        match purpose {
            Purpose::Data => &self.data,
            Purpose::Control | Purpose::Probe => &self.control,
        }
    }

    /// Puts a new connection into its place, unless the one that is there takes precedence. `received` is how far
    /// the peer has our stream.
    pub(crate) fn admit(&self, purpose: Purpose, line: Line, received: u64) -> bool {
        let mut place = self.slot(purpose).line.lock();
        let stays = |old: &Line| old.preferred && !line.preferred && !old.close.is_cancelled();
        if self.gone.is_cancelled() || place.as_ref().is_some_and(stays) {
            return false;
        }
        if purpose == Purpose::Data && !self.window.lock().resume(line.connection, received) {
            return false;
        }
        if let Some(old) = place.replace(line) {
            old.close.cancel();
        }
        true
    }

    /// Takes a connection out of its place, if it is still there, and wakes who would make a new one.
    pub(crate) fn dismiss(&self, purpose: Purpose, connection: u64) {
        let slot = self.slot(purpose);
        slot.line.lock().take_if(|line| line.connection == connection);
        slot.changed.notify_one();
    }

    pub(crate) fn is_up(&self, purpose: Purpose) -> bool {
        let line = self.slot(purpose).line.lock();
        line.as_ref().is_some_and(|line| !line.close.is_cancelled())
    }

    /// Waits until it may be worth while to look again whether a connection is needed.
    pub(crate) async fn changed(&self, purpose: Purpose) {
        self.slot(purpose).changed.notified().await;
    }

    /// Looks at both connections anew: addresses or the group have changed.
    pub(crate) fn look_again(&self) {
        self.control.changed.notify_one();
        self.data.changed.notify_one();
    }

    /// Ends a connection. A new one may follow.
    pub(crate) fn close(&self, purpose: Purpose) {
        if let Some(line) = self.slot(purpose).line.lock().as_ref() {
            line.close.cancel();
        }
    }

    /// Ends the data connection if it was made in another group.
    pub(crate) fn close_data_of_others(&self, group: Option<Group>) {
        if let Some(line) = self.data.line.lock().as_ref()
            && line.group != group
        {
            line.close.cancel();
        }
    }

    /// The control connection, to call over.
    pub(crate) fn control(&self) -> Option<Arc<Control>> {
        self.control.line.lock().as_ref().and_then(|line| line.control.clone())
    }

    /// What the peer last said about itself, while it is linked.
    pub(crate) fn hello(&self) -> Option<Hello> {
        self.control.line.lock().as_ref().map(|line| line.hello.clone())
    }

    /// How far we have the peer's stream.
    pub(crate) fn received(&self) -> u64 {
        *self.arriving.lock()
    }

    /// Takes the next message of the peer's stream in, when there is room. What came over an earlier connection
    /// already is passed over.
    pub(crate) async fn arrive(&self, number: u64, body: Bytes) -> Result<(), Gap> {
        let Ok(place) = self.arrived.reserve().await else {
            return Ok(());
        };
        let mut arriving = self.arriving.lock();
        if number == *arriving + 1 {
            *arriving = number;
            place.send((number, body));
        } else if number > *arriving {
            return Err(Gap);
        }
        Ok(())
    }

    /// How many messages were handled that the peer was not told of.
    pub(crate) fn untold(&self) -> u64 {
        let told = self.told.load(Ordering::Acquire);
        self.handled.load(Ordering::Acquire).saturating_sub(told)
    }

    pub(crate) fn hear(&self, now: Instant) {
        *self.heard.lock() = Some(now);
    }

    pub(crate) fn heard(&self) -> Option<Instant> {
        *self.heard.lock()
    }

    pub(crate) fn round_trip(&self) -> Option<Duration> {
        let micros = self.round_trip_us.load(Ordering::Relaxed);
        (micros > 0).then(|| Duration::from_micros(micros))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::link::PROTOCOL;

    fn line(connection: u64, preferred: bool) -> Line {
        Line {
            connection,
            preferred,
            close: CancellationToken::new(),
            group: None,
            control: None,
            hello: Hello {
                protocol: PROTOCOL,
                node: NodeId(2),
                group: None,
                address: None,
                name: String::new(),
                version: String::new(),
                purpose: Purpose::Data,
                to: None,
                received: 0,
            },
        }
    }

    #[test]
    fn of_two_connections_that_cross_the_one_that_the_lower_called_stays() {
        let check = |old_preferred, new_preferred, old_is_ending, expected| {
            let (peer, _arrivals) = Peer::new(NodeId(2));
            let old = line(1, old_preferred);
            let old_close = old.close.clone();
            assert!(peer.admit(Purpose::Data, old, 0));
            if old_is_ending {
                old_close.cancel();
            }
            let case = format!("{old_preferred} {new_preferred} {old_is_ending}");
            assert_eq!(peer.admit(Purpose::Data, line(2, new_preferred), 0), expected, "{case}");
            assert_eq!(old_close.is_cancelled(), expected || old_is_ending, "{case}");
            // The end of the old one does not take the new one with it.
            peer.dismiss(Purpose::Data, if expected { 1 } else { 2 });
            assert!(peer.is_up(Purpose::Data), "{case}");
        };
        check(false, true, false, true);
        check(true, false, false, false);
        check(true, false, true, true);
        // The caller calls again because it knows that its last call is lost.
        check(true, true, false, true);
        check(false, false, false, true);
    }

    #[tokio::test]
    async fn a_message_that_comes_twice_arrives_once_and_a_gap_is_an_error() {
        let (peer, mut arrivals) = Peer::new(NodeId(2));
        for number in [1, 2, 1, 2, 3] {
            peer.arrive(number, Bytes::new()).await.expect("no gap");
        }
        assert!(peer.arrive(5, Bytes::new()).await.is_err());
        assert_eq!(peer.received(), 3);
        drop(peer);
        for number in 1..=3 {
            assert_eq!(arrivals.recv().await.expect("arrived").0, number);
        }
        assert!(arrivals.recv().await.is_none());
    }
}
