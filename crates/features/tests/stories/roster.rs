//! RFC 6121 §2.

use features::{RosterSettings, Settings};
use testkit::house::{Client, House};

const GET: &str = "<iq type='get' id='g'><query xmlns='jabber:iq:roster'/></iq>";

fn set(item: &str) -> String {
    format!("<iq type='set' id='s'><query xmlns='jabber:iq:roster'>{item}</query></iq>")
}

fn push(to: &str, item: &str) -> String {
    let bare = to.split('/').next().unwrap_or_default();
    format!("<iq type='set' id='*' from='{bare}' to='{to}'><query xmlns='jabber:iq:roster' ver='*'>{item}</query></iq>")
}

fn done(to: &str) -> String {
    format!("<iq type='result' id='s' to='{to}'/>")
}

/// Sends a roster set that is refused with this condition.
async fn refuses(client: &mut Client, item: &str, condition: &str) {
    client.sends(&set(item)).await;
    let answer = client.hears().map(|stanza| stanza.to_xml()).unwrap_or_default();
    assert!(
        answer.contains("type='error'") && answer.contains(&format!("<{condition} ")),
        "{item}: {answer}"
    );
    client.receives_nothing();
}

#[tokio::test]
async fn a_contact_is_added_changed_and_removed_before_the_eyes_of_all_interested_clients() {
    let house = House::open().await;
    let mut orchard = house.client("romeo@localhost/orchard").await;
    let mut street = house.client("romeo@localhost/street").await;
    let mut quiet = house.client("romeo@localhost/quiet").await;
    quiet.sends("<presence/>").await;
    quiet.skips();
    for client in [&mut orchard, &mut street] {
        let to = client.session.jid.clone();
        let empty = format!("<iq type='result' id='g' to='{to}'><query xmlns='jabber:iq:roster'/></iq>");
        client.asks(GET, &empty).await;
    }
    for (item, pushed) in [
        (
            "<item jid='nurse@example.net' name='Nurse'><group>Servants</group></item>",
            "<item jid='nurse@example.net' name='Nurse' subscription='none'><group>Servants</group></item>",
        ),
        // What a client says of the subscription is ignored (§2.1.5), and a handle can go (§2.4.1).
        (
            "<item jid='Nurse@Example.NET' subscription='both' ask='subscribe' approved='true'><group>A</group><group>B</group></item>",
            "<item jid='nurse@example.net' subscription='none'><group>A</group><group>B</group></item>",
        ),
        (
            "<item jid='nurse@example.net' subscription='remove'/>",
            "<item jid='nurse@example.net' subscription='remove'/>",
        ),
    ] {
        orchard.sends(&set(item)).await;
        orchard.receives_in_any_order(&[
            &push("romeo@localhost/orchard", pushed),
            &done("romeo@localhost/orchard"),
        ]);
        street.receives(&push("romeo@localhost/street", pushed));
    }
    orchard.receives_nothing();
    street.receives_nothing();
    quiet.receives_nothing();
}

#[tokio::test]
async fn what_does_not_change_is_not_pushed() {
    let house = House::open().await;
    let mut romeo = house.online("romeo@localhost/orchard").await;
    let item = set("<item jid='nurse@example.net' name='Nurse'/>");
    romeo.sends(&item).await;
    romeo.skips();
    romeo.asks(&item, &done("romeo@localhost/orchard")).await;
    romeo.receives_nothing();
}

#[tokio::test]
async fn a_contact_that_gets_another_name_stays_what_it_is() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    let mut juliet = house.online("juliet@localhost/balcony").await;
    let mut romeo = house.online("romeo@localhost/orchard").await;
    juliet.skips();
    romeo
        .sends(&set("<item jid='juliet@localhost' name='Love' subscription='none'/>"))
        .await;
    romeo.receives(&push(
        "romeo@localhost/orchard",
        "<item jid='juliet@localhost' name='Love' subscription='both'/>",
    ));
    juliet.receives_nothing();
    romeo.sends("<presence><show>away</show></presence>").await;
    juliet.receives("<presence from='romeo@localhost/orchard' to='juliet@localhost'><show>away</show></presence>");
}

