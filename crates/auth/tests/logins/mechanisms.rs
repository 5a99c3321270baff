//! Every mechanism lets the right one in and nobody else.

use auth::{Binding, Settings, Step};
use protocol::sasl::{FailureCondition, Mechanism, scram::Hash};

use crate::world::{HOST, OTHER_HOST, PASSWORD, World, certified, cheap, clear, outcome, tls, told};

const NOT_AUTHORIZED: Result<&str, FailureCondition> = Err(FailureCondition::NotAuthorized);
const MALFORMED: Result<&str, FailureCondition> = Err(FailureCondition::MalformedRequest);
const INVALID_AUTHZID: Result<&str, FailureCondition> = Err(FailureCondition::InvalidAuthzid);

#[tokio::test]
async fn scram_lets_in_who_knows_the_password() {
    let world = World::new().await;
    for mechanism in ["SCRAM-SHA-1", "SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "SCRAM-SHA-256-PLUS"] {
        for (user, password, expected) in [
            ("juliet", PASSWORD, Ok("juliet@example.org")),
            ("JULIET", PASSWORD, Ok("juliet@example.org")),
            ("\u{ff4a}uliet", PASSWORD, Ok("juliet@example.org")),
            ("juliet", "r0m30 Myr0m30", NOT_AUTHORIZED),
            ("juliet", "another juliet", NOT_AUTHORIZED),
            ("romeo", PASSWORD, NOT_AUTHORIZED),
            ("nobody", PASSWORD, NOT_AUTHORIZED),
            ("juliet@example.org", PASSWORD, NOT_AUTHORIZED),
            ("jul iet", PASSWORD, NOT_AUTHORIZED),
            ("jul\u{202e}iet", PASSWORD, NOT_AUTHORIZED),
            ("%", PASSWORD, NOT_AUTHORIZED),
            ("' OR 1=1 --", PASSWORD, NOT_AUTHORIZED),
        ] {
            // A fresh address for each, so that wrong guesses do not shut the next one out.
            let world = if expected.is_err() { &World::new().await } else { &world };
            let outcome = world.scram(&tls(), mechanism, user, password).await;
            assert_eq!(told(&outcome), expected, "{mechanism} {user:?} {password:?}");
            let account = outcome.ok().and_then(|authenticated| authenticated.account_id);
            assert_eq!(account, expected.is_ok().then_some(world.juliet));
        }
    }
}

#[tokio::test]
async fn hosts_do_not_share_accounts() {
    let world = World::new().await;
    let other = Binding {
        host: OTHER_HOST.to_owned(),
        ..tls()
    };
    for (binding, password, expected) in [
        (&other, "another juliet", Ok("juliet@example.net")),
        (&other, PASSWORD, NOT_AUTHORIZED),
        (&tls(), "another juliet", NOT_AUTHORIZED),
        (
            &Binding {
                host: "example.com".to_owned(),
                ..tls()
            },
            PASSWORD,
            NOT_AUTHORIZED,
        ),
    ] {
        assert_eq!(
            told(&world.scram(binding, "SCRAM-SHA-256", "juliet", password).await),
            expected
        );
        assert_eq!(told(&world.plain(binding, "", "juliet", password).await), expected);
    }
}

#[tokio::test]
async fn scram_notices_when_its_channel_binding_was_taken_away() {
    let world = World::new().await;
    for (binding, mechanism, header, expected) in [
        (tls(), "SCRAM-SHA-256", "n,,", Ok("juliet@example.org")),
        (tls(), "SCRAM-SHA-256", "y,,", NOT_AUTHORIZED),
        (clear(), "SCRAM-SHA-256", "y,,", Ok("juliet@example.org")),
        (tls(), "SCRAM-SHA-256-PLUS", "n,,", MALFORMED),
        (tls(), "SCRAM-SHA-256", "p=tls-exporter,,", MALFORMED),
        // The client takes the right type and other data: it is on another channel.
        (tls(), "SCRAM-SHA-256-PLUS", "p=tls-server-end-point,,", NOT_AUTHORIZED),
        (tls(), "SCRAM-SHA-256-PLUS", "p=tls-unique,,", MALFORMED),
    ] {
        let outcome = world
            .scram_as(&binding, mechanism, Some(header), "juliet", PASSWORD)
            .await;
        assert_eq!(told(&outcome), expected, "{mechanism} {header}");
    }
}

