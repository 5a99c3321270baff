use std::{net::TcpStream, path::Path, sync::Arc};

use nix::sys::signal::Signal;
use rustls::{
    ClientConfig, ClientConnection, DigitallySignedStruct, Error, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use crate::home::{Home, Server};

#[test]
fn certificates_change_under_a_running_server() {
    let home = Home::new();
    let first = certificate(&home);
    home.write("hearth.toml", "[tls]\ncertificate = \"chain.pem\"\nkey = \"key.pem\"\n");
    let server = home.start(&[]);
    assert_eq!(shown(&server), first);

    let second = certificate(&home);
    server.signal(Signal::SIGHUP);
    while shown(&server) != second {}

    // Nobody has to say so: files are looked at every two seconds.
    let third = certificate(&home);
    while shown(&server) != third {}

    // What cannot be used changes nothing.
    home.write("key.pem", "nonsense");
    server.signal(Signal::SIGHUP);
    while !home.read("log").contains("the certificates were not reloaded") {}
    assert_eq!(shown(&server), third);
    server.stop();
}

#[test]
fn pins_and_the_log_level_are_reloaded_and_the_rest_is_said_to_wait() {
    let home = Home::new();
    home.write("hearth.toml", "");
    let server = home.start(&[]);
    home.write(
        "hearth.toml",
        "node_name = \"other\"\n[properties]\nregistration.enabled = true\n",
    );
    server.signal(Signal::SIGHUP);
    while !home.read("log").contains("take effect at the next start only") {}
    let refused = home.hearth(&["property", "set", "registration.enabled", "false"]);
    refused.failed(1, "pinned by hearth.toml:3");
    home.write("hearth.toml", "[log]\nformat = \"xml\"\n");
    server.signal(Signal::SIGHUP);
    while !home
        .read("log")
        .contains("the configuration was not reloaded: hearth.toml:2")
    {}
    server.stop();
}

/// Writes a new pair; gives back the certificate.
fn certificate(home: &Home) -> Vec<u8> {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    for (name, pem) in [
        ("chain.pem", made.cert.pem()),
        ("key.pem", made.signing_key.serialize_pem()),
    ] {
        replace(&home.path(name), &pem);
    }
    made.cert.der().to_vec()
}

/// As tools do that renew certificates: nobody sees half a file.
fn replace(path: &Path, text: &str) {
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(beside, path).unwrap();
}

/// The certificate that a client is shown by direct TLS.
fn shown(server: &Server<'_>) -> Vec<u8> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody))
        .with_no_client_auth();
    let mut connection = ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
    let mut socket = TcpStream::connect(server.address("c2s_tls")).unwrap();
    while connection.is_handshaking() {
        connection.complete_io(&mut socket).unwrap();
    }
    connection.peer_certificates().unwrap()[0].to_vec()
}

/// Trusts everybody.
#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
