//! The pages for machines over real connections.
#![allow(clippy::unwrap_used)]

use std::{net::SocketAddr, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_util::sync::CancellationToken;

use crate::{Bounds, Door, Machines, Metrics, Readiness, serve};

struct Server {
    address: SocketAddr,
    readiness: Arc<Readiness>,
    stop: CancellationToken,
    ended: tokio::task::JoinHandle<()>,
    recorder: metrics_exporter_prometheus::PrometheusRecorder,
}

async fn start() -> Server {
    start_with(Bounds::default()).await
}

async fn start_with(bounds: Bounds) -> Server {
    start_behind(bounds, None).await
}

async fn start_behind(bounds: Bounds, tls: Option<Arc<rustls::ServerConfig>>) -> Server {
    let (metrics, recorder) = Metrics::apart();
    let readiness = Arc::new(Readiness::default());
    let pages = Machines {
        readiness: Arc::clone(&readiness),
        metrics,
    }
    .pages();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let ended = tokio::spawn(serve(Door { listener, tls }, pages, bounds, stop.clone()));
    Server {
        address,
        readiness,
        stop,
        ended,
        recorder,
    }
}

impl Server {
    async fn answer(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    async fn get(&self, path: &str) -> String {
        self.answer(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"))
            .await
    }
}

#[tokio::test]
async fn ready_says_why_it_is_not() {
    let server = start().await;
    assert!(server.get("/healthz").await.starts_with("HTTP/1.1 200 "));
    assert!(server.get("/readyz").await.starts_with("HTTP/1.1 200 "));
    server.readiness.hold("database", "it does not answer");
    let answer = server.get("/readyz").await;
    assert!(answer.starts_with("HTTP/1.1 503 "), "{answer}");
    assert!(answer.contains(r#""database":"it does not answer""#), "{answer}");
    assert!(
        server.get("/healthz").await.starts_with("HTTP/1.1 200 "),
        "alive is not ready"
    );
    server.readiness.clear("database");
    assert!(server.get("/readyz").await.starts_with("HTTP/1.1 200 "));
}

#[tokio::test]
async fn metrics_show_what_was_counted_and_what_the_process_uses() {
    let server = start().await;
    metrics::with_local_recorder(&server.recorder, || {
        metrics::counter!("stanzas_total", "kind" => "message").increment(3);
        crate::process::measure();
    });
    let answer = server.get("/metrics").await;
    assert!(answer.contains("stanzas_total{kind=\"message\"} 3"), "{answer}");
    for name in [
        "process_resident_memory_bytes",
        "process_open_fds",
        "process_max_fds",
        "process_threads",
    ] {
        let line = answer
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        assert!(line.unwrap().parse::<f64>().unwrap() > 0.0, "{name}: {answer}");
    }
}

#[tokio::test]
async fn other_methods_paths_and_heads_are_refused() {
    let server = start().await;
    let long = "x".repeat(20_000);
    for (request, expected) in [
        (
            "GET /nowhere HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(),
            "HTTP/1.1 404 ",
        ),
        (
            "POST /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_owned(),
            "HTTP/1.1 405 ",
        ),
        (
            "DELETE /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".to_owned(),
            "HTTP/1.1 405 ",
        ),
        (
            format!("GET /healthz HTTP/1.1\r\nHost: x\r\nA: {long}\r\n\r\n"),
            "HTTP/1.1 431 ",
        ),
        ("<stream:stream to='localhost'>\r\n\r\n".to_owned(), "HTTP/1.1 400 "),
    ] {
        let answer = server.answer(&request).await;
        assert!(answer.starts_with(expected), "{expected}: {answer}");
    }
}

#[tokio::test]
async fn a_stop_ends_idle_connections_and_the_task() {
    let server = start().await;
    let mut idle = TcpStream::connect(server.address).await.unwrap();
    idle.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .unwrap();
    let mut first = [0; 12];
    idle.read_exact(&mut first).await.unwrap();
    server.stop.cancel();
    server.ended.await.unwrap();
    let mut rest = Vec::new();
    idle.read_to_end(&mut rest).await.unwrap();
    assert!(
        TcpStream::connect(server.address).await.is_err(),
        "nobody listens any more"
    );
}

#[tokio::test]
async fn behind_tls_the_same_pages_answer_and_what_is_no_tls_is_not_waited_for() {
    let key = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let certificate = key.cert.der().clone();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.clone()],
            rustls::pki_types::PrivateKeyDer::Pkcs8(key.signing_key.serialize_der().into()),
        )
        .unwrap();
    let bounds = Bounds {
        connections: 1,
        head_timeout: Duration::from_millis(300),
        ..Bounds::default()
    };
    let server = start_behind(bounds, Some(Arc::new(config))).await;
    // It holds the only place, until the time for a handshake is over.
    let _silent = TcpStream::connect(server.address).await.unwrap();

    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate).unwrap();
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(server.address).await.unwrap();
    let mut stream = tokio_rustls::TlsConnector::from(Arc::new(config))
        .connect("localhost".try_into().unwrap(), stream)
        .await
        .unwrap();
    let head = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
    stream.write_all(head).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[tokio::test]
async fn silent_connections_have_to_go_when_others_wait() {
    let bounds = Bounds {
        connections: 2,
        head_timeout: Duration::from_millis(100),
        ..Bounds::default()
    };
    let server = start_with(bounds).await;
    let mut silent = Vec::new();
    for _ in 0..bounds.connections {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        // The answer to the first request says that it has its place; the second request never ends.
        stream
            .write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /")
            .await
            .unwrap();
        stream.read_exact(&mut [0; 12]).await.unwrap();
        silent.push(stream);
    }
    assert!(
        server.get("/healthz").await.starts_with("HTTP/1.1 200 "),
        "a silent one had to go"
    );
}