#[tokio::test]
async fn scram_tells_the_client_what_was_offered() {
    let world = World::new().await;
    let message = b"n,,n=juliet,r=abc";
    for (binding, mechanism, list, version) in [
        (
            tls(),
            "SCRAM-SHA-256",
            "PLAIN\x1eSCRAM-SHA-1\x1eSCRAM-SHA-1-PLUS\x1eSCRAM-SHA-256\x1eSCRAM-SHA-256-PLUS\x1f\
             tls-exporter\x1etls-server-end-point",
            ",t=0304",
        ),
        (clear(), "SCRAM-SHA-1", "SCRAM-SHA-1\x1eSCRAM-SHA-256", ""),
    ] {
        let step = world.authenticator.start(&binding, mechanism, Some(message)).await;
        let Step::Challenge(challenge, _) = step else {
            panic!("a challenge comes")
        };
        let hash = if mechanism.contains("256") {
            Hash::Sha256
        } else {
            Hash::Sha1
        };
        let expected = protocol::sasl::payload::encode(&hash.digest(list.as_bytes()));
        let challenge = String::from_utf8(challenge).unwrap();
        assert!(challenge.ends_with(&format!(",h={expected}{version}")), "{challenge}");
    }
}

#[tokio::test]
async fn every_challenge_has_a_nonce_of_its_own() {
    let world = World::new().await;
    let mut seen = std::collections::HashSet::new();
    for _ in 0..100 {
        let step = world
            .authenticator
            .start(&tls(), "SCRAM-SHA-256", Some(b"n,,n=juliet,r=abc"))
            .await;
        let Step::Challenge(challenge, _) = step else {
            panic!("a challenge comes")
        };
        let challenge = String::from_utf8(challenge).unwrap();
        let nonce = challenge
            .strip_prefix("r=abc")
            .unwrap()
            .split(',')
            .next()
            .unwrap()
            .to_owned();
        assert_eq!(nonce.len(), 24, "144 bits");
        assert!(seen.insert(nonce));
    }
}

#[tokio::test]
async fn plain_lets_in_who_knows_the_password() {
    let world = World::new().await;
    for (user, password, expected) in [
        ("juliet", PASSWORD, Ok("juliet@example.org")),
        ("Juliet", PASSWORD, Ok("juliet@example.org")),
        // NO-BREAK SPACE is a space to SASLprep.
        ("juliet", "r0m30\u{a0}myr0m30", Ok("juliet@example.org")),
        ("juliet", "r0m30", NOT_AUTHORIZED),
        ("nobody", PASSWORD, NOT_AUTHORIZED),
        ("juliet@example.org", PASSWORD, NOT_AUTHORIZED),
        ("juliet", "\u{7}", NOT_AUTHORIZED),
        ("juliet", &"x".repeat(2_000), NOT_AUTHORIZED),
        ("juliet", &"x".repeat(20_000), MALFORMED),
        ("", PASSWORD, MALFORMED),
        ("juliet", "", MALFORMED),
        ("juliet", "a\0b", MALFORMED),
    ] {
        assert_eq!(
            told(&world.plain(&tls(), "", user, password).await),
            expected,
            "{user} {password:?}"
        );
    }
}

#[tokio::test]
async fn plain_takes_an_account_that_has_old_keys_only() {
    let world = World::new().await;
    let mut credentials = world.authenticator.make_credentials("old password").await.unwrap();
    credentials.sha256 = None;
    world
        .storage
        .accounts()
        .create(world.host, "imported", &credentials)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        told(&world.plain(&tls(), "", "imported", "old password").await),
        Ok("imported@example.org")
    );
    assert_eq!(
        told(&world.plain(&tls(), "", "imported", "new password").await),
        NOT_AUTHORIZED
    );
}

#[tokio::test]
async fn an_account_without_keys_lets_nobody_in() {
    let world = World::new().await;
    world
        .storage
        .accounts()
        .create(world.host, "service", &storage::Credentials::default())
        .await
        .unwrap()
        .unwrap();
    for password in ["", " ", "service", "\u{ad}"] {
        assert!(world.plain(&tls(), "", "service", password).await.is_err());
        assert!(world.scram(&tls(), "SCRAM-SHA-256", "service", password).await.is_err());
    }
}

