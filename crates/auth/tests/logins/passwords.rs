//! Setting passwords.

use auth::{PasswordError, Settings};
use protocol::sasl::BadPassword;
use storage::AccountId;

use crate::world::{ITERATIONS, PASSWORD, World, cheap, tls, told};

#[tokio::test]
async fn keys_are_made_for_both_hashes_with_a_salt_each_and_never_twice_the_same() {
    let world = World::new().await;
    let [first, second] = [
        world.authenticator.make_credentials(PASSWORD).await.unwrap(),
        world.authenticator.make_credentials(PASSWORD).await.unwrap(),
    ];
    let salts: Vec<_> = [&first, &second]
        .iter()
        .flat_map(|keys| [keys.sha1.as_ref(), keys.sha256.as_ref()])
        .flatten()
        .collect();
    assert_eq!(salts.len(), 4);
    for (index, keys) in salts.iter().enumerate() {
        assert_eq!((keys.salt.len(), keys.iterations), (16, ITERATIONS));
        assert!(salts.iter().skip(index + 1).all(|other| other.salt != keys.salt));
    }
    assert_eq!(first.sha1.unwrap().stored_key.len(), 20);
    assert_eq!(first.sha256.unwrap().stored_key.len(), 32);
}

#[tokio::test]
async fn the_iteration_count_is_the_operators() {
    let world = World::with(Settings {
        iterations: 50,
        ..cheap()
    })
    .await;
    let credentials = world.authenticator.make_credentials(PASSWORD).await.unwrap();
    assert_eq!(credentials.sha256.unwrap().iterations, 50);
    assert!(Settings::ITERATIONS.contains(&Settings::default().iterations));
}

#[tokio::test]
async fn what_cannot_be_a_password_is_named() {
    let world = World::new().await;
    for (password, expected) in [
        ("", BadPassword::Empty),
        ("\u{ad}", BadPassword::Empty),
        ("a\0b", BadPassword::Character),
        (&"x".repeat(1_025), BadPassword::TooLong),
    ] {
        let made = world.authenticator.make_credentials(password).await;
        assert!(
            matches!(made, Err(PasswordError::Bad(bad)) if bad == expected),
            "{password:?}"
        );
        let changed = world.authenticator.change_password(world.juliet, password).await;
        assert!(
            matches!(changed, Err(PasswordError::Bad(bad)) if bad == expected),
            "{password:?}"
        );
    }
    assert!(
        world.scram(&tls(), "SCRAM-SHA-256", "juliet", PASSWORD).await.is_ok(),
        "nothing has changed"
    );
}

#[tokio::test]
async fn a_changed_password_is_the_only_one() {
    let world = World::new().await;
    world
        .authenticator
        .change_password(world.juliet, "new \u{1f511}")
        .await
        .unwrap();
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-1-PLUS"] {
        let login = world.scram(&tls(), mechanism, "juliet", "new \u{1f511}").await;
        assert_eq!(told(&login), Ok("juliet@example.org"));
        assert!(world.scram(&tls(), mechanism, "juliet", PASSWORD).await.is_err());
    }
    assert!(world.plain(&tls(), "", "juliet", "new \u{1f511}").await.is_ok());
    let nobody = world.authenticator.change_password(AccountId::new(999), "new").await;
    assert!(matches!(nobody, Err(PasswordError::NoAccount)));
}
