//! A connection to a server as a test holds it: raw bytes out, frames in, a deadline on everything.

use std::{io, net::SocketAddr, sync::Arc, time::Duration};

use protocol::{
    Element, IqType, Kind, ns,
    stream::{Frame, Limits, Tokenizer, tree},
};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
};
use tokio_rustls::{TlsConnector, client::TlsStream};

/// Longer than anything that works takes on a busy machine.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// What came from the server.
#[derive(Debug, Clone, PartialEq)]
pub enum Seen {
    /// A stream header, with the stream's id.
    Open(Option<String>),
    /// A stanza or other element.
    Element(Element),
    /// The closing tag.
    Close,
    /// The connection's end.
    End,
    /// An error about a request that had no id, and so has none itself.
    ErrorWithoutId,
}

/// A connection to a server.
pub struct Wire {
    stream: Stream,
    tokenizer: Tokenizer,
    unread: Vec<u8>,
}

/// Plain or encrypted.
#[derive(Debug)]
enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
    /// Between the two.
    Gone,
}

impl Wire {
    /// A connection in the clear.
    pub async fn plain(address: SocketAddr) -> io::Result<Self> {
        let socket = TcpStream::connect(address).await?;
        socket.set_nodelay(true)?;
        Ok(Self::over(Stream::Plain(socket)))
    }

    /// A connection that begins with TLS.
    pub async fn tls(address: SocketAddr, host: &str) -> io::Result<Self> {
        let mut wire = Self::plain(address).await?;
        wire.encrypt(host).await?;
        Ok(wire)
    }

    fn over(stream: Stream) -> Self {
        Self {
            stream,
            tokenizer: fresh(),
            unread: Vec::new(),
        }
    }

    /// Shakes hands on a connection in the clear. Any certificate will do: what is tested here is not the client.
    pub async fn encrypt(&mut self, host: &str) -> io::Result<()> {
        let Stream::Plain(socket) = std::mem::replace(&mut self.stream, Stream::Gone) else {
            return Err(io::Error::other("encrypted already"));
        };
        let name = ServerName::try_from(host.to_owned()).map_err(io::Error::other)?;
        let handshake = TlsConnector::from(Arc::new(trusting())).connect(name, socket);
        let stream = within(handshake).await??;
        *self = Self::over(Stream::Tls(Box::new(stream)));
        Ok(())
    }

    /// Whether it is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// RFC 9266: what SCRAM-…-PLUS binds to.
    #[must_use]
    pub fn tls_exporter(&self) -> Option<[u8; 32]> {
        match &self.stream {
            Stream::Tls(tls) => tls
                .get_ref()
                .1
                .export_keying_material([0; 32], b"EXPORTER-Channel-Binding", Some(b""))
                .ok(),
            _ => None,
        }
    }

    /// Sends bytes as they are. A server that has cut the connection is no error here: what it said is still to be read.
    pub async fn send(&mut self, bytes: impl AsRef<[u8]>) {
        let writing = async {
            self.stream.write_all(bytes.as_ref()).await?;
            self.stream.flush().await
        };
        let _ = within(writing).await;
    }

    /// Closes our direction.
    pub async fn finish(&mut self) {
        let _ = within(self.stream.shutdown()).await;
    }

    /// A new header is due from the server.
    pub fn restart(&mut self) {
        self.tokenizer = fresh();
    }

    /// What the server says next.
    ///
    /// # Panics
    /// Where it says nothing in time, or what is not XML.
    pub async fn next(&mut self) -> Seen {
        match within(self.read()).await {
            Ok(seen) => seen,
            Err(_) => panic!("the server said nothing for {DEADLINE:?}"),
        }
    }

