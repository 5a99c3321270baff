//! Exchanges that begin as they should.

use protocol::{
    Element, ns,
    sasl::{
        payload::{decode, encode},
        scram::{Client as Scram, Hash},
    },
};
use testkit::{
    client::Connect,
    server::{PASSWORD, Setup},
};

use super::auth;
use crate::stage::{Expect::*, Phase::*, Stage, Way, prove};

/// What a client makes of the server's challenge and its own right answer.
type Twist = fn(&str, &str) -> String;

/// Changes one character of the base64 behind `p=`.
fn other_proof(_: &str, right: &str) -> String {
    let (before, proof) = right.rsplit_once("p=").unwrap();
    let first = if proof.starts_with('A') { "B" } else { "A" };
    format!("{before}p={first}{}", &proof[1..])
}

/// Items 87 to 92: an exchange that is right but for one thing in its last message.
#[tokio::test]
async fn the_last_message_of_scram_has_to_be_right() {
    let rows: [(u32, Twist); 9] = [
        (87, |_, right| right.replacen("r=", "r=x", 1)),
        (87, |_, right| right.replacen(",p=", "x,p=", 1)),
        (91, |_, right| right.replacen("c=biws", "c=eSws", 1)),
        (91, |_, right| right.replacen("c=biws", "c=", 1)),
        (92, other_proof),
        (92, |_, right| right[..right.len() - 4].to_owned()),
        (92, |_, right| format!("{right}AAAA")),
        (92, |_, right| right.rsplit_once(",p=").unwrap().0.to_owned()),
        (94, |_, right| right.replacen(",p=", ",m=x,p=", 1)),
    ];
    for way in Way::ALL {
        let mut stage = Stage::set(*way).await;
        for (at, (item, twist)) in rows.iter().enumerate() {
            let title = format!("item {item}, row {at}, over {way:?}");
            let mut actor = stage.enter(Open).await;
            let scram = Scram::new(Hash::Sha256, stage.mallory.local().unwrap(), "rOprNGfwEbeRWgbNEkqO");
            actor
                .send(auth("SCRAM-SHA-256", &encode(scram.first().as_bytes())).as_bytes(), 0)
                .await;
            let challenge = text(&actor.wire.element().await);
            let (right, _) = scram.answer(&challenge, PASSWORD).unwrap();
            let twisted = encode(twist(&challenge, &right).as_bytes());
            assert_ne!(twisted, encode(right.as_bytes()), "{title}");
            let response = format!("<response xmlns='{}'>{twisted}</response>", ns::SASL);
            actor.send(response.as_bytes(), 0).await;
            actor
                .expects(&Failure(&["not-authorized", "malformed-request"]), &title)
                .await;
        }
        stage.chat_goes_on("items 87 to 94").await;
        stage.is_clear().await;
    }
}

/// Item 79: whoever gives up an exchange may begin another, and what came before does not count.
#[tokio::test]
async fn an_exchange_can_be_given_up() {
    for way in Way::ALL {
        let mut stage = Stage::set(*way).await;
        let mut actor = stage.enter(Open).await;
        let scram = Scram::new(Hash::Sha256, stage.mallory.local().unwrap(), "rOprNGfwEbeRWgbNEkqO");
        actor
            .send(auth("SCRAM-SHA-256", &encode(scram.first().as_bytes())).as_bytes(), 0)
            .await;
        let challenge = text(&actor.wire.element().await);
        let (response, _) = scram.answer(&challenge, PASSWORD).unwrap();
        actor.send(format!("<abort xmlns='{}'/>", ns::SASL).as_bytes(), 0).await;
        assert!(
            actor.wire.element().await.find("aborted", ns::SASL).is_some(),
            "item 79"
        );
        let response = format!(
            "<response xmlns='{}'>{}</response>",
            ns::SASL,
            encode(response.as_bytes())
        );
        actor.send(response.as_bytes(), 0).await;
        actor.expects(&Failure(&["malformed-request"]), "item 79").await;
        drop(actor);
        stage.is_clear().await;
    }
}

