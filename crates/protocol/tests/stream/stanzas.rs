//! Headers of stanzas (RFC 6120 §8), and what stands beside stanzas.

use protocol::{
    Child, Element, Stanza,
    StreamCondition::{self, *},
    ns,
    stream::{Limits, Tokenizer, document},
};

use super::{OPEN, describe, read, read_with};

fn frames(inside: &str, expected: &[&str]) {
    for chunk in [1, 3, 1000] {
        let outcome = read([OPEN, inside].concat().as_bytes(), chunk, Limits::client());
        assert_eq!(outcome.error, None, "{inside}");
        assert_eq!(outcome.frames[1..], *expected, "{inside}");
    }
}

#[test]
fn headers_become_types() {
    frames(
        "<message type='chat' xml:lang='en' id='a&amp;b' to='Romeo@EXAMPLE.org/It&apos;s' from='c'/>",
        &["<message from='c' to='romeo@example.org/It&apos;s' id='a&amp;b' type='chat' xml:lang='en'/>"],
    );
    frames(
        "<message type='unknown'/><message type='normal'/>",
        &["<message/>", "<message/>"],
    );
    frames("<presence type='unavailable'/>", &["<presence type='unavailable'/>"]);
    frames("<iq type='result' id='1'/>", &["<iq id='1' type='result'/>"]);
    frames(
        "<iq type='set' id='1'> <a xmlns='u'/>\n</iq>",
        &["<iq id='1' type='set'><a xmlns='u'/></iq>"],
    );
    frames(
        "<presence unknown='x' xml:space='preserve' xmlns:a='u' a:to='b'/>",
        &["<presence/>"],
    );
    frames(
        "<message xml:lang='de_AT'/><message xml:lang=''/>",
        &["<message/>", "<message/>"],
    );
    frames(
        "<message>\n <body>x</body> text <![CDATA[more]]>&lt;</message>",
        &["<message><body>x</body></message>"],
    );
}

#[test]
fn wrong_headers_are_answered() {
    let long = "x".repeat(1024);
    for (inside, expected) in [
        (
            "<message to='@' id='1'><body/></message>",
            "jid-malformed <message id='1'/>",
        ),
        ("<message to='' id='1'/>", "jid-malformed <message id='1'/>"),
        ("<message from='a@b@c/' to='x@y'/>", "jid-malformed <message to='x@y'/>"),
        ("<presence type='invisible' to='x'/>", "bad-request <presence to='x'/>"),
        ("<iq id='1'><a xmlns='u'/></iq>", "bad-request <iq id='1' type='get'/>"),
        (
            "<iq type='put' id='1'><a xmlns='u'/></iq>",
            "bad-request <iq id='1' type='get'/>",
        ),
        ("<iq type='get'><a xmlns='u'/></iq>", "bad-request <iq type='get'/>"),
        ("<iq type='result'/>", "bad-request <iq type='result'/>"),
        ("<iq type='get' id='1'/>", "bad-request <iq id='1' type='get'/>"),
        (
            "<iq type='set' id='1'><a xmlns='u'/><b xmlns='u'/></iq>",
            "bad-request <iq id='1' type='set'/>",
        ),
        (&format!("<message id='{long}'/>"), "policy-violation <message/>"),
    ] {
        frames(&[inside, "<presence/>"].concat(), &[expected, "<presence/>"]);
    }
}

#[test]
fn other_elements_become_trees() {
    frames(
        "<r xmlns='urn:xmpp:sm:3'/><a xmlns='urn:xmpp:sm:3' h='1'>x<![CDATA[y]]>&amp;z<b/></a>",
        &[
            "<r xmlns='urn:xmpp:sm:3'/>",
            "<a xmlns='urn:xmpp:sm:3' h='1'>xy&amp;z<b/></a>",
        ],
    );
    frames("<message xmlns=''/>", &["<message xmlns=''/>"]);
    frames(
        "<stream:error><a xmlns='u'/></stream:error>",
        &["<error xmlns='http://etherx.jabber.org/streams'><a xmlns='u'/></error>"],
    );
}

#[test]
fn strangers_in_the_content_namespace_end_the_stream() {
    for (inside, condition) in [
        ("<pubsub/>", UnsupportedStanzaType),
        ("<Message/>", UnsupportedStanzaType),
        ("<message xmlns='jabber:server'/>", InvalidNamespace),
    ] {
        assert_eq!(
            read([OPEN, inside].concat().as_bytes(), 2, Limits::client()).error,
            Some(condition),
            "{inside}"
        );
    }
}

#[test]
fn the_content_namespaces_are_one() {
    let server = OPEN.replace("jabber:client", "jabber:server");
    for (inside, expected) in [
        ("<message><body>x</body></message>", "<message><body>x</body></message>"),
        (
            "<s:message xmlns:s='jabber:server'><s:body><s:i/></s:body></s:message>",
            "<message><body><i/></body></message>",
        ),
        (
            "<message><body xmlns='jabber:client'/></message>",
            "<message><body/></message>",
        ),
        (
            "<message><f xmlns='u'><message xmlns='jabber:client'><body/></message></f></message>",
            "<message><f xmlns='u'><message xmlns='jabber:client'><body/></message></f></message>",
        ),
        (
            "<message><f xmlns='u'><message xmlns='jabber:server'/></f></message>",
            "<message><f xmlns='u'><message xmlns='jabber:client'/></f></message>",
        ),
    ] {
        let mut tokenizer = Tokenizer::new(ns::SERVER, Limits::server());
        let outcome = read_with(&mut tokenizer, [&server, inside].concat().as_bytes(), 5);
        assert_eq!(outcome.frames[1..], [expected], "{inside}");
    }
    let mut tokenizer = Tokenizer::new(ns::SERVER, Limits::server());
    let outcome = read_with(
        &mut tokenizer,
        format!("{server}<message xmlns='jabber:client'/>").as_bytes(),
        5,
    );
    assert_eq!(outcome.error, Some(InvalidNamespace));
}

