//! XEP-0049 and XEP-0054: what accounts keep.

use features::{PrivateSettings, Settings, VcardAudience, VcardSettings};
use testkit::house::{Client, House};

const ROMEO: &str = "romeo@localhost/orchard";
const CARD: &str = "<vCard xmlns='vcard-temp'><FN>Romeo &amp; co</FN><N><FAMILY>Montague</FAMILY></N></vCard>";

fn result(payload: &str, from: &str) -> String {
    format!("<iq type='result' id='q' {from} to='{ROMEO}'>{payload}</iq>")
}

async fn refused(client: &mut Client, question: &str, condition: &str) {
    client.sends(question).await;
    let answer = client.hears().map(|stanza| stanza.to_xml()).unwrap_or_default();
    assert!(answer.contains(&format!("<{condition} ")), "{question}: {answer}");
}

#[tokio::test]
async fn a_vcard_is_shown_as_it_was_kept() {
    let house = House::open().await;
    let mut romeo = house.client(ROMEO).await;
    let get = "<iq type='get' id='q'><vCard xmlns='vcard-temp'/></iq>";
    romeo.asks(get, &result("<vCard xmlns='vcard-temp'/>", "")).await;
    romeo
        .asks(&format!("<iq type='set' id='q'>{CARD}</iq>"), &result("", ""))
        .await;
    romeo.asks(get, &result(CARD, "")).await;
    romeo
        .asks(
            "<iq type='get' id='q' to='romeo@localhost'><vCard xmlns='vcard-temp'/></iq>",
            &result(CARD, "from='romeo@localhost'"),
        )
        .await;
}

#[tokio::test]
async fn a_vcard_beyond_the_bound_is_refused_and_the_old_one_stays() {
    let vcard = VcardSettings {
        max_bytes: 200,
        ..VcardSettings::default()
    };
    let house = House::with(Settings {
        vcard,
        ..Settings::default()
    })
    .await;
    let mut romeo = house.client(ROMEO).await;
    romeo
        .asks(&format!("<iq type='set' id='q'>{CARD}</iq>"), &result("", ""))
        .await;
    let large = format!(
        "<iq type='set' id='q'><vCard xmlns='vcard-temp'><PHOTO>{}</PHOTO></vCard></iq>",
        "A".repeat(200)
    );
    refused(&mut romeo, &large, "not-acceptable").await;
    romeo
        .asks(
            "<iq type='get' id='q'><vCard xmlns='vcard-temp'/></iq>",
            &result(CARD, ""),
        )
        .await;
}

#[tokio::test]
async fn vcards_are_shown_to_contacts_and_changed_by_nobody_else() {
    let house = House::open().await;
    let mut juliet = house.client("juliet@localhost/balcony").await;
    juliet.sends(&format!("<iq type='set' id='q'>{CARD}</iq>")).await;
    let mut romeo = house.client(ROMEO).await;
    let ask = |to: &str| format!("<iq type='get' id='q' to='{to}'><vCard xmlns='vcard-temp'/></iq>");
    let unavailable = |from: &str| {
        format!(
            "<iq type='error' id='q' from='{from}' to='{ROMEO}'><error type='cancel'>\
             <service-unavailable xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>"
        )
    };
    // A stranger, and somebody who does not exist, are one to those who ask.
    for to in ["juliet@localhost", "nobody@localhost"] {
        romeo.asks(&ask(to), &unavailable(to)).await;
        refused(
            &mut romeo,
            &format!("<iq type='set' id='q' to='{to}'>{CARD}</iq>"),
            "forbidden",
        )
        .await;
    }
    juliet
        .sends("<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='romeo@localhost'/></query></iq>")
        .await;
    romeo
        .asks(&ask("juliet@localhost"), &result(CARD, "from='juliet@localhost'"))
        .await;
    refused(
        &mut romeo,
        &format!("<iq type='set' id='q' to='juliet@localhost'>{CARD}</iq>"),
        "forbidden",
    )
    .await;

    let mut tybalt = house.client("tybalt@localhost/street").await;
    tybalt
        .sends("<iq type='set' id='s'><query xmlns='jabber:iq:roster'><item jid='romeo@localhost'/></query></iq>")
        .await;
    romeo
        .asks(&ask("tybalt@localhost"), &unavailable("tybalt@localhost"))
        .await;
}

