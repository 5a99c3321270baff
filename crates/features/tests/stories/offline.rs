//! XEP-0160, and what it rests on: a message that was taken is delivered once, in order, and never lost.

use features::{OfflinePolicy, OfflineSettings, Settings};
use testkit::house::{Client, House};

const ROMEO: &str = "romeo@localhost/orchard";
const JULIET: &str = "juliet@localhost/balcony";

async fn with(offline: OfflineSettings) -> House {
    House::with(Settings {
        offline,
        ..Settings::default()
    })
    .await
}

async fn says(romeo: &mut Client, to: &str, text: &str) {
    romeo
        .sends(&format!(
            "<message type='chat' to='{to}' id='m'><body>{text}</body></message>"
        ))
        .await;
}

fn delayed(text: &str) -> String {
    format!(
        "<message type='chat' id='m' from='romeo@localhost/orchard' to='juliet@localhost'><body>{text}</body>\
         <delay xmlns='urn:xmpp:delay' from='localhost' stamp='*'>Offline Storage</delay></message>"
    )
}

fn live(text: &str) -> String {
    format!(
        "<message type='chat' id='m' from='romeo@localhost/orchard' to='juliet@localhost'><body>{text}</body></message>"
    )
}

const NOBODY: &str = "<message type='error' id='m' from='juliet@localhost' to='romeo@localhost/orchard'>\
    <error type='cancel'><service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>";

/// Messages that the client has now, without its own presence.
fn messages(client: &mut Client) -> Vec<String> {
    let all = std::iter::from_fn(|| client.hears());
    all.filter(|stanza| stanza.kind.name() == "message")
        .map(|stanza| {
            stanza
                .find("body", protocol::ns::CLIENT)
                .map(protocol::Child::text)
                .unwrap_or_default()
        })
        .collect()
}

#[tokio::test]
async fn messages_wait_and_arrive_in_order_with_the_time_they_were_sent() {
    let house = House::open().await;
    house.account("juliet@localhost").await;
    let mut romeo = house.online(ROMEO).await;
    for text in ["one", "two", "three"] {
        says(&mut romeo, "juliet@localhost", text).await;
    }
    romeo.receives_nothing();
    let mut juliet = house.client(JULIET).await;
    juliet.receives_nothing();
    juliet.sends("<presence/>").await;
    for text in ["one", "two", "three"] {
        juliet.receives(&delayed(text));
    }
    juliet.receives("<presence from='juliet@localhost/balcony' to='juliet@localhost'/>");
    juliet.receives_nothing();
}

#[tokio::test]
async fn what_a_client_acknowledged_is_not_sent_again_and_what_it_did_not_is() {
    let house = House::open().await;
    house.account("juliet@localhost").await;
    let mut romeo = house.online(ROMEO).await;
    for text in ["one", "two"] {
        says(&mut romeo, "juliet@localhost", text).await;
    }
    let mut juliet = house.client(JULIET).await;
    juliet.sends("<presence/>").await;
    juliet.receives(&delayed("one"));
    juliet.acknowledges();
    juliet.receives(&delayed("two"));
    juliet.is_lost().await;

    let mut juliet = house.client(JULIET).await;
    juliet.sends("<presence/>").await;
    assert_eq!(messages(&mut juliet), ["two"]);
    juliet.leaves().await;

    let mut juliet = house.client(JULIET).await;
    juliet.sends("<presence/>").await;
    assert!(messages(&mut juliet).is_empty());
}

#[tokio::test]
async fn a_negative_priority_gets_nothing_until_it_is_none() {
    let house = House::open().await;
    let mut juliet = house.client(JULIET).await;
    juliet.sends("<presence><priority>-1</priority></presence>").await;
    let mut romeo = house.online(ROMEO).await;
    says(&mut romeo, "juliet@localhost", "wait").await;
    assert!(messages(&mut juliet).is_empty());
    juliet.sends("<presence><priority>-2</priority></presence>").await;
    assert!(messages(&mut juliet).is_empty());
    juliet.sends("<presence><priority>0</priority></presence>").await;
    assert_eq!(messages(&mut juliet), ["wait"]);
    // And nothing twice.
    juliet.sends("<presence><priority>1</priority></presence>").await;
    assert!(messages(&mut juliet).is_empty());
}

