//! Items 73 to 99: logging in as one should not.

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

use crate::stage::{Expect::*, Phase::*, Row, Stage, Way, on_every_way, prove, row};

on_every_way!(mechanisms, encodings, plain, firsts, sasl2, out_of_turn);

fn auth(mechanism: &str, data: &str) -> String {
    format!("<auth xmlns='{}' mechanism='{mechanism}'>{data}</auth>", ns::SASL)
}

fn mechanisms() -> Vec<Row> {
    let mut rows = Vec::new();
    for (item, mechanism) in [
        (73, "UNKNOWN"),
        (73, ""),
        (73, "scram-sha-256"),
        (73, "SCRAM-SHA-256 "),
        (74, "ANONYMOUS"),
        (74, "EXTERNAL"),
        (74, "HT-SHA-256-NONE"),
    ] {
        rows.push(row(item, Open, auth(mechanism, "="), Failure(&["invalid-mechanism"])));
    }
    let bound = auth("SCRAM-SHA-256-PLUS", &encode(b"p=tls-exporter,,n=a,r=b"));
    rows.push(row(74, Open, bound, Failure(&["invalid-mechanism"])).only(Way::IN_CLEAR));
    let plain = auth("PLAIN", &encode(b"\0a\0b"));
    rows.push(row(74, Open, plain, Failure(&["invalid-mechanism", "encryption-required"])).only(Way::IN_CLEAR));
    rows
}

fn encodings() -> Vec<Row> {
    let mut rows = Vec::new();
    for data in [
        "!",
        "AGE",
        "AG EAYg==",
        " AGEAYg==",
        "AGEAYg==\n",
        "AGEAYg===",
        "=AAA",
        "AGEA-_==",
    ] {
        rows.push(row(
            75,
            Open,
            auth("SCRAM-SHA-256", data),
            Failure(&["incorrect-encoding"]),
        ));
    }
    rows.push(row(
        76,
        Open,
        auth("SCRAM-SHA-256", "="),
        Failure(&["malformed-request"]),
    ));
    for bytes in [64 << 10, 10 << 20] {
        let much = auth("SCRAM-SHA-256", &"A".repeat(bytes));
        rows.push(row(77, Open, much, StreamError(&["policy-violation"])));
    }
    rows
}

fn plain() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut refused = |item, message: &[u8], conditions| {
        let row = row(item, Open, auth("PLAIN", &encode(message)), Failure(conditions));
        rows.push(row.only(Way::ENCRYPTED));
    };
    let wrong: &[&str] = &["malformed-request", "not-authorized"];
    for message in [
        &b"juliet"[..],
        b"juliet\0pencil",
        b"\0juliet\0pencil\0",
        b"\0\0pencil",
        b"\0juliet\0",
        b"\0\0",
        b"\xff\0juliet\0pencil",
    ] {
        refused(84, message, wrong);
    }
    for name in [
        "a\u{ad}b",
        "\u{202e}a",
        "a b",
        "a@b",
        "a/b",
        "\u{2163}",
        "ROMEO\u{fe0f}",
    ] {
        refused(
            85,
            format!("\0{name}\0pencil").as_bytes(),
            &["not-authorized", "malformed-request"],
        );
    }
    rows
}

