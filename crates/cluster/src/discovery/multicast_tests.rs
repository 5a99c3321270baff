//! On the loopback interface.
#![allow(clippy::unwrap_used)]

use tokio::sync::watch;

use super::super::{Candidates, Discovery, Method};
use super::*;
use crate::NodeId;
use storage::{Options, Storage};

/// A group for this test alone: a port that nobody has.
fn settings() -> Settings {
    let port = std::net::UdpSocket::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    Settings {
        method: Method::Multicast,
        multicast: SocketAddrV4::new(Ipv4Addr::new(224, 2, 2, 3), port),
        multicast_interface: Ipv4Addr::LOCALHOST,
        ..Settings::default()
    }
}

async fn here(addresses: &[&str], secret: &[u8]) -> Here {
    let storage = Storage::open(&Options::new("sqlite::memory:")).await.unwrap();
    Here {
        node: NodeId(1),
        addresses: all(addresses).into_iter().collect(),
        registry: storage.cluster().clone(),
        beacon_key: BeaconKey::derive(secret),
    }
}

fn all(addresses: &[&str]) -> Candidates {
    addresses.iter().map(|address| address.parse().unwrap()).collect()
}

async fn until(candidates: &mut watch::Receiver<Candidates>, expected: &[&str]) {
    let expected = all(expected);
    candidates.wait_for(|found| *found == expected).await.unwrap();
}

#[tokio::test]
async fn nodes_hear_each_other_and_strangers_are_not_believed() {
    let settings = settings();
    let one = Discovery::start(&settings, here(&["10.0.0.1:5701"], b"ours").await).unwrap();
    let mut one = (one.candidates(), one);
    let stranger = Discovery::start(&settings, here(&["10.6.6.6:5701"], b"theirs").await).unwrap();
    let noise = mouth(Ipv4Addr::LOCALHOST, 1).unwrap();
    for junk in [&b""[..], b"HRTH", &[0xff; 1_400]] {
        noise.send_to(junk, settings.multicast).await.unwrap();
    }
    // It listens everywhere: where the others see it come from.
    let two = Discovery::start(&settings, here(&["0.0.0.0:5702"], b"ours").await).unwrap();
    let mut two = (two.candidates(), two);
    until(&mut one.0, &["127.0.0.1:5702"]).await;
    until(&mut two.0, &["10.0.0.1:5701"]).await;
    assert!(stranger.candidates().borrow().is_empty());

    let three = Discovery::start(&settings, here(&["10.0.0.3:5701", "[fd00::3]:5701"], b"ours").await).unwrap();
    until(&mut one.0, &["127.0.0.1:5702", "10.0.0.3:5701", "[fd00::3]:5701"]).await;
    until(&mut three.candidates(), &["10.0.0.1:5701", "127.0.0.1:5702"]).await;
}

#[tokio::test]
async fn a_group_that_is_none_is_refused() {
    let wrong = Settings {
        multicast: SocketAddrV4::new(Ipv4Addr::new(10, 0, 0, 1), 54_327),
        ..settings()
    };
    let refused = Discovery::start(&wrong, here(&[], b"ours").await).unwrap_err();
    assert!(
        refused.to_string().contains("10.0.0.1 is not a multicast group"),
        "{refused}"
    );
}

#[test]
fn who_falls_silent_is_forgotten() {
    let start = Instant::now();
    let [a, b] = [1, 2].map(|port| SocketAddr::from(([10, 0, 0, 1], port)));
    let mut heard = Heard::default();
    assert!(heard.note(a, start) && heard.note(b, start));
    assert!(!heard.note(a, start + SILENT_LIMIT));
    assert!(!heard.forget(start + SILENT_LIMIT));
    assert!(heard.forget(start + SILENT_LIMIT + Duration::from_millis(1)));
    assert_eq!(heard.addresses().collect::<Vec<_>>(), [a]);
}

#[test]
fn only_so_many_are_remembered() {
    let now = Instant::now();
    let address = |port: usize| SocketAddr::from(([10, 0, 0, 1], u16::try_from(port).unwrap()));
    let mut heard = Heard::default();
    assert!((1..=MAX_CANDIDATES).all(|port| heard.note(address(port), now)));
    assert!(!heard.note(address(MAX_CANDIDATES + 1), now));
    assert_eq!(heard.addresses().count(), MAX_CANDIDATES);
}
