//! Other nodes are what a name stands for: SRV records, or the addresses of a headless service.

use std::net::SocketAddr;
use std::time::Duration;

use hickory_resolver::net::NetError;
use hickory_resolver::proto::rr::{RData, RecordType};
use hickory_resolver::{ResolverBuilder, TokioResolver};
use tokio::time::timeout;
use tracing::debug;

use super::{DEFAULT_PORT, DiscoveryError, Found, Place};

/// How often the name is asked for. Nothing is kept in between, whatever its time to live: a node that
/// starts is looked for now.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// For all questions about the name.
const PATIENCE: Duration = Duration::from_secs(5);
/// A record is a node.
const MAX_TARGETS: usize = 64;

/// A name, and whom to ask.
pub(super) struct Source {
    resolver: TokioResolver,
    name: Name,
}

#[derive(Debug, PartialEq)]
enum Name {
    Service(String),
    Host(String, u16),
}

impl Source {
    pub(super) fn open(name: &str) -> Result<Self, DiscoveryError> {
        let name = Name::read(name)?;
        let failed = |error: NetError| DiscoveryError::Resolver(error.to_string());
        let mut builder = TokioResolver::builder_tokio().map_err(failed)?;
        builder.options_mut().cache_size = 0;
        let resolver = ResolverBuilder::build(builder).map_err(failed)?;
        Ok(Self { resolver, name })
    }

    pub(super) async fn look(self, found: Found) {
        loop {
            match timeout(PATIENCE, self.addresses()).await {
                Ok(Ok(addresses)) => found.tell(addresses),
                Ok(Err(error)) => debug!(%error, "the name of the cluster's nodes cannot be looked up"),
                Err(_) => debug!("the name servers do not answer"),
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    async fn addresses(&self) -> Result<Vec<SocketAddr>, NetError> {
        match &self.name {
            Name::Host(host, port) => self.hosts(host, *port).await,
            Name::Service(service) => self.service(service).await,
        }
    }

    async fn service(&self, service: &str) -> Result<Vec<SocketAddr>, NetError> {
        let lookup = match self.resolver.lookup(service, RecordType::SRV).await {
            Err(error) if error.is_no_records_found() => return Ok(Vec::new()),
            lookup => lookup?,
        };
        let targets = lookup.answers().iter().filter_map(|record| match &record.data {
            // RFC 2782: "." as the target says that there is none.
            RData::SRV(srv) if !srv.target.is_root() => Some((srv.target.to_utf8(), srv.port)),
            _ => None,
        });
        let mut addresses = Vec::new();
        for (target, port) in targets.take(MAX_TARGETS) {
            addresses.extend(self.hosts(&target, port).await?);
        }
        Ok(addresses)
    }

    /// None, when the name is there but stands for nothing, or is not there.
    async fn hosts(&self, host: &str, port: u16) -> Result<Vec<SocketAddr>, NetError> {
        match self.resolver.lookup_ip(host).await {
            Err(error) if error.is_no_records_found() => Ok(Vec::new()),
            found => Ok(found?.iter().map(|ip| SocketAddr::new(ip, port)).collect()),
        }
    }
}

impl Name {
    fn read(text: &str) -> Result<Self, DiscoveryError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(DiscoveryError::NoName);
        }
        let place: Place = text.parse()?;
        if place.host.starts_with('_') {
            return Ok(Self::Service(place.host));
        }
        // Every node behind a name is a machine (or container) of its own: one port.
        let is_one = place.ports.start() == place.ports.end();
        let port = if is_one { *place.ports.start() } else { DEFAULT_PORT };
        Ok(Self::Host(place.host, port))
    }
}

#[cfg(test)]
#[path = "dns_tests.rs"]
mod tests;
