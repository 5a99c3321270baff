#![allow(clippy::unwrap_used)]
use super::*;
use crate::stream::tree;

const FEATURES: &str = "<feature var='http://jabber.org/protocol/caps'/>\
    <feature var='http://jabber.org/protocol/disco#info'/><feature var='http://jabber.org/protocol/disco#items'/>\
    <feature var='http://jabber.org/protocol/muc'/>";

/// XEP-0115 §5.3.
const FORM: &str = "<x xmlns='jabber:x:data' type='result'>\
    <field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>\
    <field var='ip_version'><value>ipv4</value><value>ipv6</value></field><field var='os'><value>Mac</value></field>\
    <field var='os_version'><value>10.5.1</value></field><field var='software'><value>Psi</value></field>\
    <field var='software_version'><value>0.11</value></field></x>";

const PSI: &str = "<identity xml:lang='en' category='client' name='Psi 0.11' type='pc'/>\
    <identity xml:lang='el' category='client' name='\u{3a8} 0.11' type='pc'/>";

fn info(inside: &str) -> Info {
    let xml = format!("<query xmlns='http://jabber.org/protocol/disco#info'>{inside}</query>");
    Info::parse(&tree::parse(xml.as_bytes(), ns::CLIENT).unwrap()).unwrap()
}

#[test]
fn the_hash_is_that_of_xep_0115() {
    let exodus = "<identity category='client' name='Exodus 0.9.1' type='pc'/>";
    let twice = "<feature var='http://jabber.org/protocol/muc'/>";
    let two_types = FORM.replace(
        "<field var='os'>",
        "<field var='FORM_TYPE'><value>x</value></field><field var='os'>",
    );
    let two_values = FORM.replace("softwareinfo</value>", "softwareinfo</value><value>x</value>");
    for (inside, hash) in [
        (format!("{exodus}{FEATURES}"), Some("QgayPKawpkPSDYmwT/WM94uAlu0=")),
        (format!("{PSI}{FEATURES}{FORM}"), Some("q07IKJEyjvHSyhy//CH0CxmKi8w=")),
        (format!("{FORM}{FEATURES}{PSI}"), Some("q07IKJEyjvHSyhy//CH0CxmKi8w=")),
        (
            format!("{PSI}{FEATURES}{FORM}<x xmlns='jabber:x:data' type='result'/>"),
            Some("q07IKJEyjvHSyhy//CH0CxmKi8w="),
        ),
        (format!("{exodus}{exodus}{FEATURES}"), None),
        (format!("{exodus}{FEATURES}{twice}"), None),
        (format!("{exodus}{FEATURES}{FORM}{FORM}"), None),
        (format!("{PSI}{FEATURES}{two_values}"), None),
        (format!("{PSI}{FEATURES}{two_types}"), None),
    ] {
        assert_eq!(info(&inside).verification().as_deref(), hash, "{inside}");
    }
}

#[test]
fn answers_survive_being_written_and_read() {
    let full = info(&format!("{PSI}{FEATURES}{FORM}"));
    for info in [
        full,
        Info {
            node: Some("n#v".into()),
            ..Info::default()
        },
    ] {
        assert_eq!(Info::parse(&info.to_element()), Some(info));
    }
    let items = Items {
        node: Some("music".into()),
        items: vec![Item {
            jid: "people@example.org".parse().unwrap(),
            node: Some("n".into()),
            name: Some("Directory & more".into()),
        }],
    };
    assert_eq!(Items::parse(&items.to_element()), Some(items));
    let caps = Caps {
        hash: Some("sha-1".into()),
        node: "urn:x".into(),
        ver: "v".into(),
    };
    assert_eq!(Caps::parse(&caps.to_element()), Some(caps));
}

#[test]
fn what_is_incomplete_is_left_out() {
    let xml = "<query xmlns='http://jabber.org/protocol/disco#items'><item/><item jid='@'/><item jid='a'/></query>";
    assert_eq!(
        Items::parse(&tree::parse(xml.as_bytes(), "").unwrap())
            .unwrap()
            .items
            .len(),
        1
    );
    let broken = info("<identity category='a'/><feature/><identity category='a' type='b'/>");
    assert_eq!((broken.identities.len(), broken.features.len()), (1, 0));
    assert_eq!(Info::parse(&Element::new("query", ns::DISCO_ITEMS)), None);
    assert_eq!(Caps::parse(&Element::new("c", ns::CAPS).attr("node", "x")), None);
}
