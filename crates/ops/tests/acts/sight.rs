//! What is seen of the cluster, its caches and its past; and dead servers that are taken off the list.

use std::{sync::atomic::Ordering, time::Duration};

use ops::{Actor, ClusterHere, EntriesQuestion, History, MemberHere, OpsError, REMEMBERED, Role, Vitals};
use storage::Standing;
use testkit::databases::Kind;

use crate::{
    cluster::{Town, stands, town},
    local,
    powers::of_one,
};

fn reader() -> Actor {
    Actor::Account {
        jid: "reader@one.example".parse().unwrap(),
        role: Role::ReadOnly,
        address: None,
    }
}

async fn acts(town: &Town) -> Vec<(String, String, String)> {
    let record = town.storage.audit();
    let rows = record.list(&storage::AuditFilter::default(), 50).await.unwrap();
    let told = rows.into_iter().rev();
    told.map(|row| (row.act.act, row.act.target, row.outcome.unwrap_or_default()))
        .collect()
}

#[tokio::test]
async fn however_many_watch_the_cluster_is_looked_at_once() {
    let town = town(Kind::Sqlite).await;
    town.register("two", "chat2", Standing::Member).await;
    town.will_be([stands(Standing::Member)]);
    let mut watching = Vec::new();
    for _ in 0..20 {
        watching.push(town.clustering.watch(&local()).unwrap());
    }
    for pictures in &mut watching {
        let picture = pictures.wait_for(Option::is_some).await.unwrap().clone().unwrap();
        assert_eq!(picture.nodes.as_ref().unwrap().len(), 1);
    }
    let with_reports = watching[19]
        .wait_for(|picture| picture.as_ref().is_some_and(|picture| !picture.reports.is_empty()))
        .await
        .unwrap()
        .clone()
        .unwrap();
    assert_eq!(with_reports.reports[&1].as_ref().unwrap().term, Some(7));
    assert!(
        with_reports.reports[&2].is_err(),
        "who does not say how it fares is known not to"
    );
    assert_eq!(town.live.asked.load(Ordering::Relaxed), 1);

    // The look ends with the last who watches, and begins anew with the next.
    drop(watching);
    while town.live.asked.load(Ordering::Relaxed) == 1 {
        let mut again = town.clustering.watch(&local()).unwrap();
        again.wait_for(Option::is_some).await.unwrap();
        drop(again);
        tokio::task::yield_now().await;
    }
    assert!(matches!(town.clustering.watch(&of_one()), Err(OpsError::Denied { .. })));
}

#[tokio::test]
async fn only_a_dead_server_is_taken_off_the_list() {
    let town = town(Kind::Sqlite).await;
    let here = town.register("one", "chat1", Standing::Member).await;
    let member = town.register("two", "chat2", Standing::Member).await;
    town.register("three", "chat3", Standing::Member).await;
    town.will_be([ClusterHere {
        node: Some(here),
        members: vec![MemberHere {
            node: member,
            sessions: 0,
            joined_at_micros: None,
            is_voter: true,
        }],
        ..stands(Standing::Member)
    }]);
    let hurried = town.clustering.clone().with_dead_after(Duration::ZERO);
    for (clustering, actor, node, expected) in [
        (&hurried, local(), "chat1", "chat1 is not removed: this is it"),
        (
            &hurried,
            local(),
            "chat2",
            "chat2 is not removed: it is a member of the cluster",
        ),
        (
            &town.clustering,
            local(),
            "chat3",
            "chat3 is not removed: it was heard of within the last 10 seconds",
        ),
        (
            &hurried,
            reader(),
            "chat3",
            "reader@one.example may not do this on the server",
        ),
        (
            &hurried,
            local(),
            "chat9",
            "no server that shares this database has the number or name chat9",
        ),
    ] {
        let refused = clustering.remove(&actor, node).await.unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
    assert_eq!(hurried.nodes(&local()).await.unwrap().len(), 3);
    hurried.remove(&local(), "chat3").await.unwrap();
    assert_eq!(hurried.nodes(&local()).await.unwrap().len(), 2);
    let acts = acts(&town).await;
    assert_eq!(acts.len(), 6, "{acts:?}");
    let last = ("cluster.remove".to_owned(), "chat3".to_owned(), "done".to_owned());
    assert_eq!(acts[5], last);
}

#[tokio::test]
async fn a_cache_is_cleared_by_an_owner_where_that_does_no_harm() {
    let town = town(Kind::Sqlite).await;
    for (actor, cache, expected) in [
        (reader(), "rooms", "reader@one.example may not do this on the server"),
        (local(), "sessions", "sessions cannot be cleared: it is kept"),
        (local(), "others", "there is no cache others"),
    ] {
        let refused = town.clustering.clear_cache(&actor, cache).await.unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
    assert!(town.live.cleared.lock().unwrap().is_empty());
    assert_eq!(town.clustering.clear_cache(&local(), "rooms").await.unwrap(), 3);
    assert_eq!(*town.live.cleared.lock().unwrap(), ["rooms"]);
    let acts = acts(&town).await;
    assert_eq!(acts.len(), 4, "{acts:?}");
    assert!(acts[1].2.starts_with("refused: ") && acts[3].2 == "done", "{acts:?}");
}

#[tokio::test]
async fn a_caches_entries_come_in_pages() {
    let town = town(Kind::Sqlite).await;
    let question = |cache: &str| EntriesQuestion {
        cache: cache.into(),
        limit: 2,
        ..EntriesQuestion::default()
    };
    let page = town.clustering.entries(&reader(), 1, question("rooms")).await.unwrap();
    assert_eq!((page.entries.len(), page.total, page.has_more), (2, 9, true));
    for (actor, node, cache, expected) in [
        (local(), 1, "others", "there is no cache others"),
        (
            local(),
            2,
            "rooms",
            "server 2 does not answer: it did not answer in time",
        ),
        (of_one(), 1, "rooms", "chief@one.example may not do this on the server"),
    ] {
        let refused = town
            .clustering
            .entries(&actor, node, question(cache))
            .await
            .unwrap_err();
        assert_eq!(refused.to_string(), expected);
    }
}

#[tokio::test]
async fn a_day_of_a_server_is_kept_and_outlives_its_life() {
    let town = town(Kind::Sqlite).await;
    let history = History::new(town.storage.clone(), "one".into());
    let day = i64::try_from(REMEMBERED.as_micros()).unwrap();
    let now = 3 * day;
    let at = |at| Vitals {
        at,
        memory_bytes: 5,
        ..Vitals::default()
    };
    for moment in [now - day - 1, now - day, now - 1] {
        history.add(&at(moment)).await.unwrap();
    }
    let other = History::new(town.storage.clone(), "two".into());
    other.add(&at(now)).await.unwrap();
    let first = town.register("one", "chat1", Standing::Alone).await;
    let second = town.register("one", "chat1", Standing::Alone).await;
    assert_ne!(first, second);
    let seen = town.clustering.history(&reader(), second, now).await.unwrap();
    let moments: Vec<_> = seen.iter().map(|vitals| (vitals.at, vitals.memory_bytes)).collect();
    assert_eq!(moments, [(now - day, 5), (now - 1, 5)]);
    assert_eq!(history.prune(now).await.unwrap(), 1);
    let gone = town.clustering.history(&reader(), first, now).await.unwrap_err();
    assert!(matches!(gone, OpsError::NoNode(_)), "{gone}");
}
