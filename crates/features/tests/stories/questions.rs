//! XEP-0012, XEP-0092, XEP-0199, XEP-0202.

use features::{Settings, VersionSettings};
use testkit::house::{Client, House};

const ROMEO: &str = "romeo@localhost/orchard";
const JULIET: &str = "juliet@localhost/balcony";

#[tokio::test]
async fn pings_come_back() {
    let house = House::open().await;
    let mut romeo = house.client(ROMEO).await;
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    for (to, from) in [
        ("", ""),
        ("to='localhost'", "from='localhost'"),
        ("to='romeo@localhost'", "from='romeo@localhost'"),
    ] {
        romeo
            .asks(
                &format!("<iq type='get' id='p' {to}>{ping}</iq>"),
                &format!("<iq type='result' id='p' {from} to='{ROMEO}'/>"),
            )
            .await;
    }
}

#[tokio::test]
async fn the_version_is_told_where_the_operator_does_not_mind() {
    let house = House::open().await;
    let mut romeo = house.client(ROMEO).await;
    let question = "<iq type='get' id='v' to='localhost'><query xmlns='jabber:iq:version'/></iq>";
    let answer = |version: &str| {
        format!(
            "<iq type='result' id='v' from='localhost' to='{ROMEO}'><query xmlns='jabber:iq:version'><name>Hearth</name>{version}</query></iq>"
        )
    };
    romeo
        .asks(
            question,
            &answer(concat!("<version>", env!("CARGO_PKG_VERSION"), "</version>")),
        )
        .await;
    let version = VersionSettings { is_shown: false };
    house.settings.store(
        Settings {
            version,
            ..Settings::default()
        }
        .into(),
    );
    romeo.asks(question, &answer("<version></version>")).await;
}

#[tokio::test]
async fn the_time_is_told_in_utc() {
    let house = House::open().await;
    let mut romeo = house.client(ROMEO).await;
    romeo
        .sends("<iq type='get' id='t' to='localhost'><time xmlns='urn:xmpp:time'/></iq>")
        .await;
    let time = romeo.hears().expect("an answer").children[0].to_element();
    let told = |name: &str| {
        time.find(name, "urn:xmpp:time")
            .map(protocol::Element::own_text)
            .expect("it is there")
    };
    assert_eq!(told("tzo"), "+00:00");
    assert!(
        protocol::xep::datetime::parse(&told("utc")).is_some(),
        "{}",
        told("utc")
    );
}

#[tokio::test]
async fn questions_cannot_be_set() {
    let house = House::open().await;
    let mut romeo = house.client(ROMEO).await;
    for payload in [
        "<query xmlns='jabber:iq:version'/>",
        "<query xmlns='jabber:iq:last'/>",
        "<time xmlns='urn:xmpp:time'/>",
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
        "<query xmlns='http://jabber.org/protocol/disco#items'/>",
    ] {
        romeo
            .sends(&format!("<iq type='set' id='q' to='localhost'>{payload}</iq>"))
            .await;
        let answer = romeo.hears().map(|stanza| stanza.to_xml()).unwrap_or_default();
        assert!(answer.contains("<bad-request "), "{payload}: {answer}");
    }
}

const LAST: &str = "<query xmlns='jabber:iq:last'/>";

async fn last(client: &mut Client, to: &str) -> String {
    client
        .sends(&format!("<iq type='get' id='l' to='{to}'>{LAST}</iq>"))
        .await;
    client.hears().map(|stanza| stanza.to_xml()).unwrap_or_default()
}

#[tokio::test]
async fn friends_learn_when_an_account_was_left_and_with_what_words() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    let mut romeo = house.client(ROMEO).await;
    let mut juliet = house.online(JULIET).await;
    assert!(
        last(&mut romeo, "juliet@localhost")
            .await
            .contains("<query xmlns='jabber:iq:last' seconds='0'/>")
    );
    juliet
        .sends("<presence type='unavailable'><status>good night</status></presence>")
        .await;
    let answer = last(&mut romeo, "juliet@localhost").await;
    assert!(answer.contains(">good night</query>"), "{answer}");
    juliet.leaves().await;
    let answer = last(&mut romeo, "juliet@localhost").await;
    assert!(answer.contains(">good night</query>"), "{answer}");

    let juliet = house.online(JULIET).await;
    juliet.is_lost().await;
    let answer = last(&mut romeo, "juliet@localhost").await;
    assert!(
        answer.contains("type='result'") && !answer.contains("good night"),
        "{answer}"
    );
}

#[tokio::test]
async fn strangers_do_not_learn_when_somebody_was_there() {
    let house = House::open().await;
    let mut tybalt = house.online("tybalt@localhost/street").await;
    let mut juliet = house.online(JULIET).await;
    let mut answers = Vec::new();
    for to in [
        "juliet@localhost",
        "juliet@localhost/balcony",
        "juliet@localhost/chamber",
        "nobody@localhost",
        "nobody@localhost/x",
    ] {
        answers.push(last(&mut tybalt, to).await.replace(to, "X"));
    }
    assert!(answers[0].contains("<service-unavailable "), "{answers:?}");
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    juliet.receives_nothing();
}

#[tokio::test]
async fn friends_may_ask_a_client_itself() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    let mut romeo = house.client(ROMEO).await;
    let mut juliet = house.online(JULIET).await;
    romeo
        .sends(&format!("<iq type='get' id='l' to='{JULIET}'>{LAST}</iq>"))
        .await;
    juliet.receives(&format!(
        "<iq type='get' id='l' from='{ROMEO}' to='{JULIET}'>{LAST}</iq>"
    ));
}

#[tokio::test]
async fn the_server_says_how_long_it_runs_and_an_account_is_there_to_itself() {
    let house = House::open().await;
    let mut romeo = house.client(ROMEO).await;
    assert!(
        last(&mut romeo, "localhost")
            .await
            .contains("<query xmlns='jabber:iq:last' seconds='")
    );
    assert!(last(&mut romeo, "romeo@localhost").await.contains("seconds='0'"));
}
