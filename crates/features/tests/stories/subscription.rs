//! RFC 6121 §3. The tables of appendix A are tested where they stand; here is what people see of them.

use features::{RosterSettings, Settings};
use testkit::house::{Client, House};

const ROMEO: &str = "romeo@localhost/orchard";
const JULIET: &str = "juliet@localhost/balcony";

fn push(to: &str, item: &str) -> String {
    let bare = to.split('/').next().unwrap_or_default();
    format!("<iq type='set' id='*' from='{bare}' to='{to}'><query xmlns='jabber:iq:roster' ver='*'>{item}</query></iq>")
}

/// What the client's roster holds, as attributes of its items.
async fn roster(client: &mut Client) -> Vec<String> {
    client.skips();
    client
        .sends("<iq type='get' id='look'><query xmlns='jabber:iq:roster'/></iq>")
        .await;
    let roster = client.hears().expect("a roster").children[0].to_element();
    let look = |item: &protocol::Element, name: &str| item.get(name).unwrap_or("-").to_owned();
    roster
        .elements()
        .map(|item| {
            ["jid", "subscription", "ask", "approved"]
                .map(|name| look(item, name))
                .join(" ")
        })
        .collect()
}

#[tokio::test]
async fn romeo_asks_and_juliet_agrees() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    let mut juliet = house.online(JULIET).await;

    // §3.1.2: whatever address the client names, subscriptions are between bare JIDs.
    romeo
        .sends("<presence type='subscribe' id='a' to='juliet@localhost/balcony'><status>me</status></presence>")
        .await;
    juliet.receives(
        "<presence type='subscribe' id='a' from='romeo@localhost' to='juliet@localhost'><status>me</status></presence>",
    );
    juliet.receives_nothing();
    romeo.receives(&push(
        ROMEO,
        "<item jid='juliet@localhost' subscription='none' ask='subscribe'/>",
    ));
    romeo.receives_nothing();

    juliet.sends("<presence type='subscribed' to='romeo@localhost'/>").await;
    romeo.receives("<presence type='subscribed' from='juliet@localhost' to='romeo@localhost'/>");
    romeo.receives(&push(ROMEO, "<item jid='juliet@localhost' subscription='to'/>"));
    romeo.receives("<presence from='juliet@localhost/balcony' to='romeo@localhost'/>");
    romeo.receives_nothing();
    juliet.receives(&push(JULIET, "<item jid='romeo@localhost' subscription='from'/>"));
    juliet.receives_nothing();
}

#[tokio::test]
async fn juliet_declines_and_knows_nothing_more_of_it() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    let mut juliet = house.online(JULIET).await;
    romeo.sends("<presence type='subscribe' to='juliet@localhost'/>").await;
    romeo.skips();
    juliet.skips();
    juliet
        .sends("<presence type='unsubscribed' to='romeo@localhost'/>")
        .await;
    romeo.receives("<presence type='unsubscribed' from='juliet@localhost' to='romeo@localhost'/>");
    romeo.receives(&push(ROMEO, "<item jid='juliet@localhost' subscription='none'/>"));
    romeo.receives_nothing();
    juliet.receives_nothing();
    assert!(roster(&mut juliet).await.is_empty());
}

#[tokio::test]
async fn a_stranger_who_asks_is_not_in_the_roster() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    let mut juliet = house.online(JULIET).await;
    romeo.sends("<presence type='subscribe' to='juliet@localhost'/>").await;
    assert!(roster(&mut juliet).await.is_empty());
    romeo.skips();

    juliet.sends("<presence><show>dnd</show></presence>").await;
    romeo.receives_nothing();
}

