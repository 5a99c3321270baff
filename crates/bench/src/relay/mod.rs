//! The null relay: the least that a program can do and still carry chat messages between
//! clients that log in. What it costs is the floor that a server is measured against.
//!
//! One thread, one epoll, TLS by the same library as the server's. It stamps no `from`, checks
//! nothing, stores nothing, knows no rosters and forwards the bytes of a stanza as they came.

mod certificate;
mod directory;
mod login;
mod peer;

use crate::scan;
use crate::scram::server::Password;
use crate::wire::tls::Tls;
use crate::wire::{Handler, Hub, Next, Outlets};
use anyhow::Context as _;
use directory::Directory;
use mio::Waker;
use mio::net::TcpListener;
use peer::{Peer, Stage};
use rustls::ServerConfig;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

/// The number of the listener that begins with TLS at once; the other one offers STARTTLS.
const DIRECT_TLS: usize = 1;
const BACKLOG: i32 = 4096;

/// Where a relay can be reached.
#[derive(Clone, Copy, Debug)]
pub struct Addresses {
    /// Plain, and STARTTLS for who wants it.
    pub starttls: SocketAddr,
    /// TLS from the first byte.
    pub tls: SocketAddr,
}

/// The relay, bound to its addresses but not yet running.
pub struct Relay {
    hub: Hub,
    switchboard: Switchboard,
    /// Where it listens.
    pub addresses: Addresses,
}

impl Relay {
    /// Binds both listeners. Any user of any domain logs in with `password`.
    pub fn bind(starttls: SocketAddr, tls: SocketAddr, password: &str) -> anyhow::Result<Self> {
        let mut hub = Hub::new()?;
        let starttls = listen(&mut hub, starttls)?;
        let tls = listen(&mut hub, tls)?;
        Ok(Self {
            hub,
            switchboard: Switchboard::new(password)?,
            addresses: Addresses { starttls, tls },
        })
    }

    /// Serves for ever.
    pub fn run(mut self) -> anyhow::Result<()> {
        loop {
            self.hub.round(&mut self.switchboard, None)?;
        }
    }

    /// Serves on a thread of its own until the handle is dropped.
    pub fn spawn(mut self) -> anyhow::Result<Running> {
        let ends = Arc::new(AtomicBool::new(false));
        let waker = self.hub.waker(0)?;
        let seen = Arc::clone(&ends);
        let thread = std::thread::spawn(move || {
            while !seen.load(Ordering::Acquire) {
                if self.hub.round(&mut self.switchboard, None).is_err() {
                    return;
                }
            }
        });
        Ok(Running {
            ends,
            waker,
            thread: Some(thread),
        })
    }
}

/// A relay on its own thread.
#[derive(Debug)]
pub struct Running {
    ends: Arc<AtomicBool>,
    waker: Waker,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::Release);
        if self.waker.wake().is_ok()
            && let Some(thread) = self.thread.take()
        {
            // A relay that panicked has already said so.
            let _ = thread.join();
        }
    }
}

fn listen(hub: &mut Hub, address: SocketAddr) -> anyhow::Result<SocketAddr> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::STREAM, None)?;
    socket.set_reuse_address(true)?;
    // Accepted sockets inherit it.
    socket.set_tcp_nodelay(true)?;
    socket.set_nonblocking(true)?;
    socket
        .bind(&address.into())
        .with_context(|| format!("cannot listen on {address}"))?;
    socket.listen(BACKLOG)?;
    let number = hub.listen(TcpListener::from_std(socket.into()))?;
    Ok(hub.address(number)?)
}

/// Who is connected, and whom a stanza goes to.
struct Switchboard {
    tls: Arc<ServerConfig>,
    password: Password,
    peers: Vec<Peer>,
    directory: Directory,
}

impl Switchboard {
    fn new(password: &str) -> anyhow::Result<Self> {
        Ok(Self {
            tls: certificate::config()?,
            password: Password::new(password),
            peers: Vec::new(),
            directory: Directory::default(),
        })
    }

    /// Passes a stanza on as it came.
    fn relay(&mut self, stanza: &[u8], out: &mut Outlets) {
        if let Some(to) = scan::attribute(stanza, b"to")
            && let Some(slot) = self.directory.find(to)
        {
            out.to(slot).extend_from_slice(stanza);
        }
    }

    fn bound(&mut self, slot: usize, item: &[u8], out: &mut Outlets) -> Next {
        let peer = &mut self.peers[slot];
        match item.get(1) {
            Some(b'm') => {
                peer.handled += 1;
                self.relay(item, out);
            }
            Some(b'r') => peer.acknowledge(out.to(slot)),
            Some(b'i') => {
                peer.handled += 1;
                peer.answer(item, out.to(slot));
            }
            Some(b'p') => peer.handled += 1,
            Some(b'e') => peer.enable(out.to(slot)),
            Some(b'/') => {
                out.to(slot).extend_from_slice(b"</stream:stream>");
                return Next::Close;
            }
            _ => {}
        }
        Next::Continue
    }
}

impl Handler for Switchboard {
    fn connected(&mut self, slot: usize, listener: Option<usize>, _out: &mut Outlets) -> Next {
        if self.peers.len() <= slot {
            self.peers.resize_with(slot + 1, Peer::default);
        }
        self.peers[slot] = Peer::default();
        if listener == Some(DIRECT_TLS) {
            Next::Secure
        } else {
            Next::Continue
        }
    }

    fn tls(&mut self, slot: usize) -> Result<Tls, rustls::Error> {
        self.peers[slot].is_secure = true;
        Tls::server(&self.tls)
    }

    fn secured(&mut self, _slot: usize, _out: &mut Outlets) {}

    fn item(&mut self, slot: usize, item: &[u8], out: &mut Outlets) -> Next {
        if matches!(self.peers[slot].stage, Stage::Bound) {
            return self.bound(slot, item, out);
        }
        self.log_in(slot, item, out)
    }

    fn closed(&mut self, slot: usize, _out: &mut Outlets) {
        let peer = std::mem::take(&mut self.peers[slot]);
        self.directory.remove(slot, &peer.address);
    }
}
