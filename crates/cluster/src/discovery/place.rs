//! A place as people write it: a host, with a port or without.

use std::net::{IpAddr, Ipv6Addr};
use std::ops::RangeInclusive;
use std::str::FromStr;

use super::DEFAULT_PORT;

/// A host and the ports at which a node may listen there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// A name, or an address in words.
    pub host: String,
    /// One, or those that are tried.
    pub ports: RangeInclusive<u16>,
}

/// What is no place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a host or host:port (an IPv6 address with a port stands in brackets)")]
pub struct BadPlace(String);

impl Place {
    /// Without a port this many are tried, from [`DEFAULT_PORT`] on: as many as Hazelcast tries. Who runs
    /// more nodes on one machine writes the ports.
    pub const PORTS_TRIED: u16 = 3;
    /// A domain name has at most 253 bytes.
    const MAX_HOST_BYTES: usize = 253;

    fn new(host: &str, port: Option<u16>) -> Option<Self> {
        let is_host = |char: char| char.is_ascii_alphanumeric() || ".-_:".contains(char);
        let fits = !host.is_empty() && host.len() <= Self::MAX_HOST_BYTES && host.chars().all(is_host);
        fits.then(|| Self {
            host: host.to_owned(),
            ports: match port {
                Some(port) => port..=port,
                None => DEFAULT_PORT..=DEFAULT_PORT + (Self::PORTS_TRIED - 1),
            },
        })
    }

    fn read(text: &str) -> Option<Self> {
        if text.parse::<Ipv6Addr>().is_ok() {
            return Self::new(text, None);
        }
        if let Some(rest) = text.strip_prefix('[') {
            let (host, rest) = rest.split_once(']')?;
            host.parse::<Ipv6Addr>().ok()?;
            return match rest.strip_prefix(':') {
                Some(port) => Self::new(host, Some(read_port(port)?)),
                None => rest.is_empty().then(|| Self::new(host, None))?,
            };
        }
        match text.split_once(':') {
            Some((_, port)) if port.contains(':') => None,
            Some((host, port)) => Self::new(host, Some(read_port(port)?)),
            None => Self::new(text, None),
        }
    }

    /// Its host, when it is no name.
    pub(super) fn ip(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }
}

fn read_port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port > 0)
}

impl FromStr for Place {
    type Err = BadPlace;

    fn from_str(text: &str) -> Result<Self, BadPlace> {
        Self::read(text.trim()).ok_or_else(|| BadPlace(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn places_are_read_as_people_write_them() {
        for (text, host, ports) in [
            ("chat1.example", "chat1.example", 5701..=5703),
            ("chat1:6000", "chat1", 6000..=6000),
            (" 10.0.0.7 ", "10.0.0.7", 5701..=5703),
            ("10.0.0.7:5702", "10.0.0.7", 5702..=5702),
            ("fd00::7", "fd00::7", 5701..=5703),
            ("[fd00::7]", "fd00::7", 5701..=5703),
            ("[fd00::7]:5702", "fd00::7", 5702..=5702),
        ] {
            let place: Place = text.parse().unwrap();
            assert_eq!((place.host.as_str(), place.ports), (host, ports), "{text}");
        }
    }

    #[test]
    fn what_is_no_place_is_refused_and_named() {
        let long = "x".repeat(254);
        for text in [
            "", " ", ":5701", "a:", "a:0", "a:65536", "a:b", "a:1:2", "[::1", "[::1]x", "[a]:1", "a b", "http://a",
            &long,
        ] {
            let error = text.parse::<Place>().unwrap_err().to_string();
            assert!(error.contains(&format!("{text:?}")), "{text}: {error}");
        }
    }
}
