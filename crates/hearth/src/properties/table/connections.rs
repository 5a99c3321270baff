//! How many come in, from where, how fast, and with which TLS.

use ops::{Check, Kind};
use transport::Network;

use super::{Property, live, number, restart};

pub(super) static ROWS: &[Property] = &[
    live(
        "connections.max",
        number(1..=10_000_000),
        |s| &mut s.gate.connections,
        "Connections open at the same time, over all addresses.",
    ),
    live(
        "connections.max_per_address",
        number(1..=10_000_000),
        |s| &mut s.gate.connections_per_address,
        "Connections open at the same time from one IPv4 address or one IPv6 /64. A whole company may sit behind one.",
    ),
    live(
        "connections.accepts_per_second",
        number(0..=1_000_000),
        |s| &mut s.gate.accepts_per_second,
        "Connections accepted per second, over all addresses; what comes faster waits. 0 is without limit.",
    ),
    live(
        "connections.accept_burst",
        number(1..=1_000_000),
        |s| &mut s.gate.accept_burst,
        "Connections accepted at once after a quiet time.",
    ),
    live(
        "connections.unlimited",
        Kind::List(NETWORKS),
        |s| &mut s.gate.unlimited,
        "Networks whose addresses have no limit of their own.",
    ),
    restart(
        "proxy_protocol.balancers",
        Kind::List(NETWORKS),
        |s| &mut s.listener.balancers,
        "Balancers that begin each connection with a PROXY protocol header, version 1 or 2. From these it is required, \
         from anybody else refused.",
    ),
    restart(
        "tls.oldest",
        Kind::Choice(&["1.2", "1.3"]),
        |s| &mut s.tls.oldest,
        "The oldest version of TLS that is accepted.",
    ),
];

pub(super) const NETWORKS: Check = Check {
    allowed: "networks or addresses, as \"192.0.2.0/24\" or \"::1\"",
    is_allowed: |text| text.parse::<Network>().is_ok(),
};
