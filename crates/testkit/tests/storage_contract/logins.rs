//! What logins need of accounts, also where it is kept in memory: never what was true before.

use std::sync::Arc;

use storage::{HostChange, Lock, Login, Storage};
use testkit::databases::Kind;

use crate::Ground;
use crate::ground::credentials;

on_every_database!(
    every_change_of_an_account_is_seen_by_the_next_login,
    what_others_may_change_is_kept_by_nobody,
);

async fn kept(g: &Ground) -> Storage {
    g.again(|options| options.keeps_logins = true).await
}

async fn login(storage: &Storage, g: &Ground, name: &str) -> Option<Arc<Login>> {
    let accounts = storage.accounts();
    // Twice, so that it is kept where that may be.
    let first = accounts.for_login(g.host, name, true).await.unwrap();
    let second = accounts.for_login(g.host, name, true).await.unwrap();
    assert_eq!(first, second, "{name}");
    assert_eq!(first, accounts.for_login(g.host, name, false).await.unwrap(), "{name}");
    second
}

async fn every_change_of_an_account_is_seen_by_the_next_login(g: Ground) {
    let storage = kept(&g).await;
    let accounts = storage.accounts();
    let id = accounts
        .create(g.host, "juliet", &credentials(1))
        .await
        .unwrap()
        .unwrap();
    let now = async || login(&storage, &g, "juliet").await;
    assert_eq!(login(&storage, &g, "nobody").await, None);
    let first = now().await.unwrap();
    assert_eq!(
        (first.account, &first.credentials, &first.lock),
        (id, &credentials(1), &None)
    );

    let lock = Lock {
        reason: Some("spam".to_owned()),
        until: Some(9),
    };
    assert!(accounts.lock(id, &lock).await.unwrap());
    let locked = now().await.unwrap();
    assert_eq!(locked.lock, Some(lock));
    assert!(locked.is_locked(8) && !locked.is_locked(9));
    assert!(accounts.unlock(id).await.unwrap());
    assert_eq!(now().await.unwrap().lock, None);

    assert!(accounts.change_credentials(id, &credentials(2)).await.unwrap());
    assert_eq!(now().await.unwrap().credentials, credentials(2));
    let raised = accounts.raise_credentials(id, &credentials(2), &credentials(3)).await;
    assert!(raised.unwrap());
    assert_eq!(now().await.unwrap().credentials, credentials(3));

    assert!(accounts.delete(id).await.unwrap());
    assert_eq!(now().await, None);
    let again = accounts
        .create(g.host, "juliet", &credentials(4))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(now().await.unwrap().account, again);

    storage.hosts().add("montague.example").await.unwrap();
    let deleted = storage.hosts().delete("capulet.example").await.unwrap();
    assert!(
        matches!(deleted, HostChange::Done(deleted) if deleted.accounts == 1),
        "{deleted:?}"
    );
    assert_eq!(now().await, None);
}

async fn what_others_may_change_is_kept_by_nobody(g: Ground) {
    let (here, there) = (kept(&g).await, kept(&g).await);
    let id = here
        .accounts()
        .create(g.host, "juliet", &credentials(1))
        .await
        .unwrap()
        .unwrap();
    login(&there, &g, "juliet").await.unwrap();
    let lock = Lock::default();
    assert!(here.accounts().lock(id, &lock).await.unwrap());
    let known = there
        .accounts()
        .for_login(g.host, "juliet", true)
        .await
        .unwrap()
        .unwrap();
    // SQLite's is of one process alone, who says that nobody else writes.
    let is_seen = g.kind != Kind::Sqlite;
    assert_eq!(known.lock.is_some(), is_seen);
    assert_eq!(login(&here, &g, "juliet").await.unwrap().lock, Some(lock.clone()));
    // Nor is anything kept by one who has not said so.
    login(&g.storage, &g, "juliet").await.unwrap();
    assert!(here.accounts().unlock(id).await.unwrap());
    assert_eq!(login(&g.storage, &g, "juliet").await.unwrap().lock, None);
}
