//! Whether clients find us: SRV records (RFC 6120 §3.2, XEP-0368).

use std::{net::IpAddr, time::Duration};

use hickory_resolver::{
    ResolverBuilder, TokioResolver,
    proto::rr::{RData, RecordType},
};

use super::Finding;
use crate::config::Config;

const SUBJECT: &str = "DNS";

/// For all questions about one host.
const PATIENCE: Duration = Duration::from_secs(5);

/// Top-level domains that are in nobody's DNS (RFC 6761, RFC 6762).
const PRIVATE: [&str; 6] = ["localhost", "local", "test", "example", "invalid", "internal"];

/// A service of ours, as an SRV record names it.
struct Service<'a> {
    name: &'static str,
    ports: &'a [std::net::SocketAddr],
    default_port: Option<u16>,
}

pub(super) async fn look(config: &Config, domains: &[String]) -> Vec<Finding> {
    let services = [
        Service {
            name: "_xmpp-client._tcp",
            ports: &config.c2s.listen,
            default_port: Some(5222),
        },
        Service {
            name: "_xmpps-client._tcp",
            ports: &config.c2s.tls_listen,
            default_port: None,
        },
    ];
    let mut findings = Vec::new();
    for domain in domains {
        if is_private(domain) {
            let message = format!("{domain} is a name that only this machine or network knows");
            findings.push(Finding::warning(
                SUBJECT,
                message,
                "clients elsewhere need a public domain",
            ));
            continue;
        }
        match tokio::time::timeout(PATIENCE, records(domain, &services)).await {
            Ok(found) => findings.extend(found),
            Err(_) => {
                let message = format!("{domain}: no answer for {} s", PATIENCE.as_secs());
                findings.push(Finding::warning(
                    SUBJECT,
                    message,
                    "check this machine's name servers (/etc/resolv.conf)",
                ));
            }
        }
    }
    findings
}

pub(super) fn is_private(domain: &str) -> bool {
    let last = domain.rsplit('.').next().unwrap_or_default();
    PRIVATE.contains(&last) || domain.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

async fn records(domain: &str, services: &[Service<'_>]) -> Vec<Finding> {
    let resolver = TokioResolver::builder_tokio().and_then(ResolverBuilder::build);
    let resolver = match resolver {
        Ok(resolver) => resolver,
        Err(error) => {
            let advice = "check /etc/resolv.conf";
            return vec![Finding::warning(
                SUBJECT,
                format!("names cannot be looked up here: {error}"),
                advice,
            )];
        }
    };
    let mut findings = Vec::new();
    for service in services.iter().filter(|service| !service.ports.is_empty()) {
        findings.push(service.look(&resolver, domain).await);
    }
    findings
}

impl Service<'_> {
    async fn look(&self, resolver: &TokioResolver, domain: &str) -> Finding {
        // With a dot at the end the system's search list stays out of it.
        let name = format!("{}.{domain}.", self.name);
        let lookup = match resolver.lookup(name.as_str(), RecordType::SRV).await {
            Ok(lookup) => lookup,
            Err(error) if error.is_no_records_found() => return self.missing(resolver, domain).await,
            Err(error) => {
                let message = format!("{name} cannot be looked up: {error}");
                return Finding::warning(SUBJECT, message, "check this machine's name servers (/etc/resolv.conf)");
            }
        };
        let targets = lookup.answers().iter().filter_map(|record| match &record.data {
            RData::SRV(srv) => Some((srv.target.to_utf8(), srv.port)),
            _ => None,
        });
        self.judge(&name, &targets.collect::<Vec<_>>())
    }

    fn judge(&self, name: &str, targets: &[(String, u16)]) -> Finding {
        let list = targets
            .iter()
            .map(|(target, port)| format!("{}:{port}", target.trim_end_matches('.')));
        let message = format!("{name} points to {}", list.collect::<Vec<_>>().join(", "));
        if targets
            .iter()
            .any(|(_, port)| self.ports.iter().any(|address| address.port() == *port))
        {
            return Finding::ok(SUBJECT, message);
        }
        Finding::warning(SUBJECT, message, "none of these is a port that this server listens on")
    }

    /// Without a record clients go to the domain's own address, if it has one.
    async fn missing(&self, resolver: &TokioResolver, domain: &str) -> Finding {
        let port = self.ports[0].port();
        let record = format!("{}.{domain}. SRV 0 5 {port} <this server's name>.", self.name);
        let Some(default_port) = self.default_port else {
            let message = format!("{domain} has no record {}: clients will not use direct TLS", self.name);
            return Finding::warning(SUBJECT, message, format!("add {record}"));
        };
        let has_address = resolver
            .lookup_ip(format!("{domain}."))
            .await
            .is_ok_and(|found| found.iter().next().is_some());
        if has_address && self.ports.iter().any(|address| address.port() == default_port) {
            return Finding::ok(
                SUBJECT,
                format!("{domain} has no record {}, but an address: clients use that", self.name),
            );
        }
        let message = format!(
            "{domain} has neither a record {} nor an address with port {default_port}",
            self.name
        );
        Finding::warning(SUBJECT, message, format!("add {record}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Level;

    #[test]
    fn names_that_are_in_nobodys_dns_are_not_looked_up() {
        for (domain, expected) in [
            ("localhost", true),
            ("chat.test", true),
            ("192.0.2.1", true),
            ("[2001:db8::1]", true),
            ("example.org", false),
            ("test.org", false),
        ] {
            assert_eq!(is_private(domain), expected, "{domain}");
        }
    }

    #[test]
    fn records_must_point_to_a_port_of_ours() {
        let ports = ["127.0.0.1:5222".parse().expect("it is an address")];
        let service = Service {
            name: "_xmpp-client._tcp",
            ports: &ports,
            default_port: Some(5222),
        };
        let target = |port| vec![("chat.example.org.".to_owned(), port)];
        assert_eq!(service.judge("x", &target(5222)).level, Level::Ok);
        let finding = service.judge("x", &target(5269));
        assert_eq!(
            (finding.level, finding.message.as_str()),
            (Level::Warning, "x points to chat.example.org:5269")
        );
    }
}
