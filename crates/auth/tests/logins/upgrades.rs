//! XEP-0480: accounts with old keys get new ones.

use auth::{Settings, Upgrade};
use protocol::sasl::FailureCondition;
use protocol::sasl::scram::Hash;
use storage::Credentials;

use crate::world::{ITERATIONS, PASSWORD, World, cheap, tls, told};

/// A world with an account that has only keys for SHA-1, as one that was imported.
async fn imported() -> World {
    let world = World::new().await;
    let credentials = world.authenticator.make_credentials(PASSWORD).await.unwrap();
    let old = Credentials {
        sha256: None,
        ..credentials
    };
    world
        .storage
        .accounts()
        .create(world.host, "imported", &old)
        .await
        .unwrap()
        .unwrap();
    world
}

#[tokio::test]
async fn an_account_with_old_keys_is_asked_for_new_ones_and_logs_in_with_them_afterwards() {
    let world = imported().await;
    assert!(
        world
            .scram(&tls(), "SCRAM-SHA-256", "imported", PASSWORD)
            .await
            .is_err()
    );
    let authenticated = world
        .scram(&tls(), "SCRAM-SHA-1-PLUS", "imported", PASSWORD)
        .await
        .unwrap();
    assert_eq!(authenticated.upgrades, [Upgrade::ScramSha256]);
    let task = world.authenticator.begin_upgrade(Upgrade::ScramSha256);
    assert_eq!((task.salt.len(), task.iterations), (16, ITERATIONS));
    let salted = Hash::Sha256.stretch(PASSWORD.as_bytes(), &task.salt, task.iterations);
    world
        .authenticator
        .finish_upgrade(&authenticated, task, &salted)
        .await
        .unwrap();
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-256-PLUS", "SCRAM-SHA-1"] {
        let login = world.scram(&tls(), mechanism, "imported", PASSWORD).await.unwrap();
        assert_eq!(login.upgrades, [], "{mechanism}");
    }
}

#[tokio::test]
async fn cheap_keys_are_old_keys() {
    let world = World::new().await;
    assert_eq!(
        world
            .scram(&tls(), "SCRAM-SHA-256", "juliet", PASSWORD)
            .await
            .unwrap()
            .upgrades,
        []
    );
    world.authenticator.set_settings(Settings {
        iterations: 50,
        ..cheap()
    });
    let login = world.scram(&tls(), "SCRAM-SHA-256", "juliet", PASSWORD).await.unwrap();
    assert_eq!(login.upgrades, [Upgrade::ScramSha256]);
}

#[tokio::test]
async fn keys_of_a_password_that_was_changed_meanwhile_do_not_come_back() {
    let world = imported().await;
    let authenticated = world.scram(&tls(), "SCRAM-SHA-1", "imported", PASSWORD).await.unwrap();
    let task = world.authenticator.begin_upgrade(Upgrade::ScramSha256);
    let salted = Hash::Sha256.stretch(PASSWORD.as_bytes(), &task.salt, task.iterations);
    world
        .authenticator
        .change_password(authenticated.account_id.unwrap(), "changed")
        .await
        .unwrap();
    let refused = world
        .authenticator
        .finish_upgrade(&authenticated, task, &salted)
        .await
        .unwrap_err();
    assert_eq!(refused.condition, FailureCondition::NotAuthorized);
    assert!(
        world
            .scram(&tls(), "SCRAM-SHA-256", "imported", PASSWORD)
            .await
            .is_err()
    );
    assert!(
        world
            .scram(&tls(), "SCRAM-SHA-256", "imported", "changed")
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_salted_password_has_the_length_of_its_hash() {
    let world = imported().await;
    let authenticated = world.scram(&tls(), "SCRAM-SHA-1", "imported", PASSWORD).await.unwrap();
    for length in [0, 20, 31, 33, 1_000] {
        let task = world.authenticator.begin_upgrade(Upgrade::ScramSha256);
        let refused = world
            .authenticator
            .finish_upgrade(&authenticated, task, &vec![0; length])
            .await
            .unwrap_err();
        assert_eq!(refused.condition, FailureCondition::MalformedRequest, "{length}");
    }
}

#[tokio::test]
async fn a_password_that_comes_by_plain_is_made_new_keys_of() {
    let world = imported().await;
    assert_eq!(
        told(&world.plain(&tls(), "", "imported", "wrong").await),
        Err(FailureCondition::NotAuthorized)
    );
    assert!(world.plain(&tls(), "", "imported", PASSWORD).await.is_ok());
    // It happens behind the login; what the database then says is what counts.
    let account = world
        .storage
        .accounts()
        .find(world.host, "imported")
        .await
        .unwrap()
        .unwrap()
        .id;
    while world
        .storage
        .accounts()
        .credentials(account)
        .await
        .unwrap()
        .unwrap()
        .sha256
        .is_none()
    {
        tokio::task::yield_now().await;
    }
    assert!(world.scram(&tls(), "SCRAM-SHA-256", "imported", PASSWORD).await.is_ok());
}

#[test]
fn tasks_have_the_names_of_the_document() {
    assert_eq!("UPGR-SCRAM-SHA-256".parse(), Ok(Upgrade::ScramSha256));
    assert!("UPGR-SCRAM-SHA-256-PLUS".parse::<Upgrade>().is_err());
}
