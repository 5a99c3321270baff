//! Who wants to act as whom: as oneself, however it is written, and as nobody else (item 83 of our checklist).

use protocol::sasl::FailureCondition;

use crate::world::{PASSWORD, World, tls, told};

/// An authorization identity with the right password, by PLAIN and by SCRAM.
async fn check(authzid: &str, is_accepted: bool) {
    let world = World::new().await;
    let expected = if is_accepted {
        Ok("juliet@example.org")
    } else {
        Err(FailureCondition::InvalidAuthzid)
    };
    let plain = world.plain(&tls(), authzid, "juliet", PASSWORD).await;
    assert_eq!(told(&plain), expected, "PLAIN {authzid:?}");
    let escaped = authzid.replace('=', "=3D").replace(',', "=2C");
    let header = format!("n,a={escaped},");
    let scram = world
        .scram_as(&tls(), "SCRAM-SHA-256", Some(&header), "juliet", PASSWORD)
        .await;
    assert_eq!(told(&scram), expected, "SCRAM {authzid:?}");
    // Without the right password nobody learns whether it would have been accepted.
    for outcome in [
        world.plain(&tls(), authzid, "juliet", "wrong").await,
        world
            .scram_as(&tls(), "SCRAM-SHA-256", Some(&header), "juliet", "wrong")
            .await,
    ] {
        assert_eq!(told(&outcome), Err(FailureCondition::NotAuthorized), "{authzid:?}");
    }
}

#[tokio::test]
async fn oneself_is_oneself_in_any_spelling() {
    for authzid in [
        "juliet@example.org",
        "JULIET@example.org",
        "juliet@EXAMPLE.ORG",
        "juliet@example.org.",
        "\u{ff4a}uliet@example.org",
        "ju\u{ad}liet@example.org",
    ] {
        check(authzid, true).await;
    }
}

#[tokio::test]
async fn anybody_else_is_somebody_else() {
    for authzid in [
        "romeo@example.org",
        "admin@example.org",
        "juliet@example.net",
        "juliet@example.org/balcony",
        "juliet@example.org/",
        "juliet",
        "example.org",
        "juliet@",
        "@example.org",
        "juliet@example.org,romeo@example.org",
        "j\u{fc}liet@example.org",
        "j\u{443}liet@example.org",
    ] {
        check(authzid, false).await;
    }
}
