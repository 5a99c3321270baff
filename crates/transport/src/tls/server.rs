//! Shaking hands: on a fresh socket (direct TLS) or in the middle of a stream (STARTTLS).

use std::future::poll_fn;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use metrics::counter;
use rustls::server::ServerConfig;
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::certificates::Certificates;
use super::config::{provider, tls_server_config};
use super::facts::TlsFacts;
use super::handshake::Handshake;
use super::judge::Judge;
use super::trust::TrustAnchors;
use crate::io::Io;
use crate::names;
use crate::settings::TlsSettings;

/// Why a connection did not get its TLS.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The handshake took longer than [`TlsSettings::handshake_deadline`].
    #[error("the TLS handshake took too long")]
    Deadline,
    /// The client went away.
    #[error("the client hung up in the TLS handshake")]
    HungUp,
    /// The client's hello or certificates were larger than any that are meant well.
    #[error("the client said too much in the TLS handshake")]
    TooLarge,
    /// The client did what TLS forbids, wanted what we do not have, or does not speak TLS at all.
    #[error("the TLS handshake failed: {0}")]
    Protocol(#[source] rustls::Error),
    /// The network failed.
    #[error("the connection failed in the TLS handshake: {0}")]
    Socket(#[source] io::Error),
    /// Bytes followed `<starttls/>`: whoever put them there wants them to be taken for encrypted ones.
    #[error("bytes followed <starttls/> in the clear")]
    Pipelined,
    /// The connection is encrypted already.
    #[error("TLS inside TLS")]
    Twice,
}

impl TlsError {
    fn label(&self) -> &'static str {
        match self {
            Self::Deadline => "deadline",
            Self::HungUp => "hung_up",
            Self::TooLarge => "too_large",
            Self::Protocol(_) => "protocol",
            Self::Socket(_) => "socket",
            Self::Pipelined => "pipelined",
            Self::Twice => "twice",
        }
    }
}

/// Our side of TLS, for any number of listeners.
#[derive(Debug, Clone)]
pub struct TlsServer {
    config: Arc<ServerConfig>,
    judge: Arc<Judge>,
    deadline: Duration,
}

impl TlsServer {
    /// Puts together what is needed. Certificates can be reloaded later; the settings cannot change.
    pub fn new(
        certificates: &Arc<Certificates>,
        anchors: TrustAnchors,
        settings: &TlsSettings,
    ) -> Result<Self, rustls::Error> {
        let judge = Arc::new(Judge::new(provider(), anchors));
        let asked = settings.ask_for_certificate.then(|| Arc::clone(&judge) as _);
        let config = tls_server_config(certificates, settings, asked)?;
        Ok(Self {
            config,
            judge,
            deadline: settings.handshake_deadline,
        })
    }

    /// Exchanges those we believe about client certificates.
    pub fn trust(&self, anchors: TrustAnchors) {
        self.judge.trust(anchors);
    }

    /// What rustls was given.
    pub fn config(&self) -> &Arc<ServerConfig> {
        &self.config
    }

    /// Direct TLS (XEP-0368): the socket's first byte is the client's hello.
    pub async fn accept(&self, socket: TcpStream) -> Result<(Io, TlsFacts), TlsError> {
        counted(self.shake_hands(socket, None).await)
    }

    /// STARTTLS: call it when `<proceed/>` was sent and drained.
    ///
    /// `unread` is what was read from the connection behind `<starttls/>`. There must be nothing: such bytes came in
    /// the clear, perhaps from somebody in the middle, and would be taken for the client's (CVE-2011-0411).
    /// `host` is the stream's `to`, for a client that names no host in TLS again.
    pub async fn start_tls(&self, io: Io, unread: &[u8], host: Option<&str>) -> Result<(Io, TlsFacts), TlsError> {
        if !unread.is_empty() {
            return counted(Err(TlsError::Pipelined));
        }
        let Io::Plain(plain) = io else {
            return counted(Err(TlsError::Twice));
        };
        let Some(socket) = plain.into_socket() else {
            return counted(Err(TlsError::Socket(io::Error::other(
                "an answer was still waiting to be written",
            ))));
        };
        counted(self.shake_hands(socket, host).await)
    }

    async fn shake_hands(&self, socket: TcpStream, host: Option<&str>) -> Result<(Io, TlsFacts), TlsError> {
        let mut handshake = Handshake::new(socket, Arc::clone(&self.config), host).map_err(TlsError::Protocol)?;
        let done = poll_fn(|cx| handshake.poll(cx));
        timeout(self.deadline, done).await.map_err(|_| TlsError::Deadline)??;
        let (stream, facts) = handshake.finish(&self.judge);
        Ok((Io::Tls(stream), facts))
    }
}

fn counted(outcome: Result<(Io, TlsFacts), TlsError>) -> Result<(Io, TlsFacts), TlsError> {
    match &outcome {
        Ok((_, facts)) => counter!(names::HANDSHAKES, "version" => facts.version.name()).increment(1),
        Err(error) => counter!(names::HANDSHAKES_FAILED, "reason" => error.label()).increment(1),
    }
    outcome
}
