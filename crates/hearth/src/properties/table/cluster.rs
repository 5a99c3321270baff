//! The cluster: whether there is one, and how its servers find each other.
//!
//! Where Openfire or its Hazelcast plugin had a setting for it, the meaning names that.

use std::net::{Ipv4Addr, SocketAddrV4};

use cluster::discovery::Place;
use ops::{CLUSTER_ENABLED, Check, Kind};

use super::{DAY, Property, live, number, restart};

pub(super) static ROWS: &[Property] = &[
    live(
        CLUSTER_ENABLED,
        Kind::Bool,
        |s| &mut s.cluster.is_enabled,
        "Whether the servers that share the database are one cluster; set once, for all of them. It needs PostgreSQL or \
         MariaDB. Replaces Openfire's clustering.enabled, which had to be set on each server.",
    ),
    live(
        "cluster.start.delay_secs",
        number(0..=3600),
        |s| &mut s.cluster.start_delay_secs,
        "Seconds that a server waits after its start before it joins. Replaces Openfire's hazelcast.startup.delay.seconds.",
    ),
    live(
        "cluster.start.retry_count",
        number(0..=1000),
        |s| &mut s.cluster.start_retry_count,
        "How often joining is tried again when the cluster port, the keys or discovery do not work. Replaces Openfire's \
         hazelcast.startup.retry.count.",
    ),
    live(
        "cluster.start.retry_secs",
        number(1..=3600),
        |s| &mut s.cluster.start_retry_secs,
        "Seconds before each of these tries. Replaces Openfire's hazelcast.startup.retry.seconds.",
    ),
    live(
        "cluster.task.timeout_secs",
        number(1..=600),
        |s| &mut s.cluster.task_timeout_secs,
        "Seconds that other servers may take to answer a task. Replaces Openfire's hazelcast.max.execution.seconds.",
    ),
    restart(
        "cluster.discovery",
        Kind::Choice(&["database", "multicast", "static", "dns"]),
        |s| &mut s.cluster.discovery.method,
        "How servers find each other: by the database that they share, by multicast in the local network, at listed \
         places, or by a DNS name. Replaces the choice between multicast and tcp-ip in hazelcast-local-config.xml.",
    ),
    restart(
        "cluster.discovery.multicast_address",
        Kind::Text(GROUP),
        |s| &mut s.cluster.discovery.multicast,
        "Group and port of multicast discovery. Replaces Hazelcast's multicast-group and multicast-port.",
    ),
    restart(
        "cluster.discovery.multicast_interface",
        Kind::Text(INTERFACE),
        |s| &mut s.cluster.discovery.multicast_interface,
        "This machine's address in the network for multicast; 0.0.0.0 leaves the choice to the system. Machines differ: \
         set it with --node. Replaces Hazelcast's interfaces.",
    ),
    restart(
        "cluster.discovery.multicast_hops",
        number(0..=255),
        |s| &mut s.cluster.discovery.multicast_hops,
        "How many routers multicast may pass; 0 stays on this machine. Replaces Hazelcast's multicast-time-to-live.",
    ),
    restart(
        "cluster.discovery.static",
        Kind::List(PLACES),
        |s| &mut s.cluster.discovery.places,
        "Where other servers are, for static discovery: host or host:port; without a port the first three from 5701 on \
         are tried. Replaces Hazelcast's tcp-ip members.",
    ),
    restart(
        "cluster.discovery.dns",
        Kind::Text(NAME),
        |s| &mut s.cluster.discovery.dns_name,
        "The name for discovery by DNS: _service._tcp.domain for SRV records, else host or host:port for addresses, as a \
         headless service of Kubernetes has them. Replaces Hazelcast's service-dns.",
    ),
    restart(
        "cluster.trust_refused",
        Kind::Bool,
        |s| &mut s.cluster.trust_refused,
        "Whether a refused connection proves that a server has died, so that others need not wait until it cannot act \
         any more. Not in networks whose firewalls refuse for hosts that do not answer.",
    ),
    restart(
        "cluster.database_away_secs",
        number(0..=DAY),
        |s| &mut s.cluster.database_away_secs,
        "Seconds that a cluster goes on at most while none of its servers reaches the database.",
    ),
    live(
        "cluster.fence_grace_secs",
        number(0..=600),
        |s| &mut s.cluster.fence_grace_secs,
        "Seconds that a server which is cut off from the others keeps its clients waiting before it sends them to \
         another one.",
    ),
];

const GROUP: Check = Check {
    allowed: "IPv4 multicast groups with a port, as \"224.2.2.3:54327\"",
    is_allowed: |text| {
        let group = text.parse::<SocketAddrV4>();
        group.is_ok_and(|group| group.ip().is_multicast() && group.port() != 0)
    },
};
const INTERFACE: Check = Check {
    allowed: "IPv4 addresses of this machine, and 0.0.0.0",
    is_allowed: |text| text.parse::<Ipv4Addr>().is_ok_and(|address| !address.is_multicast()),
};
const PLACES: Check = Check {
    allowed: "hosts, as \"chat2.example\", \"10.0.0.2\" or \"10.0.0.2:5701\"",
    is_allowed: |text| text.parse::<Place>().is_ok(),
};
const NAME: Check = Check {
    allowed: "DNS names, as \"_hearth._tcp.example.org\" or \"hearth-nodes:5701\"",
    is_allowed: |text| text.is_empty() || text.parse::<Place>().is_ok(),
};

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(name: &str, text: &str) -> bool {
        let row = ROWS.iter().find(|row| row.setting.name == name);
        row.is_some_and(|row| row.setting.kind.parse(text).is_ok())
    }

    #[test]
    fn what_discovery_could_not_use_is_not_allowed() {
        for (name, allowed, refused) in [
            (
                "cluster.discovery",
                vec!["database", "dns"],
                vec!["", "Database", "tcp-ip"],
            ),
            (
                "cluster.discovery.multicast_address",
                vec!["224.2.2.3:54327", "239.255.255.255:1"],
                vec!["", "224.2.2.3", "10.0.0.1:54327", "224.2.2.3:0", "[ff02::1]:54327"],
            ),
            (
                "cluster.discovery.multicast_interface",
                vec!["0.0.0.0", "10.0.0.7"],
                vec!["", "eth0", "224.2.2.3", "::1"],
            ),
            (
                "cluster.discovery.static",
                vec!["", "chat1,chat2:5702", "[fd00::7]:5701"],
                vec!["chat1 chat2", "chat1:", "http://chat1"],
            ),
            (
                "cluster.discovery.dns",
                vec!["", "_hearth._tcp.example.org", "nodes:5701"],
                vec!["a b", "https://nodes", "nodes:0"],
            ),
        ] {
            for text in allowed {
                assert!(allows(name, text), "{name} = {text:?}");
            }
            for text in refused {
                assert!(!allows(name, text), "{name} = {text:?}");
            }
        }
    }

    #[test]
    fn clustering_is_off_until_somebody_wants_it() {
        assert!(!crate::properties::Settings::default().cluster.is_enabled);
    }
}
