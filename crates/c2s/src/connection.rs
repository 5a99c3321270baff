//! One client's connection: bytes in become frames, frames out become bytes, many of them in one write.

use std::{
    collections::VecDeque,
    future::poll_fn,
    io, mem,
    task::{Context, Poll, ready},
    time::Duration,
};

use bytes::{Buf, BytesMut};
use protocol::{
    Element, Stanza, StanzaError, StreamError, ns,
    stream::{Frame, Limits, Tokenizer, writer},
};
use tokio::{io::AsyncReadExt, time::Instant};
use transport::Io;

/// Read in one go while a client is not authenticated.
const NEGOTIATION_READ_BYTES: usize = 8 * 1024;
/// Read in one go, and parsed before anything else happens on the stream.
const SESSION_READ_BYTES: usize = 64 * 1024;
/// What is written together with what follows, where nothing was waiting for the socket before: a TLS ticket.
const RIDER_BYTES: usize = 1024;
/// With this much waiting to be written, nothing more is read or taken from the inbox.
const OUT_HIGH_BYTES: usize = 64 * 1024;
/// How long a closing stream waits for the peer's closing tag (RFC 6120 §4.4).
const GOODBYE: Duration = Duration::from_secs(5);
/// How much of what a peer still says after the end is read and thrown away.
const LAST_WORDS_BYTES: usize = 256 * 1024;

/// Why a connection can not be read any further.
#[derive(Debug)]
pub(crate) enum Gone {
    /// The peer closed, or the network did.
    Lost(io::Error),
    /// The peer said something that ends the stream, or was silent for too long.
    Broken(StreamError),
}

impl From<StreamError> for Gone {
    fn from(error: StreamError) -> Self {
        Self::Broken(error)
    }
}

impl From<io::Error> for Gone {
    fn from(error: io::Error) -> Self {
        Self::Lost(error)
    }
}

/// A socket with what is half read and not yet written. Idle, it holds no buffer.
pub(crate) struct Connection {
    io: Io,
    tokenizer: Tokenizer,
    /// Bytes that are not parsed: before authentication one frame is read at a time, because each may change the rules.
    unread: BytesMut,
    /// Frames that are parsed and not acted on.
    frames: VecDeque<Frame>,
    /// Comes after the frames.
    error: Option<StreamError>,
    out: Vec<u8>,
    last_read: Instant,
    bytes_read: usize,
    bytes_written: usize,
}

impl Connection {
    /// A connection that has not said anything yet.
    pub(crate) fn new(io: Io, limits: Limits) -> Self {
        Self {
            io,
            tokenizer: Tokenizer::new(ns::CLIENT, limits),
            unread: BytesMut::new(),
            frames: VecDeque::new(),
            error: None,
            out: Vec::new(),
            last_read: Instant::now(),
            bytes_read: 0,
            bytes_written: 0,
        }
    }

    /// A new stream header is due.
    pub(crate) fn restart(&mut self) {
        self.tokenizer.restart();
    }

    /// Other limits from the next element on.
    pub(crate) fn set_limits(&mut self, limits: Limits) {
        self.tokenizer.set_limits(limits);
    }

    /// Whether bytes were read beyond the last frame: at STARTTLS there must be none.
    pub(crate) fn has_unread(&self) -> bool {
        !self.unread.is_empty()
    }

    /// Whether the peer has begun an element and not ended it.
    pub(crate) fn is_midway(&self) -> bool {
        self.tokenizer.is_partial()
    }

    /// Gives the socket up, to be wrapped in TLS.
    pub(crate) fn into_io(self) -> Io {
        self.io
    }

    /// When the peer last sent anything.
    pub(crate) fn last_read(&self) -> Instant {
        self.last_read
    }

    /// Bytes read since this was last asked.
    pub(crate) fn take_bytes_read(&mut self) -> usize {
        mem::take(&mut self.bytes_read)
    }

    /// Bytes handed to the socket since this was last asked.
    pub(crate) fn take_bytes_written(&mut self) -> usize {
        mem::take(&mut self.bytes_written)
    }

    /// The next frame; for the time before the session, when frames may change the rules for those that follow. What is to be
    /// written is written when nothing has come to be answered with it.
    pub(crate) async fn next_frame(&mut self) -> Result<Frame, Gone> {
        loop {
            if let Some(frame) = self.parse_one()? {
                return Ok(frame);
            }
            match poll_fn(|cx| self.poll_more(cx)).await? {
                0 => {
                    self.flush().await?;
                    return Err(Gone::Lost(io::ErrorKind::UnexpectedEof.into()));
                }
                count => self.note_read(count),
            }
        }
    }

    /// Reads what is there; where there is nothing, writes, and waits.
    fn poll_more(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        if self.is_congested() {
            ready!(self.poll_flush(cx))?;
        }
        let read = self.io.poll_fill(cx, &mut self.unread, NEGOTIATION_READ_BYTES);
        if read.is_pending() {
            ready!(self.poll_flush(cx))?;
        }
        read
    }

