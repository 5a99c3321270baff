//! TLS over a socket, on rustls' unbuffered connection: the buffers are the thread's, not the connection's.
//!
//! rustls' usual connection keeps 4 KiB for incoming records as long as it lives, reads 4 KiB at a time, and copies
//! what goes out once more. This one reads all there is into the thread's buffer, decrypts it there, lends it to the
//! session, and keeps only what is incomplete.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use bytes::{Buf, BytesMut};
use rustls::server::{ServerConfig, UnbufferedServerConnection};
use rustls::unbuffered::{ConnectionState, UnbufferedStatus};
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;

use super::sending::encode;
use crate::scratch;
use crate::unsent::Unsent;

/// The largest unfinished record or handshake message that a client may make us keep: a full record has 16 KiB and a
/// little, and a handshake has its own limit below this one.
const LARGEST_UNFINISHED: usize = 40 << 10;
/// What is read at once in a handshake: most hellos, and not much of what comes after.
const HANDSHAKE_READ: usize = 4 << 10;
/// What a budget leaves for a read at least: enough for a chat message and its record.
const SHORTEST_READ: usize = 4 << 10;

/// A TLS connection.
pub struct TlsStream {
    pub(super) socket: TcpStream,
    pub(super) session: UnbufferedServerConnection,
    /// The beginning of a record whose end has not come yet.
    pub(super) unfinished: Vec<u8>,
    pub(super) unsent: Unsent,
    /// How much of it is a ticket, which nobody waits for: it goes with the first answer.
    pub(super) ticket: usize,
    /// Decrypted, but not asked for yet: only after a handshake, and with the standard reading trait.
    unread: BytesMut,
    pub(super) heard_goodbye: bool,
    pub(super) said_goodbye: bool,
}

/// What ends a connection.
pub(super) enum Failure {
    Tls(rustls::Error),
    Socket(io::Error),
}