#[tokio::test]
async fn vcards_can_be_shown_to_everybody() {
    let vcard = VcardSettings {
        audience: VcardAudience::Everybody,
        ..VcardSettings::default()
    };
    let house = House::with(Settings {
        vcard,
        ..Settings::default()
    })
    .await;
    let mut juliet = house.client("juliet@localhost/balcony").await;
    juliet.sends(&format!("<iq type='set' id='q'>{CARD}</iq>")).await;
    let mut romeo = house.client(ROMEO).await;
    romeo
        .asks(
            "<iq type='get' id='q' to='juliet@localhost'><vCard xmlns='vcard-temp'/></iq>",
            &result(CARD, "from='juliet@localhost'"),
        )
        .await;
    juliet.skips();
    juliet.receives_nothing();
}

fn private(kind: &str, inside: &str) -> String {
    format!("<iq type='{kind}' id='q'><query xmlns='jabber:iq:private'>{inside}</query></iq>")
}

#[tokio::test]
async fn private_xml_is_kept_under_its_name_and_namespace() {
    let house = House::open().await;
    let mut romeo = house.client(ROMEO).await;
    let kept = "<storage xmlns='storage:bookmarks'><conference jid='a@b' name='&lt;&apos;&gt;'/></storage>";
    let other = "<storage xmlns='urn:other'>text</storage>";
    let nothing = "<storage xmlns='storage:bookmarks'/>";
    let answer = |inside: &str| result(&format!("<query xmlns='jabber:iq:private'>{inside}</query>"), "");
    romeo.asks(&private("get", nothing), &answer(nothing)).await;
    romeo
        .asks(&private("set", &format!("{kept}{other}")), &result("", ""))
        .await;
    romeo.asks(&private("get", nothing), &answer(kept)).await;
    romeo
        .asks(&private("get", "<storage xmlns='urn:other'/>"), &answer(other))
        .await;
    romeo.asks(&private("set", nothing), &result("", "")).await;
    romeo.asks(&private("get", nothing), &answer(nothing)).await;
}

#[tokio::test]
async fn private_xml_that_cannot_be_kept_is_refused() {
    let house = House::with(Settings {
        private: PrivateSettings { max_bytes: 100 },
        ..Settings::default()
    })
    .await;
    let mut romeo = house.client(ROMEO).await;
    for (kind, inside, condition) in [
        ("get", "", "bad-request"),
        ("get", "<a xmlns='urn:a'/><b xmlns='urn:b'/>", "bad-request"),
        ("set", "", "not-acceptable"),
        ("set", "<a/>", "not-acceptable"),
        ("set", "<a xmlns='jabber:client'/>", "not-acceptable"),
        ("set", "<a xmlns=''/>", "not-acceptable"),
    ] {
        refused(&mut romeo, &private(kind, inside), condition).await;
    }
    let sixty = "x".repeat(40);
    romeo
        .asks(
            &private("set", &format!("<a xmlns='urn:a'>{sixty}</a>")),
            &result("", ""),
        )
        .await;
    refused(
        &mut romeo,
        &private("set", &format!("<b xmlns='urn:b'>{sixty}</b>")),
        "resource-constraint",
    )
    .await;
    romeo
        .asks(
            &private("set", &format!("<a xmlns='urn:a'>{sixty}!</a>")),
            &result("", ""),
        )
        .await;
}

#[tokio::test]
async fn private_xml_of_others_is_forbidden() {
    let house = House::open().await;
    house.account("juliet@localhost").await;
    let mut romeo = house.client(ROMEO).await;
    for to in ["juliet@localhost", "nobody@localhost"] {
        for (kind, condition) in [("get", "service-unavailable"), ("set", "forbidden")] {
            let question = format!(
                "<iq type='{kind}' id='q' to='{to}'><query xmlns='jabber:iq:private'><a xmlns='urn:a'/></query></iq>"
            );
            refused(&mut romeo, &question, condition).await;
        }
    }
}

#[tokio::test]
async fn guests_keep_nothing() {
    let house = House::open().await;
    let mut guest = house.guest("guest@localhost/x").await;
    for question in [
        private("set", "<a xmlns='urn:a'/>"),
        private("get", "<a xmlns='urn:a'/>"),
        format!("<iq type='set' id='q'>{CARD}</iq>"),
        "<iq type='set' id='q'><block xmlns='urn:xmpp:blocking'><item jid='a@b'/></block></iq>".to_owned(),
    ] {
        refused(&mut guest, &question, "not-allowed").await;
    }
}
