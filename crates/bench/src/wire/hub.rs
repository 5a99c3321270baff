//! The event loop.

use super::inlet::{Brought, Inlet};
use super::outlet::Outlets;
use super::scratch::Scratch;
use super::tls::Tls;
use mio::event::Source;
use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token, Waker};
use slab::Slab;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

/// So much is read from one socket in one go.
const INPUT_LENGTH: usize = 256 << 10;
/// So many sockets are served in one round.
const EVENTS: usize = 1024;
/// Tokens from here on are not connections.
const LISTENERS: usize = usize::MAX / 2;
const OTHERS: usize = usize::MAX - 16;

/// What to do after a stanza.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Take the next one.
    Continue,
    /// Write what there is, then begin TLS.
    Secure,
    /// Write what there is, then end the connection.
    Close,
}

/// Who decides what happens on the connections of a [`Hub`].
pub trait Handler {
    /// A connection is there: accepted from the listener of that number, or made by
    /// [`Hub::connect`] (then `listener` is `None`).
    fn connected(&mut self, slot: usize, listener: Option<usize>, out: &mut Outlets) -> Next;

    /// The TLS end for a connection that asked for it.
    fn tls(&mut self, slot: usize) -> Result<Tls, rustls::Error>;

    /// The TLS handshake is done.
    fn secured(&mut self, slot: usize, out: &mut Outlets);

    /// A stanza, a stream header or the like, or whitespace.
    fn item(&mut self, slot: usize, item: &[u8], out: &mut Outlets) -> Next;

    /// The connection is gone; its slot will be used again.
    fn closed(&mut self, slot: usize, out: &mut Outlets);

    /// Something other than a connection woke the hub: the number given to [`Hub::watch`].
    fn woken(&mut self, _number: usize, _out: &mut Outlets) {}
}

/// All connections of a thread.
pub struct Hub {
    poll: Poll,
    events: Option<Events>,
    listeners: Vec<TcpListener>,
    inlets: Slab<Inlet>,
    outlets: Outlets,
    input: Vec<u8>,
    output: Scratch,
}

