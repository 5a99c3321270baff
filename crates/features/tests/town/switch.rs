//! Clustering is switched on and off under people who are there, and a node is fenced.

use std::time::Duration;

use protocol::StreamCondition;
use testkit::{house::jid, town::Town};

#[tokio::test]
async fn people_stay_when_their_servers_join_and_leave_each_other() {
    let town = Town::apart(2).await;
    town.house(1).befriend("romeo@localhost", "juliet@localhost").await;
    let mut romeo = town.house(1).online("romeo@localhost/orchard").await;
    let mut juliet = town.house(2).online("juliet@localhost/balcony").await;
    for _ in 0..3 {
        town.join(1).await;
        town.join(2).await;
        town.settle().await;
        romeo.receives("<presence from='juliet@localhost/balcony' to='romeo@localhost'/>");
        juliet.receives("<presence from='romeo@localhost/orchard' to='juliet@localhost/balcony'/>");
        romeo
            .sends("<message type='chat' id='1' to='juliet@localhost'><body>hi</body></message>")
            .await;
        town.settle().await;
        juliet.receives("<message type='chat' id='1' from='romeo@localhost/orchard' to='juliet@localhost'><body>hi</body></message>");
        town.leave(2).await;
        town.leave(1).await;
        juliet.receives("<presence type='unavailable' from='romeo@localhost/orchard' to='juliet@localhost'/>");
        romeo.receives("<presence type='unavailable' from='juliet@localhost/balcony' to='romeo@localhost'/>");
        assert!(town.house(1).router.elsewhere(&jid("juliet@localhost")).is_empty());
    }
    assert!(romeo.is_closed().is_none() && juliet.is_closed().is_none());
    romeo.receives_nothing();
    juliet.receives_nothing();
}

#[tokio::test]
async fn a_cluster_that_does_not_decide_at_once_costs_nobody_a_session() {
    let town = Town::apart(2).await;
    town.house(1).befriend("romeo@localhost", "juliet@localhost").await;
    let mut romeo = town.house(1).online("romeo@localhost/orchard").await;
    let mut juliet = town.house(2).online("juliet@localhost/balcony").await;
    town.join(2).await;
    town.leave_undecided(1, 2);
    town.join(1).await;
    town.settle().await;
    assert!(romeo.is_closed().is_none());
    juliet.receives("<presence from='romeo@localhost/orchard' to='juliet@localhost'/>");
    assert_eq!(town.house(2).router.elsewhere(&jid("romeo@localhost")).len(), 1);
}

#[tokio::test]
async fn of_two_with_one_address_one_stays_when_their_servers_meet() {
    let town = Town::apart(2).await;
    let mut first = town.house(1).online("romeo@localhost/orchard").await;
    let mut second = town.house(2).online("romeo@localhost/orchard").await;
    town.join(2).await;
    town.join(1).await;
    assert_eq!(
        first.is_closed().map(|error| error.condition),
        Some(StreamCondition::Conflict)
    );
    assert!(second.is_closed().is_none());
    first.leaves().await;
    town.settle().await;
    assert_eq!(town.house(1).router.elsewhere(&jid("romeo@localhost")).len(), 1);
}

#[tokio::test]
async fn a_fenced_node_closes_its_streams_after_its_grace() {
    let town = Town::open(2).await;
    let mut romeo = town.house(1).online("romeo@localhost/orchard").await;
    let house = town.house(1).router.clone();
    for is_back in [true, false] {
        town.fence(1, true);
        assert!(!house.is_acting());
        if is_back {
            let (_, ()) = tokio::join!(house.on_fenced(Duration::from_secs(10)), async { town.fence(1, false) });
        } else {
            house.on_fenced(Duration::ZERO).await;
        }
        assert_eq!(romeo.is_closed().is_none(), is_back);
    }
}
