//! Whether clients get from a domain's name to us: a connection is tried, from here.

use std::{net::SocketAddr, time::Duration};

use hickory_resolver::{ResolverBuilder, TokioResolver};
use tokio::{net::TcpStream, time::timeout};

use super::{Finding, dns::is_private};
use crate::config::Config;

const SUBJECT: &str = "reach";

/// For the name, and again for each connection.
const PATIENCE: Duration = Duration::from_secs(3);
/// Addresses of a name that are tried.
const ADDRESSES: usize = 4;

pub(super) async fn look(config: &Config, domains: &[String]) -> Vec<Finding> {
    let Some(port) = config.c2s.listen.first().map(SocketAddr::port) else {
        return Vec::new();
    };
    let mut findings = Vec::new();
    for domain in domains.iter().filter(|domain| !is_private(domain)) {
        findings.extend(reached(domain, port).await);
    }
    let is_local = config.c2s.listen.iter().all(|address| address.ip().is_loopback());
    if is_local && domains.iter().any(|domain| !is_private(domain)) {
        let message = "clients of other machines are not listened for: c2s.listen is on this machine alone".to_owned();
        findings.push(Finding::warning(
            SUBJECT,
            message,
            format!("set c2s.listen = \"[::]:{port}\" in the configuration file"),
        ));
    }
    findings
}

async fn reached(domain: &str, port: u16) -> Vec<Finding> {
    let Ok(resolver) = TokioResolver::builder_tokio().and_then(ResolverBuilder::build) else {
        return Vec::new();
    };
    let found = timeout(PATIENCE, resolver.lookup_ip(format!("{domain}."))).await;
    let Ok(Ok(found)) = found else {
        let message = format!("{domain} has no address (A, AAAA) that this machine can find out");
        let advice = "add one, or an SRV record that names this server";
        return vec![Finding::warning(SUBJECT, message, advice)];
    };
    let mut findings = Vec::new();
    for address in found.iter().take(ADDRESSES) {
        let place = SocketAddr::new(address, port);
        findings.push(match timeout(PATIENCE, TcpStream::connect(place)).await {
            Ok(Ok(_)) => Finding::ok(SUBJECT, format!("{domain} is {address}, and port {port} answers there")),
            _ => Finding::warning(
                SUBJECT,
                format!("{domain} is {address}, and port {port} does not answer there when asked from here"),
                "open the port in the firewall, or forward it; some routers let nobody in from within",
            ),
        });
    }
    findings
}
