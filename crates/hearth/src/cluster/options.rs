//! What the cluster is started with.

use std::net::{IpAddr, Ipv4Addr, ToSocketAddrs, UdpSocket};

use cluster::Options;

use crate::{config::Config, data_dir::DataDir, wiring};

/// From the configuration, and from what the data directory keeps.
pub(crate) fn options(config: &Config, data_dir: &DataDir) -> anyhow::Result<Options> {
    Ok(Options {
        server_key: data_dir.server_key()?,
        name: config.node_name.clone(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        links: wiring::link_settings(config),
        local_address: towards(&config.database.url),
        advertise: config.cluster.advertise.clone(),
        secret: config.cluster.secret.clone(),
    })
}

/// Under which address this machine speaks with the database, as other nodes do with theirs. Nothing is sent for it.
fn towards(url: &str) -> IpAddr {
    const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let Some(place) = place(url) else { return LOOPBACK };
    let Some(database) = place.to_socket_addrs().ok().and_then(|mut addresses| addresses.next()) else {
        return LOOPBACK;
    };
    let here = if database.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let route = UdpSocket::bind(here).and_then(|socket| {
        socket.connect(database)?;
        socket.local_addr()
    });
    route.map_or(LOOPBACK, |address| address.ip())
}

/// `host:port` of a database's URL; `None` where it has none, as for a socket in the file system.
fn place(url: &str) -> Option<String> {
    const PORTS: [(&str, u16); 4] = [
        ("postgres", 5432),
        ("postgresql", 5432),
        ("mysql", 3306),
        ("mariadb", 3306),
    ];
    let (scheme, rest) = url.split_once("://")?;
    let (_, port) = PORTS.iter().find(|(known, _)| *known == scheme)?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let place = authority.rsplit_once('@').map_or(authority, |(_, place)| place);
    let has_port = place
        .rsplit_once(':')
        .is_some_and(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    match (place.is_empty() || place.contains('%'), has_port) {
        (true, _) => None,
        (false, true) => Some(place.to_owned()),
        (false, false) => Some(format!("{place}:{port}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_databases_place_is_read_from_its_url() {
        let check = |url, expected: Option<&str>| assert_eq!(place(url).as_deref(), expected, "{url}");
        check(
            "postgres://hearth:a%40b@db.example:6432/hearth",
            Some("db.example:6432"),
        );
        check("mysql://root@db/hearth", Some("db:3306"));
        check("postgres://[fd00::7]/hearth", Some("[fd00::7]:5432"));
        check("postgres:///hearth?host=/run/postgresql", None);
        check("postgres://%2Frun%2Fpostgresql/hearth", None);
        check("sqlite:data/hearth.db", None);
    }

    #[test]
    fn a_database_on_this_machine_is_spoken_with_over_loopback() {
        assert!(towards("postgres://127.0.0.1:1/hearth").is_loopback());
        assert!(towards("postgres:///hearth").is_loopback());
    }
}
