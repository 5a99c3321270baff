//! From places to addresses, by the system's resolver.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use futures_util::future::join_all;
use tokio::net::lookup_host;
use tokio::time::timeout;
use tracing::debug;

use super::Place;

/// A name that takes longer is asked for again the next time.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(2);
/// A name stands for a node, which has few addresses.
const MAX_ADDRESSES: usize = 16;

/// Remembers what names stood for, for when they cannot be looked up.
#[derive(Default)]
pub(super) struct Names {
    known: HashMap<String, Vec<IpAddr>>,
}

impl Names {
    /// Every address of every place. Names are asked for at the same time; those not asked for any more
    /// are forgotten.
    pub(super) async fn addresses(&mut self, places: &[Place]) -> Vec<SocketAddr> {
        let hosts = join_all(places.iter().map(look_up)).await;
        let mut before = std::mem::take(&mut self.known);
        let mut addresses = Vec::new();
        for (place, looked_up) in places.iter().zip(hosts) {
            let ips = looked_up
                .or_else(|| self.known.get(&place.host).cloned())
                .or_else(|| before.remove(&place.host))
                .unwrap_or_default();
            let all = |ip: &IpAddr| {
                place
                    .ports
                    .clone()
                    .map(|port| SocketAddr::new(*ip, port))
                    .collect::<Vec<_>>()
            };
            addresses.extend(ips.iter().flat_map(all));
            self.known.insert(place.host.clone(), ips);
        }
        addresses
    }
}

/// `None`: no answer.
async fn look_up(place: &Place) -> Option<Vec<IpAddr>> {
    if let Some(ip) = place.ip() {
        return Some(vec![ip]);
    }
    let port = *place.ports.start();
    match timeout(LOOKUP_TIMEOUT, lookup_host((place.host.as_str(), port))).await {
        Ok(Ok(found)) => Some(found.map(|address| address.ip()).take(MAX_ADDRESSES).collect()),
        Ok(Err(error)) => {
            debug!(host = place.host, %error, "the name cannot be looked up");
            None
        }
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[tokio::test]
    async fn a_name_that_cannot_be_looked_up_stands_for_what_it_did() {
        let mut names = Names::default();
        let kept = IpAddr::from([10, 0, 0, 9]);
        for host in ["gone.invalid", "unasked.invalid"] {
            names.known.insert(host.to_owned(), vec![kept]);
        }
        let places = ["gone.invalid:1", "gone.invalid:2", "127.0.0.1:3", "never.invalid:4"];
        let places: Vec<Place> = places.iter().map(|text| text.parse().unwrap()).collect();
        let addresses = names.addresses(&places).await;
        let expected = [(kept, 1), (kept, 2), (IpAddr::from([127, 0, 0, 1]), 3)];
        assert_eq!(addresses, expected.map(|(ip, port)| SocketAddr::new(ip, port)));
        assert!(!names.known.contains_key("unasked.invalid"));
    }

    #[tokio::test]
    async fn every_port_of_a_place_is_a_candidate() {
        let place: Place = "localhost".parse().unwrap();
        let addresses = Names::default().addresses(&[place]).await;
        for port in 5701..=5703 {
            assert!(
                addresses
                    .iter()
                    .any(|address| address.port() == port && address.ip().is_loopback())
            );
        }
    }
}
