//! Balancers, and those who pretend to be one.

use std::net::SocketAddr;
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use transport::{Accepted, Gate, GateSettings, ListenerSettings, Network};

use super::support::{eventually, listen, open_gate, soon};

const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

fn behind_a_balancer() -> ListenerSettings {
    ListenerSettings {
        balancers: Network::loopback(),
        ..ListenerSettings::default()
    }
}

/// Sends `header` in the pieces given, then the client's first words; says who the client was and what it said.
async fn arrive(pieces: &[&[u8]]) -> Option<(SocketAddr, SocketAddr, String)> {
    let (sender, mut accepted) = mpsc::channel(1);
    let (address, _stop) = listen(behind_a_balancer(), &open_gate(), move |accepted| {
        sender.try_send(accepted).unwrap();
    });
    let mut balancer = TcpStream::connect(address).await.unwrap();
    balancer.set_nodelay(true).unwrap();
    for piece in pieces {
        // Refused in the middle of a malformed header, the rest cannot be written.
        let _ = balancer.write_all(piece).await;
        tokio::task::yield_now().await;
    }
    let _ = balancer.write_all(b"<stream>").await;
    let _ = balancer.shutdown().await;
    let refused = async { balancer.read(&mut [0; 1]).await.unwrap_or(0) };
    let mut taken: Accepted = soon(async {
        tokio::select! {
            biased;
            taken = accepted.recv() => taken,
            0 = refused => accepted.try_recv().ok(),
        }
    })
    .await?;
    let mut words = String::new();
    soon(taken.socket.read_to_string(&mut words)).await.unwrap();
    Some((taken.peer, balancer.local_addr().unwrap(), words))
}

fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [V2, &[command, family], &length, body].concat()
}

fn v4_body(extensions: &[u8]) -> Vec<u8> {
    [
        &[192, 0, 2, 7, 198, 51, 100, 1][..],
        &50_000_u16.to_be_bytes(),
        &5222_u16.to_be_bytes(),
        extensions,
    ]
    .concat()
}

fn v6_body() -> Vec<u8> {
    let source: std::net::Ipv6Addr = "2001:db8::7".parse().unwrap();
    [
        &source.octets()[..],
        &[0; 16],
        &50_000_u16.to_be_bytes(),
        &5222_u16.to_be_bytes(),
    ]
    .concat()
}

#[tokio::test]
async fn the_client_behind_a_balancer_is_known_and_its_first_words_are_whole() {
    for (header, client) in [
        (
            b"PROXY TCP4 192.0.2.7 198.51.100.1 50000 5222\r\n".to_vec(),
            "192.0.2.7:50000",
        ),
        (
            b"PROXY TCP6 2001:db8::7 2001:db8::1 50000 5222\r\n".to_vec(),
            "[2001:db8::7]:50000",
        ),
        (
            b"PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n".to_vec(),
            "255.255.255.255:65535",
        ),
        (v2(0x21, 0x11, &v4_body(b"")), "192.0.2.7:50000"),
        (v2(0x21, 0x11, &v4_body(&[4, 0, 2, 0, 0])), "192.0.2.7:50000"),
        (v2(0x21, 0x11, &v4_body(&[0xea; 2000])), "192.0.2.7:50000"),
        (v2(0x21, 0x21, &v6_body()), "[2001:db8::7]:50000"),
    ] {
        let told = Some(client.parse().unwrap());
        let whole = arrive(&[&header]).await.map(|(peer, _, words)| (peer, words));
        assert_eq!(whole, told.map(|peer| (peer, "<stream>".to_owned())), "{header:?}");
        let bytes: Vec<&[u8]> = header.chunks(1).collect();
        let dripped = arrive(&bytes).await.map(|(peer, _, words)| (peer, words));
        assert_eq!(
            dripped,
            told.map(|peer| (peer, "<stream>".to_owned())),
            "{header:?} byte by byte"
        );
    }
}

#[tokio::test]
async fn a_balancer_may_speak_for_itself() {
    for header in [
        b"PROXY UNKNOWN\r\n".to_vec(),
        b"PROXY UNKNOWN ffff:f...f:ffff ffff:f...f:ffff 65535 65535\r\n".to_vec(),
        v2(0x20, 0x00, b""),
        v2(0x20, 0x11, &v4_body(b"")),
        v2(0x21, 0x00, b"whatever"),
        v2(0x21, 0x31, &[b'/'; 216]),
    ] {
        let (peer, balancer, words) = arrive(&[&header]).await.expect("it is let in");
        assert_eq!((peer, words.as_str()), (balancer, "<stream>"), "{header:?}");
    }
}

