//! Who asks for accounts learns nothing of which there are (item 93 of our checklist).

use auth::{Step, TokenUse};
use protocol::sasl::hashed_token;

use crate::world::{PASSWORD, World, tls};

/// The challenge that a name gets, without its nonce.
async fn challenge(world: &World, mechanism: &str, name: &str) -> String {
    let message = format!("n,,n={name},r=abc");
    let step = world
        .authenticator
        .start(&tls(), mechanism, Some(message.as_bytes()))
        .await;
    let Step::Challenge(challenge, _) = step else {
        panic!("{name} gets a challenge")
    };
    let challenge = String::from_utf8(challenge).unwrap();
    challenge.split_once(',').unwrap().1.to_owned()
}

/// What a challenge looks like, with every secret character replaced.
fn shape(challenge: &str) -> String {
    let (salt, rest) = challenge.split_once(',').unwrap();
    format!("{} {rest}", salt.len())
}

#[tokio::test]
async fn a_name_that_does_not_exist_gets_a_challenge_like_any_other() {
    let world = World::new().await;
    for mechanism in ["SCRAM-SHA-1", "SCRAM-SHA-256"] {
        let real = challenge(&world, mechanism, "juliet").await;
        for name in ["nobody", "admin", "j\u{fc}rgen", "a@b", "a b", "\u{202e}"] {
            let made_up = challenge(&world, mechanism, name).await;
            assert_eq!(shape(&made_up), shape(&real), "{mechanism} {name}");
            assert_eq!(
                made_up,
                challenge(&world, mechanism, name).await,
                "{name} has one salt for ever"
            );
        }
        let salts = [
            challenge(&world, mechanism, "nobody").await,
            challenge(&world, mechanism, "nobodi").await,
        ];
        assert_ne!(salts[0], salts[1]);
    }
}

#[tokio::test]
async fn a_name_has_one_salt_in_every_spelling_whether_it_exists_or_not() {
    let world = World::new().await;
    for name in ["juliet", "nobody"] {
        let salt = challenge(&world, "SCRAM-SHA-256", name).await;
        assert_eq!(
            challenge(&world, "SCRAM-SHA-256", &name.to_uppercase()).await,
            salt,
            "{name}"
        );
    }
}

#[tokio::test]
async fn the_salts_of_those_who_do_not_exist_survive_a_restart() {
    let world = World::new().await;
    let before = challenge(&world, "SCRAM-SHA-256", "nobody").await;
    let settings = (*world.authenticator.settings()).clone();
    let authenticator = crate::world::authenticator(&world.storage, settings, b"", world.clock.clone()).await;
    let world = World { authenticator, ..world };
    assert_eq!(challenge(&world, "SCRAM-SHA-256", "nobody").await, before);
}

#[tokio::test]
async fn an_account_that_lacks_the_keys_looks_like_one_that_does_not_exist() {
    let world = World::new().await;
    let mut credentials = world.authenticator.make_credentials(PASSWORD).await.unwrap();
    credentials.sha256 = None;
    world
        .storage
        .accounts()
        .create(world.host, "imported", &credentials)
        .await
        .unwrap()
        .unwrap();
    let imported = challenge(&world, "SCRAM-SHA-256", "imported").await;
    assert_eq!(
        shape(&imported),
        shape(&challenge(&world, "SCRAM-SHA-256", "nobody").await)
    );
    assert_eq!(imported, challenge(&world, "SCRAM-SHA-256", "imported").await);
    assert!(
        world
            .scram(&tls(), "SCRAM-SHA-256", "imported", PASSWORD)
            .await
            .is_err()
    );
}

#[tokio::test]
async fn every_refusal_is_the_same() {
    let world = World::new().await;
    let token = |name: &str| hashed_token::initiator(name, "secret-token:guessed", b"");
    let by_token = async |name| {
        let client = TokenUse {
            client: Some("phone"),
            counter: None,
        };
        let message = token(name);
        let step = world
            .authenticator
            .start_with_token(&tls(), "HT-SHA-256-NONE", Some(&message), client)
            .await;
        crate::world::outcome(step).unwrap_err()
    };
    let expected = world
        .scram(&tls(), "SCRAM-SHA-256", "juliet", "wrong")
        .await
        .unwrap_err();
    assert_eq!(expected, protocol::sasl::Failure::not_authorized());
    for name in ["juliet", "nobody", "a b"] {
        assert_eq!(
            world.scram(&tls(), "SCRAM-SHA-256", name, "wrong").await.unwrap_err(),
            expected
        );
        assert_eq!(
            world.scram(&tls(), "SCRAM-SHA-1", name, "wrong").await.unwrap_err(),
            expected
        );
        assert_eq!(world.plain(&tls(), "", name, "wrong").await.unwrap_err(), expected);
        assert_eq!(by_token(name).await, expected);
    }
}
