//! XEP-0191.

use features::{BlockingSettings, Settings};
use testkit::house::{Client, House};

const ROMEO: &str = "romeo@localhost/orchard";
const JULIET: &str = "juliet@localhost/balcony";

async fn blocks(client: &mut Client, jid: &str) {
    client
        .sends(&format!(
            "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='{jid}'/></block></iq>"
        ))
        .await;
    client.skips();
}

async fn unblocks(client: &mut Client, inside: &str) {
    client
        .sends(&format!(
            "<iq type='set' id='u'><unblock xmlns='urn:xmpp:blocking'>{inside}</unblock></iq>"
        ))
        .await;
    client.skips();
}

fn unavailable_error(kind: &str, from: &str) -> String {
    format!(
        "<{kind} type='error' id='m' from='{from}' to='romeo@localhost/orchard'><error type='cancel'>\
         <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></{kind}>"
    )
}

#[tokio::test]
async fn a_block_list_is_kept_told_and_pushed_to_clients_that_know_it() {
    let house = House::open().await;
    let mut knows = house.online(JULIET).await;
    let mut ignores = house.online("juliet@localhost/chamber").await;
    let list = "<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>";
    knows.skips();
    knows
        .asks(
            list,
            "<iq type='result' id='l' to='juliet@localhost/balcony'><blocklist xmlns='urn:xmpp:blocking'/></iq>",
        )
        .await;

    ignores
        .sends(
            "<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='Tybalt@LocalHost'/><item jid='elsewhere.example'/></block></iq>",
        )
        .await;
    ignores.receives("<iq type='result' id='b' to='juliet@localhost/chamber'/>");
    ignores.receives_nothing();
    knows.receives(
        "<iq type='set' id='*' from='juliet@localhost' to='juliet@localhost/balcony'><block xmlns='urn:xmpp:blocking'>\
         <item jid='tybalt@localhost'/><item jid='elsewhere.example'/></block></iq>",
    );
    knows
        .asks(
            list,
            "<iq type='result' id='l' to='juliet@localhost/balcony'><blocklist xmlns='urn:xmpp:blocking'>\
             <item jid='elsewhere.example'/><item jid='tybalt@localhost'/></blocklist></iq>",
        )
        .await;

    knows
        .sends("<iq type='set' id='u'><unblock xmlns='urn:xmpp:blocking'><item jid='tybalt@localhost'/></unblock></iq>")
        .await;
    knows.receives_in_any_order(&[
        "<iq type='result' id='u' to='juliet@localhost/balcony'/>",
        "<iq type='set' id='*' from='juliet@localhost' to='juliet@localhost/balcony'><unblock xmlns='urn:xmpp:blocking'>\
         <item jid='tybalt@localhost'/></unblock></iq>",
    ]);
    knows
        .sends("<iq type='set' id='u'><unblock xmlns='urn:xmpp:blocking'/></iq>")
        .await;
    knows.receives_in_any_order(&[
        "<iq type='result' id='u' to='juliet@localhost/balcony'/>",
        "<iq type='set' id='*' from='juliet@localhost' to='juliet@localhost/balcony'><unblock xmlns='urn:xmpp:blocking'/></iq>",
    ]);
    knows
        .asks(
            list,
            "<iq type='result' id='l' to='juliet@localhost/balcony'><blocklist xmlns='urn:xmpp:blocking'/></iq>",
        )
        .await;
    ignores.receives_nothing();
}