#[tokio::test]
async fn roster_sets_that_cannot_be_are_refused_and_change_nothing() {
    let roster = RosterSettings {
        max_items: 2,
        max_groups: 2,
        name_bytes: 10,
        ..RosterSettings::default()
    };
    let house = House::with(Settings {
        roster,
        ..Settings::default()
    })
    .await;
    let mut romeo = house.online("romeo@localhost/orchard").await;
    for (item, condition) in [
        ("", "bad-request"),
        ("<other/>", "bad-request"),
        ("<item jid='a@example.net'/><item jid='b@example.net'/>", "bad-request"),
        ("<item/>", "bad-request"),
        ("<item jid='@'/>", "jid-malformed"),
        (
            "<item jid='a@example.net'><group>x</group><group>x</group></item>",
            "bad-request",
        ),
        ("<item jid='a@example.net'><group/></item>", "not-acceptable"),
        (
            "<item jid='a@example.net'><group>a</group><group>b</group><group>c</group></item>",
            "not-acceptable",
        ),
        (
            "<item jid='a@example.net'><group>12345678901</group></item>",
            "not-acceptable",
        ),
        ("<item jid='a@example.net' name='12345678901'/>", "not-acceptable"),
        ("<item jid='Romeo@localhost/street'/>", "not-acceptable"),
        (
            "<item jid='nobody@example.net' subscription='remove'/>",
            "item-not-found",
        ),
    ] {
        refuses(&mut romeo, item, condition).await;
    }
    for contact in ["a", "b"] {
        romeo.sends(&set(&format!("<item jid='{contact}@example.net'/>"))).await;
    }
    romeo.skips();
    refuses(&mut romeo, "<item jid='c@example.net'/>", "policy-violation").await;
    romeo
        .asks(
            GET,
            "<iq type='result' id='g' to='romeo@localhost/orchard'><query xmlns='jabber:iq:roster'>\
             <item jid='a@example.net' subscription='none'/><item jid='b@example.net' subscription='none'/></query></iq>",
        )
        .await;
}

#[tokio::test]
async fn a_client_that_was_away_gets_what_changed_once_each_and_in_order() {
    let house = House::open().await;
    let mut romeo = house.online("romeo@localhost/orchard").await;
    for item in ["<item jid='a@example.net'/>", "<item jid='b@example.net'/>"] {
        romeo.sends(&set(item)).await;
    }
    romeo.skips();
    romeo
        .sends("<iq type='get' id='g'><query xmlns='jabber:iq:roster' ver=''/></iq>")
        .await;
    let answer = romeo.hears().expect("an answer").children[0].to_element();
    assert_eq!(answer.elements().count(), 2);
    let known = answer.get("ver").expect("a version").to_owned();

    for item in [
        "<item jid='a@example.net' name='first'/>",
        "<item jid='c@example.net'/>",
        "<item jid='a@example.net' name='last'/>",
        "<item jid='b@example.net' subscription='remove'/>",
    ] {
        romeo.sends(&set(item)).await;
    }
    romeo.leaves().await;

    let to = "romeo@localhost/orchard";
    let mut romeo = house.client(to).await;
    let ask = |ver: &str| format!("<iq type='get' id='g'><query xmlns='jabber:iq:roster' ver='{ver}'/></iq>");
    romeo
        .asks(&ask(&known), &format!("<iq type='result' id='g' to='{to}'/>"))
        .await;
    romeo.receives(&push(to, "<item jid='c@example.net' subscription='none'/>"));
    romeo.receives(&push(to, "<item jid='a@example.net' name='last' subscription='none'/>"));
    let last = romeo.hears().expect("the third change").children[0].to_element();
    assert_eq!(
        last.elements().next().and_then(|item| item.get("subscription")),
        Some("remove")
    );
    romeo.receives_nothing();

    let newest = last.get("ver").expect("each push has a version").to_owned();
    assert!(newest.parse::<i64>().expect("a number") > known.parse().expect("a number"));
    romeo
        .asks(&ask(&newest), &format!("<iq type='result' id='g' to='{to}'/>"))
        .await;
    romeo.receives_nothing();

    // A version from elsewhere: the whole roster.
    for ver in ["nonsense", "99999999999999999", "-1"] {
        romeo.sends(&ask(ver)).await;
        let whole = romeo.hears().expect("an answer").children[0].to_element();
        assert_eq!(whole.elements().count(), 2, "{ver}");
        assert_eq!(whole.get("ver"), Some(newest.as_str()), "{ver}");
    }
}

#[tokio::test]
async fn a_version_is_only_told_to_clients_that_ask_with_one() {
    let house = House::open().await;
    let mut romeo = house.client("romeo@localhost/orchard").await;
    let to = "romeo@localhost/orchard";
    romeo
        .asks(
            GET,
            &format!("<iq type='result' id='g' to='{to}'><query xmlns='jabber:iq:roster'/></iq>"),
        )
        .await;
}