#[tokio::test]
async fn a_second_client_does_not_get_what_the_first_one_has() {
    let house = House::open().await;
    house.account("juliet@localhost").await;
    let mut romeo = house.online(ROMEO).await;
    says(&mut romeo, "juliet@localhost", "once").await;
    let mut balcony = house.client(JULIET).await;
    let mut chamber = house.client("juliet@localhost/chamber").await;
    balcony.sends("<presence/>").await;
    chamber.sends("<presence/>").await;
    assert_eq!(messages(&mut balcony), ["once"]);
    assert!(messages(&mut chamber).is_empty());
    // Lost by the first before it said that it has it, it goes to the second.
    balcony.is_lost().await;
    assert_eq!(messages(&mut chamber), ["once"]);
}

#[tokio::test]
async fn of_two_clients_that_have_a_message_the_one_that_stays_does_not_get_it_twice() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await.with_acknowledgements();
    let mut balcony = house.online(JULIET).await;
    let mut chamber = house.online("juliet@localhost/chamber").await;
    balcony.skips();
    says(&mut romeo, "juliet@localhost", "to both").await;
    assert_eq!(messages(&mut balcony), ["to both"]);
    assert_eq!(messages(&mut chamber), ["to both"]);
    balcony.is_lost().await;
    assert!(messages(&mut chamber).is_empty());
    // Neither has said that it has it, so it is not gone.
    chamber.is_lost().await;
    let mut garden = house.client("juliet@localhost/garden").await;
    garden.sends("<presence/>").await;
    assert_eq!(messages(&mut garden), ["to both"]);
}

#[tokio::test]
async fn a_message_for_a_client_that_is_just_ending_goes_to_another() {
    for promises in [false, true] {
        let house = House::open().await;
        let mut romeo = house.online(ROMEO).await;
        if promises {
            romeo = romeo.with_acknowledgements();
        }
        let mut chamber = house.online("juliet@localhost/chamber").await;
        let mut ending = house.client(JULIET).await;
        ending.sends("<presence><priority>5</priority></presence>").await;
        chamber.skips();
        // Its task has stopped taking stanzas, and has not told anybody yet.
        assert!(!ending.session.inbox.shut().is_empty());
        says(&mut romeo, "juliet@localhost", "somebody").await;
        romeo.receives_nothing();
        assert_eq!(messages(&mut chamber), ["somebody"], "{promises}");
    }
}

#[tokio::test]
async fn a_message_for_a_client_that_is_lost_is_not() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    let mut careful = house.online("romeo@localhost/careful").await.with_acknowledgements();
    romeo.skips();
    let mut juliet = house.online(JULIET).await;
    says(&mut romeo, "juliet@localhost", "without a promise").await;
    careful
        .sends("<message type='chat' to='juliet@localhost'><body>with a promise</body></message>")
        .await;
    juliet.receives(&live("without a promise"));
    juliet.is_lost().await;
    romeo.receives_nothing();
    careful.skips();

    let mut juliet = house.client(JULIET).await;
    juliet.sends("<presence/>").await;
    let mut heard = messages(&mut juliet);
    heard.sort();
    assert_eq!(heard, ["with a promise", "without a promise"]);
}

#[tokio::test]
async fn a_message_counts_as_handled_when_it_is_durable() {
    let house = House::open().await;
    house.account("juliet@localhost").await;
    let mut romeo = house.online(ROMEO).await.with_acknowledgements();
    for (text, to) in [("stored", "juliet@localhost"), ("never", "nobody@localhost")] {
        says(&mut romeo, to, text).await;
    }
    romeo
        .sends("<message to='juliet@localhost'><active xmlns='http://jabber.org/protocol/chatstates'/></message>")
        .await;
    romeo.session.handled.all().await;
    assert_eq!(romeo.handled(), 3);
    let account = house.account("juliet@localhost").await;
    let usage = house
        .router
        .storage()
        .log()
        .usage(account.id)
        .await
        .expect("the database answers");
    assert_eq!(usage.rows, 1);
}