#[tokio::test]
async fn a_request_waits_with_all_it_says_until_it_is_answered() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    house.account("juliet@localhost").await;
    let request = "<presence type='subscribe' to='juliet@localhost'><x xmlns='urn:test'>please</x></presence>";
    let reminder = "<presence type='subscribe' from='romeo@localhost' to='juliet@localhost'><x xmlns='urn:test'>please</x></presence>";
    for _ in 0..2 {
        romeo.sends(request).await;
    }

    let mut juliet = house.client(JULIET).await;
    juliet.receives_nothing();
    for _ in 0..2 {
        juliet.sends("<presence><priority>-1</priority></presence>").await;
        juliet.receives_in_any_order(&[
            reminder,
            "<presence from='juliet@localhost/balcony' to='juliet@localhost'><priority>-1</priority></presence>",
        ]);
        juliet.receives_nothing();
        juliet.sends("<presence type='unavailable'/>").await;
        juliet.skips();
    }
    juliet.sends("<presence/>").await;
    juliet.skips();
    // Asked again while it waits, it is not delivered again (A.3.1).
    romeo.sends(request).await;
    juliet.receives_nothing();

    juliet.sends("<presence type='subscribed' to='romeo@localhost'/>").await;
    juliet.leaves().await;
    let mut juliet = house.online(JULIET).await;
    assert_eq!(roster(&mut juliet).await, ["romeo@localhost from - -"]);
    juliet.sends("<presence type='unavailable'/>").await;
    juliet.sends("<presence/>").await;
    let heard: Vec<String> = std::iter::from_fn(|| juliet.hears())
        .map(|stanza| stanza.to_xml())
        .collect();
    assert!(heard.iter().all(|xml| !xml.contains("'subscribe'")), "{heard:?}");
}

#[tokio::test]
async fn a_request_that_is_withdrawn_is_forgotten() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    house.account("juliet@localhost").await;
    romeo.sends("<presence type='subscribe' to='juliet@localhost'/>").await;
    romeo
        .sends("<presence type='unsubscribe' to='juliet@localhost'/>")
        .await;
    let mut juliet = house.client(JULIET).await;
    juliet.sends("<presence/>").await;
    juliet.receives("<presence from='juliet@localhost/balcony' to='juliet@localhost'/>");
    juliet.receives_nothing();
}

#[tokio::test]
async fn of_a_huge_request_only_that_it_was_made_is_kept() {
    let bounds = RosterSettings {
        request_bytes: 256,
        ..RosterSettings::default()
    };
    let house = House::with(Settings {
        roster: bounds,
        ..Settings::default()
    })
    .await;
    let mut romeo = house.online(ROMEO).await;
    house.account("juliet@localhost").await;
    let huge = "x".repeat(300);
    romeo
        .sends(&format!(
            "<presence type='subscribe' to='juliet@localhost'><status>{huge}</status></presence>"
        ))
        .await;
    let mut juliet = house.client(JULIET).await;
    juliet.sends("<presence/>").await;
    juliet.receives("<presence type='subscribe' from='romeo@localhost' to='juliet@localhost'/>");
}

#[tokio::test]
async fn requests_of_strangers_beyond_a_number_are_ignored() {
    let bounds = RosterSettings {
        max_requests: 2,
        max_items: 1,
        ..RosterSettings::default()
    };
    let house = House::with(Settings {
        roster: bounds,
        ..Settings::default()
    })
    .await;
    let mut juliet = house.online(JULIET).await;
    for number in 0..3 {
        let mut stranger = house.client(&format!("stranger{number}@localhost/x")).await;
        stranger
            .sends("<presence type='subscribe' to='juliet@localhost'/>")
            .await;
    }
    for number in 0..2 {
        juliet.receives(&format!(
            "<presence type='subscribe' from='stranger{number}@localhost' to='juliet@localhost'/>"
        ));
    }
    juliet.receives_nothing();
    // They take no place of hers.
    juliet
        .sends("<presence type='subscribe' to='romeo@example.net'/>")
        .await;
    assert_eq!(roster(&mut juliet).await, ["romeo@example.net none subscribe -"]);
}