#[tokio::test]
async fn commands_that_cannot_be_are_refused() {
    let bounds = BlockingSettings { max_items: 2 };
    let house = House::with(Settings {
        blocking: bounds,
        ..Settings::default()
    })
    .await;
    let mut juliet = house.online(JULIET).await;
    for (kind, command, condition) in [
        ("set", "<block xmlns='urn:xmpp:blocking'/>", "bad-request"),
        (
            "set",
            "<block xmlns='urn:xmpp:blocking'><item/></block>",
            "jid-malformed",
        ),
        (
            "set",
            "<block xmlns='urn:xmpp:blocking'><item jid='a@'/></block>",
            "jid-malformed",
        ),
        (
            "get",
            "<block xmlns='urn:xmpp:blocking'><item jid='a@b'/></block>",
            "bad-request",
        ),
        ("get", "<unblock xmlns='urn:xmpp:blocking'/>", "bad-request"),
        ("set", "<blocklist xmlns='urn:xmpp:blocking'/>", "bad-request"),
        (
            "set",
            "<block xmlns='urn:xmpp:blocking'><item jid='a@b'/><item jid='c@b'/><item jid='d@b'/></block>",
            "policy-violation",
        ),
    ] {
        juliet.sends(&format!("<iq type='{kind}' id='x'>{command}</iq>")).await;
        let answer = juliet.hears().map(|stanza| stanza.to_xml()).unwrap_or_default();
        assert!(answer.contains(&format!("<{condition} ")), "{command}: {answer}");
    }
    juliet
        .asks(
            "<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>",
            "<iq type='result' id='l' to='juliet@localhost/balcony'><blocklist xmlns='urn:xmpp:blocking'/></iq>",
        )
        .await;
}

fn items(jids: &[String]) -> String {
    jids.iter().map(|jid| format!("<item jid='{jid}'/>")).collect()
}

/// Whoever is on the account's list, as a client hears it.
async fn listed(client: &mut Client) -> Vec<String> {
    client
        .sends("<iq type='get' id='l'><blocklist xmlns='urn:xmpp:blocking'/></iq>")
        .await;
    let answer = client.hears().expect("the list");
    let list = answer
        .find("blocklist", "urn:xmpp:blocking")
        .expect("the list")
        .to_element();
    list.elements()
        .filter_map(|item| Some(item.get("jid")?.to_owned()))
        .collect()
}

#[tokio::test]
async fn a_list_of_ten_thousand_is_kept_to_the_last_one() {
    const MANY: usize = 10_000;
    let blocking = BlockingSettings { max_items: MANY };
    let house = House::with(Settings {
        blocking,
        ..Settings::default()
    })
    .await;
    let (mut juliet, mut romeo) = (house.online(JULIET).await, house.online(ROMEO).await);
    // Accounts, resources and hosts in turn; Romeo is the last one.
    let mut all: Vec<String> = (1..MANY)
        .map(|number| match number % 3 {
            0 => format!("bravo{number}@localhost"),
            1 => format!("bravo@verona.example/{number}"),
            _ => format!("host{number}.example"),
        })
        .collect();
    all.push("romeo@localhost".to_owned());
    for some in all.chunks(500) {
        let block = format!("<block xmlns='urn:xmpp:blocking'>{}</block>", items(some));
        juliet
            .asks(
                &format!("<iq type='set' id='b'>{block}</iq>"),
                &format!("<iq type='result' id='b' to='{JULIET}'/>"),
            )
            .await;
    }
    all.sort();
    let mut known = listed(&mut juliet).await;
    known.sort();
    assert_eq!(known, all);

    juliet
        .sends("<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='one@too.many'/></block></iq>")
        .await;
    assert!(
        juliet
            .hears()
            .expect("an answer")
            .to_xml()
            .contains("<policy-violation ")
    );
    let message = "<message id='m' type='chat' to='juliet@localhost'><body>hi</body></message>";
    romeo
        .asks(message, &unavailable_error("message", "juliet@localhost"))
        .await;
    juliet.skips();

    unblocks(&mut juliet, "<item jid='romeo@localhost'/>").await;
    assert_eq!(listed(&mut juliet).await.len(), MANY - 1);
    romeo.sends(message).await;
    juliet.receives(&message.replace("<message ", "<message from='romeo@localhost/orchard' "));
    unblocks(&mut juliet, "").await;
    assert_eq!(listed(&mut juliet).await, [] as [String; 0]);
}