    fn parse_one(&mut self) -> Result<Option<Frame>, StreamError> {
        let mut input = &self.unread[..];
        let before = input.len();
        let frame = self.tokenizer.next(&mut input);
        let taken = before - input.len();
        self.unread.advance(taken);
        if self.unread.is_empty() {
            self.unread = BytesMut::new();
        }
        frame
    }

    fn note_read(&mut self, count: usize) {
        self.last_read = Instant::now();
        self.bytes_read += count;
    }

    /// The next frame that is here already.
    pub(crate) fn next_parsed(&mut self) -> Option<Result<Frame, StreamError>> {
        if let Some(frame) = self.frames.pop_front() {
            return Some(Ok(frame));
        }
        if self.frames.capacity() > 0 {
            self.frames = VecDeque::new();
        }
        if !self.unread.is_empty() {
            match self.parse_one() {
                Ok(Some(frame)) => return Some(Ok(frame)),
                Ok(None) => {}
                Err(error) => return Some(Err(error)),
            }
        }
        self.error.take().map(Err)
    }

    /// Reads all that can be read now and parses it; then [`Connection::next_parsed`] has it.
    pub(crate) fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self {
            io,
            tokenizer,
            frames,
            error,
            ..
        } = self;
        let take = |mut bytes: &[u8]| {
            while error.is_none() {
                match tokenizer.next(&mut bytes) {
                    Ok(Some(frame)) => frames.push_back(frame),
                    Ok(None) => break,
                    Err(broken) => *error = Some(broken),
                }
            }
        };
        match ready!(io.poll_each(cx, SESSION_READ_BYTES, take))? {
            0 => Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into())),
            count => {
                self.note_read(count);
                Poll::Ready(Ok(()))
            }
        }
    }

    /// Whether so much waits to be written that nothing should be added.
    pub(crate) fn is_congested(&self) -> bool {
        self.out.len() + self.io.pending() >= OUT_HIGH_BYTES
    }

    /// The output, to append to.
    pub(crate) fn out(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// Appends a stanza.
    pub(crate) fn write_stanza(&mut self, stanza: &Stanza) {
        stanza.write(&mut self.out);
    }

    /// Answers a stanza with an error, where one is allowed, and counts it.
    pub(crate) fn refuse(&mut self, stanza: &Stanza, error: &StanzaError) {
        metrics::counter!("stanzas_refused", "condition" => error.condition.as_str()).increment(1);
        if let Some(answer) = stanza.bounce(error) {
            self.write_stanza(&answer);
        }
    }

    /// Appends an element of the first level.
    pub(crate) fn write_element(&mut self, element: &Element) {
        element.write(&mut self.out, ns::CLIENT);
    }

    /// Writes what waits; ready when all of it is with the kernel.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A little that TLS itself has to say goes with what follows.
        if self.out.is_empty() || self.io.pending() > RIDER_BYTES {
            ready!(self.io.poll_drain(cx))?;
        }
        if self.out.is_empty() {
            return Poll::Ready(Ok(()));
        }
        let out = mem::take(&mut self.out);
        self.bytes_written += out.len();
        self.io.send(|batch| batch.extend_from_slice(&out))?;
        self.io.poll_drain(cx)
    }

    /// Writes what waits.
    pub(crate) async fn flush(&mut self) -> io::Result<()> {
        poll_fn(|cx| self.poll_flush(cx)).await
    }

    /// Closes the stream (RFC 6120 §4.4): the error where there is one, the closing tag, then the peer's closing tag
    /// or its silence, then the socket.
    pub(crate) async fn close(mut self, error: Option<&StreamError>) {
        if let Some(error) = error {
            metrics::counter!("c2s_stream_errors", "condition" => error.condition.as_str()).increment(1);
            tracing::debug!(target: "c2s", condition = error.condition.as_str(), text = error.text.as_deref(), "stream error");
            writer::stream_error(&mut self.out, error);
        }
        self.out.extend_from_slice(b"</stream:stream>");
        // A peer that is gone already is no news.
        let _ = tokio::time::timeout(GOODBYE, self.say_goodbye()).await;
    }

    async fn say_goodbye(&mut self) -> io::Result<()> {
        let out = mem::take(&mut self.out);
        self.io.drain().await?;
        // The closing tag and TLS's own goodbye are one packet.
        self.io.hold(|batch| batch.extend_from_slice(&out))?;
        self.io.shutdown().await?;
        // Reading on keeps the kernel from resetting the connection before the peer has read our last words.
        let mut rest = [0; 1024];
        let mut budget = LAST_WORDS_BYTES;
        while budget > 0 {
            match self.io.read(&mut rest).await? {
                0 => break,
                count => budget = budget.saturating_sub(count),
            }
        }
        Ok(())
    }
}