#[tokio::test]
async fn who_asks_everybody_is_told_to_stop() {
    let bounds = RosterSettings {
        max_asks: 2,
        ..RosterSettings::default()
    };
    let house = House::with(Settings {
        roster: bounds,
        ..Settings::default()
    })
    .await;
    let mut romeo = house.online(ROMEO).await;
    for number in 0..2 {
        romeo
            .sends(&format!("<presence type='subscribe' to='n{number}@example.net'/>"))
            .await;
    }
    romeo.skips();
    romeo
        .sends("<presence type='subscribe' id='3' to='n2@example.net'/>")
        .await;
    romeo.receives(
        "<presence type='error' id='3' from='n2@example.net' to='romeo@localhost/orchard'><error type='modify'>*</error></presence>",
    );
    // Those who were asked may be asked again, and to give up makes room.
    romeo.sends("<presence type='subscribe' to='n1@example.net'/>").await;
    romeo.sends("<presence type='unsubscribe' to='n1@example.net'/>").await;
    romeo.sends("<presence type='subscribe' to='n2@example.net'/>").await;
    assert_eq!(
        roster(&mut romeo).await,
        [
            "n0@example.net none subscribe -",
            "n1@example.net none - -",
            "n2@example.net none subscribe -"
        ]
    );
}

#[tokio::test]
async fn an_approval_that_nobody_asked_for_opens_nothing() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    let mut juliet = house.online(JULIET).await;
    juliet.sends("<presence type='subscribed' to='romeo@localhost'/>").await;
    romeo.receives_nothing();
    assert!(roster(&mut romeo).await.is_empty());
    // Nor does one that comes from elsewhere.
    house
        .arrives("<presence type='subscribed' from='tybalt@elsewhere.example' to='romeo@localhost'/>")
        .await;
    romeo.receives_nothing();
    assert!(roster(&mut romeo).await.is_empty());
}

#[tokio::test]
async fn an_approval_in_advance_answers_the_request_when_it_comes() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    let mut juliet = house.online(JULIET).await;
    juliet.sends("<presence type='subscribed' to='romeo@localhost'/>").await;
    juliet.receives(&push(
        JULIET,
        "<item jid='romeo@localhost' subscription='none' approved='true'/>",
    ));
    juliet.receives_nothing();

    romeo.sends("<presence type='subscribe' to='juliet@localhost'/>").await;
    juliet.receives(&push(
        JULIET,
        "<item jid='romeo@localhost' subscription='from' approved='true'/>",
    ));
    juliet.receives_nothing();
    let heard: Vec<String> = std::iter::from_fn(|| romeo.hears())
        .map(|stanza| stanza.to_xml())
        .collect();
    assert!(heard.iter().any(|xml| xml.contains("'subscribed'")), "{heard:?}");
    assert!(
        heard.iter().any(|xml| xml.contains("from='juliet@localhost/balcony'")),
        "{heard:?}"
    );
    assert_eq!(roster(&mut romeo).await, ["juliet@localhost to - -"]);
}

#[tokio::test]
async fn an_approval_in_advance_can_be_taken_back() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    let mut juliet = house.online(JULIET).await;
    juliet.sends("<presence type='subscribed' to='romeo@localhost'/>").await;
    juliet
        .sends("<presence type='unsubscribed' to='romeo@localhost'/>")
        .await;
    romeo.receives_nothing();
    juliet.skips();
    romeo.sends("<presence type='subscribe' to='juliet@localhost'/>").await;
    juliet.receives("<presence type='subscribe' from='romeo@localhost' to='juliet@localhost'/>");
    assert_eq!(roster(&mut romeo).await, ["juliet@localhost none subscribe -"]);
}

#[tokio::test]
async fn who_may_see_already_is_approved_at_once() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    let mut juliet = house.online(JULIET).await;
    // Romeo's server has lost the subscription and asks again (A.3.1, note 2).
    house
        .arrives("<presence type='subscribe' from='romeo@localhost' to='juliet@localhost'/>")
        .await;
    juliet.receives_nothing();
    let mut romeo = house.online(ROMEO).await;
    assert_eq!(roster(&mut romeo).await, ["juliet@localhost both - -"]);
}

