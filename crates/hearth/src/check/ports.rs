//! Whether we can listen where we should, or do so already.

use std::{
    io::ErrorKind,
    net::{SocketAddr, TcpListener},
};

use super::Finding;
use crate::{config::Config, control::Status};

pub(super) fn look(config: &Config, running: Option<&Status>) -> Vec<Finding> {
    let keys = [
        ("c2s.listen", &config.c2s.listen),
        ("c2s.tls_listen", &config.c2s.tls_listen),
        ("admin.listen", &config.admin.listen),
        ("admin.tls_listen", &config.admin.tls_listen),
        ("acme.listen", &config.acme.listen),
    ];
    let each = keys
        .into_iter()
        .flat_map(|(key, addresses)| addresses.iter().map(move |address| (key, *address)));
    let mut findings: Vec<Finding> = each.map(|(key, address)| port(key, address, running)).collect();
    findings.extend(
        config
            .admin
            .listen
            .iter()
            .filter(|address| !address.ip().is_loopback())
            .map(exposed),
    );
    findings
}

fn port(key: &str, address: SocketAddr, running: Option<&Status>) -> Finding {
    const SUBJECT: &str = "port";
    if running.is_some_and(|status| status.listeners.contains(&address)) {
        return Finding::ok(SUBJECT, format!("{address} ({key}): this server listens there"));
    }
    match TcpListener::bind(address) {
        Ok(_) => Finding::ok(SUBJECT, format!("{address} ({key}) is free")),
        Err(error) => {
            let advice = match error.kind() {
                ErrorKind::AddrInUse => format!("stop the program that listens there, or change {key}"),
                ErrorKind::PermissionDenied => "ports below 1024 need a privilege: CAP_NET_BIND_SERVICE".to_owned(),
                ErrorKind::AddrNotAvailable => format!("this machine has no such address: change {key}"),
                _ => format!("change {key}"),
            };
            Finding::error(
                SUBJECT,
                format!("{address} ({key}) cannot be listened on: {error}"),
                advice,
            )
        }
    }
}

fn exposed(address: &SocketAddr) -> Finding {
    let message = format!("{address} (admin.listen) can be reached from other machines");
    Finding::warning(
        "port",
        message,
        "keep it on 127.0.0.1, or see that only your monitoring gets there",
    )
}
