//! Loopback addresses for servers that somebody else starts.

use anyhow::bail;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// Below the ports that the system gives to whoever connects, so that no connection takes one
/// before its server listens there.
const FIRST: u16 = 18_000;
const LAST: u16 = 31_000;
/// Benchmarks and tests run side by side: each begins to look at a place of its own.
const APART: u32 = 64;

/// An address that nobody listens on; never given twice by this process.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let span = LAST - FIRST;
    let begin = u16::try_from(std::process::id().wrapping_mul(APART) % u32::from(span))?;
    for _ in 0..span {
        let given = GIVEN.fetch_add(1, Ordering::Relaxed) % span;
        let port = FIRST + (begin + given) % span;
        if let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)) {
            return Ok(listener.local_addr()?);
        }
    }
    bail!("no port from {FIRST} to {LAST} is free")
}

/// Whether somebody listens there.
pub(crate) fn answers(address: SocketAddr) -> bool {
    TcpStream::connect_timeout(&address, Duration::from_secs(1)).is_ok()
}
