//! What waits for an account reaches it once, whichever node it comes to.

#![allow(clippy::unwrap_used)]

use storage::LogRow;
use testkit::{house::Client, town::Town};

const HI: &str = "<message type='chat' id='1' to='juliet@localhost'><body>hi</body></message>";

/// Romeo at node 1, whose client asks for acknowledgements.
async fn romeo(town: &Town) -> Client {
    let romeo = town.house(1).online("romeo@localhost/orchard").await;
    romeo.with_acknowledgements()
}

fn ids(client: &mut Client) -> Vec<String> {
    std::iter::from_fn(|| client.hears())
        .filter_map(|stanza| stanza.id.map(|id| id.to_string()))
        .collect()
}

#[tokio::test]
async fn stored_messages_go_to_one_of_the_clients_that_come_at_once() {
    for acknowledged in [false, true] {
        let town = Town::open(3).await;
        let mut romeo = romeo(&town).await;
        town.house(1).account("juliet@localhost").await;
        romeo.sends(HI).await;
        let mut one = town.house(2).client("juliet@localhost/one").await;
        let mut other = town.house(3).client("juliet@localhost/other").await;
        tokio::join!(one.sends("<presence/>"), other.sends("<presence/>"));
        town.settle().await;
        let mut all = ids(&mut one);
        if acknowledged {
            one.acknowledges();
            town.settle().await;
        }
        all.extend(ids(&mut other));
        assert_eq!(all, ["1"], "acknowledged: {acknowledged}");
    }
}

#[tokio::test]
async fn a_message_in_flight_to_another_node_is_not_sent_again() {
    let town = Town::open(3).await;
    let mut romeo = romeo(&town).await;
    let mut juliet = town.house(2).online("juliet@localhost/balcony").await;
    town.settle().await;
    juliet.skips();
    romeo.sends(HI).await;
    // The frame is on its way, then there, then acknowledged: at no time is it another's.
    for step in 0..3 {
        let mut other = town.house(3).client("juliet@localhost/chamber").await;
        other.sends("<presence/>").await;
        assert!(ids(&mut other).is_empty(), "step {step}");
        other.leaves().await;
        town.settle().await;
        if step == 1 {
            assert_eq!(ids(&mut juliet), ["1"]);
            juliet.acknowledges();
        }
    }
    town.settle().await;
    assert_eq!(romeo.handled(), 1);
}

#[tokio::test]
async fn what_a_client_gives_back_goes_to_one_on_another_node() {
    let town = Town::open(3).await;
    let mut romeo = romeo(&town).await;
    let juliet = town.house(2).online("juliet@localhost/balcony").await;
    let mut other = town.house(3).client("juliet@localhost/chamber").await;
    other.sends("<presence><priority>0</priority></presence>").await;
    town.settle().await;
    other.skips();
    romeo
        .sends("<message type='chat' id='1' to='juliet@localhost/balcony'><body>hi</body></message>")
        .await;
    town.settle().await;
    juliet.is_lost().await;
    town.settle().await;
    assert_eq!(ids(&mut other), ["1"]);
}

#[tokio::test]
async fn a_node_that_does_not_answer_keeps_its_rows_until_it_is_gone() {
    let town = Town::open(3).await;
    let mut romeo = romeo(&town).await;
    let mut juliet = town.house(2).online("juliet@localhost/balcony").await;
    romeo.sends(HI).await;
    town.settle().await;
    juliet.skips();
    for node in [1, 3] {
        town.cut(node, 2);
        town.cut(2, node);
    }
    let mut other = town.house(3).client("juliet@localhost/chamber").await;
    other.sends("<presence/>").await;
    town.settle().await;
    assert!(ids(&mut other).is_empty());
    town.kill(2).await;
    town.settle().await;
    assert_eq!(ids(&mut other), ["1"]);
}

#[tokio::test]
async fn a_node_that_answers_late_is_asked_again() {
    let town = Town::open(3).await;
    let mut romeo = romeo(&town).await;
    town.house(1).account("juliet@localhost").await;
    romeo.sends(HI).await;
    romeo.leaves().await;
    town.settle().await;
    town.cut(3, 2);
    let mut juliet = town.house(3).client("juliet@localhost/chamber").await;
    juliet.sends("<presence/>").await;
    assert!(ids(&mut juliet).is_empty());
    town.mend(3, 2);
    let mut arrived = std::collections::VecDeque::new();
    std::future::poll_fn(|cx| juliet.session.inbox.poll(cx, &mut arrived)).await;
    assert_eq!(arrived[0].stanza.id.as_deref(), Some("1"));
}

fn numbered(number: u32) -> String {
    format!("<message type='chat' id='{number}' to='juliet@localhost/balcony'><body>{number}</body></message>")
}

#[tokio::test]
async fn what_waited_while_a_node_was_away_comes_before_what_is_sent_to_it_again() {
    let town = Town::open(2).await;
    let mut romeo = romeo(&town).await;
    let mut juliet = town.house(2).online("juliet@localhost/balcony").await;
    town.settle().await;
    juliet.skips();
    let mut number = 0;
    for round in 0..2 {
        town.leave(2).await;
        for _ in 0..3 {
            number += 1;
            romeo.sends(&numbered(number)).await;
        }
        town.join(2).await;
        for _ in 0..3 {
            number += 1;
            romeo.sends(&numbered(number)).await;
        }
        town.settle().await;
        let expected: Vec<_> = (number - 5..=number).map(|it| it.to_string()).collect();
        assert_eq!(ids(&mut juliet), expected, "round {round}");
        juliet.acknowledges();
    }
}