    /// What the server says next, however long that takes. What has come in part stays when nobody waits any more.
    ///
    /// # Panics
    /// Where it is not XML.
    pub async fn read(&mut self) -> Seen {
        loop {
            let mut input = &self.unread[..];
            let before = input.len();
            let frame = self.tokenizer.next(&mut input);
            let taken = before - input.len();
            self.unread.drain(..taken);
            match frame {
                Ok(Some(frame)) => return seen(frame),
                Ok(None) => {}
                Err(error) => panic!("the server's XML is wrong: {error:?}"),
            }
            // On the heap: inside the future it would be in every story's future many times over.
            let mut buffer = vec![0; 16 * 1024];
            match self.stream.read(&mut buffer).await {
                Ok(0) | Err(_) => return Seen::End,
                Ok(count) => self.unread.extend_from_slice(&buffer[..count]),
            }
        }
    }

    /// Opens a stream to `host` and returns the features.
    pub async fn open(&mut self, host: &str) -> Element {
        self.restart();
        self.send(header(host)).await;
        match self.next().await {
            Seen::Open(_) => {}
            other => panic!("expected a stream header, got {other:?}"),
        }
        self.element().await
    }

    /// The next element.
    ///
    /// # Panics
    /// Where something else comes.
    pub async fn element(&mut self) -> Element {
        match self.next().await {
            Seen::Element(element) => element,
            other => panic!("expected an element, got {other:?}"),
        }
    }
}

/// A client's stream header.
#[must_use]
pub fn header(host: &str) -> String {
    format!(
        "<?xml version='1.0'?><stream:stream to='{host}' version='1.0' xmlns='jabber:client' \
         xmlns:stream='http://etherx.jabber.org/streams'>"
    )
}

fn fresh() -> Tokenizer {
    Tokenizer::new(
        ns::CLIENT,
        Limits {
            stanza_bytes: 4 << 20,
            ..Limits::client()
        },
    )
}

fn seen(frame: Frame) -> Seen {
    match frame {
        Frame::Open(header) => Seen::Open(header.id),
        Frame::Stanza(stanza) => {
            let element = tree::parse(stanza.to_xml().as_bytes(), ns::CLIENT).expect("we wrote it");
            Seen::Element(element)
        }
        Frame::Malformed(malformed)
            if malformed.stanza.id.is_none() && malformed.stanza.kind == Kind::Iq(IqType::Error) =>
        {
            Seen::ErrorWithoutId
        }
        Frame::Malformed(malformed) => panic!("the server sent a malformed stanza: {malformed:?}"),
        Frame::Element(element) => Seen::Element(element),
        Frame::Close => Seen::Close,
    }
}

async fn within<T>(work: impl Future<Output = T>) -> io::Result<T> {
    tokio::time::timeout(DEADLINE, work)
        .await
        .map_err(|_| io::ErrorKind::TimedOut.into())
}

impl AsyncRead for Stream {
    fn poll_read(
        self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        buffer: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => std::pin::Pin::new(socket).poll_read(cx, buffer),
            Self::Tls(tls) => std::pin::Pin::new(tls).poll_read(cx, buffer),
            Self::Gone => std::task::Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
        bytes: &[u8],
    ) -> std::task::Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(socket) => std::pin::Pin::new(socket).poll_write(cx, bytes),
            Self::Tls(tls) => std::pin::Pin::new(tls).poll_write(cx, bytes),
            Self::Gone => std::task::Poll::Ready(Err(io::ErrorKind::NotConnected.into())),
        }
    }

    fn poll_flush(self: std::pin::Pin<&mut Self>, cx: &mut std::task::Context<'_>) -> std::task::Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => std::pin::Pin::new(socket).poll_flush(cx),
            Self::Tls(tls) => std::pin::Pin::new(tls).poll_flush(cx),
            Self::Gone => std::task::Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(
        self: std::pin::Pin<&mut Self>,
        cx: &mut std::task::Context<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(socket) => std::pin::Pin::new(socket).poll_shutdown(cx),
            Self::Tls(tls) => std::pin::Pin::new(tls).poll_shutdown(cx),
            Self::Gone => std::task::Poll::Ready(Ok(())),
        }
    }
}

fn trusting() -> ClientConfig {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    ClientConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .expect("the provider knows TLS 1.2 and 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone(provider)))
        .with_no_client_auth()
}

/// Takes any certificate, and checks signatures all the same.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
