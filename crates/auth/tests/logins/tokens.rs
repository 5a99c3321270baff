//! XEP-0484: tokens, from their issue to their end (item 99 of our checklist).

use auth::{Authenticated, Binding, IssuedToken, Settings, TokenRequest, TokenUse};
use protocol::sasl::{Failure, FailureCondition, hashed_token};
use storage::Lock;

use crate::world::{END_POINT, EXPORTER, HOUR, Outcome, PASSWORD, World, cheap, outcome, tls, told};

const PHONE: &str = "d4565fa7-4d72-4749-b3d3-740edbf87770";
const LAPTOP: &str = "a1b2c3d4-4d72-4749-b3d3-740edbf87770";
const DAY: i64 = 24 * HOUR;

const NOT_AUTHORIZED: Result<&str, FailureCondition> = Err(FailureCondition::NotAuthorized);
const JULIET: Result<&str, FailureCondition> = Ok("juliet@example.org");

/// One login by token.
#[derive(Clone, Copy)]
struct Login<'a> {
    mechanism: &'a str,
    name: &'a str,
    token: &'a str,
    channel: &'a [u8],
    client: Option<&'a str>,
    counter: Option<u64>,
}

impl<'a> Login<'a> {
    fn new(token: &'a IssuedToken) -> Self {
        Self {
            mechanism: "HT-SHA-256-EXPR",
            name: "juliet",
            token: &token.token,
            channel: &EXPORTER,
            client: Some(PHONE),
            counter: None,
        }
    }

    async fn run(self, world: &World) -> Outcome {
        self.run_on(world, &tls()).await
    }

    async fn run_on(self, world: &World, binding: &Binding) -> Outcome {
        let message = hashed_token::initiator(self.name, self.token, self.channel);
        let client = TokenUse {
            client: self.client,
            counter: self.counter,
        };
        let outcome = outcome(
            world
                .authenticator
                .start_with_token(binding, self.mechanism, Some(&message), client)
                .await,
        );
        if let Ok(authenticated) = &outcome {
            let answer = authenticated.additional_data.as_deref().unwrap();
            assert_eq!(
                answer,
                &*hashed_token::responder(self.token, self.channel),
                "the server proves itself, too"
            );
        }
        outcome
    }
}

async fn by_password(world: &World) -> Authenticated {
    world
        .scram(&tls(), "SCRAM-SHA-256-PLUS", "juliet", PASSWORD)
        .await
        .unwrap()
}

fn wanted<'a>(client: &'a str, mechanism: &'a str) -> TokenRequest<'a> {
    TokenRequest {
        client: Some(client),
        mechanism: Some(mechanism),
        invalidate: false,
    }
}

/// A token for a client, after a login by password.
async fn issued(world: &World, client: &str, mechanism: &str) -> IssuedToken {
    let authenticated = by_password(world).await;
    settled(world, &authenticated, wanted(client, mechanism))
        .await
        .expect("a token was asked for")
}

async fn settled(world: &World, who: &Authenticated, request: TokenRequest<'_>) -> Option<IssuedToken> {
    world.authenticator.settle_tokens(who, request).await.unwrap()
}

#[tokio::test]
async fn a_token_lets_its_client_in_and_nobody_else() {
    let world = World::new().await;
    let token = issued(&world, PHONE, "HT-SHA-256-EXPR").await;
    assert!(
        token.token.starts_with("secret-token:") && token.token.len() == 13 + 43,
        "256 bits"
    );
    let login = Login::new(&token);
    let wrong = format!("{}x", token.token);
    for (login, expected) in [
        (login, JULIET),
        (
            Login {
                name: "JULIET",
                ..login
            },
            JULIET,
        ),
        (Login { name: "romeo", ..login }, NOT_AUTHORIZED),
        (
            Login {
                name: "nobody",
                ..login
            },
            NOT_AUTHORIZED,
        ),
        (Login { name: "a b", ..login }, NOT_AUTHORIZED),
        (Login { token: &wrong, ..login }, NOT_AUTHORIZED),
        (
            Login {
                token: PASSWORD,
                ..login
            },
            NOT_AUTHORIZED,
        ),
        (
            Login {
                client: Some(LAPTOP),
                ..login
            },
            NOT_AUTHORIZED,
        ),
        (
            Login {
                client: Some(""),
                ..login
            },
            Err(FailureCondition::MalformedRequest),
        ),
        (Login { client: None, ..login }, Err(FailureCondition::MalformedRequest)),
        // The channel of somebody in between.
        (
            Login {
                channel: &[8; 32],
                ..login
            },
            NOT_AUTHORIZED,
        ),
        // A token stays with its mechanism, or a weaker one could be forced upon it.
        (
            Login {
                mechanism: "HT-SHA-256-NONE",
                channel: b"",
                ..login
            },
            NOT_AUTHORIZED,
        ),
        (
            Login {
                mechanism: "HT-SHA-256-ENDP",
                channel: &END_POINT,
                ..login
            },
            NOT_AUTHORIZED,
        ),
        (login, JULIET),
    ] {
        assert_eq!(told(&login.run(&world).await), expected);
    }
}

