//! Connections that come to nothing, many of them: afterwards the server is as large as before.
//!
//! `HEARTH_CYCLES` says how many; the suite makes a few thousand.

use std::{fs, net::SocketAddr, time::Duration};

use futures_util::{StreamExt as _, stream};
use protocol::Jid;
use testkit::{
    client::Connect,
    wire::{Wire, header},
};
use tests::support::process::{DOMAIN, Home, Server};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

const DEFAULT_CYCLES: u32 = 2_000;
/// So many connections at the same time.
const AT_ONCE: usize = 32;
/// What a server may be larger by than when it was warm: pools fill up, allocators keep pages.
const GROWTH_KIB: u64 = 24 * 1024;
/// Descriptors that database pools may open later than warming up.
const SPARE_DESCRIPTORS: usize = 8;
/// How long the server has to forget the last of them: longer than it waits for a hello.
const PATIENCE: Duration = Duration::from_secs(90);
const STARTTLS: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const PASSWORD: &str = "Vom Eise befreit";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_left_of_connections_that_come_to_nothing() {
    let cycles = std::env::var("HEARTH_CYCLES").map_or(DEFAULT_CYCLES, |cycles| cycles.parse().unwrap());
    // As fast as they come: a backlog that overflows makes the kernel cut connections, which is not what this is about.
    let unhurried = ("HEARTH_PROPERTIES__CONNECTIONS__ACCEPTS_PER_SECOND", "0");
    let home = Home::new().unwrap().with(unhurried.0, unhurried.1);
    home.add_account("mallory", PASSWORD).unwrap();
    let server = home.start().unwrap();
    let addresses = server.addresses();

    run(0..cycles / 4, addresses.c2s, addresses.c2s_tls).await;
    settle(&server, usize::MAX).await;
    let (descriptors, kib) = (descriptors(&server), resident_kib(&server));
    run(cycles / 4..cycles, addresses.c2s, addresses.c2s_tls).await;
    settle(&server, descriptors + SPARE_DESCRIPTORS).await;

    let grown = resident_kib(&server).saturating_sub(kib);
    println!("{cycles} cycles: {descriptors} descriptors, {kib} KiB, then {grown} KiB more");
    assert!(grown <= GROWTH_KIB, "{kib} KiB of memory have grown by {grown}");
    let account = format!("mallory@{DOMAIN}").parse().unwrap();
    let login = Connect::DirectTls(addresses.c2s_tls).log_in(&account, PASSWORD).await;
    assert!(login.is_ok(), "the server still lets people in");
    drop(login);
    let (_, status) = server.stop().unwrap();
    assert!(status.success(), "{status}");
}

async fn run(numbers: std::ops::Range<u32>, plain: SocketAddr, tls: SocketAddr) {
    stream::iter(numbers)
        .for_each_concurrent(AT_ONCE, |number| cycle(number, plain, tls))
        .await;
}

/// One connection that comes to nothing, each number in another way.
async fn cycle(number: u32, plain: SocketAddr, tls: SocketAddr) {
    let header = header(DOMAIN);
    let cut = header.len() * (number as usize % 97) / 97;
    match number % 50 {
        // Handshakes and logins are dear; of these there are fewer.
        0 => drop(Wire::tls(tls, DOMAIN).await.unwrap()),
        1 => {
            let mut wire = Wire::tls(tls, DOMAIN).await.unwrap();
            wire.open(DOMAIN).await;
            wire.send("<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM")
                .await;
        }
        2 => drop(Connect::StartTls(plain).open(DOMAIN).await),
        3 if number % 200 == 3 => left_midway(tls).await,
        4..=9 => drop(connect(number, tls).await),
        10..=15 => say(number, tls, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03").await,
        16..=20 => say(number, tls, header.as_bytes()).await,
        21..=25 => drop(connect(number, plain).await),
        26..=34 => say(number, plain, &header.as_bytes()[..cut]).await,
        35..=38 => say(number, plain, header.as_bytes()).await,
        39..=42 => say(number, plain, format!("{header}</stream:stream>").as_bytes()).await,
        43..=45 => say(number, plain, (header + STARTTLS).as_bytes()).await,
        _ => say(number, plain, format!("{header}<message><body>").as_bytes()).await,
    }
}

/// A client that is logged in, and goes in the middle of a word.
async fn left_midway(tls: SocketAddr) {
    let account: Jid = format!("mallory@{DOMAIN}").parse().unwrap();
    let unbound = Connect::DirectTls(tls)
        .log_in(&account, PASSWORD)
        .await
        .expect("the password is right");
    if let Ok(mut client) = unbound.bind("sofa").await {
        client.send("<presence/><message to='nobody@localhost'><bod").await;
    }
}

/// From addresses enough that none of their ports runs out.
async fn connect(number: u32, to: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    let [_, _, high, low] = (number % 60_000 + 512).to_be_bytes();
    socket.bind(SocketAddr::from(([127, 7, high, low], 0))).unwrap();
    socket.connect(to).await.unwrap()
}

/// Says this and goes: at once, or when it has heard something, which for half a handshake is its end.
async fn say(number: u32, to: SocketAddr, bytes: &[u8]) {
    let mut socket = connect(number, to).await;
    // A server that has cut the connection is what this is about.
    let _ = socket.write_all(bytes).await;
    if number.is_multiple_of(2) {
        let _ = socket.shutdown().await;
        let _ = socket.read(&mut [0; 4096]).await;
    }
}

/// Waits until no more descriptors are open, and their number does not fall any further.
async fn settle(server: &Server, most: usize) {
    let settling = async {
        let mut look = tokio::time::interval(Duration::from_secs(1));
        let mut before = usize::MAX;
        loop {
            look.tick().await;
            let now = descriptors(server);
            if now <= most && now >= before {
                return;
            }
            before = now;
        }
    };
    let in_time = tokio::time::timeout(PATIENCE, settling).await;
    assert!(
        in_time.is_ok(),
        "{} descriptors are open, {most} at most were",
        descriptors(server)
    );
}

fn descriptors(server: &Server) -> usize {
    fs::read_dir(format!("/proc/{}/fd", server.id())).unwrap().count()
}

fn resident_kib(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}
