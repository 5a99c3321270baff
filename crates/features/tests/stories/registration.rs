//! XEP-0077, by those who have an account.

use features::{RegistrationSettings, Settings};
use protocol::StreamCondition;
use testkit::house::{Client, House, jid};

const ROMEO: &str = "romeo@localhost/orchard";

fn register(inside: &str) -> String {
    format!("<iq type='set' id='r' to='localhost'><query xmlns='jabber:iq:register'>{inside}</query></iq>")
}

async fn refused(client: &mut Client, question: &str, condition: &str) {
    client.sends(question).await;
    let answer = client.hears().map(|stanza| stanza.to_xml()).unwrap_or_default();
    assert!(answer.contains(&format!("<{condition} ")), "{question}: {answer}");
}

#[tokio::test]
async fn an_account_gets_another_password_and_its_other_streams_end() {
    let house = House::open().await;
    let mut romeo = house.client(ROMEO).await;
    let mut street = house.client("romeo@localhost/street").await;
    let account = house.account("romeo@localhost").await;
    let credentials = || async {
        let accounts = house.router.storage().accounts();
        accounts
            .credentials(account.id)
            .await
            .expect("the database answers")
            .expect("the account is there")
    };
    let before = credentials().await;
    for question in [
        register("<username>Romeo</username><password>wherefore art thou</password>"),
        register("<username>romeo</username><password>deny thy father</password>").replace(" to='localhost'", ""),
    ] {
        let from = if question.contains(" to=") {
            "from='localhost'"
        } else {
            ""
        };
        romeo
            .asks(&question, &format!("<iq type='result' id='r' {from} to='{ROMEO}'/>"))
            .await;
    }
    assert_ne!(credentials().await, before);
    assert_eq!(
        street.is_closed().map(|error| error.condition),
        Some(StreamCondition::Reset)
    );
    assert_eq!(romeo.is_closed(), None);
}

#[tokio::test]
async fn what_is_no_password_change_is_refused() {
    let house = House::open().await;
    let mut romeo = house.client(ROMEO).await;
    for (inside, condition) in [
        ("", "bad-request"),
        ("<password>x</password>", "not-acceptable"),
        ("<username>romeo</username><password/>", "not-acceptable"),
        ("<username>juliet</username><password>x</password>", "not-allowed"),
        ("<username>ro@meo</username><password>x</password>", "not-allowed"),
        ("<username>romeo</username><password>&#9;</password>", "not-acceptable"),
        ("<remove/><username>romeo</username>", "bad-request"),
    ] {
        refused(&mut romeo, &register(inside), condition).await;
    }
    let elsewhere =
        register("<username>romeo</username><password>x</password>").replace("'localhost'", "'example.net'");
    refused(&mut romeo, &elsewhere, "registration-required").await;
}

#[tokio::test]
async fn an_account_is_told_that_it_is_registered() {
    let house = House::open().await;
    let mut romeo = house.client(ROMEO).await;
    romeo
        .asks(
            "<iq type='get' id='r'><query xmlns='jabber:iq:register'/></iq>",
            &format!(
                "<iq type='result' id='r' to='{ROMEO}'><query xmlns='jabber:iq:register'><registered/>\
                 <instructions>*</instructions><username>romeo</username><password/></query></iq>"
            ),
        )
        .await;
}

#[tokio::test]
async fn an_account_that_goes_takes_leave_and_leaves_nothing() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    let mut juliet = house.online("juliet@localhost/balcony").await;
    let mut romeo = house.online(ROMEO).await;
    let mut street = house.online("romeo@localhost/street").await;
    juliet.skips();
    romeo.skips();
    street.skips();
    let before = house.account("romeo@localhost").await.id;
    romeo.sends(&register("<remove/>")).await;
    romeo.receives("<iq type='result' id='r' from='localhost' to='romeo@localhost/orchard'/>");
    for client in [&mut romeo, &mut street] {
        assert_eq!(
            client.is_closed().map(|error| error.condition),
            Some(StreamCondition::NotAuthorized)
        );
    }
    romeo.leaves().await;
    street.leaves().await;
    let heard: Vec<String> = std::iter::from_fn(|| juliet.hears())
        .map(|stanza| stanza.to_xml())
        .collect();
    for (kind, count) in [
        ("type='unsubscribe'", 1),
        ("type='unsubscribed'", 1),
        ("orchard' to='juliet@localhost' type='unavailable'", 1),
    ] {
        assert_eq!(
            heard.iter().filter(|xml| xml.contains(kind)).count(),
            count,
            "{kind} {heard:#?}"
        );
    }
    juliet
        .asks(
            "<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>",
            "<iq type='result' id='g' to='juliet@localhost/balcony'><query xmlns='jabber:iq:roster'>\
             <item jid='romeo@localhost' subscription='none'/></query></iq>",
        )
        .await;
    assert!(
        house
            .router
            .accounts()
            .find(&jid("romeo@localhost"))
            .await
            .expect("the database answers")
            .is_none()
    );
    assert_ne!(house.account("romeo@localhost").await.id, before);
}

#[tokio::test]
async fn operators_may_keep_both_to_themselves() {
    let registration = RegistrationSettings {
        password_change: false,
        account_removal: false,
    };
    let house = House::with(Settings {
        registration,
        ..Settings::default()
    })
    .await;
    let mut romeo = house.client(ROMEO).await;
    refused(
        &mut romeo,
        &register("<username>romeo</username><password>x</password>"),
        "not-allowed",
    )
    .await;
    refused(&mut romeo, &register("<remove/>"), "not-allowed").await;
    let mut guest = house.guest("guest@localhost/x").await;
    refused(&mut guest, &register("<remove/>"), "not-allowed").await;
}