#[tokio::test]
async fn external_lets_in_who_has_the_certificate() {
    let world = World::new().await;
    let two = ["juliet@example.org", "romeo@example.org", "juliet@example.net"];
    for (addresses, authzid, expected) in [
        (&["juliet@example.org"][..], "", Ok("juliet@example.org")),
        (&["Juliet@Example.ORG"], "", Ok("juliet@example.org")),
        (&["juliet@example.org"], "juliet@example.org", Ok("juliet@example.org")),
        (&["juliet@example.org"], "JULIET@example.org", Ok("juliet@example.org")),
        (&["juliet@example.org"], "romeo@example.org", INVALID_AUTHZID),
        (&["juliet@example.org"], "juliet@example.net", INVALID_AUTHZID),
        (&["juliet@example.org"], "juliet@example.org/balcony", INVALID_AUTHZID),
        (&["juliet@example.org"], "juliet", INVALID_AUTHZID),
        (&["juliet@example.org"], "@", INVALID_AUTHZID),
        (
            &["juliet@example.org", "juliet@example.org"],
            "",
            Ok("juliet@example.org"),
        ),
        (&two, "", INVALID_AUTHZID),
        (&two, "romeo@example.org", Ok("romeo@example.org")),
        (&two, "juliet@example.net", INVALID_AUTHZID),
        (&["nobody@example.org"], "", NOT_AUTHORIZED),
        (&["juliet@example.org"], "\0", MALFORMED),
    ] {
        let outcome = world
            .one_message(&certified(addresses), "EXTERNAL", authzid.as_bytes())
            .await;
        assert_eq!(told(&outcome), expected, "{addresses:?} {authzid:?}");
    }
}

#[tokio::test]
async fn external_takes_the_operators_word_for_a_certificate() {
    let mapped = format!("{} = romeo@example.org", "03".repeat(32)).parse().unwrap();
    let world = World::with(Settings {
        certificate_accounts: vec![mapped],
        ..cheap()
    })
    .await;
    assert_eq!(
        told(&world.one_message(&certified(&[]), "EXTERNAL", b"").await),
        Ok("romeo@example.org")
    );
}

#[tokio::test]
async fn guests_have_an_address_of_their_own_and_no_account() {
    let world = World::with(Settings {
        anonymous_hosts: vec![HOST.to_owned()],
        ..cheap()
    })
    .await;
    let mut seen = std::collections::HashSet::new();
    for trace in [&b""[..], b"sirhc"] {
        let guest = world.one_message(&tls(), "ANONYMOUS", trace).await.unwrap();
        assert_eq!((guest.account_id, guest.mechanism), (None, Mechanism::Anonymous));
        assert_eq!((guest.jid.domain(), guest.jid.local().map(str::len)), (HOST, Some(32)));
        assert!(guest.jid.is_bare() && seen.insert(guest.jid));
    }
    assert_eq!(told(&world.one_message(&tls(), "ANONYMOUS", b"\xff").await), MALFORMED);
}

#[tokio::test]
async fn a_client_without_initial_response_is_asked_for_its_first_message() {
    let world = World::with(Settings {
        anonymous_hosts: vec![HOST.to_owned()],
        ..cheap()
    })
    .await;
    let binding = certified(&["juliet@example.org"]);
    for (mechanism, message, expected) in [
        ("PLAIN", format!("\0juliet\0{PASSWORD}"), Some("juliet@example.org")),
        ("EXTERNAL", String::new(), Some("juliet@example.org")),
        ("ANONYMOUS", String::new(), None),
    ] {
        let step = world.authenticator.start(&binding, mechanism, None).await;
        let Step::Challenge(challenge, exchange) = step else {
            panic!("{mechanism} asks")
        };
        assert!(challenge.is_empty());
        let authenticated = outcome(exchange.respond(message.as_bytes()).await).unwrap();
        assert!(expected.is_none_or(|expected| expected == authenticated.jid.as_str()));
    }
    let step = world.authenticator.start(&binding, "SCRAM-SHA-256", None).await;
    let Step::Challenge(_, exchange) = step else {
        panic!("SCRAM asks")
    };
    let step = exchange.respond(b"n,,n=juliet,r=abc").await;
    assert!(matches!(step, Step::Challenge(challenge, _) if challenge.starts_with(b"r=abc")));
}

#[tokio::test]
async fn an_empty_initial_response_is_a_message() {
    let world = World::new().await;
    for mechanism in ["SCRAM-SHA-256", "SCRAM-SHA-1-PLUS", "PLAIN"] {
        assert_eq!(
            told(&world.one_message(&tls(), mechanism, b"").await),
            MALFORMED,
            "{mechanism}"
        );
    }
}
