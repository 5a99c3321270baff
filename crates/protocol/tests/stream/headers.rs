//! Openings and closings of streams (RFC 6120 §4.7, §4.8, §4.4).

use protocol::{
    StreamCondition::{self, *},
    ns,
    stream::{Frame, Limits, StreamHeader, Tokenizer, writer},
};

use super::{OPEN, read, read_with};

fn open(content_ns: &'static str, header: &str) -> Result<StreamHeader, StreamCondition> {
    let mut results = [1, 5, header.len()].map(|chunk| {
        let mut tokenizer = Tokenizer::new(content_ns, Limits::before_authentication());
        for part in header.as_bytes().chunks(chunk) {
            match tokenizer.next(&mut &*part) {
                Ok(None) => {}
                Ok(Some(Frame::Open(header))) => return Ok(header),
                Ok(Some(frame)) => panic!("{frame:?}"),
                Err(error) => return Err(error.condition),
            }
        }
        panic!("{header} is incomplete")
    });
    assert_eq!(results[0], results[1], "{header}");
    assert_eq!(results[0], results[2], "{header}");
    std::mem::replace(&mut results[0], Ok(StreamHeader::default()))
}

#[test]
fn a_header_says_what_it_says() {
    let full = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<stream:stream to='a&amp;b' from=\"j@c\" id='&#x31;' version='1.0' \
        xml:lang='de-CH' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' other='x'>";
    let header = StreamHeader {
        to: Some("a&b".into()),
        from: Some("j@c".into()),
        id: Some("1".into()),
        version: Some("1.0".into()),
        lang: Some("de-CH".into()),
    };
    assert_eq!(open(ns::CLIENT, full), Ok(header));
    let hostile = OPEN.replace(" to=", &format!(" xml:lang='{}' to=", "x".repeat(4000)));
    assert_eq!(open(ns::CLIENT, &hostile).unwrap().lang, None);
    let markup = OPEN.replace(" to=", " xml:lang='&lt;b>' to=");
    assert_eq!(open(ns::CLIENT, &markup).unwrap().lang, None);
}

#[test]
fn prefixes_are_free_and_namespaces_are_not() {
    const STREAM: &str = ns::STREAM;
    for (content_ns, header, condition) in [
        (
            ns::CLIENT,
            format!("<s:stream xmlns='jabber:client' xmlns:s='{STREAM}'>"),
            None,
        ),
        (ns::CLIENT, format!("<stream xmlns='{STREAM}'>"), None),
        (
            ns::SERVER,
            format!("<stream:stream xmlns='jabber:server' xmlns:stream='{STREAM}' xmlns:db='jabber:server:dialback'>"),
            None,
        ),
        (
            ns::CLIENT,
            "<stream:stream xmlns='jabber:client' xmlns:stream='urn:x'>".into(),
            Some(InvalidNamespace),
        ),
        (
            ns::CLIENT,
            "<stream:stream xmlns='jabber:client' xmlns:stream=''>".into(),
            Some(InvalidNamespace),
        ),
        (
            ns::CLIENT,
            "<stream xmlns='jabber:client'>".into(),
            Some(InvalidNamespace),
        ),
        (ns::CLIENT, "<stream>".into(), Some(InvalidNamespace)),
        (
            ns::CLIENT,
            format!("<stream:stream xmlns='jabber:server' xmlns:stream='{STREAM}'>"),
            Some(InvalidNamespace),
        ),
        (
            ns::SERVER,
            format!("<stream:stream xmlns='jabber:client' xmlns:stream='{STREAM}'>"),
            Some(InvalidNamespace),
        ),
        (
            ns::CLIENT,
            format!("<stream:stream xmlns:stream='{STREAM}'>"),
            Some(InvalidNamespace),
        ),
        (
            ns::CLIENT,
            "<stream:stream xmlns='jabber:client'>".into(),
            Some(BadNamespacePrefix),
        ),
        (
            ns::CLIENT,
            format!("<stream:stream xmlns='jabber:client' xmlns:stream='{STREAM}' a:b='c'>"),
            Some(BadNamespacePrefix),
        ),
        (
            ns::CLIENT,
            format!("<stream:features xmlns='jabber:client' xmlns:stream='{STREAM}'>"),
            Some(BadFormat),
        ),
        (ns::CLIENT, "<message xmlns='jabber:client'>".into(), Some(BadFormat)),
        (ns::CLIENT, "<html>".into(), Some(BadFormat)),
        (
            ns::CLIENT,
            format!("<stream:stream xmlns='jabber:client' xmlns:stream='{STREAM}'/>"),
            Some(BadFormat),
        ),
        (ns::CLIENT, "</stream:stream>".into(), Some(NotWellFormed)),
        (
            ns::CLIENT,
            format!("<stream:stream xmlns='jabber:client' xmlns:stream='{STREAM}' to='a' to='b'>"),
            Some(NotWellFormed),
        ),
        (
            ns::CLIENT,
            format!("<stream:stream xmlns='jabber:client' xmlns:stream='{STREAM}' to='<'>"),
            Some(NotWellFormed),
        ),
    ] {
        assert_eq!(open(content_ns, &header).err(), condition, "{header}");
    }
}

