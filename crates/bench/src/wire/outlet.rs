//! The writing half of a connection: everything for one socket goes out in one write.

use super::scratch::Scratch;
use super::tls::Tls;
use mio::net::TcpStream;
use std::io::{self, Write};

/// What waits to be written to one socket.
#[derive(Debug, Default)]
pub(super) struct Outlet {
    /// Plaintext of this round.
    outbox: Vec<u8>,
    /// Bytes as they go over the wire that could not be written yet.
    pub(super) unsent: Vec<u8>,
    /// The socket takes nothing at present.
    pub(super) is_blocked: bool,
    /// Once everything is written the connection ends.
    pub(super) closes: bool,
    is_dirty: bool,
}

/// The writing halves of all connections, by slot.
#[derive(Debug, Default)]
pub struct Outlets {
    list: Vec<Outlet>,
    dirty: Vec<usize>,
    /// Outboxes in between: as many as connections are written to in one round, rather than
    /// one for each.
    spare: Vec<Vec<u8>>,
}

impl Outlets {
    /// Where to put what shall be written to `slot` at the end of the round.
    pub fn to(&mut self, slot: usize) -> &mut Vec<u8> {
        self.touch(slot);
        let outbox = &mut self.list[slot].outbox;
        if outbox.capacity() == 0
            && let Some(spare) = self.spare.pop()
        {
            *outbox = spare;
        }
        outbox
    }

    /// Ends the connection of `slot` when everything has been written to it.
    pub fn close(&mut self, slot: usize) {
        self.touch(slot);
        self.list[slot].closes = true;
    }

    /// Sees to it that `slot` is looked at, at the end of the round.
    pub(super) fn touch(&mut self, slot: usize) {
        let outlet = &mut self.list[slot];
        if !outlet.is_dirty {
            outlet.is_dirty = true;
            self.dirty.push(slot);
        }
    }

    pub(super) fn open(&mut self, slot: usize) {
        if self.list.len() <= slot {
            self.list.resize_with(slot + 1, Outlet::default);
        }
        self.reset(slot);
    }

    pub(super) fn reset(&mut self, slot: usize) {
        let is_dirty = self.list[slot].is_dirty;
        self.list[slot] = Outlet {
            is_dirty,
            ..Outlet::default()
        };
    }

    pub(super) fn get(&mut self, slot: usize) -> &mut Outlet {
        &mut self.list[slot]
    }

    /// A slot that was touched since it was last written to.
    pub(super) fn next_dirty(&mut self) -> Option<usize> {
        let slot = self.dirty.pop()?;
        self.list[slot].is_dirty = false;
        Some(slot)
    }

    /// Writes all that waits for `slot`, as far as the socket takes it.
    pub(super) fn flush(
        &mut self,
        slot: usize,
        socket: &mut TcpStream,
        tls: Option<&mut Tls>,
        output: &mut Scratch,
    ) -> io::Result<()> {
        let outlet = &mut self.list[slot];
        output.clear();
        output.append(&outlet.unsent);
        match tls {
            Some(tls) => tls.send(&outlet.outbox, output).map_err(io::Error::other)?,
            None => output.append(&outlet.outbox),
        }
        if outlet.outbox.capacity() > 0 {
            outlet.outbox.clear();
            self.spare.push(std::mem::take(&mut outlet.outbox));
        }
        let written = write(socket, output.as_slice())?;
        let rest = &output.as_slice()[written..];
        outlet.is_blocked = !rest.is_empty();
        if outlet.is_blocked || outlet.unsent.capacity() > 0 {
            outlet.unsent = rest.to_vec();
        }
        Ok(())
    }
}

fn write(socket: &mut TcpStream, bytes: &[u8]) -> io::Result<usize> {
    if bytes.is_empty() {
        return Ok(0);
    }
    match socket.write(bytes) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(0),
        written => written,
    }
}