#[tokio::test]
async fn nothing_comes_from_whom_one_blocks_whatever_they_try() {
    for blocked in [
        "romeo@localhost",
        "Romeo@LOCALHOST",
        "romeo@localhost/orchard",
        "localhost",
        "localhost/orchard",
    ] {
        let house = House::open().await;
        house.befriend("romeo@localhost", "juliet@localhost").await;
        let mut romeo = house.online(ROMEO).await;
        let mut juliet = house.online(JULIET).await;
        juliet.skips();
        blocks(&mut juliet, blocked).await;
        romeo.skips();
        for to in [
            "juliet@localhost",
            "juliet@localhost/balcony",
            "juliet@localhost/elsewhere",
            "JULIET@localhost",
        ] {
            let shown = to.to_lowercase();
            for kind in ["normal", "chat", "groupchat"] {
                romeo
                    .asks(
                        &format!("<message id='m' type='{kind}' to='{to}'><body>hi</body></message>"),
                        &unavailable_error("message", &shown),
                    )
                    .await;
            }
            for kind in ["get", "set"] {
                romeo
                    .asks(
                        &format!("<iq id='m' type='{kind}' to='{to}'><x xmlns='urn:x'/></iq>"),
                        &unavailable_error("iq", &shown),
                    )
                    .await;
            }
            for kind in ["result", "error"] {
                romeo.sends(&format!("<iq id='m' type='{kind}' to='{to}'/>")).await;
            }
            let mut kinds = vec!["", "type='unavailable'", "type='probe'"];
            if !blocked.contains('/') {
                // Subscriptions are an account's, not a resource's.
                kinds.extend(["type='subscribe'", "type='unsubscribe'", "type='unsubscribed'"]);
            }
            for kind in kinds {
                romeo.sends(&format!("<presence {kind} to='{to}'/>")).await;
            }
            romeo
                .sends(&format!("<message type='error' to='{to}'><body>hi</body></message>"))
                .await;
            // His own roster changes by what he sends.
            let heard: Vec<String> = std::iter::from_fn(|| romeo.hears())
                .map(|stanza| stanza.to_xml())
                .collect();
            assert!(heard.iter().all(|xml| xml.contains("jabber:iq:roster")), "{heard:?}");
        }
        romeo.sends("<presence><show>away</show></presence>").await;
        romeo.sends("<presence type='unavailable'/>").await;
        juliet.receives_nothing();
        let heard: Vec<String> = std::iter::from_fn(|| romeo.hears())
            .map(|stanza| stanza.to_xml())
            .collect();
        assert!(
            !heard.iter().any(|xml| xml.contains("from='juliet")),
            "{blocked}: {heard:?}"
        );
    }
}

#[tokio::test]
async fn other_resources_and_other_people_are_not_blocked_with_one() {
    let house = House::open().await;
    let mut street = house.online("romeo@localhost/street").await;
    let mut juliet = house.online(JULIET).await;
    blocks(&mut juliet, "romeo@localhost/orchard").await;
    blocks(&mut juliet, "local").await;
    blocks(&mut juliet, "notlocalhost").await;
    street
        .sends("<message to='juliet@localhost'><body>hi</body></message>")
        .await;
    juliet.receives("<message from='romeo@localhost/street' to='juliet@localhost'><body>hi</body></message>");
}

#[tokio::test]
async fn nothing_goes_to_whom_one_blocks() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    let mut juliet = house.online(JULIET).await;
    let mut romeo = house.online(ROMEO).await;
    juliet.skips();
    blocks(&mut romeo, "juliet@localhost").await;
    juliet.skips();
    for (kind, stanza) in [
        (
            "message",
            "<message id='m' to='juliet@localhost/balcony'><body>hi</body></message>",
        ),
        (
            "iq",
            "<iq id='m' type='get' to='juliet@localhost/balcony'><x xmlns='urn:x'/></iq>",
        ),
        ("presence", "<presence id='m' to='juliet@localhost/balcony'/>"),
        (
            "presence",
            "<presence id='m' type='subscribe' to='juliet@localhost/balcony'/>",
        ),
    ] {
        romeo
            .asks(
                stanza,
                &format!(
                    "<{kind} type='error' id='m' from='juliet@localhost/balcony' to='romeo@localhost/orchard'>\
                     <error type='modify'><not-acceptable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/>\
                     <text xmlns='urn:ietf:params:xml:ns:xmpp-stanzas' xml:lang='en'>*</text>\
                     <blocked xmlns='urn:xmpp:blocking:errors'/></error></{kind}>"
                ),
            )
            .await;
    }
    romeo
        .sends("<iq id='m' type='result' to='juliet@localhost/balcony'/>")
        .await;
    romeo.receives_nothing();
    juliet.receives_nothing();
}