#[test]
fn prefixes_of_the_root_reach_every_stanza() {
    let stream = "<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams' xmlns:p='urn:p'>\
        <message><p:a p:b='c'/></message><p:x/><s:error/></s:stream>";
    assert_eq!(
        read(stream.as_bytes(), 4, Limits::client()).frames,
        [
            "open",
            "<message><a xmlns='urn:p' xmlns:a='urn:p' a:b='c'/></message>",
            "<x xmlns='urn:p'/>",
            "<error xmlns='http://etherx.jabber.org/streams'/>",
            "close"
        ]
    );
    let prefix_free =
        "<stream xmlns='http://etherx.jabber.org/streams'><message xmlns='jabber:client'><body/></message></stream>";
    assert_eq!(
        read(prefix_free.as_bytes(), 4, Limits::client()).frames,
        ["open", "<message><body/></message>", "close"]
    );
}

#[test]
fn nothing_follows_the_end() {
    for end in ["</stream:stream>", "</stream:stream \n>"] {
        let stream = format!("{OPEN}<presence/>{end}<presence/></x><!-- ");
        for chunk in [1, 6, 1000] {
            let outcome = read(stream.as_bytes(), chunk, Limits::client());
            assert_eq!(
                (outcome.frames.join(" "), outcome.error),
                ("open <presence/> close".into(), None)
            );
        }
    }
    let mut tokenizer = Tokenizer::new(ns::CLIENT, Limits::client());
    assert_eq!(read_with(&mut tokenizer, b"<x/>", 1).error, Some(BadFormat));
    let later = read_with(&mut tokenizer, OPEN.as_bytes(), 1);
    assert_eq!(
        (later.frames.len(), later.error),
        (0, None),
        "a spent tokenizer discards what follows"
    );
}

#[test]
fn a_restart_wants_a_new_header() {
    let mut tokenizer = Tokenizer::new(ns::CLIENT, Limits::before_authentication());
    let begin = [OPEN, "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>=</auth>"].concat();
    let mut input = begin.as_bytes();
    assert!(matches!(tokenizer.next(&mut input), Ok(Some(Frame::Open(_)))));
    assert!(matches!(tokenizer.next(&mut input), Ok(Some(Frame::Element(_)))));
    tokenizer.restart();
    let again = ["\r\n<?xml version='1.0'?> ", OPEN, "<presence/>"].concat();
    assert_eq!(
        read_with(&mut tokenizer, again.as_bytes(), 3).frames,
        ["open", "<presence/>"]
    );
    tokenizer.restart();
    assert_eq!(read_with(&mut tokenizer, b"<presence/>", 3).error, Some(BadFormat));
}

#[test]
fn our_own_openings_are_understood() {
    let header = StreamHeader {
        to: Some("juliet@example.org".into()),
        from: Some("it's <example>".into()),
        id: Some("a&b".into()),
        version: Some("1.0".into()),
        lang: Some("en".into()),
    };
    for content_ns in [ns::CLIENT, ns::SERVER] {
        let mut out = Vec::new();
        writer::stream_open(&mut out, &header, content_ns);
        assert_eq!(open(content_ns, std::str::from_utf8(&out).unwrap()), Ok(header.clone()));
    }
}
