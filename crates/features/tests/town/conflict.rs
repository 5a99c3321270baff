//! One session for each full JID, cluster-wide.

use std::{
    collections::VecDeque,
    future::poll_fn,
    net::{Ipv4Addr, SocketAddr},
    sync::Arc,
};

use protocol::{Condition, StreamCondition};
use router::{ConflictPolicy, Facts, Found, Router, Session};
use testkit::{house::jid, town::Town};

const FULL: &str = "romeo@localhost/orchard";

fn facts() -> Facts {
    Facts {
        address: SocketAddr::from((Ipv4Addr::LOCALHOST, 5222)),
        is_encrypted: true,
        tls: None,
        mechanism: "SCRAM-SHA-256",
        software: None,
        bound_at_micros: 0,
    }
}

/// What a session's task does: lives until it is told to close, then ends. Says why it closed.
async fn live(house: Arc<Router>, session: Arc<Session>) -> StreamCondition {
    let mut arrived = VecDeque::new();
    loop {
        if let Found::Close(error) = poll_fn(|cx| session.inbox.poll(cx, &mut arrived)).await {
            house.end(&session, VecDeque::new()).await;
            return error.condition;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_thousand_that_want_one_address_on_three_nodes_one_has_it() {
    let town = Town::open(3).await;
    let mut accounts = Vec::new();
    for node in 1..=3 {
        accounts.push(town.house(node).account("romeo@localhost").await);
    }
    let binds: Vec<_> = (0..1000_usize)
        .map(|number| {
            let house = town.house(number as u64 % 3 + 1).router.clone();
            let account = accounts[number % 3].clone();
            tokio::spawn(async move {
                match house.bind(&account, jid(FULL), facts(), ConflictPolicy::Kick).await {
                    Ok(session) => Some((house.clone(), session.clone(), tokio::spawn(live(house, session)))),
                    Err(error) => {
                        assert_eq!(error.condition, Condition::Conflict);
                        None
                    }
                }
            })
        })
        .collect();
    let mut bound = Vec::new();
    for bind in binds {
        bound.extend(bind.await.expect("no bind panics"));
    }
    let (mut winners, mut losers) = (Vec::new(), 0);
    for (house, session, task) in bound {
        if house
            .directory()
            .find(&session.jid)
            .is_some_and(|found| found.generation == session.generation)
        {
            winners.push((house, session, task));
        } else {
            assert_eq!(task.await.expect("no session panics"), StreamCondition::Conflict);
            losers += 1;
        }
    }
    assert_eq!(winners.len(), 1, "beside {losers} that lost it again");
    let (winner, _, _) = &winners[0];
    for node in 1..=3 {
        let house = &town.house(node).router;
        let is_here = Arc::ptr_eq(house, winner);
        assert_eq!(house.directory().len(), usize::from(is_here));
        assert_eq!(house.elsewhere(&jid("romeo@localhost")).len(), usize::from(!is_here));
    }
}

#[tokio::test]
async fn a_session_on_another_node_stays_where_the_policy_says_so() {
    let town = Town::open(2).await;
    let romeo = town.house(1).online(FULL).await;
    let account = town.house(2).account("romeo@localhost").await;
    let house = &town.house(2).router;
    let refused = house.bind(&account, jid(FULL), facts(), ConflictPolicy::Refuse).await;
    assert_eq!(
        refused.map(|_| ()).map_err(|error| error.condition),
        Err(Condition::Conflict)
    );
    romeo.leaves().await;
    assert!(
        house
            .bind(&account, jid(FULL), facts(), ConflictPolicy::Refuse)
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_session_on_another_node_has_ended_before_its_successor_begins() {
    let town = Town::open(2).await;
    let account = town.house(1).account("romeo@localhost").await;
    let first = &town.house(1).router;
    let session = first
        .bind(&account, jid(FULL), facts(), ConflictPolicy::Kick)
        .await
        .expect("it is free");
    let task = tokio::spawn(live(first.clone(), session));
    let account = town.house(2).account("romeo@localhost").await;
    let second = &town.house(2).router;
    let session = second
        .bind(&account, jid(FULL), facts(), ConflictPolicy::Kick)
        .await
        .expect("the other goes");
    assert!(first.directory().is_empty());
    assert_eq!(task.await.expect("no session panics"), StreamCondition::Conflict);
    assert_eq!(first.elsewhere(&account.jid)[0].generation, session.generation);
}

#[tokio::test]
async fn an_account_has_so_many_sessions_on_all_nodes_together() {
    let town = Town::open(2).await;
    let mut clients = Vec::new();
    for number in 0..10 {
        clients.push(
            town.house(number % 2 + 1)
                .client(&format!("romeo@localhost/{number}"))
                .await,
        );
    }
    let account = town.house(1).account("romeo@localhost").await;
    let house = &town.house(1).router;
    let refused = house
        .bind(&account, jid("romeo@localhost/more"), facts(), ConflictPolicy::Kick)
        .await;
    assert_eq!(
        refused.map(|_| ()).map_err(|error| error.condition),
        Err(Condition::ResourceConstraint)
    );
}
