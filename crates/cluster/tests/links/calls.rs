//! Calls and tells.

use std::time::Instant;

use bytes::Bytes;
use cluster::NodeId;
use cluster::link::{CallError, MAX_BODY_BYTES, Purpose, SendError};

use crate::support::{ECHO, FAIL, House, NEVER, RAMBLE, number, pair, soon};

#[tokio::test]
async fn a_call_is_answered_fails_or_runs_out_of_time() {
    let house = House::new();
    let (one, two) = pair(&house).await;
    let call = |kind, deadline| one.links.call(NodeId(2), kind, number(1), deadline);
    assert_eq!(call(ECHO, soon()).await, Ok(number(1)));
    assert_eq!(call(FAIL, soon()).await, Err(CallError::Failed(number(1))));
    assert_eq!(call(NEVER, Instant::now()).await, Err(CallError::Deadline));
    assert_eq!(call(ECHO, soon()).await, Ok(number(1)), "a late call harms no other");
    for count in 0..50 {
        one.links.tell(NodeId(2), 0, number(count)).unwrap();
    }
    two.heard.until(|heard| heard.tells.lock().len() == 50).await;
    assert_eq!(*two.heard.tells.lock(), (0..50).map(number).collect::<Vec<_>>());
}

#[tokio::test]
async fn a_broken_link_ends_its_calls_at_once_and_later_ones_too() {
    let house = House::new();
    let (one, two) = pair(&house).await;
    let links = one.links.clone();
    let waiting = tokio::spawn(async move { links.call(NodeId(2), NEVER, Bytes::new(), soon()).await });
    // Answered after the other has been taken in, for calls are written in order.
    tokio::task::yield_now().await;
    one.links.call(NodeId(2), ECHO, Bytes::new(), soon()).await.unwrap();
    drop(two);
    assert_eq!(waiting.await.unwrap(), Err(CallError::Unreachable));
    one.heard.until(|_| !one.links.is_up(NodeId(2), Purpose::Control)).await;
    let later = one.links.call(NodeId(2), ECHO, Bytes::new(), soon()).await;
    assert_eq!(later, Err(CallError::Unreachable));
}

#[tokio::test]
async fn what_is_too_long_is_refused_here_and_the_longest_gets_through() {
    let house = House::new();
    let (one, two) = pair(&house).await;
    let longest = Bytes::from(vec![1; MAX_BODY_BYTES]);
    let too_long = Bytes::from(vec![1; MAX_BODY_BYTES + 1]);
    let call = |body| one.links.call(NodeId(2), ECHO, body, soon());
    assert_eq!(call(too_long.clone()).await, Err(CallError::TooLong));
    assert_eq!(call(longest.clone()).await, Ok(longest.clone()));
    let rambling = one.links.call(NodeId(2), RAMBLE, Bytes::new(), soon()).await;
    assert_eq!(rambling, Err(CallError::TooLong));
    assert_eq!(one.heard.ups_and_downs(Purpose::Control), (1, 0), "and the link stays");
    assert_eq!(
        one.links.send(NodeId(2), too_long.clone()),
        Err(SendError::TooLong(too_long))
    );
    one.links.send(NodeId(2), longest.clone()).unwrap();
    two.heard.until(|heard| heard.data_count() == 1).await;
    assert_eq!(two.heard.data.lock()[0], (NodeId(1), longest));
}

#[tokio::test]
async fn a_node_serves_only_so_many_calls_of_a_peer_at_a_time() {
    let house = House::new();
    let (one, _two) = pair(&house).await;
    let calls = (0..200).map(|_| one.links.call(NodeId(2), NEVER, Bytes::new(), soon()));
    let calls = futures_util::future::join_all(calls);
    let others = async {
        let mut busy = 0;
        // The unanswered hold their places; a few more calls find none left.
        for _ in 0..100 {
            let links = one.links.clone();
            tokio::spawn(async move { links.call(NodeId(2), NEVER, Bytes::new(), soon()).await });
            tokio::task::yield_now().await;
        }
        while one.links.call(NodeId(2), ECHO, Bytes::new(), soon()).await != Err(CallError::Busy) {
            busy += 1;
            assert!(busy < 10_000, "never busy");
        }
    };
    futures_util::future::select(std::pin::pin!(calls), std::pin::pin!(others)).await;
}
