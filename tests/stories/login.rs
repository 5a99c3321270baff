//! RFC 6120 §6: who may come in, by which door, and what everybody else is told.

use protocol::{Element, Jid, ns, sasl::payload};
use testkit::{
    client::Connect,
    managed::condition,
    server::{HOST, PASSWORD, Server, Setup},
    wire::{Seen, Wire},
};

use crate::scram;

const MECHANISMS: [&str; 5] = [
    "PLAIN",
    "SCRAM-SHA-1",
    "SCRAM-SHA-1-PLUS",
    "SCRAM-SHA-256",
    "SCRAM-SHA-256-PLUS",
];

/// Tries one mechanism on an open stream: the server's last word.
async fn authenticate(wire: &mut Wire, mechanism: &str, account: &Jid, password: &str) -> Element {
    let user = account.local().expect("accounts have names");
    if mechanism == "PLAIN" {
        let message = payload::encode(format!("\0{user}\0{password}").as_bytes());
        return say(wire, mechanism, &message).await;
    }
    let scram = scram::client(mechanism, user, wire);
    let first = payload::encode(scram.first().as_bytes());
    wire.send(auth(mechanism, &first)).await;
    let proof = match scram::answer(wire, ns::SASL, &scram, password).await {
        Ok(proof) => proof,
        Err(failure) => return failure,
    };
    let last = wire.element().await;
    if last.is("success", ns::SASL) {
        assert_eq!(
            scram::text(&last),
            proof,
            "the server proves that it knows the password"
        );
    }
    last
}

fn auth(mechanism: &str, message: &str) -> String {
    format!("<auth xmlns='{}' mechanism='{mechanism}'>{message}</auth>", ns::SASL)
}

async fn say(wire: &mut Wire, mechanism: &str, message: &str) -> Element {
    wire.send(auth(mechanism, message)).await;
    wire.element().await
}

fn offered(features: &Element) -> Vec<String> {
    let mechanisms = features.find("mechanisms", ns::SASL);
    mechanisms
        .into_iter()
        .flat_map(Element::elements)
        .map(Element::own_text)
        .collect()
}

#[tokio::test]
async fn every_mechanism_works_by_every_door() {
    let server = Server::start().await;
    let account = server.account("juliet").await;
    for door in [
        Connect::StartTls(server.starttls),
        Connect::DirectTls(server.direct_tls),
    ] {
        for mechanism in MECHANISMS {
            let (mut wire, features) = door.open(HOST).await;
            assert!(
                offered(&features).iter().any(|it| it == mechanism),
                "{mechanism} is offered"
            );
            let wrong = authenticate(&mut wire, mechanism, &account, "wrong").await;
            assert_eq!(condition(&wrong), "not-authorized", "{mechanism}");
            let right = authenticate(&mut wire, mechanism, &account, PASSWORD).await;
            assert!(right.is("success", ns::SASL), "{mechanism}: {}", right.to_xml());
            let features = wire.open(HOST).await;
            assert!(
                features.find("bind", ns::BIND).is_some(),
                "a new stream, to bind a resource on"
            );
            assert_eq!(offered(&features), [""; 0], "there is nothing left to prove");
        }
    }
}

#[tokio::test]
async fn an_account_that_does_not_exist_is_refused_in_the_same_words() {
    let server = Server::start().await;
    let account = server.account("juliet").await;
    let nobody: Jid = format!("nobody@{HOST}").parse().expect("an address");
    for mechanism in MECHANISMS {
        let mut heard = Vec::new();
        for who in [&account, &nobody] {
            let (mut wire, _) = Connect::DirectTls(server.direct_tls).open(HOST).await;
            heard.push(authenticate(&mut wire, mechanism, who, "wrong").await);
        }
        assert_eq!(heard[0], heard[1], "{mechanism}");
    }
}