#[tokio::test]
async fn every_channel_binding_has_its_tokens() {
    let world = World::new().await;
    for (mechanism, channel) in [
        ("HT-SHA-256-EXPR", &EXPORTER[..]),
        ("HT-SHA-256-ENDP", &END_POINT),
        ("HT-SHA-256-NONE", b""),
    ] {
        let token = issued(&world, PHONE, mechanism).await;
        let login = Login {
            mechanism,
            channel,
            ..Login::new(&token)
        };
        assert_eq!(told(&login.run(&world).await), JULIET, "{mechanism}");
    }
}

#[tokio::test]
async fn who_asks_for_nothing_gets_nothing() {
    let world = World::new().await;
    let authenticated = by_password(&world).await;
    for request in [
        TokenRequest::default(),
        TokenRequest {
            client: Some(PHONE),
            ..TokenRequest::default()
        },
        TokenRequest {
            mechanism: Some("HT-SHA-256-EXPR"),
            ..TokenRequest::default()
        },
        wanted(PHONE, "SCRAM-SHA-256"),
        wanted(PHONE, "HT-SHA-512-EXPR"),
        wanted("", "HT-SHA-256-EXPR"),
        wanted(&"x".repeat(200), "HT-SHA-256-EXPR"),
    ] {
        assert!(settled(&world, &authenticated, request).await.is_none(), "{request:?}");
    }
    world.authenticator.set_settings(Settings { fast: false, ..cheap() });
    assert!(
        settled(&world, &authenticated, wanted(PHONE, "HT-SHA-256-EXPR"))
            .await
            .is_none()
    );
}

#[tokio::test]
async fn guests_get_no_token() {
    let world = World::with(Settings {
        anonymous_hosts: vec!["example.org".to_owned()],
        ..cheap()
    })
    .await;
    let guest = world.one_message(&tls(), "ANONYMOUS", b"").await.unwrap();
    assert!(
        settled(&world, &guest, wanted(PHONE, "HT-SHA-256-EXPR"))
            .await
            .is_none()
    );
}

#[tokio::test]
async fn a_counter_counts_up() {
    let world = World::new().await;
    let token = issued(&world, PHONE, "HT-SHA-256-EXPR").await;
    for (counter, expected) in [
        (Some(1), JULIET),
        (Some(1), NOT_AUTHORIZED),
        (Some(0), NOT_AUTHORIZED),
        (Some(7), JULIET),
        (Some(6), NOT_AUTHORIZED),
        (None, JULIET),
        (Some(7), NOT_AUTHORIZED),
        (Some(u64::MAX), Err(FailureCondition::MalformedRequest)),
        (Some(8), JULIET),
    ] {
        let login = Login {
            counter,
            ..Login::new(&token)
        };
        assert_eq!(told(&login.run(&world).await), expected, "{counter:?}");
    }
}

#[tokio::test]
async fn a_token_ends_when_it_is_not_used_for_long() {
    let world = World::new().await;
    let token = issued(&world, PHONE, "HT-SHA-256-EXPR").await;
    world.clock.advance(21 * DAY - 1);
    assert_eq!(told(&Login::new(&token).run(&world).await), JULIET);
    world.clock.advance(1);
    assert_eq!(told(&Login::new(&token).run(&world).await), NOT_AUTHORIZED);
}

#[tokio::test]
async fn a_token_is_replaced_daily_and_the_old_one_stays_good_until_the_new_one_is_used() {
    let world = World::new().await;
    let old = issued(&world, PHONE, "HT-SHA-256-EXPR").await;
    let login = Login::new(&old).run(&world).await.unwrap();
    assert!(
        settled(&world, &login, TokenRequest::default()).await.is_none(),
        "it is fresh"
    );
    world.clock.advance(DAY);
    let login = Login::new(&old).run(&world).await.unwrap();
    let lost = settled(&world, &login, TokenRequest::default())
        .await
        .expect("it is due");
    // The answer with the new one got lost: the client comes again with the old one.
    let login = Login::new(&old).run(&world).await.unwrap();
    let new = settled(&world, &login, TokenRequest::default())
        .await
        .expect("it is still due");
    assert_eq!(
        told(&Login::new(&lost).run(&world).await),
        NOT_AUTHORIZED,
        "nobody has ever used it"
    );
    assert_eq!(told(&Login::new(&old).run(&world).await), JULIET);
    assert_eq!(told(&Login::new(&new).run(&world).await), JULIET);
    assert_eq!(
        told(&Login::new(&old).run(&world).await),
        NOT_AUTHORIZED,
        "the new one has arrived"
    );
    assert_eq!(told(&Login::new(&new).run(&world).await), JULIET);
}

