//! Proof that a process is gone, and what is none.

use cluster::NodeId;
use cluster::link::{LinkSettings, Proof, Purpose};
use tokio::net::TcpListener;

use crate::support::{House, pair, settings};

#[tokio::test]
async fn a_closed_port_is_proof_and_a_living_process_is_none() {
    let house = House::new();
    let (one, two) = pair(&house).await;
    let address = two.address();
    assert_eq!(one.links.prove_dead(address, NodeId(2)).await, Proof::Nothing);
    drop(two);
    one.heard.until(|_| !one.links.is_up(NodeId(2), Purpose::Control)).await;
    // The port closes with the task that listens; the refusal may be one turn away.
    while one.links.prove_dead(address, NodeId(2)).await != Proof::Refused {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn another_process_at_the_address_is_proof() {
    let house = House::new();
    let (one, three) = (house.node(1), house.node(3));
    let proof = one.links.prove_dead(three.address(), NodeId(2)).await;
    assert_eq!(proof, Proof::AnotherProcess(NodeId(3)));
}

#[tokio::test]
async fn strangers_silence_and_distrusted_refusals_prove_nothing() {
    let house = House::new();
    let one = house.node(1);
    let stranger = House::new().node(3);
    assert_eq!(
        one.links.prove_dead(stranger.address(), NodeId(2)).await,
        Proof::Nothing
    );

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = silent.local_addr().unwrap();
    assert_eq!(one.links.prove_dead(address, NodeId(2)).await, Proof::Nothing);
    drop(silent);
    assert_eq!(one.links.prove_dead(address, NodeId(2)).await, Proof::Refused);

    let trust_refused = false;
    let wary = house.node_with(
        house.identity(4),
        LinkSettings {
            trust_refused,
            ..settings()
        },
    );
    assert_eq!(wary.links.prove_dead(address, NodeId(2)).await, Proof::Nothing);
}
