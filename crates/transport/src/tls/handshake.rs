//! A handshake under way, and the facts it leaves behind.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::ProtocolVersion;
use rustls::server::ServerConfig;
use rustls_pki_types::UnixTime;
use tokio::net::TcpStream;

use super::exporter;
use super::facts::{ChannelBindings, TlsFacts};
use super::judge::Judge;
use super::server::TlsError;
use super::stream::{Failure, TlsStream};
use super::witness::{self, Notes};
use crate::settings::TlsVersion;

/// The most that a client may say in a handshake. A hello has 2 KiB at most, a chain of certificates seldom 8; what
/// rustls would let each of them grow to, and keep, is 64 KiB.
const LARGEST_HANDSHAKE: usize = 32 << 10;

/// A connection that is not yet safe to use.
pub(super) struct Handshake {
    stream: Box<TlsStream>,
    notes: Notes,
    server_random: Option<[u8; 32]>,
    received: usize,
}

impl Handshake {
    pub(super) fn new(socket: TcpStream, config: Arc<ServerConfig>, host: Option<&str>) -> Result<Self, rustls::Error> {
        let notes = Notes {
            expected_host: host.map(str::to_owned),
            ..Notes::default()
        };
        Ok(Self {
            stream: Box::new(TlsStream::new(socket, config)?),
            notes,
            server_random: None,
            received: 0,
        })
    }

    /// Ready when both sides are done, and the client has all that it needs for that.
    pub(super) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), TlsError>> {
        loop {
            if self.is_only_a_ticket_left() {
                self.stream.ticket = self.stream.pending();
                return Poll::Ready(Ok(()));
            }
            ready!(self.stream.poll_drain(cx)).map_err(TlsError::Socket)?;
            if !self.stream.session().is_handshaking() {
                return Poll::Ready(Ok(()));
            }
            match ready!(self.poll_step(cx))? {
                0 => return Poll::Ready(Err(TlsError::HungUp)),
                read => self.received += read,
            }
            if self.received > LARGEST_HANDSHAKE {
                return Poll::Ready(Err(TlsError::TooLarge));
            }
        }
    }

    /// TLS 1.3 ends with the client's words (RFC 8446 §2). Ours that follow are a ticket for the next time, which goes with
    /// the first answer: one packet less for every login.
    fn is_only_a_ticket_left(&self) -> bool {
        let session = self.stream.session();
        !session.is_handshaking() && session.protocol_version() == Some(ProtocolVersion::TLSv1_3)
    }

    fn poll_step(&mut self, cx: &mut Context<'_>) -> Poll<Result<usize, TlsError>> {
        let Self {
            stream,
            notes,
            server_random,
            ..
        } = self;
        let read = witness::observe(notes, || stream.poll_handshake(cx));
        if server_random.is_none() {
            *server_random = exporter::server_random(stream.unsent());
        }
        if let Poll::Ready(Err(_)) = read {
            // Tell the client why, if it still listens; what counts is the reason, not whether it heard.
            let _ = stream.poll_drain(cx);
        }
        read.map_err(|failure| match failure {
            Failure::Tls(error) => TlsError::Protocol(error),
            Failure::Socket(error) if error.kind() == io::ErrorKind::ConnectionReset => TlsError::HungUp,
            Failure::Socket(error) => TlsError::Socket(error),
        })
    }

    /// The connection and what was agreed on it.
    pub(super) fn finish(self, judge: &Judge) -> (Box<TlsStream>, TlsFacts) {
        let session = self.stream.session();
        let suite = session
            .negotiated_cipher_suite()
            .expect("a finished handshake has agreed on a cipher suite");
        let version = match session.protocol_version() {
            Some(ProtocolVersion::TLSv1_3) => TlsVersion::Tls13,
            _ => TlsVersion::Tls12,
        };
        let secret = self.notes.secret.as_ref();
        let bindings = ChannelBindings {
            exporter: secret.and_then(|secret| exporter::binding(suite, secret, self.server_random.as_ref())),
            server_end_point: self.notes.served.and_then(|pair| pair.info.end_point.clone()),
        };
        let chain = session.peer_certificates().unwrap_or_default();
        let facts = TlsFacts {
            version,
            cipher: suite.suite().as_str().unwrap_or("unknown"),
            sni: self.notes.sni,
            alpn: session.alpn_protocol().map(Box::from),
            bindings,
            client: judge.judge(chain, UnixTime::now()).map(Box::new),
        };
        (self.stream, facts)
    }
}
