//! Clients that mean no good, or do not know better.

use std::process::Stdio;
use std::sync::Arc;

use bytes::BytesMut;
use proptest::prelude::*;
use rustls::ClientConnection;
use rustls_pki_types::ServerName;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;
use transport::TlsServer;

use super::support::{client, server, socket_pair, soon};

/// A client's real hello.
fn hello() -> Vec<u8> {
    let name = ServerName::try_from("localhost").unwrap();
    let mut bytes = Vec::new();
    let mut session = ClientConnection::new(Arc::new(client().config), name).unwrap();
    session.write_tls(&mut bytes).unwrap();
    bytes
}

/// Says `pieces` one after the other to a server, hangs up, and waits for what becomes of it.
async fn say(server: &TlsServer, pieces: &[Vec<u8>]) {
    let (mut client, socket) = socket_pair().await;
    client.set_nodelay(true).unwrap();
    let talk = async {
        for piece in pieces {
            if client.write_all(piece).await.is_err() {
                return;
            }
            tokio::task::yield_now().await;
        }
        let _ = client.shutdown().await;
        let _ = client.read_to_end(&mut Vec::new()).await;
    };
    let (outcome, ()) = soon(async { tokio::join!(server.accept(socket), talk) }).await;
    assert!(outcome.is_err(), "half a handshake is none");
}

/// A record of handshake bytes.
fn record(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).unwrap().to_be_bytes();
    [&[22, 3, 1], &length[..], bytes].concat()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    /// Whatever is wrong with a hello, the handshake fails and nothing else does.
    #[test]
    fn no_hello_breaks_the_server(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..5),
        fragment in proptest::option::of(1_usize..200),
        garbage in proptest::collection::vec(any::<u8>(), 0..40),
    ) {
        let mut bytes = hello();
        if let Some(size) = fragment {
            bytes = bytes[5..].chunks(size).flat_map(record).collect();
        }
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        bytes.extend(garbage);
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces: Vec<Vec<u8>> = cuts.windows(2).map(|ends| bytes[ends[0]..ends[1]].to_vec()).collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(say(&server(), &pieces));
    }
}

/// RFC 9325 §3.5. OpenSSL's client renegotiates when told `R`.
#[tokio::test]
async fn renegotiation_is_refused() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let child = Command::new("openssl")
        .args([
            "s_client",
            "-tls1_2",
            "-connect",
            &listener.local_addr().unwrap().to_string(),
        ])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn();
    let Ok(mut child) = child else { return };
    let mut keyboard = child.stdin.take().unwrap();
    let (socket, _) = listener.accept().await.unwrap();
    let (mut io, facts) = soon(server().accept(socket)).await.unwrap();
    assert_eq!(facts.version, transport::TlsVersion::Tls12);
    keyboard.write_all(b"R\n").await.unwrap();
    let mut heard = BytesMut::new();
    let ended = soon(io.fill(&mut heard, 4096)).await;
    assert!(matches!(ended, Ok(0) | Err(_)), "{ended:?}: {heard:?}");
    let mut complaint = String::new();
    soon(child.stderr.take().unwrap().read_to_string(&mut complaint))
        .await
        .unwrap();
    assert!(complaint.contains("no renegotiation"), "{complaint}");
}
