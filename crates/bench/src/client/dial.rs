//! Making connections from more than one address of this machine.

use super::target::Target;
use mio::net::TcpStream;
use socket2::{Domain, Socket, Type};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

/// Chooses the near end of each connection.
#[derive(Debug, Default)]
pub(super) struct Dialler {
    dialled: u32,
}

impl Dialler {
    /// Begins a connection of `account`; it is established when the socket becomes writable.
    pub(super) fn dial(&mut self, target: &Target, account: usize) -> io::Result<TcpStream> {
        let address = target.address(account);
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        if let Some(source) = self.source(target.sources, address) {
            socket.set_reuse_address(true)?;
            socket.bind(&SocketAddr::new(source, 0).into())?;
        }
        match socket.connect(&address.into()) {
            Err(error) if error.raw_os_error() != Some(nix::libc::EINPROGRESS) => Err(error),
            _ => Ok(TcpStream::from_std(socket.into())),
        }
    }

    fn source(&mut self, sources: u16, address: SocketAddr) -> Option<IpAddr> {
        if sources == 0 || !address.ip().is_loopback() || address.is_ipv6() {
            return None;
        }
        let number = self.dialled % u32::from(sources);
        self.dialled = self.dialled.wrapping_add(1);
        // 127.0.1.1 and onwards: 250 addresses in every network of 256.
        let first = u32::from(Ipv4Addr::new(127, 0, 1, 1));
        let address = first + (number / 250) * 256 + number % 250;
        Some(Ipv4Addr::from(address).into())
    }
}