fn firsts() -> Vec<Row> {
    let refused: &[&str] = &["malformed-request", "not-authorized"];
    let first = |item, message: &str| {
        row(
            item,
            Open,
            auth("SCRAM-SHA-256", &encode(message.as_bytes())),
            Failure(refused),
        )
    };
    let mut rows = vec![
        first(86, "n,,n=a,r=b,c"),
        first(86, "n,,n=a,r="),
        first(86, "n,,n=a"),
        first(86, "n,,r=b,n=a"),
        first(86, "n,,n=a=b,r=c"),
        first(86, "n,,n=,r=c"),
        first(86, "n,,n=a,r=\u{7f}"),
        first(90, "p=unknown-type,,n=a,r=b"),
        first(90, "p=tls-exporter,,n=a,r=b"),
        first(90, "x,,n=a,r=b"),
        first(94, "n,,m=ext,n=a,r=b"),
        first(84, "n,a=,n=a,r=b"),
        first(84, "\u{0}"),
        first(84, ","),
    ];
    rows.push(row(
        86,
        Open,
        auth("SCRAM-SHA-256", &encode(&[0xff, 0xfe])),
        Failure(refused),
    ));
    let long = auth(
        "SCRAM-SHA-256",
        &encode(format!("n,,n=a,r={}", "x".repeat(10 << 10)).as_bytes()),
    );
    rows.push(row(86, Open, long, StreamError(&["policy-violation"])));
    // Item 89: a client that says the server has no -PLUS, where it has, talks through somebody in between.
    rows.push(first(89, "y,,n=a,r=b").only(Way::ENCRYPTED));
    rows
}

fn sasl2() -> Vec<Row> {
    let authenticate = |mechanism: &str, inside: &str| {
        format!(
            "<authenticate xmlns='{}' mechanism='{mechanism}'>{inside}</authenticate>",
            ns::SASL2
        )
    };
    let response = |data: &str| format!("<initial-response>{data}</initial-response>");
    let unknown = "<unknown xmlns='urn:x'><bind xmlns='urn:xmpp:bind:0'/></unknown>";
    let fast = "<fast xmlns='urn:xmpp:fast:0' count='1'/>";
    let failed = |item, xml: String, conditions| row(item, Open, xml, Failure(conditions));
    vec![
        failed(73, authenticate("UNKNOWN", &response("=")), &["invalid-mechanism"]),
        failed(
            75,
            authenticate("SCRAM-SHA-256", &response("!")),
            &["incorrect-encoding"],
        ),
        failed(
            98,
            authenticate("SCRAM-SHA-256", &(response("=") + unknown)),
            &["malformed-request"],
        ),
        row(
            98,
            Open,
            authenticate("SCRAM-SHA-256", &"<a xmlns='urn:x'/>".repeat(400)),
            StreamError(&["policy-violation"]),
        ),
        failed(
            99,
            authenticate("SCRAM-SHA-256", &(response("=") + fast)),
            &["invalid-mechanism", "malformed-request", "not-authorized"],
        ),
        failed(
            99,
            authenticate("HT-SHA-256-EXPR", &(response(&encode(b"mallory\0token")) + fast)),
            &[
                "not-authorized",
                "credentials-expired",
                "malformed-request",
                "invalid-mechanism",
            ],
        ),
    ]
}

fn out_of_turn() -> Vec<Row> {
    let sasl = |name: &str| format!("<{name} xmlns='{}'/>", ns::SASL);
    let first = auth("SCRAM-SHA-256", &encode(b"n,,n=a,r=b"));
    let late = StreamError(&["policy-violation"]);
    let mut rows = vec![
        row(78, Open, sasl("response"), Failure(&["malformed-request"])),
        row(78, Open, sasl("success"), Failure(&["malformed-request"])),
        row(79, Open, sasl("abort"), Failure(&["aborted"])),
        row(78, Open, format!("{first}{first}"), late.clone()),
        row(78, Open, format!("{first}<message to='{{victim}}'/>"), late.clone()),
        row(80, Open, auth("UNKNOWN", "=").repeat(3), late.clone()),
        row(80, Open, auth("UNKNOWN", "=").repeat(9), late.clone()),
    ];
    for phase in [Authenticated, Bound] {
        rows.push(row(97, phase, &first, late.clone()));
        rows.push(row(97, phase, sasl("response"), late.clone()));
        rows.push(row(
            97,
            phase,
            format!("<authenticate xmlns='{}'/>", ns::SASL2),
            late.clone(),
        ));
    }
    rows
}

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
