//! What an idle TLS connection costs: `cargo run --release -p transport --example idle [connections]`.
//!
//! The server is a process of its own, so that its memory is not mixed with the clients'. Every connection has sent
//! and received a message before it is counted, and a task waits for it to read more.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::future::poll_fn;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme, client::danger};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_util::sync::CancellationToken;
use transport::{
    CertificateFolder, Certificates, Gate, GateSettings, Listener, ListenerSettings, TlsServer, TlsSettings,
    TrustAnchors,
};

const MESSAGE: usize = 300;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let first = arguments.next().unwrap_or_else(|| "10000".to_owned());
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    if first == "serve" {
        runtime.block_on(serve());
    } else {
        runtime.block_on(measure(first.parse().unwrap()));
    }
}

async fn serve() {
    let folder = tempfile::tempdir().unwrap();
    let files = CertificateFolder::new(folder.path()).ensure("localhost").unwrap();
    let tls = TlsServer::new(
        &Certificates::read(&[files]).unwrap(),
        TrustAnchors::default(),
        &TlsSettings {
            alpn: Vec::new(),
            ..TlsSettings::default()
        },
    )
    .unwrap();
    let gate = Gate::new(GateSettings {
        accepts_per_second: 0,
        ..GateSettings::default()
    });
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap(), ListenerSettings::default(), gate).unwrap();
    println!("{}", listener.local_addr());
    let take = move |accepted: transport::Accepted| {
        let tls = tls.clone();
        tokio::spawn(async move {
            let Ok((mut io, _facts)) = Box::pin(tls.accept(accepted.socket)).await else {
                return;
            };
            loop {
                let mut echo = Vec::new();
                match poll_fn(|cx| io.poll_each(cx, 16 << 10, |bytes| echo.extend_from_slice(bytes))).await {
                    Ok(0) | Err(_) => return,
                    Ok(_) => io.send(|batch| batch.extend_from_slice(&echo)).unwrap(),
                }
                drop(echo);
                io.drain().await.unwrap();
            }
        });
    };
    listener.serve(CancellationToken::new(), take).await;
}

async fn measure(connections: usize) {
    let mut server = Server::start();
    let config = Arc::new(client());
    // One connection warms up what is not per connection.
    let mut clients = vec![connect(&config, &server.address).await];
    let before = server.resident();
    let cpu = server.cpu_ticks();
    for _ in 0..connections {
        clients.push(connect(&config, &server.address).await);
    }
    let bytes = (server.resident() - before) * 1024 / connections;
    let micros = (server.cpu_ticks() - cpu) * 10_000 / connections;
    println!("{connections} idle connections: {bytes} bytes of server memory each, {micros} µs of CPU to connect");
    let cpu = server.cpu_ticks();
    let rounds = 20;
    let message = [b'x'; MESSAGE];
    for _ in 0..rounds {
        for client in &mut clients {
            client.write_all(&message).await.unwrap();
            client.flush().await.unwrap();
        }
        for client in &mut clients {
            client.read_exact(&mut [0; MESSAGE]).await.unwrap();
        }
    }
    let nanos = (server.cpu_ticks() - cpu) * 10_000_000 / (rounds * clients.len());
    println!("{nanos} ns of CPU to echo {MESSAGE} bytes");
    server.child.kill().unwrap();
}

async fn connect(config: &Arc<ClientConfig>, address: &str) -> tokio_rustls::client::TlsStream<TcpStream> {
    let socket = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let mut stream = tokio_rustls::TlsConnector::from(Arc::clone(config))
        .connect(name, socket)
        .await
        .unwrap();
    stream.write_all(&[b'x'; MESSAGE]).await.unwrap();
    stream.flush().await.unwrap();
    stream.read_exact(&mut [0; MESSAGE]).await.unwrap();
    stream
}

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start() -> Self {
        let program = std::env::current_exe().unwrap();
        let mut child = Command::new(program)
            .arg("serve")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut address = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut address)
            .unwrap();
        Self {
            child,
            address: address.trim().to_owned(),
        }
    }

    /// Kilobytes.
    fn resident(&self) -> usize {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.split_whitespace().next().unwrap().parse().unwrap()
    }

    /// Hundredths of a second, of all threads.
    fn cpu_ticks(&self) -> usize {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        fields[11].parse::<usize>().unwrap() + fields[12].parse::<usize>().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn client() -> ClientConfig {
    ClientConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Credulous))
        .with_no_client_auth()
}

#[derive(Debug)]
struct Credulous;

impl danger::ServerCertVerifier for Credulous {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<danger::ServerCertVerified, rustls::Error> {
        Ok(danger::ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<danger::HandshakeSignatureValid, rustls::Error> {
        Ok(danger::HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<danger::HandshakeSignatureValid, rustls::Error> {
        Ok(danger::HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        rustls::crypto::aws_lc_rs::default_provider()
            .signature_verification_algorithms
            .supported_schemes()
    }
}
