//! Tokens for the API: who makes them, and how they end.

use std::{
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
};

use auth::{Authenticator, SystemRandom};
use ops::{Accounts, Actor, Administrators, Audit, NoToken, OpsError, Role, TokenWish, Tokens};
use storage::{Clock, Options, Storage};

use crate::{Told, local, password};

/// A clock that a test turns.
#[derive(Debug)]
struct Hand(AtomicI64);

impl Clock for Hand {
    fn now_micros(&self) -> i64 {
        self.0.load(Ordering::Relaxed)
    }
}

const SECOND: i64 = 1_000_000;
const NOW: i64 = 1_800_000_000 * SECOND;
const FROM: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 7));

async fn office() -> (Arc<Hand>, Tokens) {
    let clock = Arc::new(Hand(AtomicI64::new(NOW)));
    let options = Options {
        clock: Arc::clone(&clock) as _,
        ..Options::new("sqlite::memory:")
    };
    let storage = Storage::open(&options).await.unwrap();
    storage.hosts().seed(&["one.example"]).await.unwrap();
    let settings = auth::Settings {
        iterations: 4096,
        ..auth::Settings::default()
    };
    let (hand, random) = (Arc::clone(&clock) as _, Arc::new(SystemRandom));
    let authenticator = Authenticator::new(storage.clone(), settings, b"", hand, random)
        .await
        .unwrap();
    let audit = Audit::new(storage.clone(), "here".into());
    let live = Arc::new(Told::default());
    let accounts = Accounts::new(storage.clone(), live as _, authenticator.clone(), audit.clone());
    let administrators = Administrators::new(storage.clone(), audit.clone());
    for (address, role) in [("a@one.example", Role::Owner), ("b@one.example", Role::ReadOnly)] {
        accounts.add(&local(), address, &password("secret")).await.unwrap();
        administrators.grant(&local(), address, &role).await.unwrap();
    }
    (clock, Tokens::new(storage, authenticator, administrators, audit))
}

fn wish(name: &str, owner: Option<&str>) -> TokenWish {
    TokenWish {
        name: name.into(),
        role: Role::Owner,
        expires_at: None,
        owner: owner.map(Into::into),
    }
}

fn owner() -> Actor {
    Actor::Account {
        jid: "a@one.example".parse().unwrap(),
        role: Role::Owner,
        address: None,
    }
}

#[tokio::test]
async fn a_token_ends_at_its_time_and_makes_none_that_lives_longer() {
    let (clock, tokens) = office().await;
    let until = TokenWish {
        expires_at: Some(NOW + 10 * SECOND),
        ..wish("short", None)
    };
    let (token, info) = tokens.make(&owner(), &until).await.unwrap();
    assert_eq!((info.owner.as_str(), info.worth), ("a@one.example", Some(Role::Owner)));
    let actor = tokens.find(&token, FROM).await.unwrap();
    assert_eq!(actor.to_string(), "token short of a@one.example");
    assert_eq!((actor.role(), actor.address()), (&Role::Owner, Some(FROM)));
    for (expires_at, is_allowed) in [
        (None, false),
        (Some(NOW + 11 * SECOND), false),
        (Some(NOW + 10 * SECOND), true),
    ] {
        let child = TokenWish {
            expires_at,
            ..wish("child", None)
        };
        let made = tokens.make(&actor, &child).await;
        assert!(
            if is_allowed {
                made.is_ok()
            } else {
                matches!(made, Err(OpsError::TokenOutlives))
            },
            "{expires_at:?}"
        );
    }
    clock.0.store(NOW + 10 * SECOND - 1, Ordering::Relaxed);
    assert!(tokens.find(&token, FROM).await.is_ok());
    clock.0.store(NOW + 10 * SECOND, Ordering::Relaxed);
    assert!(matches!(tokens.find(&token, FROM).await, Err(NoToken::Wrong)));
    assert!(
        tokens
            .list(&local())
            .await
            .unwrap()
            .iter()
            .all(|token| token.worth.is_none())
    );
}

#[tokio::test]
async fn only_owners_make_tokens_and_each_for_themselves() {
    let (_, tokens) = office().await;
    for role in [Role::ReadOnly, Role::Host("one.example".into())] {
        let actor = Actor::Account {
            jid: "b@one.example".parse().unwrap(),
            role,
            address: None,
        };
        assert!(matches!(
            tokens.make(&actor, &wish("x", None)).await,
            Err(OpsError::Denied { .. })
        ));
        assert!(matches!(tokens.revoke(&actor, "x").await, Err(OpsError::Denied { .. })));
    }
    let other = tokens.make(&owner(), &wish("x", Some("b@one.example"))).await;
    assert!(matches!(other, Err(OpsError::Denied { .. })));
    assert!(matches!(
        tokens.make(&local(), &wish("x", None)).await,
        Err(OpsError::TokenWithoutOwner)
    ));
    // Whoever is at the machine itself says for whom; the token is worth what they are.
    let (token, _) = tokens.make(&local(), &wish("x", Some("b@one.example"))).await.unwrap();
    assert_eq!(tokens.find(&token, FROM).await.unwrap().role(), &Role::ReadOnly);
    let again = tokens.make(&owner(), &wish("x", None)).await;
    assert!(matches!(again, Err(OpsError::TokenExists(_))));
    tokens.revoke(&owner(), "x").await.unwrap();
    assert!(matches!(tokens.find(&token, FROM).await, Err(NoToken::Wrong)));
}

#[tokio::test]
async fn twenty_wrong_tokens_shut_an_address_out_for_an_hour() {
    let (clock, tokens) = office().await;
    let (token, _) = tokens.make(&owner(), &wish("x", None)).await.unwrap();
    let wrong = format!("hearth_{:0>43}", 1);
    for guess in ["", "x", token.strip_prefix("hearth_").unwrap(), &wrong]
        .into_iter()
        .cycle()
        .take(20)
    {
        assert!(matches!(tokens.find(guess, FROM).await, Err(NoToken::Wrong)), "{guess}");
    }
    assert!(matches!(tokens.find(&token, FROM).await, Err(NoToken::ShutOut)));
    let elsewhere = "192.0.2.8".parse().unwrap();
    assert!(tokens.find(&token, elsewhere).await.is_ok());
    clock.0.store(NOW + 3_601 * SECOND, Ordering::Relaxed);
    assert!(tokens.find(&token, FROM).await.is_ok());
}
