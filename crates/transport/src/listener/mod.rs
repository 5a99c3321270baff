//! Listening: a socket, its accept loop, and what it hands out.

mod accept;
mod proxy;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use socket2::{Domain, Protocol, Socket, Type};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;

use crate::gate::{ConnectionPermit, Gate};
use crate::settings::ListenerSettings;

/// A connection that passed the gate.
#[derive(Debug)]
pub struct Accepted {
    /// The connection, with `TCP_NODELAY` set and nothing read but a balancer's header.
    pub socket: TcpStream,
    /// The client; behind a listed balancer the one that the balancer named.
    pub peer: SocketAddr,
    /// Our end of the connection.
    pub local: SocketAddr,
    /// To be kept as long as the socket.
    pub permit: ConnectionPermit,
}

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Somebody is there already.
    #[error("cannot listen on {0}: another process does (`ss -ltnp` names it)")]
    InUse(SocketAddr),
    /// The port is privileged.
    #[error("cannot listen on {0}: ports below 1024 need the capability CAP_NET_BIND_SERVICE")]
    Privileged(SocketAddr),
    /// No interface has the address.
    #[error("cannot listen on {0}: no interface of this machine has that address")]
    NotOurs(SocketAddr),
    /// Anything else the system says.
    #[error("cannot listen on {0}: {1}")]
    Other(SocketAddr, #[source] io::Error),
}

impl BindError {
    fn new(address: SocketAddr, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AddrInUse => Self::InUse(address),
            io::ErrorKind::PermissionDenied => Self::Privileged(address),
            io::ErrorKind::AddrNotAvailable => Self::NotOurs(address),
            _ => Self::Other(address, error),
        }
    }
}

/// A bound socket that is not being served yet.
#[derive(Debug)]
pub struct Listener {
    socket: tokio::net::TcpListener,
    local: SocketAddr,
    settings: Arc<ListenerSettings>,
    gate: Arc<Gate>,
}

impl Listener {
    /// Binds and starts to listen: from now on connections wait in the backlog. Needs a tokio runtime.
    ///
    /// An IPv6 address means IPv6 only, so that `0.0.0.0` and `[::]` can be listed side by side.
    pub fn bind(address: SocketAddr, settings: ListenerSettings, gate: Arc<Gate>) -> Result<Self, BindError> {
        let socket = listening(address, settings.backlog).map_err(|error| BindError::new(address, error))?;
        let local = socket.local_addr().map_err(|error| BindError::new(address, error))?;
        Ok(Self {
            socket,
            local,
            settings: Arc::new(settings),
            gate,
        })
    }

    /// Where it listens; with port 0 asked for, the port that was given.
    pub fn local_addr(&self) -> SocketAddr {
        self.local
    }

    /// Accepts until `stop`, and gives each connection to `take`.
    ///
    /// `take` runs in the accept loop (behind a balancer: in the connection's own task), so it spawns and returns.
    pub async fn serve(self, stop: CancellationToken, take: impl Fn(Accepted) + Send + Sync + 'static) {
        accept::serve(self, stop, Arc::new(take)).await;
    }
}

fn listening(address: SocketAddr, backlog: u16) -> io::Result<tokio::net::TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::from(backlog))?;
    tokio::net::TcpListener::from_std(socket.into())
}
