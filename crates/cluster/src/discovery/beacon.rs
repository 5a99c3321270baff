//! What a node says of itself in a datagram: where it listens. Signed, so that nobody outside can make
//! others knock anywhere; a beacon that is played again says what its node did once.
//!
//! ```text
//! "HRTH"  version  sender (8)  count  [ 4|6  address (4|16)  port (2) ] × count  tag (16)
//! ```
//! Numbers with the greatest byte first; the tag is the front half of HMAC-SHA256 over all before it.

use std::fmt;
use std::net::{IpAddr, SocketAddr};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

const MAGIC: &[u8; 4] = b"HRTH";
const VERSION: u8 = 1;
const HEADER_BYTES: usize = 4 + 1 + 8 + 1;
const TAG_BYTES: usize = 16;
/// A node listens on one or two.
pub(super) const MAX_ADDRESSES: usize = 8;
/// Well within one datagram anywhere.
pub(super) const MAX_BYTES: usize = HEADER_BYTES + MAX_ADDRESSES * (1 + 16 + 2) + TAG_BYTES;

/// Signs beacons.
#[derive(Clone)]
pub struct BeaconKey([u8; 32]);

impl BeaconKey {
    /// The key that belongs to a secret which all nodes share: the private key of the cluster's
    /// certificate authority.
    #[must_use]
    pub fn derive(secret: &[u8]) -> Self {
        let mut mac = mac(secret);
        mac.update(b"hearth cluster beacons, version 1");
        Self(mac.finalize().into_bytes().into())
    }
}

impl fmt::Debug for BeaconKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BeaconKey")
    }
}

/// A node's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Beacon {
    /// Made up by the sender when it starts, so that it knows its own.
    pub(super) sender: u64,
    /// Where it listens.
    pub(super) addresses: Vec<SocketAddr>,
}

/// Why a datagram is no beacon for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// It is something else, or cut.
    Garbage,
    /// Of a version that this program does not know.
    Version,
    /// Of another cluster, or forged.
    Signature,
}

impl Refusal {
    /// For the figures.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Garbage => "garbage",
            Self::Version => "version",
            Self::Signature => "signature",
        }
    }
}

impl Beacon {
    /// The datagram; addresses beyond [`MAX_ADDRESSES`] are left out.
    pub(super) fn seal(&self, key: &BeaconKey) -> Vec<u8> {
        let addresses = &self.addresses[..self.addresses.len().min(MAX_ADDRESSES)];
        let count = u8::try_from(addresses.len()).expect("there are at most eight");
        let mut bytes = Vec::with_capacity(MAX_BYTES);
        bytes.extend_from_slice(MAGIC);
        bytes.push(VERSION);
        bytes.extend_from_slice(&self.sender.to_be_bytes());
        bytes.push(count);
        for address in addresses {
            match address.ip() {
                IpAddr::V4(ip) => {
                    bytes.push(4);
                    bytes.extend_from_slice(&ip.octets());
                }
                IpAddr::V6(ip) => {
                    bytes.push(6);
                    bytes.extend_from_slice(&ip.octets());
                }
            }
            bytes.extend_from_slice(&address.port().to_be_bytes());
        }
        let mut mac = mac(&key.0);
        mac.update(&bytes);
        bytes.extend_from_slice(&mac.finalize().into_bytes()[..TAG_BYTES]);
        bytes
    }

    /// Reads a datagram that came from anybody.
    pub(super) fn open(datagram: &[u8], key: &BeaconKey) -> Result<Self, Refusal> {
        let fits = (HEADER_BYTES + TAG_BYTES..=MAX_BYTES).contains(&datagram.len());
        let rest = datagram.strip_prefix(MAGIC).filter(|_| fits).ok_or(Refusal::Garbage)?;
        if rest[0] != VERSION {
            return Err(Refusal::Version);
        }
        let (signed, tag) = datagram.split_at(datagram.len() - TAG_BYTES);
        let mut mac = mac(&key.0);
        mac.update(signed);
        // Takes the same time whatever differs.
        mac.verify_truncated_left(tag).map_err(|_| Refusal::Signature)?;
        Self::read(&signed[MAGIC.len() + 1..]).ok_or(Refusal::Garbage)
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (sender, bytes) = bytes.split_first_chunk()?;
        let (count, mut bytes) = bytes.split_first()?;
        let mut addresses = Vec::new();
        for _ in 0..*count {
            let address;
            (address, bytes) = read_address(bytes)?;
            addresses.push(address);
        }
        bytes.is_empty().then_some(Self {
            sender: u64::from_be_bytes(*sender),
            addresses,
        })
    }
}

fn read_address(bytes: &[u8]) -> Option<(SocketAddr, &[u8])> {
    let (family, bytes) = bytes.split_first()?;
    let (ip, bytes) = match family {
        4 => bytes
            .split_first_chunk::<4>()
            .map(|(ip, rest)| (IpAddr::from(*ip), rest))?,
        6 => bytes
            .split_first_chunk::<16>()
            .map(|(ip, rest)| (IpAddr::from(*ip), rest))?,
        _ => return None,
    };
    let (port, bytes) = bytes.split_first_chunk()?;
    Some((SocketAddr::new(ip, u16::from_be_bytes(*port)), bytes))
}

fn mac(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use proptest::prelude::*;

    use super::*;

    fn key() -> BeaconKey {
        BeaconKey::derive(b"the cluster's secret")
    }

    fn beacon(addresses: &[&str]) -> Beacon {
        Beacon {
            sender: 42,
            addresses: addresses.iter().map(|text| text.parse().unwrap()).collect(),
        }
    }

    #[test]
    fn a_beacon_is_heard_as_it_was_said() {
        let eight = [
            "1.2.3.4:1",
            "[::1]:2",
            "[::2]:3",
            "[::3]:4",
            "[::4]:5",
            "[::5]:6",
            "[::6]:7",
            "0.0.0.0:65535",
        ];
        for addresses in [&eight[..0], &eight[..2], &eight] {
            let said = beacon(addresses);
            let datagram = said.seal(&key());
            assert!(datagram.len() <= MAX_BYTES);
            assert_eq!(Beacon::open(&datagram, &key()), Ok(said));
        }
    }

    #[test]
    fn what_is_changed_cut_or_anothers_is_refused() {
        let datagram = beacon(&["1.2.3.4:5701", "[fd00::1]:5701"]).seal(&key());
        for index in 0..datagram.len() {
            let mut changed = datagram.clone();
            changed[index] ^= 1;
            let expected = match index {
                0..4 => Refusal::Garbage,
                4 => Refusal::Version,
                _ => Refusal::Signature,
            };
            assert_eq!(Beacon::open(&changed, &key()), Err(expected), "byte {index}");
            assert!(Beacon::open(&datagram[..index], &key()).is_err(), "{index} bytes");
        }
        let longer = [&datagram[..], b"x"].concat();
        assert_eq!(Beacon::open(&longer, &key()), Err(Refusal::Signature));
        let stranger = BeaconKey::derive(b"another cluster's");
        assert_eq!(Beacon::open(&datagram, &stranger), Err(Refusal::Signature));
    }

    proptest! {
        #[test]
        fn nothing_that_comes_in_does_harm(bytes in prop::collection::vec(any::<u8>(), 0..300), header: bool) {
            let datagram = if header { [&b"HRTH\x01"[..], &bytes].concat() } else { bytes };
            prop_assert!(Beacon::open(&datagram, &key()).is_err());
            // Nor when it is signed.
            let _ = Beacon::read(&datagram);
        }
    }
}
