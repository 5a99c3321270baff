//! `bench relay`.

use crate::descriptors;
use std::io::Write as _;
use std::net::SocketAddr;

/// Where the relay listens.
#[derive(Debug, clap::Args)]
pub(super) struct Relay {
    /// For plain connections and STARTTLS.
    #[arg(long, default_value = "127.0.0.1:5222")]
    listen: SocketAddr,
    /// For direct TLS.
    #[arg(long, default_value = "127.0.0.1:5223")]
    tls_listen: SocketAddr,
    /// The password of every user.
    #[arg(long, default_value = "bench")]
    password: String,
    /// Connections to make room for.
    #[arg(long, default_value_t = 20_000)]
    connections: usize,
}

impl Relay {
    /// Prints both addresses, one a line, and serves until it is stopped.
    pub(super) fn execute(self) -> anyhow::Result<()> {
        descriptors::make_room(self.connections)?;
        let relay = crate::relay::Relay::bind(self.listen, self.tls_listen, &self.password)?;
        let mut out = std::io::stdout().lock();
        writeln!(out, "{}", relay.addresses.starttls)?;
        writeln!(out, "{}", relay.addresses.tls)?;
        out.flush()?;
        drop(out);
        relay.run()
    }
}
