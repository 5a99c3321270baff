//! What an account looks like to strangers: as if it did not exist (security: no directory harvesting, no leak of
//! presence).

use testkit::house::House;

#[tokio::test]
async fn questions_to_a_stranger_and_to_nobody_have_one_answer() {
    let house = House::open().await;
    let mut juliet = house.online("juliet@localhost/balcony").await;
    juliet
        .sends("<iq type='set' id='v'><vCard xmlns='vcard-temp'><FN>Juliet</FN></vCard></iq>")
        .await;
    juliet.skips();
    house.account("paris@localhost").await;
    let mut tybalt = house.online("tybalt@localhost/street").await;
    for payload in [
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
        "<query xmlns='http://jabber.org/protocol/disco#items'/>",
        "<vCard xmlns='vcard-temp'/>",
        "<query xmlns='jabber:iq:last'/>",
        "<query xmlns='jabber:iq:version'/>",
        "<query xmlns='jabber:iq:roster'/>",
        "<query xmlns='jabber:iq:private'><a xmlns='urn:a'/></query>",
        "<query xmlns='jabber:iq:register'/>",
        "<blocklist xmlns='urn:xmpp:blocking'/>",
        "<ping xmlns='urn:xmpp:ping'/>",
        "<time xmlns='urn:xmpp:time'/>",
        "<anything xmlns='urn:x'/>",
    ] {
        for kind in ["get", "set"] {
            let mut answers = Vec::new();
            for account in ["juliet", "paris", "nobody"] {
                tybalt
                    .sends(&format!(
                        "<iq type='{kind}' id='q' to='{account}@localhost'>{payload}</iq>"
                    ))
                    .await;
                answers.push(
                    tybalt
                        .hears()
                        .map(|stanza| stanza.to_xml().replace(account, "X"))
                        .unwrap_or_default(),
                );
                tybalt.receives_nothing();
            }
            assert!(answers[0].contains("type='error'"), "{kind} {payload}: {answers:?}");
            assert!(
                answers.iter().all(|answer| *answer == answers[0]),
                "{kind} {payload}: {answers:#?}"
            );
        }
    }
    juliet.receives_nothing();
}

#[tokio::test]
async fn presence_to_a_stranger_and_to_nobody_has_one_answer() {
    let house = House::open().await;
    house.account("paris@localhost").await;
    let _juliet = house.online("juliet@localhost/balcony").await;
    let mut tybalt = house.online("tybalt@localhost/street").await;
    for kind in [
        "",
        "type='unavailable'",
        "type='probe'",
        "type='unsubscribe'",
        "type='subscribed'",
        "type='unsubscribed'",
    ] {
        let mut answers = Vec::new();
        for account in ["juliet", "paris", "nobody"] {
            for resource in ["", "/x"] {
                tybalt
                    .sends(&format!("<presence {kind} to='{account}@localhost{resource}'/>"))
                    .await;
            }
            let heard: Vec<String> = std::iter::from_fn(|| tybalt.hears())
                .map(|stanza| stanza.to_xml().replace(account, "X"))
                .filter(|xml| !xml.contains("jabber:iq:roster"))
                .collect();
            answers.push(heard);
        }
        assert_eq!(answers[0], answers[1], "{kind}");
        assert_eq!(answers[0], answers[2], "{kind}");
    }
}

#[tokio::test]
async fn an_error_is_never_answered_with_an_error() {
    let house = House::open().await;
    let mut juliet = house.online("juliet@localhost/balcony").await;
    let mut tybalt = house.online("tybalt@localhost/street").await;
    let error = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
    for to in [
        "juliet@localhost",
        "juliet@localhost/x",
        "nobody@localhost",
        "localhost",
        "elsewhere.example",
        "a@elsewhere.example/b",
    ] {
        for kind in ["message", "presence", "iq"] {
            tybalt
                .sends(&format!("<{kind} type='error' id='e' to='{to}'>{error}</{kind}>"))
                .await;
        }
        tybalt.sends(&format!("<iq type='result' id='e' to='{to}'/>")).await;
        tybalt.receives_nothing();
    }
    juliet.skips();
    juliet.receives_nothing();
}
