//! What an operator can set here, with defaults that are safe for a small server and limits that hold for a large one.

use std::time::Duration;

use crate::Network;

/// How many connections may come, and how fast. Shared by all listeners that share a [`Gate`](crate::Gate).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GateSettings {
    /// Connections open at the same time, over all addresses. Range 1 to 10,000,000.
    pub connections: usize,
    /// Connections open at the same time from one IPv4 address or one IPv6 /64. Range 1 to `connections`.
    ///
    /// Large by default, because a whole company may sit behind one address.
    pub connections_per_address: usize,
    /// Connections accepted per second, over all addresses; 0 is without limit. Range 0 to 1,000,000.
    ///
    /// What comes faster waits in the kernel's backlog: a burst of logins must not starve those who are connected.
    pub accepts_per_second: u32,
    /// Connections accepted at once after a quiet time. Range 1 to 1,000,000.
    pub accept_burst: u32,
    /// Networks whose addresses have no limit of their own; the limits over all addresses still hold for them.
    pub unlimited: Vec<Network>,
}

impl Default for GateSettings {
    fn default() -> Self {
        Self {
            connections: 100_000,
            connections_per_address: 1_000,
            accepts_per_second: 2_000,
            accept_burst: 5_000,
            unlimited: Network::loopback(),
        }
    }
}

/// How one listener listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenerSettings {
    /// Connections that the kernel keeps waiting for us. Range 1 to 65,535; the kernel may lower it (`somaxconn`).
    pub backlog: u16,
    /// Balancers that begin each connection with a PROXY protocol header, version 1 or 2.
    ///
    /// From a listed address the header is required; from any other it is garbage like any other.
    pub balancers: Vec<Network>,
    /// How long a balancer may take for its header. Range 100 ms to 60 s.
    pub proxy_deadline: Duration,
}

impl Default for ListenerSettings {
    fn default() -> Self {
        Self {
            backlog: 1024,
            balancers: Vec::new(),
            proxy_deadline: Duration::from_secs(5),
        }
    }
}

/// Which TLS we speak.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsSettings {
    /// The oldest version accepted.
    pub oldest: TlsVersion,
    /// How long a handshake may take from its first byte to its last. Range 1 s to 60 s.
    pub handshake_deadline: Duration,
    /// Application protocols (ALPN) we answer to, best first; empty accepts any.
    ///
    /// A client that offers none is served; one that offers only others is refused, as RFC 7301 §3.2 asks.
    pub alpn: Vec<Vec<u8>>,
    /// Whether clients are asked for a certificate. None is required, and what comes is judged, not refused.
    pub ask_for_certificate: bool,
}

impl Default for TlsSettings {
    fn default() -> Self {
        Self {
            oldest: TlsVersion::Tls12,
            handshake_deadline: Duration::from_secs(10),
            alpn: vec![b"xmpp-client".to_vec()],
            ask_for_certificate: true,
        }
    }
}

/// The versions of TLS that are still alive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TlsVersion {
    /// RFC 5246, only with the extended master secret of RFC 7627.
    Tls12,
    /// RFC 8446.
    Tls13,
}

impl TlsVersion {
    /// The name as users know it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tls12 => "TLSv1.2",
            Self::Tls13 => "TLSv1.3",
        }
    }
}
