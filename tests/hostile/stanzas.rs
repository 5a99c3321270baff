//! Items 113 to 140 and 141: stanzas that lie, that are none, or that ask for what is not theirs.

mod strangers;

use protocol::ns;
use testkit::wire::Seen;

use crate::stage::{Expect::*, Phase::*, Row, Stage, Way, on_every_way, row};

on_every_way!(addresses, requests, kinds, rosters, decoration);

fn bound(item: u32, send: impl AsRef<[u8]>, expect: crate::stage::Expect) -> Row {
    row(item, Bound, send, expect)
}

fn hi(attributes: &str) -> String {
    format!("<message type='chat' {attributes}><body>hi</body></message>")
}

fn addresses() -> Vec<Row> {
    let hears = || Delivers("<body>hi</body>".to_owned());
    let mut rows = Vec::new();
    for from in [
        "{victim}",
        "{victim_bare}",
        "{host}",
        "a@remote.test",
        "{me_bare}/other",
    ] {
        let lie = hi(&format!("to='{{victim}}' from='{from}'"));
        rows.push(bound(113, lie, StreamError(&["invalid-from"])));
    }
    rows.push(bound(113, hi("to='{victim}' from='{me_bare}'"), hears()));
    rows.push(bound(113, hi("to='{victim}' from='{me}'"), hears()));
    let long = format!("{}@hearth.test", "a".repeat(1024));
    for to in [
        "@x",
        "a@",
        "a@hearth.test/",
        "a@b@c",
        &long,
        "a\u{202e}b@hearth.test",
        "a b@hearth.test",
        "a@hearth..test",
    ] {
        rows.push(bound(114, hi(&format!("to='{to}'")), StanzaError(&["jid-malformed"])));
        let iq = format!("<iq type='get' id='1' to='{to}'><ping xmlns='urn:xmpp:ping'/></iq>");
        rows.push(bound(114, iq, StanzaError(&["jid-malformed"])));
    }
    for to in [
        "JULIET2@hearth.test/sofa",
        "juliet2@HEARTH.Test/sofa",
        "juliet2@hearth.test./sofa",
        "\u{ff4a}uliet2@hearth.test/sofa",
        "juliet2@hearth.test",
        "juliet2@hearth.test/nowhere",
    ] {
        rows.push(bound(115, hi(&format!("to='{to}'")), hears()));
    }
    rows
}

fn requests() -> Vec<Row> {
    let bad = || StanzaError(&["bad-request"]);
    let ping = "<ping xmlns='urn:xmpp:ping'/>";
    let unknown = "<x xmlns='urn:x'/>";
    let mut rows = vec![
        bound(117, format!("<iq id='1'>{ping}</iq>"), bad()),
        bound(117, format!("<iq type='foo' id='1'>{ping}</iq>"), bad()),
        bound(118, "<iq type='get' id='1'/>", bad()),
        bound(118, "<iq type='set' id='1' to='{victim}'/>", bad()),
        bound(118, format!("<iq type='get' id='1'>{ping}{ping}</iq>"), bad()),
        bound(
            118,
            format!("<iq type='get' id='1' to='{{victim}}'>{ping}{ping}</iq>"),
            bad(),
        ),
    ];
    for to in [
        "",
        "to='{host}'",
        "to='{me_bare}'",
        "to='{victim_bare}'",
        "to='nobody@hearth.test'",
    ] {
        let iq = format!("<iq type='get' id='1' {to}>{unknown}</iq>");
        rows.push(bound(118, iq, StanzaError(&["service-unavailable"])));
        for kind in ["result", "error"] {
            rows.push(bound(
                119,
                format!("<iq type='{kind}' id='1' {to}>{unknown}</iq>"),
                Silence,
            ));
        }
        rows.push(bound(120, format!("<iq type='result' id='ping' {to}/>"), Silence));
    }
    for name in ["message", "presence", "iq"] {
        for to in [
            "nobody@hearth.test",
            "nobody@hearth.test/x",
            "{host}",
            "nobody@remote.test",
            "@",
        ] {
            let error = "<error type='cancel'><gone xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error>";
            rows.push(bound(
                121,
                format!("<{name} type='error' id='1' to='{to}'>{error}</{name}>"),
                Silence,
            ));
        }
    }
    for query in [
        "<query xmlns='http://jabber.org/protocol/disco#info'/>",
        "<query xmlns='http://jabber.org/protocol/disco#items'/>",
        "<query xmlns='jabber:iq:last'/>",
        "<query xmlns='jabber:iq:version'/>",
        "<vCard xmlns='vcard-temp'/>",
        "<query xmlns='jabber:iq:roster'/>",
        "<query xmlns='jabber:iq:private'><a xmlns='urn:a'/></query>",
    ] {
        for to in ["{victim_bare}", "nobody@hearth.test", "nobody@hearth.test/x"] {
            let iq = format!("<iq type='get' id='1' to='{to}'>{query}</iq>");
            rows.push(bound(126, iq, StanzaError(&["service-unavailable"])));
        }
    }
    rows
}