impl Hub {
    /// A hub without connections.
    pub fn new() -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Some(Events::with_capacity(EVENTS)),
            listeners: Vec::new(),
            inlets: Slab::new(),
            outlets: Outlets::default(),
            input: vec![0; INPUT_LENGTH],
            output: Scratch::default(),
        })
    }

    /// Accepts connections at `listener`; returns its number.
    pub fn listen(&mut self, mut listener: TcpListener) -> io::Result<usize> {
        let number = self.listeners.len();
        let token = Token(LISTENERS + number);
        self.poll
            .registry()
            .register(&mut listener, token, Interest::READABLE)?;
        self.listeners.push(listener);
        Ok(number)
    }

    /// Wakes a round when `source` becomes readable; `number` is below 16.
    pub fn watch(&mut self, source: &mut impl Source, number: usize) -> io::Result<()> {
        let token = Token(OTHERS + number);
        self.poll.registry().register(source, token, Interest::READABLE)
    }

    /// Something that wakes a round from another thread.
    pub fn waker(&self, number: usize) -> io::Result<Waker> {
        Waker::new(self.poll.registry(), Token(OTHERS + number))
    }

    /// Takes a socket whose connection is being made; returns its slot.
    pub fn connect(&mut self, mut socket: TcpStream) -> io::Result<usize> {
        let entry = self.inlets.vacant_entry();
        let slot = entry.key();
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut socket, Token(slot), interest)?;
        entry.insert(Inlet::new(socket, None, false));
        self.outlets.open(slot);
        Ok(slot)
    }

    /// The writing halves, for what is to be said without having been asked.
    pub fn outlets(&mut self) -> &mut Outlets {
        &mut self.outlets
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        self.inlets.len()
    }

    /// Waits for events (at most `timeout`), serves them all and writes what came of it.
    pub fn round(&mut self, handler: &mut impl Handler, timeout: Option<Duration>) -> io::Result<()> {
        self.flush(handler);
        let mut events = self.events.take().expect("rounds are not nested");
        let polled = self.poll.poll(&mut events, timeout);
        for event in &events {
            match event.token().0 {
                slot if slot < LISTENERS => {
                    if event.is_writable() {
                        self.writable(handler, slot);
                    }
                    if event.is_readable() {
                        self.readable(handler, slot);
                    }
                }
                token if token < OTHERS => self.accept(handler, token - LISTENERS),
                token => handler.woken(token - OTHERS, &mut self.outlets),
            }
        }
        self.events = Some(events);
        self.flush(handler);
        match polled {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => Ok(()),
            polled => polled,
        }
    }

    fn accept(&mut self, handler: &mut impl Handler, listener: usize) {
        // An error is "no more for now" or the client's misfortune; either way the next
        // event brings us back.
        while let Ok((socket, _)) = self.listeners[listener].accept() {
            let entry = self.inlets.vacant_entry();
            let slot = entry.key();
            let inlet = entry.insert(Inlet::new(socket, None, true));
            let registered = self
                .poll
                .registry()
                .register(&mut inlet.socket, Token(slot), Interest::READABLE);
            self.outlets.open(slot);
            if registered.is_err() {
                self.inlets.remove(slot);
                continue;
            }
            let next = handler.connected(slot, Some(listener), &mut self.outlets);
            self.go_on(handler, slot, next);
        }
    }

    fn writable(&mut self, handler: &mut impl Handler, slot: usize) {
        let Some(inlet) = self.inlets.get_mut(slot) else {
            return;
        };
        if inlet.connected {
            // Every event tells that a socket is writable; it is news to few.
            if self.outlets.get(slot).is_blocked {
                self.outlets.get(slot).is_blocked = false;
                self.outlets.touch(slot);
            }
            return;
        }
        if matches!(inlet.socket.take_error(), Ok(None)) && inlet.socket.peer_addr().is_ok() {
            inlet.connected = true;
            let next = handler.connected(slot, None, &mut self.outlets);
            self.go_on(handler, slot, next);
        } else {
            self.remove(handler, slot);
        }
    }

    /// Reads everything that is there.
    fn readable(&mut self, handler: &mut impl Handler, slot: usize) {
        loop {
            let Some(inlet) = self.inlets.get_mut(slot) else {
                return;
            };
            let outlets = &mut self.outlets;
            self.output.clear();
            let read = inlet.read(&mut self.input, &mut self.output, |item| {
                handler.item(slot, item, outlets)
            });
            let Ok((read, next)) = read else {
                return self.remove(handler, slot);
            };
            self.after_handshake(handler, slot);
            self.go_on(handler, slot, next);
            match read {
                Brought::Nothing | Brought::All => return,
                Brought::Some => {}
                Brought::End => return self.remove(handler, slot),
            }
        }
    }

    /// Passes on what TLS itself has to say, and tells when the handshake is over.
    fn after_handshake(&mut self, handler: &mut impl Handler, slot: usize) {
        if !self.output.as_slice().is_empty() {
            let outlet = self.outlets.get(slot);
            outlet.unsent.extend_from_slice(self.output.as_slice());
            self.outlets.touch(slot);
        }
        let inlet = &mut self.inlets[slot];
        if inlet.secured || inlet.tls.as_ref().is_none_or(Tls::is_handshaking) {
            return;
        }
        inlet.secured = true;
        handler.secured(slot, &mut self.outlets);
    }

    fn go_on(&mut self, handler: &mut impl Handler, slot: usize, next: Next) {
        match next {
            Next::Continue => {}
            Next::Close => self.outlets.close(slot),
            Next::Secure => {
                self.flush_one(handler, slot);
                let Some(inlet) = self.inlets.get_mut(slot) else {
                    return;
                };
                match handler.tls(slot) {
                    Ok(tls) => {
                        inlet.start_tls(tls);
                        // A client speaks first.
                        self.outlets.touch(slot);
                    }
                    Err(_) => self.remove(handler, slot),
                }
            }
        }
    }

    fn flush(&mut self, handler: &mut impl Handler) {
        while let Some(slot) = self.outlets.next_dirty() {
            self.flush_one(handler, slot);
        }
    }

    fn flush_one(&mut self, handler: &mut impl Handler, slot: usize) {
        let Some(inlet) = self.inlets.get_mut(slot) else {
            return;
        };
        if !inlet.connected || self.outlets.get(slot).is_blocked {
            return;
        }
        let flushed = self
            .outlets
            .flush(slot, &mut inlet.socket, inlet.tls.as_mut(), &mut self.output);
        let outlet = self.outlets.get(slot);
        if flushed.is_err() || (outlet.closes && !outlet.is_blocked) {
            return self.remove(handler, slot);
        }
        if outlet.is_blocked {
            let interest = Interest::READABLE | Interest::WRITABLE;
            let registry = self.poll.registry();
            if registry.reregister(&mut inlet.socket, Token(slot), interest).is_err() {
                self.remove(handler, slot);
            }
        }
    }

    fn remove(&mut self, handler: &mut impl Handler, slot: usize) {
        // Dropping the socket takes it out of the poll as well.
        self.inlets.remove(slot);
        self.outlets.reset(slot);
        handler.closed(slot, &mut self.outlets);
    }

    /// The address of a listener.
    pub fn address(&self, listener: usize) -> io::Result<SocketAddr> {
        self.listeners[listener].local_addr()
    }
}
