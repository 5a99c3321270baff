//! The reading half of a connection: from the socket to whole stanzas.

use super::hub::Next;
use super::scratch::Scratch;
use super::tls::Tls;
use crate::scan;
use mio::net::TcpStream;
use std::io::{self, Read};

/// A socket, its TLS state and whatever arrived in part.
pub(super) struct Inlet {
    pub(super) socket: TcpStream,
    pub(super) tls: Option<Tls>,
    /// The connection was accepted, or has been established.
    pub(super) connected: bool,
    /// The TLS handshake has been reported to the handler.
    pub(super) secured: bool,
    /// Ciphertext: the beginning of a record.
    record: Vec<u8>,
    /// Plaintext: the beginning of a stanza.
    stanza: Vec<u8>,
}

/// What one read brought.
pub(super) enum Brought {
    /// Nothing was there.
    Nothing,
    /// Everything there was.
    All,
    /// As much as fits into the buffer; there may be more.
    Some,
    /// The peer is gone.
    End,
}

impl Inlet {
    pub(super) fn new(socket: TcpStream, tls: Option<Tls>, connected: bool) -> Self {
        Self {
            socket,
            tls,
            connected,
            secured: false,
            record: Vec::new(),
            stanza: Vec::new(),
        }
    }

    /// Reads once into `input` and hands every complete item to `each`, which says whether to
    /// go on. Handshake messages go to `output`.
    pub(super) fn read(
        &mut self,
        input: &mut [u8],
        output: &mut Scratch,
        mut each: impl FnMut(&[u8]) -> Next,
    ) -> io::Result<(Brought, Next)> {
        let kept = self.record.len();
        input[..kept].copy_from_slice(&self.record);
        let fresh = match self.socket.read(&mut input[kept..]) {
            Ok(0) => return Ok((Brought::End, Next::Continue)),
            Ok(fresh) => fresh,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                return Ok((Brought::Nothing, Next::Continue));
            }
            Err(error) => return Err(error),
        };
        let filled = kept + fresh;
        let mut read = if filled == input.len() {
            Brought::Some
        } else {
            Brought::All
        };
        let input = &mut input[..filled];
        let stanza = &mut self.stanza;
        let mut next = Next::Continue;
        let mut plain = |bytes: &[u8]| {
            if next == Next::Continue {
                next = split(stanza, bytes, &mut each);
            }
        };
        match &mut self.tls {
            None => plain(input),
            Some(tls) => {
                let received = tls.receive(input, output, plain).map_err(io::Error::other)?;
                if received.closed {
                    read = Brought::End;
                }
                keep(&mut self.record, &input[received.used..]);
            }
        }
        Ok((read, next))
    }

    /// Forgets plaintext that was sent ahead of a TLS handshake.
    pub(super) fn start_tls(&mut self, tls: Tls) {
        self.stanza = Vec::new();
        self.tls = Some(tls);
    }
}

/// Cuts `bytes`, which follow `kept`, into items; what is left over is kept.
fn split(kept: &mut Vec<u8>, bytes: &[u8], each: &mut impl FnMut(&[u8]) -> Next) -> Next {
    if kept.is_empty() {
        let (used, next) = items(bytes, each);
        keep(kept, &bytes[used..]);
        return next;
    }
    let mut whole = std::mem::take(kept);
    whole.extend_from_slice(bytes);
    let (used, next) = items(&whole, each);
    keep(kept, &whole[used..]);
    next
}

fn items(bytes: &[u8], each: &mut impl FnMut(&[u8]) -> Next) -> (usize, Next) {
    let mut used = 0;
    while let Some(length) = scan::item(&bytes[used..]) {
        let next = each(&bytes[used..used + length]);
        used += length;
        if next != Next::Continue {
            return (used, next);
        }
    }
    (used, Next::Continue)
}

/// Replaces what is kept. An idle connection keeps no memory.
fn keep(kept: &mut Vec<u8>, rest: &[u8]) {
    if rest.is_empty() {
        if kept.capacity() > 0 {
            *kept = Vec::new();
        }
        return;
    }
    kept.clear();
    kept.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stanzas_arrive_whole_however_the_bytes_are_cut() {
        let stream = b"<stream:stream><iq id='1'/><message><body>x</body></message>\n<r/>";
        for size in 1..stream.len() {
            let mut kept = Vec::new();
            let mut found = Vec::new();
            for chunk in stream.chunks(size) {
                split(&mut kept, chunk, &mut |item| {
                    found.push(item.to_vec());
                    Next::Continue
                });
            }
            assert_eq!(found.len(), 5, "cut into pieces of {size}");
            assert_eq!(found.concat(), stream);
            assert_eq!(kept.capacity(), 0);
        }
    }

    #[test]
    fn what_follows_the_end_is_left_alone() {
        let mut found = 0;
        let next = split(&mut Vec::new(), b"<a/><b/><c/>", &mut |item| {
            found += 1;
            if item == b"<b/>" { Next::Close } else { Next::Continue }
        });
        assert_eq!((found, next), (2, Next::Close));
    }
}
