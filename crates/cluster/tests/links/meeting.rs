//! Who links to whom, in which version, under which certificate.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cluster::NodeId;
use cluster::link::{Authority, GreetError, IdentityError, LinkEvent, Purpose, Refusal};
use parking_lot::Mutex;

use crate::support::{ECHO, House, Node, introduce, number, pair, soon};

#[tokio::test]
async fn calls_that_cross_leave_one_connection_of_each_kind() {
    let house = House::new();
    for _ in 0..20 {
        let (one, two) = pair(&house).await;
        for purpose in [Purpose::Control, Purpose::Data] {
            for node in [&one, &two] {
                node.heard
                    .until(|heard| {
                        let (ups, downs) = heard.ups_and_downs(purpose);
                        ups == downs + 1
                    })
                    .await;
            }
        }
        assert_eq!(one.links.call(NodeId(2), ECHO, number(1), soon()).await, Ok(number(1)));
        assert_eq!(two.links.call(NodeId(1), ECHO, number(2), soon()).await, Ok(number(2)));
    }
}

#[tokio::test]
async fn a_probe_tells_who_is_there_and_leaves_nothing() {
    let house = House::new();
    let (one, two) = (house.node(1), house.node(2));
    let hello = one.links.probe(two.address()).await.unwrap();
    assert_eq!((hello.node, hello.group), (NodeId(2), Some(crate::support::GROUP)));
    assert!(two.links.figures().is_empty());
    let own = one.links.probe(one.address()).await;
    assert!(
        matches!(own, Err(GreetError::Refused(Refusal::Myself))),
        "{:?}",
        own.err()
    );
}

fn version(node: &Node) -> Option<u16> {
    let events = node.heard.events.lock();
    events.iter().rev().find_map(|event| match event {
        LinkEvent::Up { version, .. } => Some(*version),
        LinkEvent::Down { .. } | LinkEvent::TurnedAway { .. } => None,
    })
}

#[tokio::test]
async fn neighbouring_protocol_versions_meet_in_the_older_and_distant_ones_not_at_all() {
    let house = House::new();
    let (old, new) = (house.node_speaking(1, 1, 1), house.node_speaking(2, 1, 2));
    introduce(&old, &new);
    old.is_linked_to(2, Purpose::Control).await;
    new.is_linked_to(1, Purpose::Control).await;
    assert_eq!(old.links.call(NodeId(2), ECHO, number(1), soon()).await, Ok(number(1)));
    assert_eq!((version(&old), version(&new)), (Some(1), Some(1)));

    let newest = house.node_speaking(3, 2, 3);
    introduce(&new, &newest);
    newest.is_linked_to(2, Purpose::Control).await;
    assert_eq!(version(&newest), Some(2));
    let refused = old.links.probe(newest.address()).await;
    assert!(
        matches!(refused, Err(GreetError::Refused(Refusal::Protocol))),
        "{:?}",
        refused.err()
    );
}

#[tokio::test]
async fn a_certificate_is_renewed_while_its_links_live_on() {
    let house = House::new();
    let ahead = Arc::new(Mutex::new(Duration::ZERO));
    let shift = Arc::clone(&ahead);
    let identity = house.identity_at(1, Arc::new(move || SystemTime::now() + *shift.lock()));
    let first = identity.certificate();
    *ahead.lock() = Duration::from_secs(11 * 60 * 60);
    assert_eq!(identity.certificate(), first, "good for half a day");
    *ahead.lock() = Duration::ZERO;
    let one = house.node_with(identity, crate::support::settings());
    let (two, three) = (house.node(2), house.node(3));
    introduce(&one, &two);
    one.is_linked_to(2, Purpose::Control).await;
    *ahead.lock() = Duration::from_secs(13 * 60 * 60);
    one.knows(&[(2, two.address()), (3, three.address())]);
    one.is_linked_to(3, Purpose::Control).await;
    assert_eq!(one.links.call(NodeId(2), ECHO, number(1), soon()).await, Ok(number(1)));
    assert_eq!(one.heard.ups_and_downs(Purpose::Control), (2, 0));
}

#[test]
fn a_sealed_authority_opens_with_its_secret_alone() {
    let sealed = Authority::make().unwrap().to_bytes(Some("swordfish")).unwrap();
    assert!(Authority::from_bytes(&sealed, Some("swordfish")).is_ok());
    assert!(matches!(
        Authority::from_bytes(&sealed, Some("marlin")),
        Err(IdentityError::SecretWrong)
    ));
    assert!(matches!(
        Authority::from_bytes(&sealed, None),
        Err(IdentityError::SecretMissing)
    ));
    for cut in [0, 1, 20, sealed.len() - 1] {
        assert!(
            Authority::from_bytes(&sealed[..cut], Some("swordfish")).is_err(),
            "{cut} bytes"
        );
    }
}