#[tokio::test]
async fn romeo_unsubscribes_and_sees_juliet_no_more() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    let mut romeo = house.online(ROMEO).await;
    let mut juliet = house.online(JULIET).await;
    romeo.skips();
    romeo
        .sends("<presence type='unsubscribe' to='juliet@localhost'/>")
        .await;
    juliet.receives("<presence type='unsubscribe' from='romeo@localhost' to='juliet@localhost'/>");
    juliet.receives(&push(JULIET, "<item jid='romeo@localhost' subscription='to'/>"));
    juliet.receives_nothing();
    romeo.receives_in_any_order(&[
        &push(ROMEO, "<item jid='juliet@localhost' subscription='from'/>"),
        "<presence type='unavailable' from='juliet@localhost/balcony' to='romeo@localhost'/>",
    ]);
    juliet.sends("<presence><show>away</show></presence>").await;
    romeo.receives_nothing();
}

#[tokio::test]
async fn juliet_cancels_and_is_seen_no_more() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    let mut romeo = house.online(ROMEO).await;
    let mut juliet = house.online(JULIET).await;
    let mut chamber = house.online("juliet@localhost/chamber").await;
    romeo.skips();
    juliet.skips();
    juliet
        .sends("<presence type='unsubscribed' to='romeo@localhost'/>")
        .await;
    romeo.receives_in_any_order(&[
        "<presence type='unavailable' from='juliet@localhost/balcony' to='romeo@localhost'/>",
        "<presence type='unavailable' from='juliet@localhost/chamber' to='romeo@localhost'/>",
        "<presence type='unsubscribed' from='juliet@localhost' to='romeo@localhost'/>",
        &push(ROMEO, "<item jid='juliet@localhost' subscription='from'/>"),
    ]);
    for (client, to) in [(&mut juliet, JULIET), (&mut chamber, "juliet@localhost/chamber")] {
        client.receives(&push(to, "<item jid='romeo@localhost' subscription='to'/>"));
        client.receives_nothing();
    }
    chamber.sends("<presence type='unavailable'/>").await;
    romeo.receives_nothing();
}

#[tokio::test]
async fn subscribing_to_oneself_does_nothing() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    for kind in ["subscribe", "subscribed", "unsubscribe", "unsubscribed"] {
        for to in ["romeo@localhost", "Romeo@LOCALHOST/street"] {
            romeo.sends(&format!("<presence type='{kind}' to='{to}'/>")).await;
        }
    }
    house
        .arrives("<presence type='subscribe' from='romeo@localhost' to='romeo@localhost'/>")
        .await;
    romeo.receives_nothing();
    assert!(roster(&mut romeo).await.is_empty());
}

#[tokio::test]
async fn an_account_that_does_not_exist_ignores_everything() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    for kind in [
        "subscribe",
        "subscribed",
        "unsubscribe",
        "unsubscribed",
        "unavailable",
        "probe",
    ] {
        romeo
            .sends(&format!("<presence type='{kind}' to='nobody@localhost'/>"))
            .await;
    }
    let heard: Vec<String> = std::iter::from_fn(|| romeo.hears())
        .map(|stanza| stanza.to_xml())
        .collect();
    assert!(heard.iter().all(|xml| xml.contains("jabber:iq:roster")), "{heard:?}");
}

#[tokio::test]
async fn a_guest_neither_asks_nor_is_asked() {
    let house = House::open().await;
    let mut guest = house.guest("guest@localhost/x").await;
    let mut juliet = house.online(JULIET).await;
    guest.sends("<presence/>").await;
    guest.skips();
    guest
        .sends("<presence type='subscribe' id='1' to='juliet@localhost'/>")
        .await;
    guest.receives("<presence type='error' id='1' from='juliet@localhost' to='guest@localhost/x'><error type='cancel'>*</error></presence>");
    juliet.sends("<presence type='subscribe' to='guest@localhost'/>").await;
    guest.receives_nothing();
}

#[tokio::test]
async fn subscriptions_survive_the_accounts_being_forgotten() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    for account in ["romeo@localhost", "juliet@localhost"] {
        house.router.accounts().forget(&testkit::house::jid(account));
    }
    let mut juliet = house.online(JULIET).await;
    let _romeo = house.online(ROMEO).await;
    juliet.receives("<presence from='romeo@localhost/orchard' to='juliet@localhost'/>");
}
