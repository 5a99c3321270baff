//! Tokens that programs use the API with.

use storage::{ApiTokenAdded, Lock, NewApiToken, Role, RoleChange};

use crate::{Ground, ground::SECOND};

on_every_database!(
    a_token_is_known_by_its_hash_until_it_is_taken_back,
    what_a_token_is_worth_changes_with_its_account,
    a_use_is_noted_once_a_minute,
    names_are_one_each_letter_by_letter,
);

fn token(name: &str, account: storage::AccountId, role: Role) -> NewApiToken {
    NewApiToken {
        name: name.to_owned(),
        account,
        role,
        expires_at: None,
    }
}

async fn a_token_is_known_by_its_hash_until_it_is_taken_back(g: Ground) {
    let a = g.account("a").await;
    let it = g.storage.api_tokens();
    let ends = NewApiToken {
        expires_at: Some(i64::MAX),
        ..token("b", a, Role::Host(g.host))
    };
    assert_eq!(
        it.add(&[1; 32], &token("a", a, Role::Owner)).await.unwrap(),
        ApiTokenAdded::Done
    );
    assert_eq!(it.add(&[2; 32], &ends).await.unwrap(), ApiTokenAdded::Done);
    assert!(it.find(&[3; 32]).await.unwrap().is_none());
    let found = it.find(&[2; 32]).await.unwrap().unwrap();
    assert_eq!(
        (found.name.as_str(), found.role, found.expires_at, found.used_at),
        ("b", Role::Host(g.host), Some(i64::MAX), None)
    );
    assert_eq!(found.host.as_deref(), Some(found.domain.as_str()));
    assert!(!found.has_expired && !found.is_locked);
    let names: Vec<String> = it.list().await.unwrap().into_iter().map(|token| token.name).collect();
    assert_eq!(names, ["a", "b"]);
    assert!(it.remove("b").await.unwrap());
    assert!(!it.remove("b").await.unwrap());
    assert!(it.find(&[2; 32]).await.unwrap().is_none());
}

async fn what_a_token_is_worth_changes_with_its_account(g: Ground) {
    let (a, b) = (g.account("a").await, g.account("b").await);
    let (it, administrators) = (g.storage.api_tokens(), g.storage.administrators());
    let role = async || it.find(&[1; 32]).await.unwrap().map(|token| token.account_role);
    it.add(&[1; 32], &token("t", a, Role::Owner)).await.unwrap();
    assert_eq!(role().await, Some(None), "no power");
    administrators.grant(b, Role::Owner, "x").await.unwrap();
    administrators.grant(a, Role::Host(g.host), "x").await.unwrap();
    assert_eq!(role().await, Some(Some(Role::Host(g.host))));
    let lock = Lock {
        reason: None,
        until: None,
    };
    g.storage.accounts().lock(a, &lock).await.unwrap();
    assert!(it.find(&[1; 32]).await.unwrap().unwrap().is_locked);
    assert_eq!(administrators.revoke(a).await.unwrap(), RoleChange::Done);
    assert_eq!(role().await, None, "it goes with the power");
    it.add(&[1; 32], &token("t", a, Role::Owner)).await.unwrap();
    g.storage.accounts().delete(a).await.unwrap();
    assert_eq!(role().await, None, "it goes with the account");
}

async fn a_use_is_noted_once_a_minute(g: Ground) {
    let a = g.account("a").await;
    let it = g.storage.api_tokens();
    it.add(&[1; 32], &token("t", a, Role::Owner)).await.unwrap();
    let mut noted = Vec::new();
    for _ in 0..3 {
        let found = it.find(&[1; 32]).await.unwrap().unwrap();
        it.touch(&found).await.unwrap();
        noted.push(it.find(&[1; 32]).await.unwrap().unwrap().used_at.unwrap());
        g.time.pass(31 * SECOND);
    }
    assert_eq!(noted[0], noted[1]);
    assert_eq!(noted[2], noted[0] + 62 * SECOND);
}

async fn names_are_one_each_letter_by_letter(g: Ground) {
    let a = g.account("a").await;
    let it = g.storage.api_tokens();
    let add = async |hash: u8, name: &str| it.add(&[hash; 32], &token(name, a, Role::ReadOnly)).await;
    assert_eq!(add(1, "backup").await.unwrap(), ApiTokenAdded::Done);
    assert_eq!(add(2, "backup").await.unwrap(), ApiTokenAdded::Exists);
    assert_eq!(add(3, "Backup").await.unwrap(), ApiTokenAdded::Done);
    assert!(add(4, &"x".repeat(65)).await.is_err());
    assert!(it.by_name("backu_").await.unwrap().is_none());
}