#[tokio::test]
async fn who_is_blocked_sees_one_go_and_who_is_unblocked_sees_one_come() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    let mut romeo = house.online(ROMEO).await;
    let mut balcony = house.online(JULIET).await;
    let mut chamber = house.online("juliet@localhost/chamber").await;
    romeo.skips();
    blocks(&mut balcony, "romeo@localhost").await;
    romeo.receives_in_any_order(&[
        "<presence type='unavailable' from='juliet@localhost/balcony' to='romeo@localhost'/>",
        "<presence type='unavailable' from='juliet@localhost/chamber' to='romeo@localhost'/>",
    ]);
    // Blocked twice, he is not told twice.
    blocks(&mut balcony, "localhost").await;
    chamber.sends("<presence><show>dnd</show></presence>").await;
    balcony.sends("<presence type='unavailable'/>").await;
    romeo.receives_nothing();
    romeo.sends("<presence><show>away</show></presence>").await;
    romeo.skips();
    chamber.skips();

    unblocks(&mut chamber, "<item jid='romeo@localhost'/>").await;
    romeo.receives_nothing();
    chamber
        .sends("<iq type='set' id='u'><unblock xmlns='urn:xmpp:blocking'><item jid='localhost'/></unblock></iq>")
        .await;
    romeo.receives("<presence from='juliet@localhost/chamber' to='romeo@localhost'><show>dnd</show></presence>");
    romeo.receives_nothing();
    // And she sees him again.
    chamber.receives_in_any_order(&[
        "<iq type='result' id='u' to='juliet@localhost/chamber'/>",
        "<presence from='romeo@localhost/orchard' to='juliet@localhost/chamber'><show>away</show></presence>",
    ]);
}

#[tokio::test]
async fn directed_presence_ends_with_a_block() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    let mut juliet = house.online(JULIET).await;
    juliet.sends("<presence to='romeo@localhost'/>").await;
    romeo.skips();
    blocks(&mut juliet, "romeo@localhost").await;
    romeo.receives("<presence type='unavailable' from='juliet@localhost/balcony' to='romeo@localhost'/>");
    juliet.is_lost().await;
    romeo.receives_nothing();
}

#[tokio::test]
async fn a_stranger_hears_nothing_of_being_blocked() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    let mut juliet = house.online(JULIET).await;
    blocks(&mut juliet, "romeo@localhost").await;
    unblocks(&mut juliet, "").await;
    romeo.receives_nothing();
}

#[tokio::test]
async fn nobody_locks_themselves_out() {
    let house = House::open().await;
    let mut balcony = house.online(JULIET).await;
    let mut chamber = house.online("juliet@localhost/chamber").await;
    for blocked in ["juliet@localhost", "juliet@localhost/balcony", "localhost"] {
        blocks(&mut balcony, blocked).await;
    }
    chamber.skips();
    balcony
        .sends("<message to='juliet@localhost/chamber'><body>note</body></message>")
        .await;
    chamber
        .receives("<message from='juliet@localhost/balcony' to='juliet@localhost/chamber'><body>note</body></message>");
    balcony
        .asks(
            "<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>",
            "<iq type='result' id='p' from='localhost' to='juliet@localhost/balcony'/>",
        )
        .await;
    balcony
        .asks(
            "<iq type='set' id='u' to='juliet@localhost'><unblock xmlns='urn:xmpp:blocking'/></iq>",
            "<iq type='result' id='u' from='juliet@localhost' to='juliet@localhost/balcony'/>",
        )
        .await;
}

#[tokio::test]
async fn block_lists_of_others_are_nobodys_business() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    let mut juliet = house.online(JULIET).await;
    for to in ["juliet@localhost", "nobody@localhost"] {
        romeo
            .asks(
                &format!("<iq type='get' id='m' to='{to}'><blocklist xmlns='urn:xmpp:blocking'/></iq>"),
                &unavailable_error("iq", to),
            )
            .await;
        romeo
            .sends(&format!(
                "<iq type='set' id='m' to='{to}'><block xmlns='urn:xmpp:blocking'><item jid='x@y'/></block></iq>"
            ))
            .await;
        let answer = romeo.hears().map(|stanza| stanza.to_xml()).unwrap_or_default();
        assert!(answer.contains("<forbidden "), "{answer}");
    }
    romeo.sends("<iq type='set' id='m' to='juliet@localhost/balcony'><block xmlns='urn:xmpp:blocking'><item jid='x@y'/></block></iq>").await;
    juliet.receives_nothing();
}