fn kinds() -> Vec<Row> {
    let much = "x".repeat(300 << 10);
    let presence = |inside: &str| format!("<presence>{inside}</presence>");
    let mut rows = vec![
        bound(
            122,
            hi(&format!("to='{{victim}}' id='{much}'")),
            StreamError(&["policy-violation"]),
        ),
        bound(
            122,
            format!("<message to='{{victim}}'><body>{much}</body></message>"),
            StreamError(&["policy-violation"]),
        ),
        bound(123, "<foo/>", StreamError(&["unsupported-stanza-type"])),
        bound(
            123,
            "<Message to='{victim}'/>",
            StreamError(&["unsupported-stanza-type"]),
        ),
        bound(
            123,
            "<foo xmlns='urn:x'><message to='{victim}'/></foo>",
            StreamError(&["unsupported-stanza-type"]),
        ),
        bound(
            123,
            "<message xmlns='jabber:server' to='{victim}'/>",
            StreamError(&["unsupported-stanza-type", "invalid-namespace"]),
        ),
        bound(124, hi("to='{me}'"), Answer("message", ns::CLIENT)),
        bound(124, hi("to='{host}'"), StanzaError(&["service-unavailable"])),
        bound(124, hi("to='{host}/x'"), StanzaError(&["service-unavailable"])),
        bound(
            124,
            hi("to='nobody@remote.test'"),
            StanzaError(&["remote-server-not-found"]),
        ),
        bound(
            127,
            presence("<priority>-128</priority>"),
            Answer("presence", ns::CLIENT),
        ),
    ];
    for priority in ["128", "-129", "99999999999999999999", "1.5", "high", ""] {
        let wrong = presence(&format!("<priority>{priority}</priority>"));
        rows.push(bound(127, wrong, StanzaError(&["bad-request"])));
    }
    let twice = presence("<priority>1</priority><priority>2</priority>");
    rows.push(bound(127, twice, StanzaError(&["bad-request"])));
    for kind in ["subscribed", "unsubscribed", "unsubscribe"] {
        for to in ["{victim_bare}", "{victim}", "nobody@hearth.test"] {
            rows.push(bound(130, format!("<presence type='{kind}' to='{to}'/>"), Silence));
        }
    }
    for to in [
        "{victim_bare}",
        "{victim}",
        "nobody@hearth.test",
        "nobody@hearth.test/x",
    ] {
        rows.push(bound(131, format!("<presence type='probe' to='{to}'/>"), Silence));
    }
    rows.push(bound(
        130,
        "<presence type='foo' to='{victim}'/>",
        StanzaError(&["bad-request"]),
    ));
    rows
}