impl TlsStream {
    pub(super) fn new(socket: TcpStream, config: Arc<ServerConfig>) -> Result<Self, rustls::Error> {
        Ok(Self {
            socket,
            session: UnbufferedServerConnection::new(config)?,
            unfinished: Vec::new(),
            unsent: Unsent::default(),
            ticket: 0,
            unread: BytesMut::new(),
            heard_goodbye: false,
            said_goodbye: false,
        })
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    pub(super) fn session(&self) -> &UnbufferedServerConnection {
        &self.session
    }

    pub(super) fn unsent(&self) -> &[u8] {
        self.unsent.as_slice()
    }

    pub(crate) fn pending(&self) -> usize {
        self.unsent.len()
    }

    /// One short read for the handshake; 0 is the client's end. What follows in the same breath is kept.
    pub(super) fn poll_handshake(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, Failure>> {
        let mut early = std::mem::take(&mut self.unread);
        let read = scratch::incoming(|buffer| {
            self.poll_receive(cx, buffer, HANDSHAKE_READ, |bytes| early.extend_from_slice(bytes))
        });
        self.unread = early;
        read
    }

    pub(crate) fn poll_each(
        &mut self,
        cx: &mut Context<'_>,
        budget: usize,
        mut take: impl FnMut(&[u8]),
    ) -> Poll<io::Result<usize>> {
        if !self.unread.is_empty() {
            let unread = std::mem::take(&mut self.unread);
            take(&unread);
            return Poll::Ready(Ok(unread.len()));
        }
        let mut total = 0;
        scratch::incoming(|buffer| {
            while total < budget && !self.heard_goodbye {
                let room = (budget - total).clamp(SHORTEST_READ, buffer.len());
                let read = self.poll_receive(cx, buffer, room, |bytes| {
                    total += bytes.len();
                    take(bytes);
                });
                if self.unsent.len() > self.ticket {
                    self.answer(cx)?;
                }
                match read {
                    Poll::Pending if total == 0 => return Poll::Pending,
                    Poll::Pending => break,
                    Poll::Ready(Err(failure)) => return Poll::Ready(Err(failure.into())),
                    Poll::Ready(Ok(0)) => self.heard_goodbye = true,
                    Poll::Ready(Ok(_)) => {}
                }
            }
            Poll::Ready(Ok(total))
        })
    }

    /// One read, decrypted and lent to `take`; says how many bytes came from the socket.
    fn poll_receive(
        &mut self,
        cx: &mut Context<'_>,
        buffer: &mut [u8],
        room: usize,
        take: impl FnMut(&[u8]),
    ) -> Poll<Result<usize, Failure>> {
        let kept = self.unfinished.len();
        let end = (kept + room).min(buffer.len());
        let mut fresh = ReadBuf::new(&mut buffer[kept..end]);
        ready!(Pin::new(&mut self.socket).poll_read(cx, &mut fresh)).map_err(Failure::Socket)?;
        let read = fresh.filled().len();
        let incoming = &mut buffer[..kept + read];
        incoming[..kept].copy_from_slice(&self.unfinished);
        let used = self.digest(incoming, take).map_err(Failure::Tls)?;
        self.keep(&incoming[used..])?;
        Poll::Ready(Ok(read))
    }

    /// Feeds rustls and says how much it has finished with. Its answers gather in `unsent`.
    fn digest(&mut self, incoming: &mut [u8], mut take: impl FnMut(&[u8])) -> Result<usize, rustls::Error> {
        let mut used = 0;
        loop {
            let UnbufferedStatus { mut discard, state } = self.session.process_tls_records(&mut incoming[used..]);
            let mut settled = false;
            match state {
                Ok(ConnectionState::ReadTraffic(mut traffic)) => {
                    while let Some(record) = traffic.next_record() {
                        let record = record?;
                        discard += record.discard;
                        take(record.payload);
                    }
                }
                Ok(ConnectionState::EncodeTlsData(data)) => encode(data, &mut self.unsent),
                Ok(ConnectionState::TransmitTlsData(data)) => data.done(),
                Ok(ConnectionState::PeerClosed) => self.heard_goodbye = true,
                Ok(_) => settled = true,
                Err(error) => {
                    self.collect_alert(&mut incoming[used + discard..]);
                    return Err(error);
                }
            }
            used += discard;
            if settled {
                return Ok(used);
            }
        }
    }

    /// After an error rustls may have a word for the client still, that says what the client did wrong.
    fn collect_alert(&mut self, rest: &mut [u8]) {
        if let Ok(ConnectionState::EncodeTlsData(data)) = self.session.process_tls_records(rest).state {
            encode(data, &mut self.unsent);
        }
    }

    fn keep(&mut self, rest: &[u8]) -> Result<(), Failure> {
        if rest.len() > LARGEST_UNFINISHED {
            return Err(Failure::Tls(rustls::Error::General(
                "the handshake message is too large".to_owned(),
            )));
        }
        if rest.is_empty() {
            self.unfinished = Vec::new();
        } else {
            self.unfinished.clear();
            self.unfinished.extend_from_slice(rest);
        }
        Ok(())
    }

    /// Sends what rustls itself has to say, as far as the socket takes it; the rest goes before the next batch.
    fn answer(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        match self.poll_drain(cx) {
            Poll::Ready(Err(error)) => Err(error),
            _ => Ok(()),
        }
    }

    pub(crate) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.ticket = 0;
        self.unsent.poll_drain(&mut self.socket, cx)
    }

    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.unread.is_empty() {
            let mut unread = BytesMut::new();
            let read = self.poll_each(cx, into.remaining(), |bytes| unread.extend_from_slice(bytes));
            self.unread = unread;
            ready!(read)?;
        }
        let part = self.unread.len().min(into.remaining());
        into.put_slice(&self.unread[..part]);
        self.unread.advance(part);
        if self.unread.is_empty() {
            self.unread = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Tls(error) => Self::new(io::ErrorKind::InvalidData, error),
            Failure::Socket(error) => error,
        }
    }
}

impl std::fmt::Debug for TlsStream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TlsStream")
            .field("socket", &self.socket)
            .finish_non_exhaustive()
    }
}