/// Items 88 and 93: every challenge has a nonce of its own; for nobody's name it looks as for somebody's, with the
/// same salt each time.
#[tokio::test]
async fn challenges_are_fresh_and_tell_nothing() {
    for way in Way::ALL {
        let mut stage = Stage::set(*way).await;
        let mallory = stage.mallory.local().unwrap().to_owned();
        let mut seen = Vec::new();
        for name in ["nobody", "nobody", &mallory, &mallory] {
            let mut actor = stage.enter(Open).await;
            let first = format!("n,,n={name},r=rOprNGfwEbeRWgbNEkqO");
            actor
                .send(auth("SCRAM-SHA-256", &encode(first.as_bytes())).as_bytes(), 0)
                .await;
            let challenge = text(&actor.wire.element().await);
            let (nonce, recipe) = challenge.split_once(',').unwrap();
            seen.push((nonce.to_owned(), recipe.to_owned()));
            // The same last message as in an exchange that was listened to: its nonce is not this one's.
            let last = format!("c=biws,{},p={}", seen[0].0, encode(&[7; 32]));
            let response = format!("<response xmlns='{}'>{}</response>", ns::SASL, encode(last.as_bytes()));
            actor.send(response.as_bytes(), 0).await;
            actor.expects(&Failure(&["not-authorized"]), "items 88 and 93").await;
        }
        for pair in [[0, 1], [2, 3]] {
            let [one, other] = pair.map(|at| &seen[at]);
            assert_ne!(one.0, other.0, "item 88: a nonce came twice");
            assert_eq!(one.1, other.1, "item 93: salt and count do not change");
        }
        let shape = |recipe: &str| {
            let (salt, count) = recipe.split_once(',').unwrap();
            (salt.len(), count.to_owned())
        };
        assert_eq!(shape(&seen[0].1), shape(&seen[2].1), "item 93");
        stage.is_clear().await;
    }
}

/// Item 83: an account logs in as itself and nobody else.
#[tokio::test]
async fn nobody_acts_for_somebody_else() {
    for way in Way::ENCRYPTED {
        let mut stage = Stage::set(*way).await;
        let (mallory, victim) = (stage.mallory.clone(), stage.victim().to_bare());
        let local = mallory.local().unwrap();
        for authzid in [
            victim.as_str(),
            "admin@hearth.test",
            &format!("{local}@other.test"),
            "hearth.test",
            "@",
            local,
        ] {
            let mut actor = stage.enter(Open).await;
            let message = format!("{authzid}\0{local}\0{PASSWORD}");
            actor
                .send(auth("PLAIN", &encode(message.as_bytes())).as_bytes(), 0)
                .await;
            actor
                .expects(
                    &Failure(&["invalid-authzid", "malformed-request"]),
                    &format!("item 83: {authzid}"),
                )
                .await;
        }
        for authzid in [mallory.as_str(), &mallory.as_str().to_uppercase()] {
            let mut actor = stage.enter(Open).await;
            let message = format!("{authzid}\0{local}\0{PASSWORD}");
            actor
                .send(auth("PLAIN", &encode(message.as_bytes())).as_bytes(), 0)
                .await;
            assert!(actor.wire.element().await.is("success", ns::SASL), "item 83: {authzid}");
        }
        stage.is_clear().await;
    }
}

/// Item 81: an address that guesses on is refused, even with the right password; nobody who is logged in notices.
#[tokio::test]
async fn guessing_shuts_an_address_out() {
    let mut stage = Stage::with(Way::DirectTls, |setup: &mut Setup| {
        setup.auth.failures_per_address = 5;
        setup.c2s.sasl_tries = 10;
    })
    .await;
    let mut actor = stage.enter(Open).await;
    for _ in 0..5 {
        let guess = encode(b"\0mallory0\0guess");
        actor.send(auth("PLAIN", &guess).as_bytes(), 0).await;
        assert!(
            actor.wire.element().await.find("not-authorized", ns::SASL).is_some(),
            "item 81"
        );
    }
    let victim = stage.victim().to_bare();
    let login = Connect::DirectTls(stage.server.direct_tls)
        .log_in(&victim, PASSWORD)
        .await;
    let failure = login.err().expect("item 81: the address is refused");
    assert!(failure.is("failure", ns::SASL), "item 81: {failure:?}");
    stage.chat_goes_on("item 81").await;
    drop(actor);
    stage.is_clear().await;
}

/// Item 95: a hundred passwords to stretch at once do not keep the next one waiting for long.
#[tokio::test]
async fn a_flood_of_passwords_passes() {
    let mut stage = Stage::set(Way::DirectTls).await;
    let mut flood = Vec::new();
    for _ in 0..100 {
        let mut actor = stage.enter(Open).await;
        actor
            .send(auth("PLAIN", &encode(b"\0nobody\0guess")).as_bytes(), 0)
            .await;
        flood.push(actor);
    }
    let mut wire = stage.connect().await;
    wire.open("hearth.test").await;
    prove(&mut wire, stage.mallory.local().unwrap()).await;
    stage.chat_goes_on("item 95").await;
    for mut actor in flood {
        assert!(actor.wire.element().await.is("failure", ns::SASL), "item 95");
    }
    drop(wire);
    stage.is_clear().await;
}

fn text(challenge: &Element) -> String {
    assert!(challenge.is("challenge", ns::SASL), "{challenge:?}");
    String::from_utf8(decode(&challenge.own_text()).unwrap().unwrap()).unwrap()
}
