//! A connection as a session sees it: with TLS or without, made for reading and writing much in one go.
//!
//! A session reads with [`Io::poll_each`], which lends it all that has arrived, and writes with [`Io::send`], which
//! lends it a buffer to write a whole batch into. Both buffers belong to the thread: an idle connection has none.

use std::future::poll_fn;
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::plain::PlainStream;
use crate::tls::TlsStream;

/// The most that one call of the standard writing traits takes over: a full TLS record.
const WRITE_BYTES: usize = 16 << 10;

/// A connection, with TLS or without.
#[derive(Debug)]
pub enum Io {
    /// As it came from the network.
    Plain(PlainStream),
    /// Inside TLS.
    Tls(Box<TlsStream>),
}

impl From<TcpStream> for Io {
    fn from(socket: TcpStream) -> Self {
        Self::Plain(PlainStream::new(socket))
    }
}

impl Io {
    /// Lends everything that can be read now, piece by piece, and says how many bytes it was; 0 is the peer's end.
    ///
    /// It stops when the socket is empty or `budget` (at least 1) is reached, whichever comes first. Over TLS a
    /// record is never split, so the budget can be passed by what one read had already brought.
    pub fn poll_each(
        &mut self,
        cx: &mut Context<'_>,
        budget: usize,
        take: impl FnMut(&[u8]),
    ) -> Poll<io::Result<usize>> {
        match self {
            Self::Plain(plain) => plain.poll_each(cx, budget, take),
            Self::Tls(tls) => tls.poll_each(cx, budget, take),
        }
    }

    /// As [`Io::poll_each`], into a buffer that may be empty: it gets its memory when there is something to hold.
    pub fn poll_fill(&mut self, cx: &mut Context<'_>, into: &mut BytesMut, budget: usize) -> Poll<io::Result<usize>> {
        self.poll_each(cx, budget, |bytes| into.extend_from_slice(bytes))
    }

    /// [`Io::poll_fill`] as a future. Nothing is lost when it is dropped half-way.
    pub async fn fill(&mut self, into: &mut BytesMut, budget: usize) -> io::Result<usize> {
        poll_fn(|cx| self.poll_fill(cx, into, budget)).await
    }

    /// Lends a buffer to write a batch into, seals it as one, and writes what the socket takes now.
    ///
    /// The rest is kept: while [`Io::pending`] is not 0, call [`Io::poll_drain`] and send nothing more, so that the
    /// memory a slow reader costs is bounded by one batch.
    pub fn send(&mut self, render: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        match self {
            Self::Plain(plain) => plain.send(render),
            Self::Tls(tls) => tls.send(render),
        }
    }

    /// As [`Io::send`], and writes nothing yet: what follows goes with it.
    pub fn hold(&mut self, render: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        match self {
            Self::Plain(plain) => {
                plain.hold(render);
                Ok(())
            }
            Self::Tls(tls) => tls.hold(render),
        }
    }

    /// Bytes (of TLS: sealed) that the socket has not taken yet.
    pub fn pending(&self) -> usize {
        match self {
            Self::Plain(plain) => plain.pending(),
            Self::Tls(tls) => tls.pending(),
        }
    }

    /// Ready when the socket has taken everything.
    pub fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::Plain(plain) => plain.poll_drain(cx),
            Self::Tls(tls) => tls.poll_drain(cx),
        }
    }

    /// [`Io::poll_drain`] as a future. Nothing is lost when it is dropped half-way.
    pub async fn drain(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_drain(cx)).await
    }

    /// Writes what is pending, says goodbye in TLS, and closes our direction. Reading stays possible.
    ///
    /// It waits as long as the peer does not read: bound it with a timeout.
    pub async fn shutdown(&mut self) -> io::Result<()> {
        poll_fn(|cx| Pin::new(&mut *self).poll_shutdown(cx)).await
    }

    /// The socket below, to ask it for addresses or to set options.
    pub fn socket(&self) -> &TcpStream {
        match self {
            Self::Plain(plain) => plain.socket(),
            Self::Tls(tls) => tls.socket(),
        }
    }

    /// Whether TLS protects it.
    pub fn is_encrypted(&self) -> bool {
        matches!(self, Self::Tls(_))
    }
}

impl AsyncRead for Io {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if into.remaining() == 0 {
            return Poll::Ready(Ok(()));
        }
        match self.get_mut() {
            Self::Plain(plain) => {
                let budget = into.remaining();
                plain
                    .poll_each(cx, budget, |bytes| into.put_slice(bytes))
                    .map_ok(|_| ())
            }
            Self::Tls(tls) => tls.poll_read(cx, into),
        }
    }
}

impl AsyncWrite for Io {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(cx, &[IoSlice::new(bytes)])
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let io = self.get_mut();
        ready!(io.poll_drain(cx))?;
        let mut taken = 0;
        io.send(|batch| {
            for slice in slices {
                let part = slice.len().min(WRITE_BYTES - taken);
                batch.extend_from_slice(&slice[..part]);
                taken += part;
            }
        })?;
        Poll::Ready(Ok(taken))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_drain(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(plain) => plain.poll_shutdown(cx),
            Self::Tls(tls) => tls.poll_shutdown(cx),
        }
    }
}
