//! What is kept in memory of accounts lets nobody in who was not let in by the database, and tells strangers nothing.

use auth::Binding;
use protocol::sasl::FailureCondition;
use storage::Lock;

use crate::world::{HOST, PASSWORD, World, address, tls, told};

/// Logs in, and says as whom, or why not.
async fn log_in(world: &World, from: &str, name: &str, password: &str) -> Result<String, FailureCondition> {
    let binding = Binding {
        address: address(from),
        ..tls()
    };
    let outcome = world.scram(&binding, "SCRAM-SHA-256", name, password).await;
    told(&outcome).map(str::to_owned)
}

#[tokio::test]
async fn whoever_was_here_before_needs_no_database_and_to_strangers_all_names_are_the_same() {
    let world = World::new().await;
    log_in(&world, "192.0.2.1", "juliet", PASSWORD).await.unwrap();
    world.storage.close().await.unwrap();
    log_in(&world, "192.0.2.1", "juliet", PASSWORD).await.unwrap();
    let wrong = log_in(&world, "192.0.2.1", "juliet", "a guess").await;
    assert_eq!(wrong, Err(FailureCondition::NotAuthorized));
    // Who asks the database and who does not can be told apart by a clock: here by its being away.
    for (from, name) in [
        ("192.0.2.2", "juliet"),
        ("192.0.2.2", "romeo"),
        ("192.0.2.2", "nobody"),
        ("192.0.2.1", "romeo"),
        ("192.0.2.1", "nobody"),
    ] {
        let asked = log_in(&world, from, name, PASSWORD).await;
        assert_eq!(asked, Err(FailureCondition::TemporaryAuthFailure), "{name} from {from}");
    }
}

#[tokio::test]
async fn nobody_gets_in_by_what_was_true_before() {
    let world = World::new().await;
    let accounts = world.storage.accounts();
    let here = async |password| log_in(&world, "192.0.2.1", "juliet", password).await;
    for _ in 0..2 {
        here(PASSWORD).await.unwrap();
    }
    accounts.lock(world.juliet, &Lock::default()).await.unwrap();
    assert_eq!(here(PASSWORD).await, Err(FailureCondition::AccountDisabled));
    accounts.unlock(world.juliet).await.unwrap();
    here(PASSWORD).await.unwrap();

    world
        .authenticator
        .change_password(world.juliet, "another")
        .await
        .unwrap();
    assert_eq!(here(PASSWORD).await, Err(FailureCondition::NotAuthorized));
    here("another").await.unwrap();

    accounts.delete(world.juliet).await.unwrap();
    assert_eq!(here("another").await, Err(FailureCondition::NotAuthorized));
    let again = world.account(world.host, "juliet", "third").await;
    assert_ne!(again, world.juliet);
    here("third").await.unwrap();
    assert_eq!(here("another").await, Err(FailureCondition::NotAuthorized));
}

#[tokio::test]
async fn a_host_that_is_deleted_and_added_again_has_its_new_accounts() {
    let world = World::new().await;
    let here = async |password| log_in(&world, "192.0.2.1", "juliet", password).await;
    here(PASSWORD).await.unwrap();
    let hosts = world.storage.hosts();
    hosts.delete(HOST).await.unwrap();
    assert_eq!(here(PASSWORD).await, Err(FailureCondition::NotAuthorized));
    let host = hosts.add(HOST).await.unwrap();
    world.authenticator.forget_hosts();
    world.account(host, "juliet", "another").await;
    here("another").await.unwrap();
    assert_eq!(here(PASSWORD).await, Err(FailureCondition::NotAuthorized));
}
