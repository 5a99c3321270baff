//! Who does not belong to the cluster gets nothing and harms nothing.

use std::net::SocketAddr;

use cluster::NodeId;
use cluster::link::{GreetError, Purpose};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::{ECHO, House, in_time, introduce, number, pair, soon};

/// What a stranger that sends `bytes` reads until it is dropped, without the alerts of TLS.
async fn stranger(to: SocketAddr, bytes: &[u8]) -> Vec<u8> {
    let mut stream = TcpStream::connect(to).await.unwrap();
    stream.write_all(bytes).await.unwrap();
    let mut answer = Vec::new();
    // A reset is as good an end as any.
    let _ = in_time(stream.read_to_end(&mut answer)).await;
    answer
}

#[tokio::test]
async fn garbage_half_frames_and_silence_are_dropped_and_counted() {
    const ALERT: u8 = 21;
    let house = House::new();
    let (one, two) = pair(&house).await;
    let strangers: [&[u8]; 5] = [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00\x00\x00\x05\x00\x00\x00",
        b"\x16\x03\x01\x02\x00\x01",
        &[0xff; 70_000],
        b"",
    ];
    for (count, bytes) in strangers.iter().enumerate() {
        let answer = stranger(two.address(), bytes).await;
        assert!(answer.is_empty() || answer[0] == ALERT, "{answer:?}");
        let counted = u64::try_from(count + 1).unwrap();
        in_time(async {
            while two.links.strangers() < counted {
                tokio::task::yield_now().await;
            }
        })
        .await;
    }
    assert_eq!(one.links.call(NodeId(2), ECHO, number(1), soon()).await, Ok(number(1)));
    assert_eq!(two.heard.ups_and_downs(Purpose::Control).1, 0);
}

#[tokio::test]
async fn a_node_of_another_cluster_gets_nothing() {
    let (ours, theirs) = (House::new().node(1), House::new().node(2));
    let probed = theirs.links.probe(ours.address()).await;
    assert!(matches!(probed, Err(GreetError::Failed(_))), "{:?}", probed.err());
    introduce(&ours, &theirs);
    in_time(async {
        while ours.links.strangers() < 2 || theirs.links.strangers() < 2 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(ours.heard.events.lock().is_empty() && theirs.heard.events.lock().is_empty());
}

#[tokio::test]
async fn a_crowd_of_silent_strangers_leaves_the_linked_alone() {
    let house = House::new();
    let (one, two) = pair(&house).await;
    let mut crowd = Vec::new();
    for _ in 0..200 {
        crowd.push(TcpStream::connect(two.address()).await.unwrap());
    }
    assert_eq!(one.links.call(NodeId(2), ECHO, number(1), soon()).await, Ok(number(1)));
    in_time(async {
        while two.links.strangers() < 200 {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(one.links.probe(two.address()).await.is_ok(), "the place is free again");
}
