//! Guessing is bounded for addresses and slow for accounts (items 81, 82 and 95 of our checklist).

use std::time::Duration;

use auth::{Binding, Settings, Step};
use protocol::sasl::FailureCondition;

use crate::world::{HOUR, PASSWORD, World, address, cheap, tls, told};

fn from(text: &str) -> Binding {
    Binding {
        address: address(text),
        ..tls()
    }
}

const TEMPORARY: Result<&str, FailureCondition> = Err(FailureCondition::TemporaryAuthFailure);
const NOT_AUTHORIZED: Result<&str, FailureCondition> = Err(FailureCondition::NotAuthorized);

#[tokio::test]
async fn an_address_that_failed_twenty_times_is_refused_for_an_hour_and_the_owner_is_not() {
    let without_delay = Settings {
        account_delay: Duration::ZERO,
        ..cheap()
    };
    let world = World::with(without_delay).await;
    let attacker = from("203.0.113.6");
    for guess in 0..20 {
        assert!(!world.authenticator.is_shut_out(attacker.address));
        let outcome = world
            .scram(&attacker, "SCRAM-SHA-256", "juliet", &format!("guess {guess}"))
            .await;
        assert_eq!(told(&outcome), NOT_AUTHORIZED, "guess {guess}");
    }
    assert!(
        world.authenticator.is_shut_out(attacker.address),
        "the listener can close it at once"
    );
    // Even the right password does not help there, by whatever mechanism.
    assert_eq!(
        told(&world.scram(&attacker, "SCRAM-SHA-256", "juliet", PASSWORD).await),
        TEMPORARY
    );
    assert_eq!(told(&world.plain(&attacker, "", "juliet", PASSWORD).await), TEMPORARY);
    assert_eq!(
        told(&world.scram(&tls(), "SCRAM-SHA-256", "juliet", PASSWORD).await),
        Ok("juliet@example.org")
    );
    world.clock.advance(HOUR);
    assert!(!world.authenticator.is_shut_out(attacker.address));
    let login = world.scram(&attacker, "SCRAM-SHA-256", "juliet", PASSWORD).await;
    assert_eq!(told(&login), Ok("juliet@example.org"));
}

#[tokio::test]
async fn attempts_that_were_begun_before_an_address_was_shut_out_end_with_it() {
    let settings = Settings {
        failures_per_address: 1,
        ..cheap()
    };
    let world = World::with(settings).await;
    let client = protocol::sasl::scram::Client::new(protocol::sasl::scram::Hash::Sha256, "juliet", "abc");
    let step = world
        .authenticator
        .start(&tls(), "SCRAM-SHA-256", Some(client.first().as_bytes()))
        .await;
    let Step::Challenge(challenge, exchange) = step else {
        panic!("a challenge comes")
    };
    assert_eq!(
        told(&world.scram(&tls(), "SCRAM-SHA-256", "juliet", "wrong").await),
        NOT_AUTHORIZED
    );
    let (last, _) = client
        .answer(std::str::from_utf8(&challenge).unwrap(), PASSWORD)
        .unwrap();
    assert_eq!(
        told(&crate::world::outcome(exchange.respond(last.as_bytes()).await)),
        TEMPORARY
    );
}

/// How long the last step of a login takes, on a clock that jumps to the next timer when nothing else is to be done.
async fn duration_of_login(world: &World, from: &Binding, password: &str) -> Duration {
    let client = protocol::sasl::scram::Client::new(protocol::sasl::scram::Hash::Sha256, "juliet", "abc");
    let step = world
        .authenticator
        .start(from, "SCRAM-SHA-256", Some(client.first().as_bytes()))
        .await;
    let Step::Challenge(challenge, exchange) = step else {
        panic!("a challenge comes")
    };
    let (last, _) = client
        .answer(std::str::from_utf8(&challenge).unwrap(), password)
        .unwrap();
    tokio::time::pause();
    let start = tokio::time::Instant::now();
    drop(exchange.respond(last.as_bytes()).await);
    let elapsed = start.elapsed();
    tokio::time::resume();
    elapsed
}

/// To the millisecond, in which timers count.
fn millis(duration: Duration) -> u128 {
    duration.as_millis()
}

#[tokio::test]
async fn guesses_at_one_account_from_everywhere_get_slower_and_the_owner_at_home_does_not() {
    let world = World::new().await;
    let home = from("192.0.2.1");
    assert_eq!(millis(duration_of_login(&world, &home, PASSWORD).await), 0);
    for attacker in 0..10 {
        let attacker = from(&format!("198.51.100.{attacker}"));
        assert_eq!(millis(duration_of_login(&world, &attacker, "guess").await), 0);
    }
    let attacker = from("198.51.100.77");
    let first = millis(duration_of_login(&world, &attacker, "guess").await);
    let second = millis(duration_of_login(&world, &attacker, "guess").await);
    assert!(500 <= first && first < second, "{first} then {second} ms");
    let right = millis(duration_of_login(&world, &from("198.51.100.78"), PASSWORD).await);
    assert!(
        second < right,
        "a right guess takes as long, or its speed would tell: {right} ms"
    );
    assert_eq!(millis(duration_of_login(&world, &home, PASSWORD).await), 0);
    assert!(
        world
            .scram(&home, "SCRAM-SHA-256", "romeo", "wherefore art thou")
            .await
            .is_ok()
    );
}

#[tokio::test]
async fn a_flood_of_plain_is_turned_away_and_scram_goes_on() {
    // So many iterations that all have come before the first has been served.
    let world = World::with(Settings {
        iterations: 20_000,
        password_queue: 1,
        failures_per_address: 1_000_000,
        ..cheap()
    })
    .await;
    let mut flood = tokio::task::JoinSet::new();
    for _ in 0..200 {
        let authenticator = world.authenticator.clone();
        flood.spawn(async move {
            let message = format!("\0juliet\0{PASSWORD}");
            crate::world::outcome(authenticator.start(&tls(), "PLAIN", Some(message.as_bytes())).await)
        });
    }
    tokio::task::yield_now().await;
    assert!(world.scram(&tls(), "SCRAM-SHA-256", "juliet", PASSWORD).await.is_ok());
    let outcomes = flood.join_all().await;
    let count = |expected| outcomes.iter().filter(|outcome| told(outcome) == expected).count();
    let (served, refused) = (count(Ok("juliet@example.org")), count(TEMPORARY));
    assert_eq!(served + refused, 200);
    assert!(served >= 1 && refused >= 1, "{served} served, {refused} refused");
}
