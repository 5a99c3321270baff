//! A locked account is told of only to who knows its password (item 96 of our checklist).

use protocol::sasl::FailureCondition;
use storage::{Clock as _, Lock};

use crate::world::{HOUR, PASSWORD, World, certified, tls, told};

#[tokio::test]
async fn a_lock_is_told_after_the_right_password_only() {
    let world = World::new().await;
    world
        .storage
        .accounts()
        .lock(world.juliet, &Lock::default())
        .await
        .unwrap();
    for (password, expected) in [
        (PASSWORD, FailureCondition::AccountDisabled),
        ("wrong", FailureCondition::NotAuthorized),
    ] {
        assert_eq!(
            told(&world.scram(&tls(), "SCRAM-SHA-256", "juliet", password).await),
            Err(expected)
        );
        assert_eq!(told(&world.plain(&tls(), "", "juliet", password).await), Err(expected));
    }
    let certified = certified(&["juliet@example.org"]);
    let external = world.one_message(&certified, "EXTERNAL", b"").await;
    assert_eq!(told(&external), Err(FailureCondition::AccountDisabled));
    world.storage.accounts().unlock(world.juliet).await.unwrap();
    assert_eq!(
        told(&world.scram(&tls(), "SCRAM-SHA-256", "juliet", PASSWORD).await),
        Ok("juliet@example.org")
    );
}

#[tokio::test]
async fn a_lock_ends_by_itself_when_it_has_an_end() {
    let world = World::new().await;
    let until = Some(world.clock.now_micros() + HOUR);
    world
        .storage
        .accounts()
        .lock(
            world.juliet,
            &Lock {
                until,
                ..Lock::default()
            },
        )
        .await
        .unwrap();
    let login = async || world.scram(&tls(), "SCRAM-SHA-256", "juliet", PASSWORD).await;
    assert_eq!(told(&login().await), Err(FailureCondition::AccountDisabled));
    world.clock.advance(HOUR);
    assert_eq!(told(&login().await), Ok("juliet@example.org"));
}

#[tokio::test]
async fn a_deleted_account_looks_like_one_that_never_was() {
    let world = World::new().await;
    world.storage.accounts().delete(world.juliet).await.unwrap();
    let login = world.scram(&tls(), "SCRAM-SHA-256", "juliet", PASSWORD).await;
    assert_eq!(told(&login), Err(FailureCondition::NotAuthorized));
    let again = world.account(world.host, "juliet", PASSWORD).await;
    let login = world.scram(&tls(), "SCRAM-SHA-256", "juliet", PASSWORD).await.unwrap();
    assert_eq!(login.account_id, Some(again));
    assert_ne!(again, world.juliet, "who comes after inherits nothing");
}