fn rosters() -> Vec<Row> {
    let set = |to: &str, items: &str| {
        format!("<iq type='set' id='1' {to}><query xmlns='jabber:iq:roster'>{items}</query></iq>")
    };
    let item = |more: &str| format!("<item jid='c@hearth.test' {more}/>");
    let groups: String = (0..51).map(|at| format!("<group>{at}</group>")).collect();
    let many: String = (0..3_000).map(|at| format!("<group>{at}</group>")).collect();
    let grouped = |groups: &str| format!("<item jid='c@hearth.test'>{groups}</item>");
    let mut rows = Vec::new();
    for (items, allowed) in [
        (String::new(), &["bad-request"][..]),
        (item("").repeat(2), &["bad-request"]),
        ("<item/>".to_owned(), &["bad-request"]),
        ("<item jid='@'/>".to_owned(), &["jid-malformed", "bad-request"]),
        ("<item jid='{me_bare}'/>".to_owned(), &["not-acceptable", "not-allowed"]),
        (item(&format!("name='{}'", "n".repeat(1024))), &["not-acceptable"]),
        (item(&format!("name='{}'", "n".repeat(200 << 10))), &["not-acceptable"]),
        (grouped(&groups), &["not-acceptable"]),
        (grouped(&many), &["not-acceptable"]),
        (grouped("<group/>"), &["not-acceptable"]),
        (grouped("<group>a</group><group>a</group>"), &["bad-request"]),
        (
            "<item jid='unknown@hearth.test' subscription='remove'/>".to_owned(),
            &["item-not-found"],
        ),
    ] {
        rows.push(bound(132, set("", &items), StanzaError(allowed)));
    }
    rows.push(bound(
        132,
        set("to='{victim_bare}'", &item("")),
        StanzaError(&["forbidden"]),
    ));
    rows.push(bound(
        132,
        set("to='nobody@hearth.test'", &item("")),
        StanzaError(&["forbidden"]),
    ));
    let unavailable = || StanzaError(&["service-unavailable"]);
    rows.push(bound(134, set("to='{victim}'", &item("")), unavailable()));
    rows.push(bound(
        134,
        "<iq type='set' id='1' to='{victim}'><block xmlns='urn:xmpp:blocking'><item jid='a@b'/></block></iq>",
        unavailable(),
    ));
    rows
}

fn decoration() -> Vec<Row> {
    let mut rows = Vec::new();
    for (item, inside) in [
        (
            138,
            "<received xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'><message xmlns='jabber:client' from='{me}'/></forwarded></received>",
        ),
        (138, "<sent xmlns='urn:xmpp:carbons:2'/>"),
        (
            140,
            "<delay xmlns='urn:xmpp:delay' from='hearth.test' stamp='2002-09-10T23:08:25Z'/>",
        ),
        (
            140,
            "<delay xmlns='urn:xmpp:delay' from='{victim_bare}' stamp='9999-12-31T23:59:59Z'/>",
        ),
        (140, "<delay xmlns='urn:xmpp:delay' stamp='yesterday'/>"),
        (140, "<delay xmlns='urn:xmpp:delay'/>"),
        (
            140,
            "<x xmlns='jabber:x:delay' from='hearth.test' stamp='20020910T23:08:25'/>",
        ),
        (141, "<stanza-id xmlns='urn:xmpp:sid:0' by='{victim_bare}' id='1'/>"),
        (
            141,
            "<stanza-id xmlns='urn:xmpp:sid:0' by='{victim_bare}' id='1'/><stanza-id xmlns='urn:xmpp:sid:0' by='JULIET2@hearth.test' id='2'/>",
        ),
        (141, "<stanza-id xmlns='urn:xmpp:sid:0' by='elsewhere.test' id='1'/>"),
        (141, "<occupant-id xmlns='urn:xmpp:occupant-id:0' id='1'/>"),
        (
            141,
            "<x xmlns='http://jabber.org/protocol/muc#user'><invite from='a@b'/></x>",
        ),
        (
            141,
            "<addresses xmlns='http://jabber.org/protocol/address'><address type='ofrom' jid='a@b'/></addresses>",
        ),
        (141, "<result xmlns='urn:xmpp:mam:2' queryid='q' id='1'/>"),
    ] {
        let message = format!("<message to='{{victim}}' type='chat'><body>hi</body>{inside}</message>");
        rows.push(bound(item, message, Delivers("<body>hi</body>".to_owned())));
    }
    rows
}

/// Item 117: an IQ without an id is answered as well as can be, and reaches nobody.
#[tokio::test]
async fn requests_have_ids() {
    for way in Way::ALL {
        let mut stage = Stage::set(*way).await;
        let mut actor = stage.enter(Bound).await;
        let victim = stage.victim().clone();
        for kind in ["get", "set"] {
            for to in [
                String::new(),
                format!("to='{victim}'"),
                format!("to='{}'", victim.bare_str()),
            ] {
                let iq = format!("<iq type='{kind}' {to}><ping xmlns='urn:xmpp:ping'/></iq>");
                actor.send(iq.as_bytes(), 0).await;
                assert_eq!(actor.next().await, Seen::ErrorWithoutId, "item 117: {iq}");
            }
        }
        actor.expects(&Silence, "item 117").await;
        drop(actor);
        stage.chat_goes_on("item 117").await;
        stage.is_clear().await;
    }
}
