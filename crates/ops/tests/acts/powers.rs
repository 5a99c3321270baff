use std::sync::Arc;

use arc_swap::ArcSwap;
use ops::{Actor, Audit, Catalogue, Lock, NoCluster, OpsError, Page, Pins, Properties, Role, Sessions, Where};

use crate::{house, local, password};

pub(crate) fn of_one() -> Actor {
    Actor::Account {
        jid: "chief@one.example".parse().unwrap(),
        role: Role::Host("one.example".to_owned()),
        address: None,
    }
}

fn denied<T: std::fmt::Debug>(result: Result<T, OpsError>) {
    match result {
        Err(OpsError::Denied { .. }) => {}
        other => panic!("not denied: {other:?}"),
    }
}

#[tokio::test]
async fn power_over_one_host_ends_there() {
    let house = house().await;
    house.add("a@two.example").await;
    let (actor, accounts) = (of_one(), &house.accounts);
    accounts
        .add(&actor, "a@one.example", &password("secret"))
        .await
        .unwrap();
    accounts.lock(&actor, "a@one.example", &Lock::default()).await.unwrap();
    assert_eq!(accounts.hosts(&actor).await.unwrap(), ["one.example"]);

    let page = Page {
        host: Some("two.example".into()),
        limit: 10,
        ..Page::default()
    };
    denied(accounts.add(&actor, "b@two.example", &password("secret")).await);
    denied(
        accounts
            .set_password(&actor, "a@two.example", &password("secret"))
            .await,
    );
    denied(accounts.lock(&actor, "a@two.example", &Lock::default()).await);
    denied(accounts.unlock(&actor, "a@two.example").await);
    denied(accounts.delete(&actor, "a@two.example").await);
    denied(accounts.list(&actor, &page).await);
    denied(accounts.export(&actor, &page).await);
    denied(accounts.import(&actor, &[]).await);
    assert!(accounts.list(&local(), &page).await.unwrap()[0].lock.is_none());
}

#[tokio::test]
async fn properties_are_for_those_who_have_the_whole_server() {
    let house = house().await;
    let pins = Arc::new(ArcSwap::from_pointee(Pins::new()));
    let properties = Properties::new(house.storage.clone(), Arc::new(Catalogue::default()), pins, "n".into());
    let actor = of_one();
    denied(properties.list(&actor).await);
    denied(properties.get(&actor, "x").await);
    denied(properties.set(&actor, Where::Cluster, "x", "1").await);
    denied(properties.unset(&actor, Where::Cluster, "x").await);
}

#[tokio::test]
async fn sessions_of_other_hosts_are_neither_seen_nor_closed() {
    let house = house().await;
    let audit = Audit::new(house.storage.clone(), "here".into());
    let sessions = Sessions::new(Arc::clone(&house.live) as _, Arc::new(NoCluster), audit);
    let jids = |actor: &Actor| {
        sessions
            .list(actor)
            .into_iter()
            .map(|session| session.jid)
            .collect::<Vec<_>>()
    };
    assert_eq!(jids(&of_one()), ["a@one.example/x", "b@one.example/x"]);
    assert_eq!(jids(&local()).len(), 3);
    denied(sessions.close(&of_one(), "c@two.example/x", "bye").await);
    assert_eq!(sessions.close(&of_one(), "a@one.example", "bye").await.unwrap(), 1);
    assert_eq!(house.live.closed.lock().unwrap().len(), 1);
}
