//! Other nodes are heard in the local network: each says every second where it listens.

use std::collections::BTreeMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::time::Duration;

use metrics::counter;
use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::UdpSocket;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tracing::debug;

use super::beacon::{Beacon, MAX_BYTES};
use super::{BeaconKey, DiscoveryError, Found, Here, MAX_CANDIDATES, Settings};

/// How often a node says where it listens. A newcomer is answered at once.
const BEACON_INTERVAL: Duration = Duration::from_secs(1);
/// Beacons get lost, but not ten in a row.
const SILENT_LIMIT: Duration = Duration::from_secs(10);

/// Sends beacons and hears those of others.
pub(super) struct Radio {
    hears: UdpSocket,
    says: UdpSocket,
    group: SocketAddrV4,
    key: BeaconKey,
    beacon: Beacon,
}

impl Radio {
    pub(super) fn open(settings: &Settings, here: &Here) -> Result<Self, DiscoveryError> {
        let (group, interface) = (settings.multicast, settings.multicast_interface);
        if !group.ip().is_multicast() {
            return Err(DiscoveryError::NotMulticast(*group.ip()));
        }
        Ok(Self {
            hears: ear(group, interface)?,
            says: mouth(interface, settings.multicast_hops)?,
            group,
            key: here.beacon_key.clone(),
            beacon: Beacon {
                sender: getrandom::u64().map_err(io::Error::other)?,
                addresses: here.addresses.clone(),
            },
        })
    }

    pub(super) async fn look(self, found: Found) {
        let mut heard = Heard::default();
        let mut ticks = interval(BEACON_INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        // One byte more than a beacon has, so that what is longer does not look like one.
        let mut buffer = [0; MAX_BYTES + 1];
        loop {
            let is_new = tokio::select! {
                _ = ticks.tick() => {
                    self.say().await;
                    heard.forget(Instant::now())
                }
                received = self.hears.recv_from(&mut buffer) => match received {
                    Ok((length, from)) => self.hear(&buffer[..length], from, &mut heard).await,
                    Err(error) => {
                        debug!(%error, "beacons cannot be heard");
                        // The socket may go on failing: no oftener than we speak.
                        ticks.tick().await;
                        false
                    }
                }
            };
            if is_new {
                found.tell(heard.addresses());
            }
        }
    }

    /// Takes a datagram in; whether it told of an address that was not known.
    async fn hear(&self, datagram: &[u8], from: SocketAddr, heard: &mut Heard) -> bool {
        let beacon = match Beacon::open(datagram, &self.key) {
            Ok(beacon) => beacon,
            Err(refusal) => {
                counter!("cluster_beacons_refused", "reason" => refusal.name()).increment(1);
                return false;
            }
        };
        if beacon.sender == self.beacon.sender {
            return false;
        }
        let now = Instant::now();
        let mut is_new = false;
        for address in beacon.addresses {
            is_new |= heard.note(seen_from(address, from), now);
        }
        if is_new {
            // So that a newcomer need not wait for our next turn. It answers nobody whom it knows already.
            self.say().await;
        }
        is_new
    }

    async fn say(&self) {
        if self.beacon.addresses.is_empty() {
            return;
        }
        let datagram = self.beacon.seal(&self.key);
        if let Err(error) = self.says.send_to(&datagram, self.group).await {
            debug!(%error, "a beacon cannot be sent");
        }
    }
}

/// An unspecified address is the one that the beacon came from.
fn seen_from(mut address: SocketAddr, from: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        address.set_ip(from.ip());
    }
    address
}

/// Several processes on one machine hear the same group.
fn ear(group: SocketAddrV4, interface: Ipv4Addr) -> io::Result<UdpSocket> {
    let socket = socket()?;
    socket.set_reuse_address(true)?;
    // Bound to the group: what is sent to this machine alone is not for us.
    socket.bind(&SocketAddr::from(group).into())?;
    socket.join_multicast_v4(group.ip(), &interface)?;
    UdpSocket::from_std(socket.into())
}

fn mouth(interface: Ipv4Addr, hops: u8) -> io::Result<UdpSocket> {
    let socket = socket()?;
    socket.bind(&SocketAddr::from((interface, 0)).into())?;
    socket.set_multicast_if_v4(&interface)?;
    socket.set_multicast_ttl_v4(hops.into())?;
    // Nodes on the same machine hear each other.
    socket.set_multicast_loop_v4(true)?;
    UdpSocket::from_std(socket.into())
}

fn socket() -> io::Result<Socket> {
    let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::UDP))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Who was heard, and when last.
#[derive(Default)]
struct Heard {
    last: BTreeMap<SocketAddr, Instant>,
}

impl Heard {
    /// Whether it is new. When there are too many, a new one is not taken in.
    fn note(&mut self, address: SocketAddr, now: Instant) -> bool {
        if let Some(last) = self.last.get_mut(&address) {
            *last = now;
            return false;
        }
        let fits = self.last.len() < MAX_CANDIDATES;
        if fits {
            self.last.insert(address, now);
        }
        fits
    }

    /// Forgets those who fell silent; whether there were any.
    fn forget(&mut self, now: Instant) -> bool {
        let before = self.last.len();
        self.last.retain(|_, last| now.duration_since(*last) <= SILENT_LIMIT);
        self.last.len() < before
    }

    fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.last.keys().copied()
    }
}

#[cfg(test)]
#[path = "multicast_tests.rs"]
mod tests;
