//! The cluster port: the first free one from 5701 on, at the addresses that the operator's patterns name.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::sync::Arc;

use foldhash::fast::RandomState;
use nix::ifaddrs::getifaddrs;
use parking_lot::Mutex;
use socket2::{Domain, Protocol, Socket, Type};

use super::settings::LinkSettings;

/// Connections that have not said who they are, altogether: a cluster of twenty that comes up at once has fewer.
const UNGREETED: usize = 128;
/// And from one address, so that one stranger cannot take all places.
const UNGREETED_PER_ADDRESS: usize = 32;
/// Connections that the kernel keeps for us. A full queue is silence to the caller, never a refusal.
const BACKLOG: i32 = 1024;

/// The open cluster port. It lives as long as the process takes part, over all lives: a refused connection proves that
/// nobody is there.
#[derive(Debug)]
pub struct Port(Vec<TcpListener>);

impl Port {
    /// Listens at all addresses that the settings name, at the first port that is free at every one of them.
    pub fn open(settings: &LinkSettings) -> io::Result<Self> {
        bind(settings).map(Self)
    }

    /// Where it listens.
    pub fn addresses(&self) -> io::Result<Vec<SocketAddr>> {
        self.0.iter().map(TcpListener::local_addr).collect()
    }

    /// The listeners for one life.
    pub(crate) fn listeners(&self) -> io::Result<Vec<TcpListener>> {
        self.0.iter().map(TcpListener::try_clone).collect()
    }
}

fn bind(settings: &LinkSettings) -> io::Result<Vec<TcpListener>> {
    let addresses = addresses(&settings.interfaces)?;
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for port in settings.ports.clone() {
        match addresses.iter().map(|address| bind_one(*address, port)).collect() {
            Ok(listeners) => return Ok(listeners),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// The port that a node with these settings would listen on now.
///
/// # Errors
/// When none is free, or the patterns name no address of this machine.
pub fn free_port(settings: &LinkSettings) -> io::Result<u16> {
    let listeners = bind(settings)?;
    let address = listeners
        .first()
        .map_or(Ok(None), |first| first.local_addr().map(Some))?;
    Ok(address.map_or(0, |address| address.port()))
}

fn bind_one(address: IpAddr, port: u16) -> io::Result<TcpListener> {
    let address = SocketAddr::new(address, port);
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // Connections of a process before us that are still winding up must not cost us the port.
    socket.set_reuse_address(true)?;
    if address.is_ipv6() {
        socket.set_only_v6(!address.ip().is_unspecified())?;
    }
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn addresses(patterns: &[String]) -> io::Result<Vec<IpAddr>> {
    if patterns.is_empty() {
        return Ok(vec![everywhere()]);
    }
    let mut found = BTreeSet::new();
    for interface in getifaddrs()? {
        let Some(address) = interface.address.as_ref().and_then(ip_of) else {
            continue;
        };
        if patterns
            .iter()
            .any(|pattern| names(pattern, &interface.interface_name, address))
        {
            found.insert(address);
        }
    }
    if found.is_empty() {
        let what = format!("no address of this machine is one of {}", patterns.join(", "));
        return Err(io::Error::new(io::ErrorKind::AddrNotAvailable, what));
    }
    Ok(found.into_iter().collect())
}

/// Both kinds of IP where the machine has both.
fn everywhere() -> IpAddr {
    match Socket::new(Domain::IPV6, Type::STREAM, Some(Protocol::TCP)) {
        Ok(socket) if socket.set_only_v6(false).is_ok() => Ipv6Addr::UNSPECIFIED.into(),
        _ => Ipv4Addr::UNSPECIFIED.into(),
    }
}

fn ip_of(address: &nix::sys::socket::SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|address| IpAddr::V4(address.ip()));
    // A link-local address means nothing without the name of its interface, which peers cannot know.
    let v6 = || {
        address
            .as_sockaddr_in6()
            .filter(|address| !address.ip().is_unicast_link_local())
    };
    v4.or_else(|| v6().map(|address| IpAddr::V6(address.ip())))
}

/// Whether a pattern means this interface or this address; a star stands for anything.
fn names(pattern: &str, interface: &str, address: IpAddr) -> bool {
    like(pattern, interface) || like(pattern, &address.to_string())
}

fn like(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((before, after)) => text
            .strip_prefix(before)
            .is_some_and(|rest| (0..=rest.len()).any(|skip| rest.is_char_boundary(skip) && like(after, &rest[skip..]))),
    }
}

/// Who is inside without having said who it is.
#[derive(Default)]
pub(crate) struct Porch {
    waiting: Mutex<HashMap<IpAddr, usize, RandomState>>,
}

/// A place on the porch.
pub(crate) struct Place {
    porch: Arc<Porch>,
    address: IpAddr,
}

impl Porch {
    pub(crate) fn enter(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let mut waiting = self.waiting.lock();
        let here = waiting.get(&address).copied().unwrap_or(0);
        if here >= UNGREETED_PER_ADDRESS || waiting.values().sum::<usize>() >= UNGREETED {
            return None;
        }
        waiting.insert(address, here + 1);
        Some(Place {
            porch: Arc::clone(self),
            address,
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut waiting = self.porch.waiting.lock();
        if let Some(here) = waiting.get_mut(&self.address) {
            *here -= 1;
            if *here == 0 {
                waiting.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn patterns_name_interfaces_and_addresses() {
        let check = |pattern, expected| {
            let address = "10.0.3.7".parse().unwrap();
            assert_eq!(names(pattern, "eth0", address), expected, "{pattern}");
        };
        for pattern in ["eth0", "eth*", "10.0.*", "10.*.7", "10.0.3.7", "*"] {
            check(pattern, true);
        }
        for pattern in ["eth", "eth1", "10.1.*", "10.0.3", "*.8", ""] {
            check(pattern, false);
        }
    }

    #[test]
    fn a_taken_port_is_passed_over() {
        let settings = |ports| LinkSettings {
            ports,
            interfaces: vec!["127.0.0.1".to_owned()],
            ..LinkSettings::default()
        };
        let first = bind(&settings(0..=0)).unwrap();
        let port = first[0].local_addr().unwrap().port();
        let next = bind(&settings(port..=port.saturating_add(50))).unwrap();
        assert!(next[0].local_addr().unwrap().port() > port);
        assert!(bind(&settings(port..=port)).is_err());
    }

    #[test]
    fn one_stranger_leaves_room_for_others() {
        let porch = Arc::new(Porch::default());
        let [stranger, peer] = [[192, 0, 2, 1], [192, 0, 2, 2]].map(IpAddr::from);
        let places: Vec<_> = (0..UNGREETED).filter_map(|_| porch.enter(stranger)).collect();
        assert_eq!(places.len(), UNGREETED_PER_ADDRESS);
        assert!(porch.enter(peer).is_some());
        drop(places);
        assert!(porch.enter(stranger).is_some());
    }
}
