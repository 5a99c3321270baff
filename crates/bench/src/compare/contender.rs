//! Who takes part.

use super::trials::Trial;
use crate::child::Child;
use crate::client::Target;
use crate::process::Server;
use crate::scram::client::KeyCache;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::time::Duration;

/// Addresses that connections come from.
pub(super) const SOURCES: u16 = 64;

/// A server that can be put under load.
pub(super) trait Contender {
    /// Its column in the table.
    fn name(&self) -> &str;

    /// Starts it for `trial`; `None` when the trial is not for it.
    fn start(&mut self, trial: &Trial, keys: &mut KeyCache) -> anyhow::Result<Option<Started>>;
}

/// A server that is running.
pub(super) struct Started {
    pub(super) target: Target,
    pub(super) server: Server,
    /// Ends it, where we have started it.
    pub(super) _child: Option<Child>,
}

/// A loopback address that nobody listens on.
pub(super) fn free_address() -> std::io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

/// Whether somebody listens there.
pub(super) fn answers(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}
