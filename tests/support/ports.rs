//! Ports for listeners that are opened later, by somebody else.

use std::net::{Ipv4Addr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

use anyhow::{Result, bail};

/// Below the ports that the system gives to whoever connects, so that no connection of ours takes one meanwhile.
const FIRST: u16 = 18_000;
const LAST: u16 = 31_000;
/// Test processes run side by side: each begins to look at a place of its own.
const APART: u32 = 64;

/// A port that nobody listens on; never given twice by this process.
pub fn free() -> Result<u16> {
    static GIVEN: AtomicU16 = AtomicU16::new(0);
    let span = LAST - FIRST;
    let begin = u16::try_from(std::process::id() * APART % u32::from(span))?;
    for _ in 0..span {
        let given = GIVEN.fetch_add(1, Ordering::Relaxed);
        let port = FIRST + (begin + given % span) % span;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
    bail!("no port from {FIRST} to {LAST} is free")
}
