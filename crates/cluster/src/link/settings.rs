//! What a node's links are told by the operator.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use super::hello::{PROTOCOL, Protocol};

/// How the links of one node behave.
#[derive(Debug, Clone)]
pub struct LinkSettings {
    /// The ports to try, in this order. The first is Hazelcast's.
    pub ports: RangeInclusive<u16>,
    /// Where to listen: addresses with stars (`10.0.*`), or interfaces (`eth0`). Empty: everywhere.
    pub interfaces: Vec<String>,
    /// Where others reach this node, if that is known.
    pub address: Option<SocketAddr>,
    /// What the operator calls this node.
    pub name: String,
    /// The version of the server.
    pub version: String,
    /// The protocol versions to speak.
    pub protocol: Protocol,
    /// A sign of life on every connection this often.
    pub ping_interval: Duration,
    /// A connection on which nothing is heard for so long is closed.
    pub silence: Duration,
    /// Whether a refused connection proves that a process is gone; not so where firewalls answer for absent hosts.
    pub trust_refused: bool,
}

impl Default for LinkSettings {
    fn default() -> Self {
        Self {
            ports: 5701..=5800,
            interfaces: Vec::new(),
            address: None,
            name: String::new(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            protocol: PROTOCOL,
            ping_interval: Duration::from_millis(500),
            // Half of what makes the leader declare a member dead, so that a new connection still has its chance.
            silence: Duration::from_millis(2500),
            trust_refused: true,
        }
    }
}