/// WebSocket messages (RFC 7395) and whatever else is one element by itself.
#[test]
fn documents_are_one_element() {
    let framing = "urn:ietf:params:xml:ns:xmpp-framing";
    for (xml, expected) in [
        (
            format!("<open xmlns='{framing}' to='x'/>"),
            Ok(format!("<open xmlns='{framing}' to='x'/>")),
        ),
        (" <presence xmlns='jabber:client'/>\n".into(), Ok("<presence/>".into())),
        (
            "<?xml version='1.0'?><presence xmlns='jabber:client'/>".into(),
            Ok("<presence/>".into()),
        ),
        ("<presence/>".into(), Ok("<presence xmlns=''/>".into())),
        (
            "<stream:features xmlns:stream='http://etherx.jabber.org/streams'/>".into(),
            Ok("<features xmlns='http://etherx.jabber.org/streams'/>".into()),
        ),
        (
            "<presence xmlns='jabber:client'/><presence xmlns='jabber:client'/>".into(),
            Err(NotWellFormed),
        ),
        ("<presence xmlns='jabber:client'/>x".into(), Err(NotWellFormed)),
        ("<presence xmlns='jabber:client'".into(), Err(NotWellFormed)),
        ("<presence xmlns='jabber:client'>".into(), Err(NotWellFormed)),
        ("</presence>".into(), Err(NotWellFormed)),
        (String::new(), Err(NotWellFormed)),
        (" ".into(), Err(NotWellFormed)),
        ("x".into(), Err(NotWellFormed)),
        ("<!-- --><a/>".into(), Err(RestrictedXml)),
        (
            "<a><stream:error xmlns:stream='http://etherx.jabber.org/streams'/></a>".into(),
            Err(BadFormat),
        ),
        (OPEN.replace("'>", "'/>"), Err(BadFormat)),
        (
            " ".repeat(8192) + "<presence xmlns='jabber:client'/>",
            Err(PolicyViolation),
        ),
    ] {
        let found = document(xml.as_bytes(), ns::CLIENT, Limits::before_authentication());
        let found: Result<String, StreamCondition> =
            found.map(|frame| describe(&frame)).map_err(|error| error.condition);
        assert_eq!(found, expected, "{xml}");
    }
}

#[test]
fn stored_stanzas_come_back() {
    let xml =
        "<message from='a@b/c' to='d' id='1' type='chat' xml:lang='en'><body>x &amp; y</body><a xmlns='u'/></message>";
    let stanza = Stanza::parse(xml.as_bytes()).unwrap();
    assert_eq!(stanza.to_xml(), xml);
    let mut alone = Vec::new();
    stanza.write_standalone(&mut alone);
    assert!(alone.starts_with(b"<message xmlns='jabber:client' from='a@b/c'"));
    assert_eq!(Stanza::parse(&alone).unwrap().to_xml(), xml);
    assert_eq!(
        Stanza::from_element(&stanza.to_element()).unwrap().unwrap().to_xml(),
        xml
    );
    for wrong in [
        "",
        "<a/>",
        "<message xmlns='u'/>",
        "<message to='@'/>",
        "<message/><message/>",
        "<iq type='get' id='1'/>",
    ] {
        assert!(Stanza::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
    assert!(Stanza::from_element(&Element::new("message", "u")).is_none());
    let wrong = Stanza::from_element(&Element::new("iq", ns::CLIENT).attr("type", "get")).unwrap();
    assert_eq!(wrong.unwrap_err().stanza.to_xml(), "<iq type='get'/>");
}

#[test]
fn children_are_looked_into_without_a_tree() {
    let xml = "<message><body>a &lt;b&gt;&#13;</body><a xmlns='u&amp;v' id='x&quot;y'><b/>text</a><e/></message>";
    let stanza = Stanza::parse(xml.as_bytes()).unwrap();
    let children = &stanza.children;
    let texts: Vec<_> = children.iter().map(Child::text).collect();
    assert_eq!(texts, ["a <b>\r", "text", ""]);
    assert_eq!(children[1].attr("id").as_deref(), Some("x\"y"));
    assert_eq!((children[1].attr("xmlns:x"), children[0].attr("id")), (None, None));
    assert_eq!((children[1].name(), children[1].ns()), ("a", "u&amp;v"));
    assert!(children[0].is("body", ns::CLIENT) && children[0].is_in(ns::CLIENT) && !children[0].is("body", "u"));
    for child in children {
        let copy = Child::from_canonical(child.bytes().clone());
        assert_eq!(&copy, child);
        assert_eq!(Child::from_element(&child.to_element()), copy);
    }
}
