//! XEP-0077: strangers make accounts where the operator lets them, and nowhere else.

use protocol::{Jid, ns};
use testkit::{
    client::Connect,
    server::{HOST, PASSWORD, Server, Setup},
    wire::Seen,
};

const FILL: &str =
    "<query xmlns='jabber:iq:register'><username>Bill</username><password>Vom Eise befreit</password></query>";

async fn open() -> Server {
    let c2s = c2s::Settings {
        is_registration_open: true,
        ..c2s::Settings::default()
    };
    Server::with(Setup {
        c2s,
        ..Setup::default()
    })
    .await
}

#[tokio::test]
async fn a_stranger_makes_one_account_and_logs_in() {
    let server = open().await;
    let (mut wire, features) = Connect::DirectTls(server.direct_tls).open(HOST).await;
    assert!(
        features.find("register", ns::REGISTER_FEATURE).is_some(),
        "it is offered"
    );
    wire.send("<iq type='get' id='q'><query xmlns='jabber:iq:register'/></iq>")
        .await;
    let questions = wire.element().await;
    let query = questions.find("query", ns::REGISTER).expect("the form");
    assert!(query.find("username", ns::REGISTER).is_some() && query.find("registered", ns::REGISTER).is_none());
    wire.send(format!("<iq type='set' id='r'>{FILL}</iq>")).await;
    assert_eq!(wire.element().await.get("type"), Some("result"));
    wire.send(format!(
        "<iq type='set' id='again'>{}</iq>",
        FILL.replace("Bill", "Ben")
    ))
    .await;
    assert_eq!(
        wire.element().await.get("type"),
        Some("error"),
        "one account for a connection"
    );
    let bill: Jid = format!("bill@{HOST}").parse().expect("a JID");
    assert!(
        Connect::DirectTls(server.direct_tls)
            .log_in(&bill, PASSWORD)
            .await
            .is_ok()
    );
    let ben: Jid = format!("ben@{HOST}").parse().expect("a JID");
    assert!(
        Connect::DirectTls(server.direct_tls)
            .log_in(&ben, PASSWORD)
            .await
            .is_err(),
        "the second was not made"
    );
}

#[tokio::test]
async fn a_name_that_is_taken_stays_its_owners() {
    let server = open().await;
    let bill = server.account_named("bill").await;
    let (mut wire, _) = Connect::StartTls(server.starttls).open(HOST).await;
    wire.send(format!(
        "<iq type='set' id='r'>{}</iq>",
        FILL.replace("Vom Eise befreit", "stolen")
    ))
    .await;
    let answer = wire.element().await;
    let error = answer.find("error", ns::CLIENT).expect("an error");
    assert!(error.find("conflict", ns::STANZA_ERRORS).is_some());
    assert!(
        Connect::DirectTls(server.direct_tls)
            .log_in(&bill, PASSWORD)
            .await
            .is_ok(),
        "the password is the old one"
    );
}

#[tokio::test]
async fn a_name_that_looks_like_another_is_refused_until_the_operator_minds_no_more() {
    let server = open().await;
    server.account_named("bill").await;
    // A Cyrillic і: on a screen nobody tells it from the other.
    let alike = FILL.replace("Bill", "B\u{456}ll");
    let (mut wire, _) = Connect::DirectTls(server.direct_tls).open(HOST).await;
    wire.send(format!("<iq type='set' id='r'>{alike}</iq>")).await;
    let answer = wire.element().await;
    let error = answer.find("error", ns::CLIENT).expect("an error");
    assert!(error.find("conflict", ns::STANZA_ERRORS).is_some());
    let why = error.to_xml();
    assert!(why.contains("looks like") && !why.contains("bill"), "{why}");
    // The connection has made no account yet: another name is welcome.
    wire.send(format!("<iq type='set' id='s'>{}</iq>", FILL.replace("Bill", "Ben")))
        .await;
    assert_eq!(wire.element().await.get("type"), Some("result"));

    let mut settings = (*server.authenticator.settings()).clone();
    settings.refuses_lookalikes = false;
    server.authenticator.set_settings(settings);
    let (mut wire, _) = Connect::DirectTls(server.direct_tls).open(HOST).await;
    wire.send(format!("<iq type='set' id='t'>{alike}</iq>")).await;
    assert_eq!(wire.element().await.get("type"), Some("result"), "the option is live");
}

#[tokio::test]
async fn strangers_are_turned_away_by_default_and_always_in_the_clear() {
    let closed = Server::start().await;
    let c2s = c2s::Settings {
        is_registration_open: true,
        is_tls_required: false,
        ..c2s::Settings::default()
    };
    let in_the_clear = Server::with(Setup {
        c2s,
        ..Setup::default()
    })
    .await;
    for how in [
        Connect::DirectTls(closed.direct_tls),
        Connect::Plain(in_the_clear.starttls),
    ] {
        let (mut wire, features) = how.open(HOST).await;
        assert!(
            features.find("register", ns::REGISTER_FEATURE).is_none(),
            "{how:?}: it is not offered"
        );
        wire.send(format!("<iq type='set' id='r'>{FILL}</iq>")).await;
        let error = wire.element().await;
        assert!(
            error.find("not-authorized", ns::STREAM_ERRORS).is_some(),
            "{how:?}: {}",
            error.to_xml()
        );
        assert_eq!(wire.next().await, Seen::Close);
    }
}
