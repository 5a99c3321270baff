//! Certificates, servers and clients for one test each.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use transport::{
    Accepted, Certificates, Gate, GateSettings, Io, Listener, ListenerSettings, Pair, PairFiles, TlsError, TlsFacts,
    TlsServer, TlsSettings, TrustAnchors,
};

/// Longer than anything here takes, shorter than anybody's patience.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) async fn soon<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work)
        .await
        .expect("it happens within 20 seconds")
}

pub(crate) async fn eventually(mut condition: impl FnMut() -> bool) {
    soon(async {
        while !condition() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

/// An authority, and the folder its certificates are written to.
pub(crate) struct Authority {
    pub(crate) folder: TempDir,
    issuer: CertifiedIssuer<'static, KeyPair>,
}

pub(crate) fn authority() -> Authority {
    let mut parameters = CertificateParams::new(Vec::<String>::new()).unwrap();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters.distinguished_name.push(
        rcgen::DnType::CommonName,
        format!("authority {:?}", std::time::Instant::now()),
    );
    let issuer = CertifiedIssuer::self_signed(parameters, KeyPair::generate().unwrap()).unwrap();
    Authority {
        folder: tempfile::tempdir().unwrap(),
        issuer,
    }
}

impl Authority {
    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn anchors(&self) -> TrustAnchors {
        let file = self.path().join("authority.pem");
        std::fs::write(&file, self.issuer.pem()).unwrap();
        TrustAnchors::read(&[file], false).unwrap()
    }

    /// Writes `<stem>.crt` and `<stem>.key` for the names.
    pub(crate) fn issue(&self, stem: &str, names: &[&str]) -> PairFiles {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        self.issue_with(
            stem,
            &CertificateParams::new(names).unwrap(),
            &KeyPair::generate().unwrap(),
        )
    }

    pub(crate) fn issue_with(&self, stem: &str, parameters: &CertificateParams, key: &KeyPair) -> PairFiles {
        let certificate = parameters.signed_by(key, &self.issuer).unwrap();
        let files = PairFiles::new(
            self.path().join(format!("{stem}.crt")),
            self.path().join(format!("{stem}.key")),
        );
        std::fs::write(&files.chain, certificate.pem()).unwrap();
        std::fs::write(&files.key, key.serialize_pem()).unwrap();
        files
    }

    pub(crate) fn pair(&self, names: &[&str]) -> Pair {
        self.issue(names.first().unwrap_or(&"none"), names).read().unwrap()
    }
}

/// A server for `localhost` with default settings.
pub(crate) fn server() -> TlsServer {
    server_with(&TlsSettings::default())
}

pub(crate) fn server_with(settings: &TlsSettings) -> TlsServer {
    let certificates = Certificates::new(vec![authority().pair(&["localhost"])]).unwrap();
    TlsServer::new(&certificates, TrustAnchors::default(), settings).unwrap()
}

pub(crate) fn open_gate() -> Arc<Gate> {
    Gate::new(GateSettings::default())
}

/// A listener that gives what it accepts to `take`, until the returned guard is dropped.
pub(crate) fn listen(
    settings: ListenerSettings,
    gate: &Arc<Gate>,
    take: impl Fn(Accepted) + Send + Sync + 'static,
) -> (SocketAddr, tokio_util::sync::DropGuard) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), settings, Arc::clone(gate)).unwrap();
    let address = listener.local_addr();
    let stop = tokio_util::sync::CancellationToken::new();
    tokio::spawn(listener.serve(stop.clone(), take));
    (address, stop.drop_guard())
}

/// Two ends of a TCP connection.
pub(crate) async fn socket_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let (server, _) = listener.accept().await.unwrap();
    (client, server)
}

/// What a client of a test is like.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) config: ClientConfig,
    pub(crate) name: &'static str,
}

/// Believes every certificate: what is served is for the test to look at.
pub(crate) fn client() -> Client {
    client_of(rustls::DEFAULT_VERSIONS)
}

pub(crate) fn client_of(versions: &[&'static rustls::SupportedProtocolVersion]) -> Client {
    client_by(aws_lc_rs::default_provider(), versions)
}

pub(crate) fn client_by(provider: CryptoProvider, versions: &[&'static rustls::SupportedProtocolVersion]) -> Client {
    Client {
        config: credulous(provider, versions).with_no_client_auth(),
        name: "localhost",
    }
}

pub(crate) fn client_with_certificate(
    versions: &[&'static rustls::SupportedProtocolVersion],
    chain: Vec<CertificateDer<'static>>,
    key: &KeyPair,
) -> Client {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    Client {
        config: credulous(aws_lc_rs::default_provider(), versions)
            .with_client_auth_cert(chain, key)
            .unwrap(),
        name: "localhost",
    }
}

fn credulous(
    provider: CryptoProvider,
    versions: &[&'static rustls::SupportedProtocolVersion],
) -> rustls::ConfigBuilder<ClientConfig, rustls::client::WantsClientCert> {
    ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Credulous))
}

impl Client {
    pub(crate) async fn connect(&self, socket: TcpStream) -> std::io::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(self.name).unwrap();
        TlsConnector::from(Arc::new(self.config.clone()))
            .connect(name, socket)
            .await
    }

    /// Shakes hands with `server` over a fresh socket; both outcomes.
    pub(crate) async fn meet(
        &self,
        server: &TlsServer,
    ) -> (std::io::Result<TlsStream<TcpStream>>, Result<(Io, TlsFacts), TlsError>) {
        let (ours, theirs) = socket_pair().await;
        soon(async { tokio::join!(self.connect(ours), server.accept(theirs)) }).await
    }

    pub(crate) async fn meet_well(&self, server: &TlsServer) -> (TlsStream<TcpStream>, Io, TlsFacts) {
        let (client, server) = self.meet(server).await;
        let (io, facts) = server.unwrap();
        (client.unwrap(), io, facts)
    }
}

#[derive(Debug)]
struct Credulous;

impl ServerCertVerifier for Credulous {
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
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        verify_tls12_signature(message, certificate, signed, &algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = aws_lc_rs::default_provider().signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, &algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
