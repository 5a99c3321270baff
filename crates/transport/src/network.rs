//! Networks written as `192.0.2.0/24`, and the part of an address that one customer of a provider owns.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::str::FromStr;

/// A block of addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Network {
    address: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NetworkError {
    /// The part before the slash is no IP address.
    #[error("`{0}` is not an IP address; write 192.0.2.0/24, 2001:db8::/32 or one address")]
    Address(String),
    /// The part after the slash is no prefix length for that kind of address.
    #[error("`/{0}` is not a prefix length; write /0 to /32 for IPv4, /0 to /128 for IPv6")]
    Prefix(String),
    /// There are bits set behind the prefix, so that it is unclear what was meant.
    #[error("`{0}` has bits set behind its prefix; the network is `{1}`")]
    HostBits(String, Network),
}

impl Network {
    /// This machine: `127.0.0.0/8` and `::1`.
    pub fn loopback() -> Vec<Self> {
        vec![
            Self {
                address: IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)),
                prefix: 8,
            },
            Self {
                address: IpAddr::V6(Ipv6Addr::LOCALHOST),
                prefix: 128,
            },
        ]
    }

    /// Whether `address` lies in this network. An IPv4 address in IPv6 clothes counts as IPv4.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.address.is_ipv4() == address.is_ipv4() && masked(address, self.prefix) == self.address
    }
}

impl FromStr for Network {
    type Err = NetworkError;

    fn from_str(text: &str) -> Result<Self, NetworkError> {
        let (address, prefix) = match text.split_once('/') {
            Some((address, prefix)) => (address, Some(prefix)),
            None => (text, None),
        };
        let address: IpAddr = address.parse().map_err(|_| NetworkError::Address(address.to_owned()))?;
        let longest = if address.is_ipv4() { 32 } else { 128 };
        let prefix = match prefix {
            None => longest,
            Some(digits) => parse_prefix(digits, longest).ok_or_else(|| NetworkError::Prefix(digits.to_owned()))?,
        };
        let network = Self {
            address: masked(address, prefix),
            prefix,
        };
        if network.address == address {
            Ok(network)
        } else {
            Err(NetworkError::HostBits(text.to_owned(), network))
        }
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.address, self.prefix)
    }
}

/// What the limits per address count by: an IPv4 address, or the /64 that every IPv6 customer has to itself.
pub(crate) fn owner(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        v4 @ IpAddr::V4(_) => v4,
        v6 @ IpAddr::V6(_) => masked(v6, 64),
    }
}

fn parse_prefix(digits: &str, longest: u8) -> Option<u8> {
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok().filter(|prefix| *prefix <= longest)
}

fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() & mask))
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() & mask))
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn check(network: &str, address: &str, inside: bool) {
        let parsed: Network = network.parse().unwrap();
        assert_eq!(
            parsed.contains(address.parse().unwrap()),
            inside,
            "{address} in {network}"
        );
    }

    #[test]
    fn a_network_contains_its_addresses_and_no_other() {
        check("10.0.0.0/8", "10.255.1.2", true);
        check("10.0.0.0/8", "11.0.0.0", false);
        check("10.0.0.0/8", "::ffff:10.1.1.1", true);
        check("192.0.2.7", "192.0.2.7", true);
        check("192.0.2.7", "192.0.2.6", false);
        check("0.0.0.0/0", "255.255.255.255", true);
        check("0.0.0.0/0", "::1", false);
        check("2001:db8::/32", "2001:db8:ffff::1", true);
        check("2001:db8::/32", "2001:db9::1", false);
        check("::/0", "2001:db8::1", true);
        check("::/0", "127.0.0.1", false);
        check("fe80::/10", "febf::1", true);
    }

    #[test]
    fn what_is_no_network_is_refused_with_the_reason() {
        for (text, reason) in [
            ("", "`` is not an IP address"),
            ("10.0.0", "is not an IP address"),
            ("10.0.0.0/33", "`/33` is not a prefix length"),
            ("10.0.0.0/", "`/` is not a prefix length"),
            ("10.0.0.0/+8", "`/+8` is not a prefix length"),
            ("::/129", "`/129` is not a prefix length"),
            ("::/256", "`/256` is not a prefix length"),
            ("10.1.0.0/8", "the network is `10.0.0.0/8`"),
        ] {
            let error = text.parse::<Network>().unwrap_err().to_string();
            assert!(error.contains(reason), "{text}: {error}");
        }
    }

    #[test]
    fn an_ipv6_customer_is_a_slash_64() {
        let owner_of = |text: &str| owner(text.parse().unwrap()).to_string();
        assert_eq!(owner_of("192.0.2.7"), "192.0.2.7");
        assert_eq!(owner_of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(owner_of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
        assert_ne!(owner_of("2001:db8:1:2::1"), owner_of("2001:db8:1:3::1"));
    }
}
