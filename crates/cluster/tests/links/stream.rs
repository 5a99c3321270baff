//! The ordered stream: everything, once, in order.

use std::sync::atomic::Ordering;

use bytes::Bytes;
use cluster::link::{LinkEvent, Purpose, SendError};
use cluster::{Group, NodeId};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

use crate::proxy::Proxy;
use crate::support::{ECHO, GROUP, House, number, pair, soon};

const CUTS: usize = 200;

/// Another runtime, whose thread has this name.
fn elsewhere() -> Runtime {
    let mut runtime = Builder::new_multi_thread();
    runtime.worker_threads(1).thread_name(ELSEWHERE).enable_all();
    runtime.build().unwrap()
}

const ELSEWHERE: &str = "elsewhere";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_hundreds_of_cuts_everything_arrives_once_and_in_order() {
    let house = House::new();
    let elsewhere = elsewhere();
    let (one, two) = (house.node(1), house.node_handling_at(2, elsewhere.handle()));
    let to_two = Proxy::cutting(two.address()).await;
    one.knows(&[(2, to_two.address)]);
    two.knows(&[]);
    one.is_linked_to(2, Purpose::Data).await;
    let mut sent = 0;
    while to_two.made.load(Ordering::Relaxed) < CUTS {
        for _ in 0..200 {
            // A full window is no loss: the message is still ours.
            let text = format!("{sent:0>200}");
            match one.links.send(NodeId(2), text.clone().into()) {
                Err(SendError::Full(_)) => break,
                taken => _ = taken.unwrap(),
            }
            two.links.send(NodeId(1), text.into()).unwrap();
            sent += 1;
        }
        let made = to_two.made.load(Ordering::Relaxed);
        one.heard
            .until(|_| to_two.made.load(Ordering::Relaxed) > made || one.links.is_up(NodeId(2), Purpose::Data))
            .await;
        tokio::task::yield_now().await;
        if sent > 8_000 {
            one.heard.until(|heard| heard.data_count() + 4_000 > sent).await;
        }
    }
    to_two.mend();
    for node in [&one, &two] {
        node.heard.until(|heard| heard.data_count() >= sent).await;
        let data = node.heard.data.lock();
        assert_eq!(data.len(), sent);
        for (index, (_, body)) in data.iter().enumerate() {
            assert_eq!(body.as_ref(), format!("{index:0>200}").as_bytes());
        }
    }
    assert!(sent > CUTS);
    // Neither is a message carried from one runtime to the other.
    assert_eq!(two.heard.threads.lock().iter().collect::<Vec<_>>(), [ELSEWHERE]);
    drop((one, two));
    elsewhere.shutdown_background();
}

#[tokio::test]
async fn a_peer_that_stands_still_fills_its_own_window_and_delays_nothing_else() {
    let house = House::new();
    let (one, two) = pair(&house).await;
    two.heard.appetite.forget_permits(Semaphore::MAX_PERMITS);
    let large = Bytes::from(vec![b'x'; 1024 * 1024]);
    let mut taken = 0;
    while one.links.send(NodeId(2), large.clone()).is_ok() {
        taken += 1;
    }
    assert_eq!(taken, 32, "the window's bytes");
    assert_eq!(
        one.links.send(NodeId(2), large.clone()),
        Err(SendError::Full(large.clone()))
    );
    for count in 0..100 {
        let answer = one.links.call(NodeId(2), ECHO, number(count), soon()).await;
        assert_eq!(answer.unwrap(), number(count));
    }
    assert_eq!(two.heard.data_count(), 0);
    two.links.send(NodeId(1), number(1)).unwrap();
    one.heard.until(|heard| heard.data_count() == 1).await;
    two.heard.appetite.add_permits(1000);
    two.heard.until(|heard| heard.data_count() == 32).await;
}

#[tokio::test]
async fn what_the_dead_did_not_handle_comes_back_in_order() {
    let house = House::new();
    let (one, two) = pair(&house).await;
    two.heard.appetite.forget_permits(Semaphore::MAX_PERMITS);
    for count in 0..10 {
        one.links.send(NodeId(2), number(count)).unwrap();
    }
    let back = one.links.forget(NodeId(2));
    assert_eq!(back, (0..10).map(number).collect::<Vec<_>>());
    assert_eq!(one.links.send(NodeId(2), number(0)), Err(SendError::Unknown(number(0))));
    // It still lives, and calls; nobody answers it any more.
    two.heard.until(|_| !two.links.is_up(NodeId(1), Purpose::Control)).await;
    assert!(one.links.figures().is_empty());
    let turned_away = LinkEvent::TurnedAway { node: NodeId(1) };
    two.heard
        .until(|heard| heard.events.lock().contains(&turned_away))
        .await;
}

#[tokio::test]
async fn when_a_life_ends_what_its_peers_did_not_handle_comes_back() {
    let house = House::new();
    let (one, two) = pair(&house).await;
    one.links.send(NodeId(2), number(0)).unwrap();
    two.heard.until(|heard| heard.data_count() == 1).await;
    two.heard.appetite.forget_permits(Semaphore::MAX_PERMITS);
    for count in 1..10 {
        one.links.send(NodeId(2), number(count)).unwrap();
    }
    one.links.end();
    let back = one.links.give_back();
    let [(NodeId(2), messages)] = &back[..] else {
        panic!("{back:?}")
    };
    let unhandled = (1..10).map(number).collect::<Vec<_>>();
    assert!(messages.ends_with(&unhandled), "{messages:?}");
    assert!(one.links.send(NodeId(2), number(10)).is_err());
}

#[tokio::test]
async fn a_stream_waits_for_a_common_group_and_goes_on() {
    let house = House::new();
    let (one, two) = pair(&house).await;
    one.links.send(NodeId(2), number(0)).unwrap();
    two.heard.until(|heard| heard.data_count() == 1).await;
    let next = Group { epoch: 2, id: 8 };
    two.links.set_group(Some(next));
    one.heard.until(|_| !one.links.is_up(NodeId(2), Purpose::Data)).await;
    for count in 1..5 {
        one.links.send(NodeId(2), number(count)).unwrap();
    }
    assert_eq!(
        one.links.call(NodeId(2), ECHO, number(0), soon()).await,
        Err(cluster::link::CallError::OtherGroup)
    );
    assert!(
        one.links
            .call_any_group(NodeId(2), ECHO, number(0), soon())
            .await
            .is_ok()
    );
    assert_eq!(two.heard.data_count(), 1, "nothing across groups");
    assert_ne!(GROUP, next);
    one.links.set_group(Some(next));
    two.heard.until(|heard| heard.data_count() == 5).await;
    let numbers: Vec<_> = two.heard.data.lock().iter().map(|(_, body)| body.clone()).collect();
    assert_eq!(numbers, (0..5).map(number).collect::<Vec<_>>());
}
