//! Messages and questions between nodes.

use testkit::town::Town;

const HELLO: &str = "<message type='chat' id='1' to='juliet@localhost'><body>hi</body></message>";
const HEARD: &str =
    "<message type='chat' id='1' from='romeo@localhost/orchard' to='juliet@localhost'><body>hi</body></message>";

#[tokio::test]
async fn people_on_different_nodes_chat() {
    let town = Town::open(2).await;
    let mut romeo = town.house(1).online("romeo@localhost/orchard").await;
    let mut juliet = town.house(2).online("juliet@localhost/balcony").await;
    romeo.sends(HELLO).await;
    town.settle().await;
    juliet.receives(HEARD);
    juliet
        .sends("<message type='chat' id='2' to='romeo@localhost/orchard'><body>ho</body></message>")
        .await;
    town.settle().await;
    romeo.receives(
        "<message type='chat' id='2' from='juliet@localhost/balcony' to='romeo@localhost/orchard'><body>ho</body></message>",
    );
    for client in [&mut romeo, &mut juliet] {
        client.receives_nothing();
    }
}

#[tokio::test]
async fn the_order_of_many_messages_is_their_senders() {
    let town = Town::open(2).await;
    let mut romeo = town.house(1).online("romeo@localhost/orchard").await;
    let mut juliet = town.house(2).online("juliet@localhost/balcony").await;
    for number in 0..100 {
        romeo
            .sends(&format!(
                "<message type='chat' id='{number}' to='juliet@localhost'><body>hi</body></message>"
            ))
            .await;
    }
    town.settle().await;
    for number in 0..100 {
        let message = juliet.hears().expect("none is lost");
        assert_eq!(message.id.as_deref(), Some(number.to_string().as_str()));
    }
    juliet.receives_nothing();
}

#[tokio::test]
async fn the_foremost_client_takes_a_message_wherever_it_is() {
    for (here, there, is_there) in [(1, 5, true), (5, 1, false), (-1, 0, true)] {
        let town = Town::open(2).await;
        let mut romeo = town.house(1).online("romeo@localhost/orchard").await;
        let mut near = town.house(1).online("juliet@localhost/near").await;
        let mut far = town.house(2).online("juliet@localhost/far").await;
        near.sends(&format!("<presence><priority>{here}</priority></presence>"))
            .await;
        far.sends(&format!("<presence><priority>{there}</priority></presence>"))
            .await;
        town.settle().await;
        for client in [&mut near, &mut far] {
            client.skips();
        }
        romeo.sends(HELLO).await;
        town.settle().await;
        let (taker, other) = if is_there {
            (&mut far, &mut near)
        } else {
            (&mut near, &mut far)
        };
        taker.receives(HEARD);
        other.receives_nothing();
    }
}

#[tokio::test]
async fn questions_reach_clients_of_other_nodes_and_answers_come_back() {
    let town = Town::open(2).await;
    let mut romeo = town.house(1).online("romeo@localhost/orchard").await;
    let mut juliet = town.house(2).online("juliet@localhost/balcony").await;
    romeo
        .sends("<iq type='get' id='v' to='juliet@localhost/balcony'><query xmlns='urn:x'/></iq>")
        .await;
    town.settle().await;
    juliet.receives(
        "<iq type='get' id='v' from='romeo@localhost/orchard' to='juliet@localhost/balcony'><query xmlns='urn:x'/></iq>",
    );
    juliet
        .sends("<iq type='result' id='v' to='romeo@localhost/orchard'/>")
        .await;
    town.settle().await;
    romeo.receives("<iq type='result' id='v' from='juliet@localhost/balcony' to='romeo@localhost/orchard'/>");
}

#[tokio::test]
async fn a_message_for_a_client_that_ended_on_its_way_goes_to_another() {
    let town = Town::open(3).await;
    let mut romeo = town.house(1).online("romeo@localhost/orchard").await;
    let juliet = town.house(2).online("juliet@localhost/balcony").await;
    let mut other = town.house(3).online("juliet@localhost/chamber").await;
    town.settle().await;
    other.skips();
    romeo
        .sends("<message type='chat' id='1' to='juliet@localhost/balcony'><body>hi</body></message>")
        .await;
    juliet.leaves().await;
    town.settle().await;
    let ids: Vec<_> = std::iter::from_fn(|| other.hears())
        .filter_map(|stanza| stanza.id)
        .collect();
    assert_eq!(ids, ["1"]);
    romeo.receives_nothing();
}

#[tokio::test]
async fn guests_talk_to_whoever_is_there() {
    for (there, has_acknowledgements) in [(1, false), (1, true), (2, false), (2, true)] {
        let town = Town::open(2).await;
        let mut romeo = town.house(1).online("romeo@localhost/orchard").await;
        if has_acknowledgements {
            romeo = romeo.with_acknowledgements();
        }
        let mut guest = town.house(there).guest("mask@localhost/ball").await;
        guest.sends("<presence/>").await;
        town.settle().await;
        guest.skips();
        for to in ["mask@localhost/ball", "mask@localhost"] {
            let hi = |from: &str| format!("<message type='chat' id='1' {from}to='{to}'><body>hi</body></message>");
            romeo.sends(&hi("")).await;
            town.settle().await;
            guest.receives(&hi("from='romeo@localhost/orchard' "));
            guest.acknowledges();
            town.settle().await;
        }
        guest
            .sends("<message type='chat' id='2' to='romeo@localhost'><body>who are you?</body></message>")
            .await;
        town.settle().await;
        romeo.receives("<message type='chat' id='2' from='mask@localhost/ball' to='romeo@localhost'><body>who are you?</body></message>");
        assert_eq!(
            romeo.handled(),
            if has_acknowledgements { 2 } else { 0 },
            "guest at {there}"
        );
    }
}