#[tokio::test]
async fn each_policy_does_what_it_says() {
    for (policy, is_stored, is_bounced) in [
        (OfflinePolicy::StoreOrBounce, true, false),
        (OfflinePolicy::Always, true, false),
        (OfflinePolicy::StoreOrDrop, true, false),
        (OfflinePolicy::Bounce, false, true),
        (OfflinePolicy::Drop, false, false),
    ] {
        let house = with(OfflineSettings {
            policy,
            ..OfflineSettings::default()
        })
        .await;
        house.account("juliet@localhost").await;
        let mut romeo = house.online(ROMEO).await.with_acknowledgements();
        says(&mut romeo, "juliet@localhost", "hi").await;
        if is_bounced {
            romeo.receives(NOBODY);
        }
        romeo.receives_nothing();
        romeo.session.handled.all().await;
        assert_eq!(romeo.handled(), 1, "{policy:?}");
        let mut juliet = house.client(JULIET).await;
        juliet.sends("<presence/>").await;
        assert_eq!(messages(&mut juliet).len(), usize::from(is_stored), "{policy:?}");
    }
}

#[tokio::test]
async fn beyond_the_quota_each_policy_does_what_it_says() {
    for (policy, stored, is_bounced) in [
        (OfflinePolicy::StoreOrBounce, 2, true),
        (OfflinePolicy::StoreOrDrop, 2, false),
        (OfflinePolicy::Always, 3, false),
    ] {
        for bounds in [(2, u64::MAX), (u64::MAX, 900)] {
            let (max_messages, max_bytes) = bounds;
            let house = with(OfflineSettings {
                policy,
                max_messages,
                max_bytes,
            })
            .await;
            house.account("juliet@localhost").await;
            let mut romeo = house.online(ROMEO).await;
            let long = "x".repeat(120);
            for _ in 0..3 {
                says(&mut romeo, "juliet@localhost", &long).await;
            }
            if is_bounced {
                romeo.receives(NOBODY);
            }
            romeo.receives_nothing();
            let mut juliet = house.client(JULIET).await;
            juliet.sends("<presence/>").await;
            assert_eq!(messages(&mut juliet).len(), stored, "{policy:?} {bounds:?}");
            juliet.leaves().await;
            // Once they were fetched there is room again.
            says(&mut romeo, "juliet@localhost", "again").await;
            romeo.receives_nothing();
        }
    }
}

#[tokio::test]
async fn settings_hold_from_the_next_message_on() {
    let house = House::open().await;
    house.account("juliet@localhost").await;
    let mut romeo = house.online(ROMEO).await;
    says(&mut romeo, "juliet@localhost", "kept").await;
    romeo.receives_nothing();
    let mut settings = Settings::clone(&house.settings.load());
    settings.offline.policy = OfflinePolicy::Bounce;
    house.settings.store(settings.into());
    says(&mut romeo, "juliet@localhost", "returned").await;
    romeo.receives(NOBODY);
}

#[tokio::test]
async fn what_is_not_worth_keeping_is_not_kept() {
    let house = House::open().await;
    house.account("juliet@localhost").await;
    let mut romeo = house.online(ROMEO).await;
    for xml in [
        "<message type='chat' to='juliet@localhost'><composing xmlns='http://jabber.org/protocol/chatstates'/></message>",
        "<message type='headline' to='juliet@localhost'><body>news</body></message>",
        "<message type='error' to='juliet@localhost'><error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    ] {
        romeo.sends(xml).await;
        romeo.receives_nothing();
    }
    // Words that must not be stored come back.
    romeo.sends("<message type='chat' id='m' to='juliet@localhost'><body>secret</body><no-store xmlns='urn:xmpp:hints'/></message>").await;
    romeo.receives(NOBODY);
    romeo
        .sends("<message type='groupchat' id='m' to='juliet@localhost'><body>all</body></message>")
        .await;
    romeo.receives(NOBODY);
    let mut juliet = house.client(JULIET).await;
    juliet.sends("<presence/>").await;
    assert!(messages(&mut juliet).is_empty());
}

#[tokio::test]
async fn nobody_and_somebody_who_is_away_are_treated_alike() {
    for policy in [
        OfflinePolicy::StoreOrBounce,
        OfflinePolicy::Always,
        OfflinePolicy::StoreOrDrop,
        OfflinePolicy::Bounce,
        OfflinePolicy::Drop,
    ] {
        let house = with(OfflineSettings {
            policy,
            ..OfflineSettings::default()
        })
        .await;
        house.account("juliet@localhost").await;
        let mut romeo = house.online(ROMEO).await;
        for inside in [
            "<body>hi</body>",
            "<body>hi</body><no-store xmlns='urn:xmpp:hints'/>",
            "<active xmlns='http://jabber.org/protocol/chatstates'/>",
        ] {
            for kind in ["normal", "chat", "groupchat", "headline"] {
                for resource in ["", "/balcony"] {
                    let mut answers = Vec::new();
                    for account in ["juliet", "nobody"] {
                        let to = format!("{account}@localhost{resource}");
                        romeo
                            .sends(&format!("<message type='{kind}' to='{to}'>{inside}</message>"))
                            .await;
                        answers.push(romeo.hears().map(|stanza| stanza.to_xml().replace(account, "X")));
                        romeo.receives_nothing();
                    }
                    assert_eq!(answers[0], answers[1], "{policy:?} {kind} {resource} {inside}");
                }
            }
        }
    }
}

