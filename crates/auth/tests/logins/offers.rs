//! What is offered on a connection is accepted there, and nothing else is (items 74, 89 of our checklist).

use auth::{Binding, Settings, TokenUse};
use protocol::sasl::{FailureCondition, Mechanism};

use crate::world::{World, certified, cheap, clear, outcome, tls};

/// The mechanisms offered, those for tokens in brackets.
fn offered(world: &World, binding: &Binding) -> String {
    let names = |mechanisms: Vec<Mechanism>| {
        mechanisms
            .iter()
            .map(|name| name.as_str())
            .collect::<Vec<_>>()
            .join(" ")
    };
    let tokens = names(world.authenticator.offered_for_tokens(binding));
    format!("{} [{tokens}]", names(world.authenticator.offered(binding)))
}

/// Every mechanism there is is tried by both doors; all that were not offered fail with `invalid-mechanism`, and
/// none that was offered does.
async fn check(settings: Settings, binding: &Binding, expected: &str) {
    let world = World::with(settings).await;
    assert_eq!(offered(&world, binding), expected);
    let names = Mechanism::ALL.map(Mechanism::as_str);
    for name in names
        .into_iter()
        .chain(["", "plain", "DIGEST-MD5", "SCRAM-SHA-512", "HT-SHA-256-UNIQ"])
    {
        let token = TokenUse {
            client: Some("phone"),
            counter: None,
        };
        let by_token = world
            .authenticator
            .start_with_token(binding, name, Some(b"!"), token)
            .await;
        for (step, offered) in [
            (
                world.authenticator.start(binding, name, Some(b"\xff")).await,
                world.authenticator.offered(binding),
            ),
            (by_token, world.authenticator.offered_for_tokens(binding)),
        ] {
            let is_offered = offered.iter().any(|mechanism| mechanism.as_str() == name);
            let is_invalid = outcome(step).is_err_and(|f| f.condition == FailureCondition::InvalidMechanism);
            assert_eq!(is_invalid, !is_offered, "{name} with {expected}");
        }
    }
}

const TOKENS: &str = "[HT-SHA-256-EXPR HT-SHA-256-ENDP HT-SHA-256-NONE]";
const SCRAM_PLUS: &str = "SCRAM-SHA-256-PLUS SCRAM-SHA-1-PLUS SCRAM-SHA-256 SCRAM-SHA-1";

#[tokio::test]
async fn in_the_clear_no_password_and_no_token_is_asked_for() {
    check(cheap(), &clear(), "SCRAM-SHA-256 SCRAM-SHA-1 []").await;
}

#[tokio::test]
async fn keying_material_without_encryption_binds_nothing() {
    check(
        cheap(),
        &Binding {
            encrypted: false,
            ..certified(&["juliet@example.org"])
        },
        "SCRAM-SHA-256 SCRAM-SHA-1 []",
    )
    .await;
}

#[tokio::test]
async fn inside_tls_scram_binds_to_the_channel() {
    check(cheap(), &tls(), &format!("{SCRAM_PLUS} PLAIN {TOKENS}")).await;
}

#[tokio::test]
async fn what_cannot_be_bound_to_is_not_offered() {
    let no_exporter = Binding {
        tls_exporter: None,
        ..tls()
    };
    check(
        cheap(),
        &no_exporter,
        &format!("{SCRAM_PLUS} PLAIN [HT-SHA-256-ENDP HT-SHA-256-NONE]"),
    )
    .await;
    let nothing = Binding {
        tls_server_end_point: None,
        ..no_exporter
    };
    check(cheap(), &nothing, "SCRAM-SHA-256 SCRAM-SHA-1 PLAIN [HT-SHA-256-NONE]").await;
}

#[tokio::test]
async fn external_is_for_certificates_that_name_an_account_here() {
    let with = format!("EXTERNAL {SCRAM_PLUS} PLAIN {TOKENS}");
    let without = format!("{SCRAM_PLUS} PLAIN {TOKENS}");
    for (addresses, expected) in [
        (&["juliet@example.org"][..], &with),
        (&["nobody@example.org"], &with),
        (&["Juliet@EXAMPLE.org", "x@y"], &with),
        (&["juliet@example.net"], &without),
        (&["juliet@example.org/balcony"], &without),
        (&["example.org"], &without),
        (&["@"], &without),
        (&[], &without),
    ] {
        check(cheap(), &certified(addresses), expected).await;
    }
    let mapped = format!("{} = juliet@example.org", "03".repeat(32)).parse().unwrap();
    check(
        Settings {
            certificate_accounts: vec![mapped],
            ..cheap()
        },
        &certified(&[]),
        &with,
    )
    .await;
}

#[tokio::test]
async fn every_mechanism_can_be_switched() {
    let settings = Settings {
        scram_sha_1: false,
        plain: false,
        external: false,
        fast: false,
        ..cheap()
    };
    check(
        settings,
        &certified(&["juliet@example.org"]),
        "SCRAM-SHA-256-PLUS SCRAM-SHA-256 []",
    )
    .await;
    let guests = Settings {
        anonymous_hosts: vec!["example.org".to_owned()],
        ..cheap()
    };
    check(guests, &tls(), &format!("{SCRAM_PLUS} PLAIN ANONYMOUS {TOKENS}")).await;
    let elsewhere = Settings {
        anonymous_hosts: vec!["example.net".to_owned()],
        ..cheap()
    };
    check(elsewhere, &tls(), &format!("{SCRAM_PLUS} PLAIN {TOKENS}")).await;
}

#[tokio::test]
async fn channel_binding_types_are_those_of_the_connection() {
    let world = World::new().await;
    let types = |binding: &Binding| {
        world
            .authenticator
            .channel_binding_types(binding)
            .iter()
            .map(|kind| kind.as_str())
            .collect::<Vec<_>>()
    };
    assert_eq!(types(&tls()), ["tls-exporter", "tls-server-end-point"]);
    assert_eq!(
        types(&Binding {
            tls_exporter: None,
            ..tls()
        }),
        ["tls-server-end-point"]
    );
    assert!(types(&clear()).is_empty());
    assert!(
        types(&Binding {
            encrypted: false,
            ..tls()
        })
        .is_empty()
    );
}

#[tokio::test]
async fn settings_hold_from_the_next_attempt_on() {
    let world = World::new().await;
    world.authenticator.set_settings(Settings {
        plain: false,
        ..cheap()
    });
    assert_eq!(offered(&world, &tls()), format!("{SCRAM_PLUS} {TOKENS}"));
}
