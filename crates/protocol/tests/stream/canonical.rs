//! Canonical form: how children of stanzas are written, whatever way they came.

use protocol::{
    Condition, Element, StanzaError, StreamCondition, StreamError, ns,
    stream::{Limits, tree, writer},
};

use super::{OPEN, read};

#[test]
fn children_are_written_in_one_way() {
    for (child, canonical) in [
        ("<a></a>", "<a/>"),
        ("<a  ></a\n>", "<a/>"),
        ("<a><![CDATA[]]></a>", "<a/>"),
        ("<a> </a>", "<a> </a>"),
        ("<a b = \"c\" />", "<a b='c'/>"),
        ("<a b=\"it's\" c='say \"x\"'/>", "<a b='it&apos;s' c='say \"x\"'/>"),
        (
            "<a b='>&lt;&amp;&apos;&quot;&gt;'/>",
            "<a b='&gt;&lt;&amp;&apos;\"&gt;'/>",
        ),
        (
            "<a>it's \"x\" &gt; &#38; > <![CDATA[<&>]]></a>",
            "<a>it's \"x\" &gt; &amp; &gt; &lt;&amp;&gt;</a>",
        ),
        ("<a>]]&gt;</a>", "<a>]]&gt;</a>"),
        ("<a xmlns='jabber:client'/>", "<a/>"),
        ("<a xmlns='jabber:client'><b xmlns='jabber:client'/></a>", "<a><b/></a>"),
        (
            "<a xmlns='u'><b xmlns='u'/><c xmlns='v'/><d/></a>",
            "<a xmlns='u'><b/><c xmlns='v'/><d/></a>",
        ),
        (
            "<p:a xmlns:p='u'><p:b/><c/></p:a>",
            "<a xmlns='u'><b/><c xmlns='jabber:client'/></a>",
        ),
        (
            "<a xmlns:p='u'><p:b><p:c xmlns:p='v'/></p:b></a>",
            "<a><b xmlns='u'><c xmlns='v'/></b></a>",
        ),
        ("<a xmlns='u&amp;v'/>", "<a xmlns='u&amp;v'/>"),
        ("<a xmlns='it&apos;s'/>", "<a xmlns='it&apos;s'/>"),
        ("<a xmlns:unused='u'/>", "<a/>"),
        (
            "<a xml:lang='en' xml:space='preserve'/>",
            "<a xml:lang='en' xml:space='preserve'/>",
        ),
        ("<a xmlns:p='u' p:x='1' y='2'/>", "<a xmlns:a='u' a:x='1' y='2'/>"),
        (
            "<a xmlns:p='u' xmlns:q='v' xmlns:r='u' q:x='1' p:x='2' r:y='3'/>",
            "<a xmlns:a='v' a:x='1' xmlns:b='u' b:x='2' b:y='3'/>",
        ),
        ("<p:a xmlns:p='u' p:x='1'/>", "<a xmlns='u' xmlns:a='u' a:x='1'/>"),
        ("<a xmlns=''/>", "<a xmlns=''/>"),
        (
            "<a xmlns='u'><b xmlns=''><c xmlns='jabber:client'/></b></a>",
            "<a xmlns='u'><b xmlns=''><c xmlns='jabber:client'/></b></a>",
        ),
        (
            "<a xmlns='u' xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
            "<a xmlns='u'/>",
        ),
    ] {
        let expected = format!("<message>{canonical}</message>");
        for written in [child, canonical] {
            for chunk in [1, 1000] {
                let bytes = format!("{OPEN}<message>{written}</message>");
                let outcome = read(bytes.as_bytes(), chunk, Limits::client());
                assert_eq!(
                    outcome.frames[1..],
                    *std::slice::from_ref(&expected),
                    "{written} {:?}",
                    outcome.error
                );
            }
            let element = tree::parse(written.as_bytes(), ns::CLIENT).unwrap();
            let mut out = Vec::new();
            element.write(&mut out, ns::CLIENT);
            assert_eq!(String::from_utf8(out).unwrap(), canonical, "{written} as a tree");
        }
    }
}

#[test]
fn what_we_make_ourselves_is_always_xml() {
    let element = Element::new("a", "u\0")
        .attr("b", "\u{1}\t\n\r'\"")
        .text("\0\u{fffe}]]>\r\n");
    let xml = element.to_xml();
    assert_eq!(
        xml,
        "<a xmlns='u\u{fffd}' b='\u{fffd}&#9;&#10;&#13;&apos;\"'>\u{fffd}\u{fffd}]]&gt;&#13;\n</a>"
    );
    assert!(tree::parse(xml.as_bytes(), "").is_ok());
    let braces = "<a xmlns:p='{u}v}' p:x='1'/>";
    let element = tree::parse(braces.as_bytes(), "").unwrap();
    assert_eq!(element.get("{{u}v}}x"), Some("1"));
    assert_eq!(tree::parse(element.to_xml().as_bytes(), ""), Ok(element));
    let many = (0..40).fold(Element::new("a", ""), |element, at| {
        element.attr(&format!("{{u{at}}}x"), "y")
    });
    assert_eq!(tree::parse(many.to_xml().as_bytes(), "").unwrap(), many);
}

#[test]
fn the_streams_own_elements_carry_their_prefix() {
    let features = Element::new("features", ns::STREAM)
        .child(Element::new("starttls", ns::TLS).child(Element::new("required", ns::TLS)));
    let error = StreamError::with_text(StreamCondition::Conflict, "it's taken");
    let mut out = Vec::new();
    writer::features(&mut out, &features);
    writer::stream_error(&mut out, &error);
    writer::stream_document(&mut out, &Element::new("features", ns::STREAM));
    out.extend_from_slice(writer::STREAM_CLOSE);
    assert_eq!(
        String::from_utf8(out).unwrap(),
        "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>\
         <stream:error><conflict xmlns='urn:ietf:params:xml:ns:xmpp-streams'/>\
         <text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>it's taken</text></stream:error>\
         <stream:features xmlns:stream='http://etherx.jabber.org/streams'/></stream:stream>"
    );
    let error = StanzaError::new(Condition::ItemNotFound).to_element().to_xml();
    assert!(
        error.starts_with("<error xmlns='jabber:client' type='cancel'><item-not-found xmlns="),
        "{error}"
    );
}