#[tokio::test]
async fn more_than_a_client_can_take_at_once_comes_as_it_acknowledges() {
    let house = with(OfflineSettings {
        policy: OfflinePolicy::Always,
        ..OfflineSettings::default()
    })
    .await;
    house.account("juliet@localhost").await;
    let mut romeo = house.online(ROMEO).await;
    for number in 0..450 {
        says(&mut romeo, "juliet@localhost", &number.to_string()).await;
    }
    let mut juliet = house.client(JULIET).await;
    juliet.sends("<presence/>").await;
    let mut heard = messages(&mut juliet);
    assert_eq!(heard.len(), 200);
    while heard.len() < 450 {
        juliet.acknowledges();
        // The rest is sent by a task of its own.
        tokio::task::yield_now().await;
        heard.extend(messages(&mut juliet));
    }
    assert!(
        heard.iter().map(String::as_str).eq((0..450)
            .map(|number| number.to_string())
            .collect::<Vec<_>>()
            .iter()
            .map(String::as_str))
    );
    juliet.acknowledges();
    juliet.leaves().await;
    let account = house.account("juliet@localhost").await;
    let usage = house
        .router
        .storage()
        .log()
        .usage(account.id)
        .await
        .expect("the database answers");
    assert_eq!(usage.rows, 0);
}

#[tokio::test]
async fn what_waits_from_somebody_who_was_blocked_meanwhile_is_not_delivered() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    let mut tybalt = house.online("tybalt@localhost/street").await;
    let mut juliet = house.client(JULIET).await;
    says(&mut romeo, "juliet@localhost", "from a friend").await;
    tybalt
        .sends("<message to='juliet@localhost'><body>from a foe</body></message>")
        .await;
    juliet
        .sends("<iq type='set' id='b'><block xmlns='urn:xmpp:blocking'><item jid='Tybalt@localhost'/></block></iq>")
        .await;
    juliet.skips();
    juliet.sends("<presence/>").await;
    assert_eq!(messages(&mut juliet), ["from a friend"]);
    juliet.leaves().await;
    let mut juliet = house.online(JULIET).await;
    assert!(messages(&mut juliet).is_empty());
}

#[tokio::test]
async fn guests_have_nowhere_to_keep_a_message() {
    let house = House::open().await;
    let mut romeo = house.online(ROMEO).await;
    let mut guest = house.guest("guest@localhost/x").await;
    guest.sends("<presence><priority>-1</priority></presence>").await;
    guest.skips();
    romeo
        .sends("<message id='m' to='guest@localhost'><body>hi</body></message>")
        .await;
    romeo.receives(
        "<message type='error' id='m' from='guest@localhost' to='romeo@localhost/orchard'><error type='cancel'>\
         <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>",
    );
    romeo
        .sends("<message id='m' to='guest@localhost/x'><body>hi</body></message>")
        .await;
    assert_eq!(messages(&mut guest), ["hi"]);
}

/// Whoever sends while the recipient comes must neither be missed nor heard twice.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn messages_that_cross_with_the_recipients_arrival_are_delivered_once() {
    let house = House::open().await;
    house.account("juliet@localhost").await;
    for round in 0..20 {
        let mut romeo = house.client(&format!("romeo@localhost/{round}")).await;
        let mut juliet = house.client(JULIET).await;
        let sending = tokio::spawn(async move {
            for number in 0..10 {
                romeo
                    .sends(&format!(
                        "<message to='juliet@localhost'><body>{number}</body></message>"
                    ))
                    .await;
            }
            romeo.leaves().await;
        });
        juliet.sends("<presence/>").await;
        sending.await.expect("sending does not fail");
        let expected: Vec<String> = (0..10).map(|number| number.to_string()).collect();
        assert_eq!(messages(&mut juliet), expected, "round {round}");
        juliet.leaves().await;
    }
}
