//! A connection without TLS, with the same way of reading and writing as one with it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::scratch;
use crate::unsent::Unsent;

/// A socket and what it has not taken yet.
#[derive(Debug)]
pub struct PlainStream {
    socket: TcpStream,
    unsent: Unsent,
}

impl PlainStream {
    /// Wraps a socket that nothing was written to yet, or nothing is left to write to.
    pub fn new(socket: TcpStream) -> Self {
        Self {
            socket,
            unsent: Unsent::default(),
        }
    }

    pub(crate) fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// The bare socket, unless something is still waiting to be written.
    pub(crate) fn into_socket(self) -> Option<TcpStream> {
        self.unsent.is_empty().then_some(self.socket)
    }

    pub(crate) fn pending(&self) -> usize {
        self.unsent.len()
    }

    pub(crate) fn poll_each(
        &mut self,
        cx: &mut Context<'_>,
        budget: usize,
        mut take: impl FnMut(&[u8]),
    ) -> Poll<io::Result<usize>> {
        let Self { socket, .. } = self;
        scratch::incoming(|read| {
            let mut total = 0;
            while total < budget {
                let room = read.len().min(budget - total);
                let mut buffer = ReadBuf::new(&mut read[..room]);
                match Pin::new(&mut *socket).poll_read(cx, &mut buffer) {
                    Poll::Pending if total == 0 => return Poll::Pending,
                    Poll::Pending => break,
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(error)),
                    Poll::Ready(Ok(())) => {}
                }
                let bytes = buffer.filled();
                take(bytes);
                total += bytes.len();
                // A short read has emptied the socket, or is its end, which the next call will meet again.
                if bytes.len() < room {
                    break;
                }
            }
            Poll::Ready(Ok(total))
        })
    }

    pub(crate) fn send(&mut self, render: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        scratch::outgoing(|buffers| {
            render(&mut buffers.plain);
            self.unsent.send(&self.socket, &buffers.plain)
        })
    }

    pub(crate) fn hold(&mut self, render: impl FnOnce(&mut Vec<u8>)) {
        scratch::outgoing(|buffers| {
            render(&mut buffers.plain);
            self.unsent.push(&buffers.plain);
        });
    }

    pub(crate) fn poll_drain(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.unsent.poll_drain(&mut self.socket, cx)
    }

    pub(crate) fn poll_shutdown(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_drain(cx))?;
        Pin::new(&mut self.socket).poll_shutdown(cx)
    }
}