#[tokio::test]
async fn nothing_but_starttls_is_possible_in_the_clear() {
    let server = Server::start().await;
    let account = server.account("juliet").await;
    let (mut wire, features) = Connect::Plain(server.starttls).open(HOST).await;
    let starttls = features.find("starttls", ns::TLS).expect("encryption is offered");
    assert!(starttls.find("required", ns::TLS).is_some());
    assert_eq!(offered(&features), [""; 0]);
    for mechanism in ["PLAIN", "SCRAM-SHA-256"] {
        let refused = authenticate(&mut wire, mechanism, &account, PASSWORD).await;
        assert_eq!(condition(&refused), "encryption-required", "{mechanism}");
    }
    for word in [
        "<message to='a@hearth.test'><body>Hi</body></message>",
        "<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
        "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'/>",
        "<enable xmlns='urn:xmpp:sm:3'/>",
    ] {
        let (mut wire, _) = Connect::Plain(server.starttls).open(HOST).await;
        wire.send(word).await;
        assert!(wire.element().await.is("error", ns::STREAM), "{word}");
    }
}

#[tokio::test]
async fn where_plain_text_is_allowed_plain_passwords_are_not() {
    let mut setup = Setup::default();
    setup.c2s.is_tls_required = false;
    let server = Server::with(setup).await;
    let account = server.account("juliet").await;
    let (mut wire, features) = Connect::Plain(server.starttls).open(HOST).await;
    let offered = offered(&features);
    assert!(
        offered.iter().all(|it| it != "PLAIN" && !it.ends_with("-PLUS")),
        "{offered:?}"
    );
    let refused = authenticate(&mut wire, "PLAIN", &account, PASSWORD).await;
    assert!(refused.is("failure", ns::SASL), "{}", refused.to_xml());
    let right = authenticate(&mut wire, "SCRAM-SHA-256", &account, PASSWORD).await;
    assert!(right.is("success", ns::SASL), "{}", right.to_xml());
}

#[tokio::test]
async fn a_locked_account_stays_out_by_every_mechanism() {
    let server = Server::start().await;
    let account = server.account("juliet").await;
    let id = server
        .router
        .accounts()
        .find(&account)
        .await
        .expect("the database works");
    let id = id.expect("it was just made").id;
    let accounts = server.router.storage().accounts();
    accounts
        .lock(id, &Default::default())
        .await
        .expect("the database works");
    for mechanism in MECHANISMS {
        let (mut wire, _) = Connect::DirectTls(server.direct_tls).open(HOST).await;
        let refused = authenticate(&mut wire, mechanism, &account, PASSWORD).await;
        assert_eq!(condition(&refused), "account-disabled", "{mechanism}");
    }
}

#[tokio::test]
async fn who_fails_three_times_is_disconnected() {
    let server = Server::start().await;
    let account = server.account("juliet").await;
    let (mut wire, _) = Connect::DirectTls(server.direct_tls).open(HOST).await;
    for _ in 0..3 {
        let refused = authenticate(&mut wire, "PLAIN", &account, "wrong").await;
        assert_eq!(condition(&refused), "not-authorized");
    }
    let error = wire.element().await;
    assert_eq!(condition(&error), "policy-violation");
    assert_eq!(wire.next().await, Seen::Close);
}

#[tokio::test]
async fn somebody_in_between_cannot_hide_that_channel_binding_was_offered() {
    let server = Server::start().await;
    let account = server.account("juliet").await;
    let (mut wire, _) = Connect::DirectTls(server.direct_tls).open(HOST).await;
    let user = account.local().expect("accounts have names");
    // "y": I can bind to the channel, and believe that the server cannot (RFC 5802 §6).
    let scram = scram::client("SCRAM-SHA-256", user, &wire).with_header("y,,");
    let first = payload::encode(scram.first().as_bytes());
    wire.send(auth("SCRAM-SHA-256", &first)).await;
    let heard = match scram::answer(&mut wire, ns::SASL, &scram, PASSWORD).await {
        Ok(_) => wire.element().await,
        Err(failure) => failure,
    };
    assert!(heard.is("failure", ns::SASL), "{}", heard.to_xml());
}

#[tokio::test]
async fn guests_come_in_where_they_are_welcome() {
    for (welcome, expected) in [(true, "success"), (false, "failure")] {
        let mut setup = Setup::default();
        setup.auth.anonymous_hosts = welcome.then(|| HOST.to_owned()).into_iter().collect();
        let server = Server::with(setup).await;
        let (mut wire, features) = Connect::DirectTls(server.direct_tls).open(HOST).await;
        assert_eq!(offered(&features).iter().any(|it| it == "ANONYMOUS"), welcome);
        assert!(say(&mut wire, "ANONYMOUS", "=").await.is(expected, ns::SASL));
    }
}
