//! Bytes that a socket has not taken yet.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;
use tokio::net::TcpStream;

/// Empty almost always, and then without memory of its own.
#[derive(Debug, Default)]
pub(crate) struct Unsent {
    bytes: Vec<u8>,
    sent: usize,
}

impl Unsent {
    pub(crate) fn is_empty(&self) -> bool {
        self.sent == self.bytes.len()
    }

    pub(crate) fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    pub(crate) fn as_slice(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    /// Appends without writing.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// Writes as much as the socket takes now, what was waiting before first, and keeps the rest. One system call.
    pub(crate) fn send(&mut self, socket: &TcpStream, bytes: &[u8]) -> io::Result<()> {
        if self.is_empty() {
            let written = write(socket, bytes)?;
            self.push(&bytes[written..]);
            return Ok(());
        }
        self.push(bytes);
        self.sent += write(socket, self.as_slice())?;
        if self.is_empty() {
            *self = Self::default();
        }
        Ok(())
    }

    pub(crate) fn poll_drain(&mut self, socket: &mut TcpStream, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.is_empty() {
            let written = ready!(Pin::new(&mut *socket).poll_write(cx, &self.bytes[self.sent..]))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.sent += written;
        }
        *self = Self::default();
        Poll::Ready(Ok(()))
    }
}

/// How much of it the socket takes now.
fn write(socket: &TcpStream, bytes: &[u8]) -> io::Result<usize> {
    let mut written = 0;
    while written < bytes.len() {
        match socket.try_write(&bytes[written..]) {
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}