#[tokio::test]
async fn rosters_of_others_are_neither_shown_nor_changed() {
    let house = House::open().await;
    let mut romeo = house.online("romeo@localhost/orchard").await;
    let mut juliet = house.online("juliet@localhost/balcony").await;
    for to in ["juliet@localhost", "juliet@localhost/balcony", "nobody@localhost"] {
        romeo
            .sends(&format!(
                "<iq type='get' id='g' to='{to}'><query xmlns='jabber:iq:roster'/></iq>"
            ))
            .await;
        if to == "juliet@localhost/balcony" {
            // A question to a client is the client's business.
            juliet.skips();
            romeo.receives_nothing();
            continue;
        }
        romeo.receives(&format!(
            "<iq type='error' id='g' from='{to}' to='romeo@localhost/orchard'><error type='cancel'>\
             <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        ));
    }
    for to in ["juliet@localhost", "nobody@localhost"] {
        romeo
            .asks(
                &format!("<iq type='set' id='s' to='{to}'><query xmlns='jabber:iq:roster'><item jid='x@example.net'/></query></iq>"),
                &format!(
                    "<iq type='error' id='s' from='{to}' to='romeo@localhost/orchard'><error type='auth'>\
                     <forbidden xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
                ),
            )
            .await;
    }
    juliet.receives_nothing();
}

#[tokio::test]
async fn nobody_pushes_a_roster_item_to_somebody_else() {
    let house = House::open().await;
    let mut romeo = house.online("romeo@localhost/orchard").await;
    let mut street = house.online("romeo@localhost/street").await;
    let mut juliet = house.online("juliet@localhost/balcony").await;
    romeo.skips();
    for to in ["juliet@localhost/balcony", "romeo@localhost/street"] {
        romeo
            .sends(&format!(
                "<iq type='set' id='s' to='{to}'><query xmlns='jabber:iq:roster'>\
                 <item jid='tybalt@localhost' subscription='both'/></query></iq>"
            ))
            .await;
        let answer = romeo.hears().map(|stanza| stanza.to_xml()).unwrap_or_default();
        assert!(answer.contains("type='error'"), "{answer}");
    }
    house
        .arrives(
            "<iq type='set' id='s' from='romeo@elsewhere.example/x' to='juliet@localhost/balcony'>\
             <query xmlns='jabber:iq:roster'><item jid='tybalt@localhost' subscription='both'/></query></iq>",
        )
        .await;
    juliet.receives_nothing();
    street.receives_nothing();
}

#[tokio::test]
async fn removing_a_contact_ends_the_subscriptions_both_ways() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    let mut romeo = house.online("romeo@localhost/orchard").await;
    let mut juliet = house.online("juliet@localhost/balcony").await;
    romeo.skips();
    romeo
        .sends(&set("<item jid='juliet@localhost' subscription='remove'/>"))
        .await;
    romeo.receives_in_any_order(&[
        &push(
            "romeo@localhost/orchard",
            "<item jid='juliet@localhost' subscription='remove'/>",
        ),
        &done("romeo@localhost/orchard"),
        "<presence type='unavailable' from='juliet@localhost/balcony' to='romeo@localhost'/>",
    ]);
    juliet.receives_in_any_order(&[
        "<presence type='unavailable' from='romeo@localhost/orchard' to='juliet@localhost'/>",
        "<presence type='unsubscribe' from='romeo@localhost' to='juliet@localhost'/>",
        &push(
            "juliet@localhost/balcony",
            "<item jid='romeo@localhost' subscription='to'/>",
        ),
        "<presence type='unsubscribed' from='romeo@localhost' to='juliet@localhost'/>",
        &push(
            "juliet@localhost/balcony",
            "<item jid='romeo@localhost' subscription='none'/>",
        ),
    ]);
    romeo.sends("<presence><show>away</show></presence>").await;
    juliet.sends("<presence><show>away</show></presence>").await;
    romeo.receives("<presence from='romeo@localhost/orchard' to='romeo@localhost'><show>away</show></presence>");
    juliet.receives("<presence from='juliet@localhost/balcony' to='juliet@localhost'><show>away</show></presence>");
    romeo.receives_nothing();
    juliet.receives_nothing();
}

#[tokio::test]
async fn a_guest_has_an_empty_roster_that_stays_empty() {
    let house = House::open().await;
    let mut guest = house.guest("guest@localhost/x").await;
    guest
        .asks(
            GET,
            "<iq type='result' id='g' to='guest@localhost/x'><query xmlns='jabber:iq:roster'/></iq>",
        )
        .await;
    refuses(&mut guest, "<item jid='a@example.net'/>", "not-allowed").await;
}
