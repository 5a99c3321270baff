//! RFC 6121 §8.5: who gets a message or a question, by its type and by what the account's clients said of themselves.

use testkit::house::{Client, House};

const ROMEO: &str = "romeo@localhost/orchard";

/// Juliet's clients: one that is connected only, and one for each priority, named after it.
async fn juliets(house: &House, priorities: &[i8]) -> Vec<Client> {
    let mut clients = vec![house.client("juliet@localhost/silent").await];
    for (place, priority) in priorities.iter().enumerate() {
        let mut client = house.client(&format!("juliet@localhost/{place}")).await;
        client
            .sends(&format!("<presence><priority>{priority}</priority></presence>"))
            .await;
        clients.push(client);
    }
    for client in &mut clients {
        client.skips();
    }
    clients
}

/// Which of Juliet's clients get a message of this type to this address, by their place, and what Romeo hears:
/// nothing, or the condition of an error.
async fn check(priorities: &[i8], kind: &str, to: &str, takers: &[&str], condition: Option<&str>) {
    let house = House::open().await;
    let mut juliets = juliets(&house, priorities).await;
    let mut romeo = house.client(ROMEO).await;
    romeo
        .sends(&format!(
            "<message id='m' type='{kind}' to='{to}'><body>hi</body></message>"
        ))
        .await;
    let case = format!("{kind} to {to} with priorities {priorities:?}");
    let mut took = Vec::new();
    for juliet in &mut juliets {
        if let Some(message) = juliet.hears() {
            // Addresses are not rewritten (§8.5.2.1.1).
            assert_eq!(message.to.as_ref().map(AsRef::as_ref), Some(to), "{case}");
            took.push(juliet.session.resource().to_owned());
        }
        juliet.receives_nothing();
    }
    assert_eq!(took, takers, "{case}");
    let answer = romeo.hears().map(|stanza| stanza.to_xml());
    match condition {
        None => assert_eq!(answer, None, "{case}"),
        Some(condition) => {
            let answer = answer.unwrap_or_default();
            assert!(answer.contains(&format!("<{condition} ")), "{case}: {answer}");
        }
    }
}

const BARE: &str = "juliet@localhost";
const UNAVAILABLE: Option<&str> = Some("service-unavailable");

#[tokio::test]
async fn chats_go_to_the_foremost_clients() {
    for kind in ["chat", "normal"] {
        check(&[0], kind, BARE, &["0"], None).await;
        check(&[1, 5, 0], kind, BARE, &["1"], None).await;
        check(&[2, 2, 1], kind, BARE, &["0", "1"], None).await;
        check(&[-1, 0], kind, BARE, &["1"], None).await;
        // Nobody takes them: they wait.
        check(&[-1, -128], kind, BARE, &[], None).await;
        check(&[], kind, BARE, &[], None).await;
    }
}

#[tokio::test]
async fn headlines_go_to_all_who_want_messages_or_nowhere() {
    check(&[0, 7, -1], "headline", BARE, &["0", "1"], None).await;
    check(&[-1], "headline", BARE, &[], None).await;
    check(&[], "headline", BARE, &[], None).await;
}

#[tokio::test]
async fn messages_of_rooms_and_errors_are_for_clients_alone() {
    check(&[0], "groupchat", BARE, &[], UNAVAILABLE).await;
    check(&[], "groupchat", BARE, &[], UNAVAILABLE).await;
    check(&[0], "error", BARE, &[], None).await;
}

#[tokio::test]
async fn a_client_that_is_named_gets_everything() {
    for kind in ["chat", "normal", "headline", "groupchat", "error"] {
        check(&[3, -1], kind, "juliet@localhost/1", &["1"], None).await;
        check(&[3], kind, "juliet@localhost/silent", &["silent"], None).await;
    }
}

#[tokio::test]
async fn a_client_that_is_not_there_has_others_take_its_chats() {
    for kind in ["chat", "normal"] {
        check(&[1, 0], kind, "juliet@localhost/gone", &["0"], None).await;
        check(&[-1], kind, "juliet@localhost/gone", &[], None).await;
    }
    check(&[0], "headline", "juliet@localhost/gone", &[], None).await;
    check(&[0], "error", "juliet@localhost/gone", &[], None).await;
    check(&[0], "groupchat", "juliet@localhost/gone", &[], UNAVAILABLE).await;
}

#[tokio::test]
async fn questions_go_to_the_client_that_is_named_and_no_other() {
    let house = House::open().await;
    let mut juliets = juliets(&house, &[-1]).await;
    let mut romeo = house.client(ROMEO).await;
    for (to, taker) in [
        ("juliet@localhost/silent", Some(0)),
        ("juliet@localhost/0", Some(1)),
        ("juliet@localhost/gone", None),
        ("juliet@localhost", None),
        ("nobody@localhost/x", None),
    ] {
        romeo
            .sends(&format!("<iq type='get' id='q' to='{to}'><x xmlns='urn:x'/></iq>"))
            .await;
        for (place, juliet) in juliets.iter_mut().enumerate() {
            assert_eq!(juliet.hears().is_some(), taker == Some(place), "{to}");
        }
        match taker {
            Some(_) => romeo.receives_nothing(),
            None => romeo.receives(&format!(
                "<iq type='error' id='q' from='{to}' to='{ROMEO}'><error type='cancel'>\
                 <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
            )),
        }
    }
}

#[tokio::test]
async fn answers_that_nobody_waits_for_are_dropped() {
    let house = House::open().await;
    let mut juliets = juliets(&house, &[0]).await;
    let mut romeo = house.client(ROMEO).await;
    for kind in ["result", "error"] {
        for to in [
            "juliet@localhost",
            "juliet@localhost/gone",
            "localhost",
            "nobody@localhost",
        ] {
            romeo.sends(&format!("<iq type='{kind}' id='q' to='{to}'/>")).await;
        }
        romeo.sends(&format!("<iq type='{kind}' id='q'/>")).await;
    }
    romeo.receives_nothing();
    for juliet in &mut juliets {
        juliet.receives_nothing();
    }
}

#[tokio::test]
async fn a_message_without_an_address_is_a_note_to_oneself() {
    let house = House::open().await;
    let mut street = house.online("romeo@localhost/street").await;
    let mut romeo = house.client(ROMEO).await;
    romeo.sends("<message type='chat'><body>note</body></message>").await;
    street.receives("<message type='chat' from='romeo@localhost/orchard'><body>note</body></message>");
    romeo.receives_nothing();
}

#[tokio::test]
async fn other_domains_cannot_be_reached_and_the_server_takes_no_messages() {
    let house = House::open().await;
    let mut romeo = house.client(ROMEO).await;
    for (to, condition) in [
        ("rosaline@elsewhere.example", "remote-server-not-found"),
        ("elsewhere.example", "remote-server-not-found"),
        ("localhost", "service-unavailable"),
    ] {
        romeo
            .sends(&format!("<message id='m' to='{to}'><body>hi</body></message>"))
            .await;
        let answer = romeo.hears().map(|stanza| stanza.to_xml()).unwrap_or_default();
        assert!(answer.contains(&format!("<{condition} ")), "{to}: {answer}");
    }
    // The other host of this server can.
    let mut nurse = house.online("nurse@example.net/house").await;
    romeo
        .sends("<message to='nurse@example.net'><body>hi</body></message>")
        .await;
    nurse.receives("<message from='romeo@localhost/orchard' to='nurse@example.net'><body>hi</body></message>");
}
