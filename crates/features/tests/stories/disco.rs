//! XEP-0030, XEP-0115, XEP-0157.

use features::{ContactSettings, Settings};
use protocol::xep::disco::{Caps, Info};
use testkit::house::{Client, House};

const ROMEO: &str = "romeo@localhost/orchard";
const JULIET: &str = "juliet@localhost/balcony";

async fn info(client: &mut Client, to: &str, node: &str) -> Option<Info> {
    client
        .sends(&format!(
            "<iq type='get' id='d' to='{to}'><query xmlns='http://jabber.org/protocol/disco#info' {node}/></iq>"
        ))
        .await;
    let answer = client.hears().expect("every question has an answer");
    Info::parse(&answer.children.first()?.to_element())
}

#[tokio::test]
async fn the_server_says_what_it_is_and_can_do() {
    let house = House::open().await;
    let mut romeo = house.client(ROMEO).await;
    let info = info(&mut romeo, "localhost", "").await.expect("an answer");
    assert_eq!(
        (info.identities[0].category.as_str(), info.identities[0].kind.as_str()),
        ("server", "im")
    );
    for var in [
        "http://jabber.org/protocol/caps",
        "http://jabber.org/protocol/disco#info",
        "http://jabber.org/protocol/disco#items",
        "jabber:iq:last",
        "jabber:iq:private",
        "jabber:iq:register",
        "jabber:iq:version",
        "msgoffline",
        "urn:xmpp:blocking",
        "urn:xmpp:ping",
        "urn:xmpp:time",
        "vcard-temp",
    ] {
        assert!(
            info.features.iter().any(|feature| feature == var),
            "{var}: {:?}",
            info.features
        );
    }
    assert!(info.forms.is_empty());
}

#[tokio::test]
async fn every_feature_has_a_name_and_every_xep_is_there_once() {
    let house = House::open().await;
    let features = house.router.hooks().features();
    let mut names: Vec<_> = features.iter().map(|(name, _)| *name).collect();
    let mut xeps: Vec<_> = features
        .iter()
        .flat_map(|(_, xeps)| xeps.iter().map(|xep| xep.number))
        .collect();
    names.sort_unstable();
    xeps.sort_unstable();
    let (names_before, xeps_before) = (names.len(), xeps.len());
    names.dedup();
    xeps.dedup();
    assert_eq!((names.len(), xeps.len()), (names_before, xeps_before));
    for number in [12, 30, 49, 54, 77, 92, 115, 128, 157, 160, 191, 199, 202, 203, 237] {
        assert!(xeps.contains(&number), "XEP-{number:04}");
    }
}

#[tokio::test]
async fn contact_addresses_are_told_as_they_are_set() {
    let house = House::open().await;
    let mut romeo = house.client(ROMEO).await;
    let contacts = ContactSettings {
        abuse: vec!["mailto:abuse@example.org".into(), "xmpp:abuse@example.org".into()],
        support: vec!["https://example.org/help".into()],
        ..ContactSettings::default()
    };
    house.settings.store(
        Settings {
            contacts,
            ..Settings::default()
        }
        .into(),
    );
    let info = info(&mut romeo, "localhost", "").await.expect("an answer");
    let form = &info.forms[0];
    assert_eq!(form.form_type(), Some("http://jabber.org/network/serverinfo"));
    assert_eq!(
        form.values("abuse-addresses"),
        ["mailto:abuse@example.org", "xmpp:abuse@example.org"]
    );
    assert_eq!(form.values("support-addresses"), ["https://example.org/help"]);
    assert_eq!(form.fields.len(), 3);
}

#[tokio::test]
async fn the_capabilities_on_the_stream_are_those_that_are_told() {
    let house = House::open().await;
    let mut romeo = house.client(ROMEO).await;
    for abuse in [vec![], vec!["mailto:abuse@example.org".to_owned()]] {
        let contacts = ContactSettings {
            abuse,
            ..ContactSettings::default()
        };
        house.settings.store(
            Settings {
                contacts,
                ..Settings::default()
            }
            .into(),
        );
        let told = info(&mut romeo, "localhost", "").await.expect("an answer");
        let offered = house.router.hooks().announced().stream_features.iter();
        let caps = offered
            .filter_map(|feature| Caps::parse(&feature("localhost")?))
            .next()
            .expect("capabilities");
        assert_eq!(told.verification(), Some(caps.ver.clone()));
        assert_eq!(caps.hash.as_deref(), Some("sha-1"));

        let node = format!("{}#{}", caps.node, caps.ver);
        let again = info(&mut romeo, "localhost", &format!("node='{node}'"))
            .await
            .expect("an answer");
        assert_eq!(
            again,
            Info {
                node: Some(node),
                ..told
            }
        );
    }
    for node in ["x", "urn:hearth:server", "urn:hearth:server#old"] {
        assert_eq!(info(&mut romeo, "localhost", &format!("node='{node}'")).await, None);
    }
}

#[tokio::test]
async fn streams_offer_roster_versions_and_approval_in_advance() {
    let house = House::open().await;
    let offered = house.router.hooks().announced().stream_features.iter();
    let names: Vec<String> = offered
        .filter_map(|feature| Some(feature("localhost")?.ns.to_string()))
        .collect();
    for ns in [
        "urn:xmpp:features:rosterver",
        "urn:xmpp:features:pre-approval",
        "http://jabber.org/protocol/caps",
    ] {
        assert!(names.iter().any(|name| name == ns), "{ns}: {names:?}");
    }
}

#[tokio::test]
async fn an_account_says_what_it_is_to_friends_and_itself_alone() {
    let house = House::open().await;
    house.befriend("romeo@localhost", "juliet@localhost").await;
    let mut romeo = house.client(ROMEO).await;
    let mut tybalt = house.client("tybalt@localhost/street").await;
    for to in ["romeo@localhost", "juliet@localhost"] {
        let info = info(&mut romeo, to, "").await.expect("an answer");
        assert_eq!(
            (info.identities[0].category.as_str(), info.identities[0].kind.as_str()),
            ("account", "registered")
        );
        assert!(
            info.features
                .iter()
                .any(|feature| feature == "http://jabber.org/protocol/disco#info")
        );
    }
    for to in ["juliet@localhost", "nobody@localhost"] {
        assert_eq!(info(&mut tybalt, to, "").await, None, "{to}");
    }
    romeo
        .asks(
            "<iq type='get' id='i' to='juliet@localhost'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
            "<iq type='result' id='i' from='juliet@localhost' to='romeo@localhost/orchard'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>",
        )
        .await;
    assert_eq!(info(&mut romeo, "juliet@localhost", "node='x'").await, None);
    let mut juliet = house.client(JULIET).await;
    juliet.receives_nothing();
}

#[tokio::test]
async fn a_guest_is_an_anonymous_account() {
    let house = House::open().await;
    let mut guest = house.guest("guest@localhost/x").await;
    let info = info(&mut guest, "guest@localhost", "").await.expect("an answer");
    assert_eq!(info.identities[0].kind, "anonymous");
}
