//! Where other nodes may be.
//!
//! Whatever found it, an address is only a place to knock at: who gets in is decided by the link's
//! certificates. So what comes from outside can at worst make us knock in vain, and not too often: the
//! set is bounded.
//!
//! | way | who tells | file |
//! |---|---|---|
//! | `database` | the registry of servers | `database` |
//! | `multicast` | beacons of the nodes in the same network | `multicast`, `beacon` |
//! | `static` | the operator | `static_list` |
//! | `dns` | a name's SRV or address records | `dns` |

mod beacon;
mod database;
mod dns;
mod multicast;
mod place;
mod resolve;
mod static_list;

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use futures_util::future::BoxFuture;
use tokio::sync::watch;
use tokio_util::task::AbortOnDropHandle;
use tracing::warn;

pub use beacon::BeaconKey;
pub use place::{BadPlace, Place};

use crate::NodeId;

/// The first port that a node tries to listen on, as in Hazelcast.
pub const DEFAULT_PORT: u16 = 5701;
/// A cluster has tens of nodes, each with an address or two; knocking at more costs more than it finds.
pub const MAX_CANDIDATES: usize = 512;

/// Addresses at which other nodes may be.
pub type Candidates = BTreeSet<SocketAddr>;

/// A way to find other nodes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Method {
    /// By the registry in the database that all share.
    #[default]
    Database,
    /// By multicast in the local network.
    Multicast,
    /// At the places that the operator has listed.
    Static,
    /// By a name's records.
    Dns,
}

/// How to find other nodes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The way.
    pub method: Method,
    /// Group and port of the beacons.
    pub multicast: SocketAddrV4,
    /// The address of the network to send beacons to and to hear them from; 0.0.0.0: the system's choice.
    pub multicast_interface: Ipv4Addr,
    /// How many routers a beacon may pass.
    pub multicast_hops: u8,
    /// For `static`: each `host` or `host:port`; without a port the first [`Place::PORTS_TRIED`] are tried.
    pub places: Vec<String>,
    /// For `dns`: `_service._tcp.domain` for SRV records, else `host` or `host:port` for addresses.
    pub dns_name: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            method: Method::default(),
            multicast: SocketAddrV4::new(Ipv4Addr::new(224, 2, 2, 3), 54_327),
            multicast_interface: Ipv4Addr::UNSPECIFIED,
            // As many as Hazelcast: a site, not the world.
            multicast_hops: 32,
            places: Vec::new(),
            dns_name: String::new(),
        }
    }
}

/// Why nothing can be found this way.
#[derive(Debug, thiserror::Error)]
pub enum DiscoveryError {
    /// A place is written in a way that is not understood.
    #[error(transparent)]
    Place(#[from] BadPlace),
    /// `static` without a place.
    #[error("static discovery needs the places of the other nodes")]
    NoPlaces,
    /// `static` with too many.
    #[error("static discovery takes at most {} places", static_list::MAX_PLACES)]
    TooManyPlaces,
    /// `dns` without a name.
    #[error("discovery by DNS needs a name")]
    NoName,
    /// The system's settings of DNS cannot be used.
    #[error("names cannot be looked up here: {0}")]
    Resolver(String),
    /// Not a multicast group.
    #[error("{0} is not a multicast group (224.0.0.0 to 239.255.255.255)")]
    NotMulticast(Ipv4Addr),
    /// The socket for beacons cannot be opened.
    #[error("beacons cannot be sent or heard: {0}")]
    Socket(#[from] io::Error),
}

/// What this node tells and knows.
#[derive(Clone)]
pub struct Here {
    /// This life's number.
    pub node: NodeId,
    /// Where this node listens; an unspecified address is the one that others see it come from.
    pub addresses: Vec<SocketAddr>,
    /// The registry.
    pub registry: storage::Cluster,
    /// Signs beacons.
    pub beacon_key: BeaconKey,
}

/// Looks for other nodes until it is dropped.
#[derive(Debug)]
pub struct Discovery {
    candidates: watch::Receiver<Candidates>,
    _task: AbortOnDropHandle<()>,
}

impl Discovery {
    /// Begins to look. Must be called in a runtime.
    ///
    /// # Errors
    /// When the settings cannot be followed: the text is for the operator.
    pub fn start(settings: &Settings, here: Here) -> Result<Self, DiscoveryError> {
        let (told, candidates) = watch::channel(Candidates::new());
        let found = Found {
            told,
            own: here.addresses.iter().copied().collect(),
        };
        let look: BoxFuture<'static, ()> = match settings.method {
            Method::Database => Box::pin(database::look(here.registry, here.node, found)),
            Method::Multicast => Box::pin(multicast::Radio::open(settings, &here)?.look(found)),
            Method::Static => Box::pin(static_list::look(static_list::places(settings)?, found)),
            Method::Dns => Box::pin(dns::Source::open(&settings.dns_name)?.look(found)),
        };
        Ok(Self {
            candidates,
            _task: AbortOnDropHandle::new(tokio::spawn(look)),
        })
    }

    /// The addresses, without this node's own, as they change. An address stays while its source names it;
    /// a source that does not answer takes nothing back.
    #[must_use]
    pub fn candidates(&self) -> watch::Receiver<Candidates> {
        self.candidates.clone()
    }
}

/// Where a way puts what it has found.
struct Found {
    told: watch::Sender<Candidates>,
    own: Candidates,
}

impl Found {
    /// Replaces what was found before.
    fn tell(&self, addresses: impl IntoIterator<Item = SocketAddr>) {
        let others = addresses.into_iter().filter(|address| !self.own.contains(address));
        let mut candidates = Candidates::new();
        for address in others {
            if candidates.len() == MAX_CANDIDATES {
                warn!("there are more than {MAX_CANDIDATES} addresses of other nodes; the rest is left out");
                break;
            }
            candidates.insert(address);
        }
        self.told.send_if_modified(|before| {
            let is_new = *before != candidates;
            if is_new {
                *before = candidates;
            }
            is_new
        });
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn a_nodes_own_address_is_left_out_and_the_rest_is_bounded() {
        let address = |port: usize| SocketAddr::from(([10, 0, 0, 1], u16::try_from(port).unwrap()));
        let (told, candidates) = watch::channel(Candidates::new());
        let found = Found {
            told,
            own: [address(1)].into(),
        };
        found.tell([address(1), address(2)]);
        assert_eq!(*candidates.borrow(), [address(2)].into());
        found.tell((1..=2 * MAX_CANDIDATES).map(address));
        assert_eq!(candidates.borrow().len(), MAX_CANDIDATES);
        found.tell([]);
        assert!(candidates.borrow().is_empty());
    }

    #[test]
    fn only_what_is_new_is_told() {
        let address = SocketAddr::from(([10, 0, 0, 1], 5701));
        let (told, mut candidates) = watch::channel(Candidates::new());
        let found = Found {
            told,
            own: Candidates::new(),
        };
        found.tell([address]);
        assert!(candidates.has_changed().unwrap());
        candidates.mark_unchanged();
        found.tell([address]);
        assert!(!candidates.has_changed().unwrap());
    }
}