#[tokio::test]
async fn a_client_can_end_its_token() {
    let world = World::new().await;
    let phone = issued(&world, PHONE, "HT-SHA-256-EXPR").await;
    let laptop = issued(&world, LAPTOP, "HT-SHA-256-EXPR").await;
    world.clock.advance(2 * DAY);
    let login = Login::new(&phone).run(&world).await.unwrap();
    let request = TokenRequest {
        invalidate: true,
        ..TokenRequest::default()
    };
    assert!(
        settled(&world, &login, request).await.is_none(),
        "no new one, although it was due"
    );
    assert_eq!(told(&Login::new(&phone).run(&world).await), NOT_AUTHORIZED);
    let on_laptop = Login {
        client: Some(LAPTOP),
        ..Login::new(&laptop)
    };
    assert_eq!(told(&on_laptop.run(&world).await), JULIET);
    // Ending one and asking for another in the same breath.
    let login = on_laptop.run(&world).await.unwrap();
    let request = TokenRequest {
        invalidate: true,
        ..wanted(LAPTOP, "HT-SHA-256-EXPR")
    };
    let next = settled(&world, &login, request).await.unwrap();
    assert_eq!(told(&on_laptop.run(&world).await), NOT_AUTHORIZED);
    assert_eq!(
        told(
            &Login {
                token: &next.token,
                ..on_laptop
            }
            .run(&world)
            .await
        ),
        JULIET
    );
}

#[tokio::test]
async fn a_changed_password_ends_every_token() {
    let world = World::new().await;
    let phone = issued(&world, PHONE, "HT-SHA-256-EXPR").await;
    let laptop = issued(&world, LAPTOP, "HT-SHA-256-EXPR").await;
    world
        .authenticator
        .change_password(world.juliet, "changed")
        .await
        .unwrap();
    assert_eq!(told(&Login::new(&phone).run(&world).await), NOT_AUTHORIZED);
    let on_laptop = Login {
        client: Some(LAPTOP),
        ..Login::new(&laptop)
    };
    assert_eq!(told(&on_laptop.run(&world).await), NOT_AUTHORIZED);
}

#[tokio::test]
async fn a_deleted_accounts_token_does_not_open_its_successor() {
    let world = World::new().await;
    let token = issued(&world, PHONE, "HT-SHA-256-EXPR").await;
    world.storage.accounts().delete(world.juliet).await.unwrap();
    assert_eq!(told(&Login::new(&token).run(&world).await), NOT_AUTHORIZED);
    world.account(world.host, "juliet", PASSWORD).await;
    assert_eq!(told(&Login::new(&token).run(&world).await), NOT_AUTHORIZED);
}

#[tokio::test]
async fn a_locked_account_is_locked_for_tokens_as_well() {
    let world = World::new().await;
    let token = issued(&world, PHONE, "HT-SHA-256-EXPR").await;
    world
        .storage
        .accounts()
        .lock(world.juliet, &Lock::default())
        .await
        .unwrap();
    assert_eq!(
        told(&Login::new(&token).run(&world).await),
        Err(FailureCondition::AccountDisabled)
    );
}

#[tokio::test]
async fn the_table_of_tokens_opens_nothing_without_the_key() {
    let world = World::new().await;
    let token = issued(&world, PHONE, "HT-SHA-256-NONE").await;
    let stored = world.storage.tokens().find(world.juliet, PHONE).await.unwrap();
    let stored: Vec<_> = stored
        .iter()
        .map(|token| String::from_utf8_lossy(&token.secret).into_owned())
        .collect();
    assert!(!stored.iter().any(|secret| token.token.contains(secret.as_str())));
    let login = Login {
        mechanism: "HT-SHA-256-NONE",
        channel: b"",
        ..Login::new(&token)
    };
    assert_eq!(told(&login.run(&world).await), JULIET);
    for secret in &stored {
        assert_eq!(
            told(&Login { token: secret, ..login }.run(&world).await),
            NOT_AUTHORIZED
        );
    }
    // With a secret from outside the database, the database alone makes no token.
    let settings = (*world.authenticator.settings()).clone();
    let peppered = crate::world::authenticator(&world.storage, settings, b"pepper", world.clock.clone()).await;
    let world = World {
        authenticator: peppered,
        ..world
    };
    assert_eq!(told(&login.run(&world).await), NOT_AUTHORIZED);
}

#[tokio::test]
async fn messages_that_are_no_hashed_token_are_malformed() {
    let world = World::new().await;
    let client = TokenUse {
        client: Some(PHONE),
        counter: None,
    };
    for message in [&b""[..], b"juliet", b"juliet\0", b"\0hash"] {
        let step = world
            .authenticator
            .start_with_token(&tls(), "HT-SHA-256-NONE", Some(message), client)
            .await;
        let Err(Failure { condition, .. }) = outcome(step) else {
            panic!("{message:?} is no token")
        };
        assert_eq!(condition, FailureCondition::MalformedRequest);
    }
}