#[tokio::test]
async fn a_backlog_that_does_not_come_keeps_nothing_back_for_ever() {
    let town = Town::open(2).await;
    let mut romeo = town.house(1).online("romeo@localhost/orchard").await;
    town.house(2).account("juliet@localhost").await;
    romeo.sends(&numbered(1)).await;
    town.cut(2, 1);
    let mut juliet = town.house(2).online("juliet@localhost/balcony").await;
    juliet.skips();
    romeo.sends(&numbered(2)).await;
    town.settle().await;
    assert_eq!(ids(&mut juliet).last().map(String::as_str), Some("2"));
}

#[tokio::test]
async fn what_a_client_had_before_its_node_went_away_does_not_come_again() {
    let town = Town::open(2).await;
    let mut romeo = romeo(&town).await;
    let mut juliet = town.house(2).online("juliet@localhost/balcony").await;
    town.settle().await;
    juliet.skips();
    romeo.sends(&numbered(1)).await;
    town.settle().await;
    assert_eq!(ids(&mut juliet), ["1"]);
    let late = waiting(&town).await;
    assert_eq!(late.len(), 1);
    town.cut(2, 1);
    juliet.acknowledges();
    town.settle().await;
    assert!(waiting(&town).await.is_empty());
    // The node that sent it was slow to write it, and does not hear that she has it.
    for row in late {
        town.house(1).router.storage().log().append(row).unwrap().await.unwrap();
    }
    town.leave(2).await;
    town.mend(2, 1);
    town.join(2).await;
    town.house(1).router.hint(&juliet.session.account);
    town.settle().await;
    assert_eq!(ids(&mut juliet), [""; 0]);
    assert!(waiting(&town).await.is_empty());
}

/// What waits for Juliet.
async fn waiting(town: &Town) -> Vec<LogRow> {
    let house = town.house(2);
    let account = house.account("juliet@localhost").await;
    house
        .router
        .storage()
        .log()
        .unacknowledged(account.id, None, 10)
        .await
        .unwrap()
}

/// More than an inbox holds, which is 4,096.
const MANY: u32 = 5_000;

/// Juliet at the second house, who has not looked at what Romeo said at the first.
async fn far_behind(town: &Town) -> Client {
    let mut romeo = romeo(town).await;
    let mut juliet = town.house(2).online("juliet@localhost/balcony").await;
    town.settle().await;
    juliet.skips();
    for number in 1..=MANY {
        romeo.sends(&numbered(number)).await;
    }
    town.settle().await;
    juliet
}

fn all() -> Vec<String> {
    (1..=MANY).map(|number| number.to_string()).collect()
}

#[tokio::test]
async fn whoever_is_far_behind_gets_everything_once_and_in_order() {
    let town = Town::open(2).await;
    let mut juliet = far_behind(&town).await;
    let mut heard = Vec::new();
    while heard.len() < MANY as usize {
        assert!(juliet.is_closed().is_none(), "after {}", heard.len());
        heard.extend(ids(&mut juliet));
        town.settle().await;
    }
    assert_eq!(heard, all());
    juliet.acknowledges();
    town.settle().await;
    assert!(ids(&mut juliet).is_empty());
    juliet.leaves().await;
    let mut other = town.house(1).client("juliet@localhost/orchard").await;
    other.sends("<presence/>").await;
    assert!(ids(&mut other).is_empty(), "nothing comes twice");
}

#[tokio::test]
async fn whoever_is_far_behind_and_leaves_finds_the_rest_at_the_next_login() {
    let town = Town::open(2).await;
    let juliet = far_behind(&town).await;
    juliet.leaves().await;
    town.settle().await;
    let mut other = town.house(1).client("juliet@localhost/orchard").await;
    other.sends("<presence/>").await;
    let mut heard = Vec::new();
    while heard.len() < MANY as usize {
        heard.extend(ids(&mut other));
        other.acknowledges();
        town.settle().await;
    }
    assert_eq!(heard, all());
}

#[tokio::test]
async fn a_row_that_is_gone_costs_a_stream_only_when_its_node_has_said_so() {
    let town = Town::open(2).await;
    let mut juliet = far_behind(&town).await;
    let account = juliet.session.account.id;
    let log = town.house(2).router.storage().log();
    let rows = log.unacknowledged(account, None, MANY).await.unwrap();
    log.acknowledge(account, [rows[rows.len() - 1].id]);
    log.flush().await.unwrap();
    // For all that is known, it is not written yet.
    town.cut(2, 1);
    let mut heard = 0;
    // All but the last that are read at once.
    while heard < 4_096 + 500 {
        heard += ids(&mut juliet).len();
        town.settle().await;
    }
    assert!(ids(&mut juliet).is_empty());
    town.settle().await;
    assert!(juliet.is_closed().is_none());
    town.mend(2, 1);
    while juliet.is_closed().is_none() {
        town.settle().await;
    }
}