#[tokio::test]
async fn a_malformed_header_ends_the_connection() {
    for header in [
        b"<?xml version='1.0'?>".to_vec(),
        b"PROXY\r\n\r\n\r\n\r\n".to_vec(),
        b"proxy TCP4 192.0.2.7 198.51.100.1 50000 5222\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.7 198.51.100.1 50000 5222\n".to_vec(),
        b"PROXY TCP4 192.0.2.7 198.51.100.1 50000\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.7 198.51.100.1 50000 5222 1\r\n".to_vec(),
        b"PROXY TCP4  192.0.2.7 198.51.100.1 50000 5222\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.7 198.51.100.1 65536 5222\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.7 198.51.100.1 50000 -1\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.7 198.51.100.1 +5 5222\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.7 198.51.100.1 05 5222\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.7 2001:db8::1 50000 5222\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.256 198.51.100.1 50000 5222\r\n".to_vec(),
        b"PROXY TCP6 192.0.2.7 198.51.100.1 50000 5222\r\n".to_vec(),
        b"PROXY UDP4 192.0.2.7 198.51.100.1 50000 5222\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.7\0 198.51.100.1 50000 5222\r\n".to_vec(),
        [&b"PROXY UNKNOWN "[..], &[b'x'; 93], b"\r\n"].concat(),
        [&b"PROXY UNKNOWN "[..], &[b'x'; 4000]].concat(),
        v2(0x11, 0x11, &v4_body(b"")),
        v2(0x22, 0x11, &v4_body(b"")),
        v2(0x21, 0x12, &v4_body(b"")),
        v2(0x21, 0x41, &v4_body(b"")),
        v2(0x21, 0x11, &v4_body(b"")[..11]),
        v2(0x21, 0x21, &v6_body()[..35]),
        v2(0x21, 0x11, &v4_body(&[0; 2048])),
        [V2, &[0x21, 0x11, 0, 12, 1]].concat(),
        b"PRO".to_vec(),
    ] {
        assert_eq!(arrive(&[&header]).await, None, "{:?}", String::from_utf8_lossy(&header));
    }
}

#[tokio::test(start_paused = true)]
async fn a_silent_balancer_has_five_seconds() {
    let gate = open_gate();
    let (address, _stop) = listen(behind_a_balancer(), &gate, |_| panic!("nothing was said"));
    let started = tokio::time::Instant::now();
    let mut balancer = TcpStream::connect(address).await.unwrap();
    assert_eq!(balancer.read(&mut [0; 1]).await.unwrap(), 0);
    assert_eq!(started.elapsed().as_secs(), 5);
    eventually(|| gate.open() == 0).await;
}

#[tokio::test]
async fn from_others_a_header_is_bytes_like_any() {
    let (sender, mut accepted) = mpsc::channel(1);
    let settings = ListenerSettings {
        balancers: vec!["192.0.2.0/24".parse().unwrap()],
        ..behind_a_balancer()
    };
    let (address, _stop) = listen(settings, &open_gate(), move |accepted| {
        sender.try_send(accepted).unwrap();
    });
    let mut liar = TcpStream::connect(address).await.unwrap();
    liar.write_all(b"PROXY TCP4 192.0.2.7 198.51.100.1 50000 5222\r\n")
        .await
        .unwrap();
    let mut taken: Accepted = soon(accepted.recv()).await.unwrap();
    assert_eq!(taken.peer, liar.local_addr().unwrap());
    let mut words = [0; 6];
    soon(taken.socket.read_exact(&mut words)).await.unwrap();
    assert_eq!(&words, b"PROXY ");
}

#[tokio::test]
async fn the_limit_counts_clients_and_not_their_balancer() {
    let (sender, mut accepted) = mpsc::channel(8);
    let gate = Gate::new(GateSettings {
        connections_per_address: 2,
        ..GateSettings::default()
    });
    let (address, _stop) = listen(behind_a_balancer(), &gate, move |accepted| {
        sender.try_send(accepted).unwrap();
    });
    let mut inside = Vec::new();
    for (client, let_in) in [("7", true), ("7", true), ("7", false), ("8", true)] {
        let mut balancer = TcpStream::connect(address).await.unwrap();
        let header = format!("PROXY TCP4 192.0.2.{client} 198.51.100.1 50000 5222\r\n");
        balancer.write_all(header.as_bytes()).await.unwrap();
        if let_in {
            inside.push((soon(accepted.recv()).await.unwrap(), balancer));
        } else {
            assert_eq!(soon(balancer.read(&mut [0; 1])).await.unwrap_or(0), 0);
        }
    }
    assert_eq!(gate.open_from("192.0.2.7".parse().unwrap()), 2);
    inside.clear();
    eventually(|| gate.open() == 0).await;
    assert_eq!(gate.open_from("192.0.2.7".parse().unwrap()), 0);
    assert_eq!(Arc::strong_count(&gate), 2, "the listener and this test");
}
