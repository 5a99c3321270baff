//! Items 1 to 48 of the checklist of hostile XML, as far as they concern the tokenizer alone: every one whole, byte by
//! byte and in pieces, before and after authentication.

use protocol::{
    StreamCondition::{self, *},
    ns,
    stream::{Limits, Tokenizer},
};

use super::{OPEN, read, read_with};

/// Whether `inside`, sent after the header, ends the stream with one of these conditions.
fn refused(item: u32, inside: impl AsRef<[u8]>, allowed: &[StreamCondition]) {
    refused_raw(item, [OPEN.as_bytes(), inside.as_ref()].concat(), allowed);
}

/// Whether these bytes from the start of a stream end it with one of these conditions.
fn refused_raw(item: u32, bytes: impl AsRef<[u8]>, allowed: &[StreamCondition]) {
    let bytes = bytes.as_ref();
    for limits in [Limits::before_authentication(), Limits::client()] {
        for chunk in [bytes.len(), 1, 7] {
            let outcome = read(bytes, chunk, limits);
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(300)]);
            assert!(
                outcome.error.is_some_and(|error| allowed.contains(&error)),
                "item {item} in chunks of {chunk}: {outcome:?} of {shown}"
            );
            let frames = outcome.frames.iter().filter(|frame| *frame != "open").count();
            assert_eq!(frames, 0, "item {item} let {outcome:?} through");
        }
    }
}

/// Whether `inside`, sent after the header, comes out as these frames.
fn accepted(item: u32, inside: impl AsRef<[u8]>, frames: &[&str]) {
    let bytes = [OPEN.as_bytes(), inside.as_ref()].concat();
    for chunk in [bytes.len(), 1, 7] {
        let outcome = read(&bytes, chunk, Limits::client());
        assert_eq!(outcome.error, None, "item {item} in chunks of {chunk}");
        assert_eq!(outcome.frames[1..], *frames, "item {item} in chunks of {chunk}");
    }
}

/// Whether endless input is refused before it is stored: with no more taken than the limit and one chunk.
fn bounded(item: u32, begin: &str, again: impl Fn(usize) -> String, allowed: &[StreamCondition]) {
    const CHUNK: usize = 1024;
    for limits in [Limits::before_authentication(), Limits::client()] {
        let mut bytes = [OPEN, begin].concat();
        for round in 0.. {
            bytes.push_str(&again(round));
            if bytes.len() > limits.stanza_bytes + 4 * CHUNK {
                break;
            }
        }
        let outcome = read(bytes.as_bytes(), CHUNK, limits);
        assert!(
            outcome.error.is_some_and(|error| allowed.contains(&error)),
            "item {item}: {outcome:?}"
        );
        assert!(
            outcome.taken <= OPEN.len() + limits.stanza_bytes + CHUNK,
            "item {item}: {outcome:?}"
        );
        let whole = read(bytes.as_bytes(), bytes.len(), limits);
        assert_eq!(whole.error, outcome.error, "item {item}");
    }
}

#[test]
fn document_types_and_entities_are_restricted() {
    let doctype = "<!DOCTYPE lolz [<!ENTITY a 'ha'><!ENTITY b '&a;&a;'>]>";
    let body = "<message><body>&b;</body></message>";
    refused(1, "<!DOCTYPE stream>", &[RestrictedXml]);
    refused(1, "<!doctype stream>", &[RestrictedXml]);
    refused(1, "<message><!DOCTYPE x></message>", &[RestrictedXml]);
    refused_raw(1, format!("<!DOCTYPE stream>{OPEN}"), &[RestrictedXml]);
    refused_raw(
        1,
        format!("<?xml version='1.0'?>\n<!DOCTYPE stream>{OPEN}"),
        &[RestrictedXml],
    );
    refused_raw(2, format!("{doctype}{OPEN}{body}"), &[RestrictedXml]);
    refused(2, body, &[RestrictedXml]);
    refused_raw(3, OPEN.replace("example.org'", "&b;'"), &[RestrictedXml]);
    refused(3, "<message to='&b;'/>", &[RestrictedXml]);
    refused(4, "<!DOCTYPE x SYSTEM 'file:///etc/passwd'>", &[RestrictedXml]);
    refused(4, "<!ENTITY x SYSTEM 'http://127.0.0.1/'>", &[RestrictedXml]);
    refused(5, "<!DOCTYPE x [<!ENTITY % p 'x'> %p;]>", &[RestrictedXml]);
    refused(6, "<message><body>&foo;</body></message>", &[RestrictedXml]);
    refused(6, "<message><body>&foo</body></message>", &[NotWellFormed]);
    refused(6, "<message><body>&</body></message>", &[NotWellFormed]);
    refused(6, "<message><body>& amp;</body></message>", &[RestrictedXml]);
}

#[test]
fn comments_and_instructions_are_restricted() {
    refused(7, "<!-- hi -->", &[RestrictedXml]);
    refused(7, "<message><!-- hi --></message>", &[RestrictedXml]);
    refused_raw(7, format!("<!-- hi -->{OPEN}"), &[RestrictedXml]);
    refused(7, "<message><![INCLUDE[x]]></message>", &[RestrictedXml]);
    refused(8, "<?php echo 1 ?>", &[RestrictedXml]);
    refused(8, "<message><?x y?></message>", &[RestrictedXml]);
    refused_raw(8, format!("<?xml-stylesheet href='x'?>{OPEN}"), &[RestrictedXml]);
    refused(9, "<?xml version='1.0'?>", &[RestrictedXml, NotWellFormed]);
    refused(
        9,
        "<message><?xml version='1.0'?></message>",
        &[RestrictedXml, NotWellFormed],
    );
    refused_raw(
        9,
        format!("<?xml version='1.0'?><?xml version='1.0'?>{OPEN}"),
        &[RestrictedXml, NotWellFormed],
    );
    refused_raw(
        9,
        format!(" <?xml version='1.0'?>{OPEN}"),
        &[RestrictedXml, NotWellFormed],
    );
}

#[test]
fn only_xml_1_0_in_utf_8_is_spoken() {
    refused_raw(10, format!("<?xml version='1.1'?>{OPEN}"), &[NotWellFormed]);
    refused_raw(
        11,
        format!("<?xml version='1.0' encoding='ISO-8859-1'?>{OPEN}"),
        &[UnsupportedEncoding],
    );
    for wide in [
        OPEN.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>(),
        OPEN.encode_utf16().flat_map(u16::to_be_bytes).collect(),
        b"\xff\xfe<\0s\0".to_vec(),
        b"\xfe\xff\0<\0s".to_vec(),
    ] {
        refused_raw(11, wide, &[UnsupportedEncoding]);
    }
    let marked = format!("\u{feff}{OPEN}<presence/>");
    for chunk in [1, 2, 1000] {
        assert_eq!(
            read(marked.as_bytes(), chunk, Limits::client()).frames,
            ["open", "<presence/>"],
            "item 12"
        );
    }
    refused_raw(12, format!("\u{feff}\u{feff}{OPEN}"), &[NotWellFormed]);
    refused_raw(12, b"\xef\xbb<", &[NotWellFormed]);
    refused(12, "\u{feff}<presence/>", &[BadFormat]);
}

#[test]
fn bytes_that_are_no_characters_are_not_well_formed() {
    for (item, bytes) in [
        (13, &b"\xc0\x80"[..]),
        (13, b"\xe0\x80\xbc"),
        (13, b"\xf0\x80\x80\x80"),
        (14, b"\xc3"),
        (14, b"\xe2\x82"),
        (14, b"\xf0\x9f\x98"),
        (15, b"\xed\xa0\x80"),
        (15, b"\xf4\x90\x80\x80"),
        (15, b"\xff"),
        (16, b"\0"),
        (16, b"\x01"),
        (16, b"\x0b"),
        (16, b"\x1f"),
        (16, b"&#0;"),
        (16, b"&#x1;"),
        (16, b"&#xD800;"),
        (16, b"&#xFFFF;"),
        (16, b"\xef\xbf\xbe"),
        (16, b"\xef\xbf\xbf"),
    ] {
        let with = |before: &str, after: &str| [before.as_bytes(), bytes, after.as_bytes()].concat();
        refused(item, with("<message><body>", "</body></message>"), &[NotWellFormed]);
        if bytes[0] != b'&' {
            refused(
                item,
                with("<message><body><![CDATA[", "]]></body></message>"),
                &[NotWellFormed],
            );
        }
        refused(item, with("<message id='", "'/>"), &[NotWellFormed]);
        refused(item, with("<message id=\"", "\"/>"), &[NotWellFormed]);
        refused(item, with("<message><a", "/></message>"), &[NotWellFormed]);
        refused(item, with("<message><a ", "='x'/></message>"), &[NotWellFormed]);
        refused(item, with("<message><a xmlns='", "'/></message>"), &[NotWellFormed]);
    }
    for bytes in ["\u{7f}", "\u{85}", "\u{fffd}", "\u{1ffff}", "\u{e000}"] {
        let message = format!("<message><body>{bytes}</body></message>");
        accepted(16, &message, &[&message]);
    }
}

#[test]
fn slow_senders_are_understood_in_linear_time() {
    let text = "\u{43e}\u{1f600}".repeat(20_000);
    let message = format!("<message to='romeo@example.org'><body>{text}</body></message>");
    accepted(17, &message, &[&message]);
    accepted(18, &message, &[&message]);
}

#[test]
fn nesting_and_numbers_are_bounded() {
    let nested = |depth: usize| {
        format!(
            "<message>{}{}</message>",
            "<a>".repeat(depth - 1),
            "</a>".repeat(depth - 1)
        )
    };
    let shown = |depth: usize| nested(depth).replace("<a></a>", "<a/>");
    accepted(19, nested(64), &[&shown(64)]);
    for depth in [65, 10_000] {
        refused(19, nested(depth), &[PolicyViolation]);
    }
    refused(19, ["<message>", &"<a>".repeat(1_000_000)].concat(), &[PolicyViolation]);
    let attributes = |count: usize| (0..count).map(|at| format!(" a{at}='x'")).collect::<String>();
    accepted(
        21,
        format!("<message><a{}/></message>", attributes(128)),
        &[&format!("<message><a{}/></message>", attributes(128))],
    );
    for count in [129, 1000, 10_000, 100_000] {
        refused(
            21,
            format!("<message><a{}/></message>", attributes(count)),
            &[PolicyViolation],
        );
    }
    let declarations = |count: usize| (0..count).map(|at| format!(" xmlns:a{at}='u'")).collect::<String>();
    accepted(
        22,
        format!("<message><a{}/></message>", declarations(32)),
        &["<message><a/></message>"],
    );
    for count in [33, 100_000] {
        refused(
            22,
            format!("<message><a{}/></message>", declarations(count)),
            &[PolicyViolation],
        );
    }
    let spread = (0..12)
        .map(|at| format!("<a{}>", declarations(32).replace(":a", &format!(":b{at}"))))
        .collect::<String>();
    refused(22, format!("<message>{spread}"), &[PolicyViolation]);
    refused(
        25,
        format!("<message>{}</message>", "<a/>".repeat(16_384)),
        &[PolicyViolation],
    );
    refused(
        25,
        format!("<message><a>{}</a></message>", "<![CDATA[]]>".repeat(8192)),
        &[PolicyViolation],
    );
    accepted(
        25,
        format!("<message>{}</message>", "<a/>".repeat(8191)),
        &[&format!("<message>{}</message>", "<a/>".repeat(8191))],
    );
}

#[test]
fn endless_input_is_refused_before_it_is_stored() {
    let x = |_| "x".repeat(100);
    bounded(20, "<message id='", x, &[PolicyViolation]);
    bounded(20, "<message><a b=\"", x, &[PolicyViolation]);
    bounded(22, "<message", |at| format!(" xmlns:a{at}='u'"), &[PolicyViolation]);
    bounded(23, "<message><", x, &[PolicyViolation]);
    bounded(23, "<", x, &[PolicyViolation]);
    bounded(23, "<message></", x, &[PolicyViolation]);
    bounded(24, "<message><body>", x, &[PolicyViolation]);
    bounded(24, "<message><body><![CDATA[", x, &[PolicyViolation]);
    bounded(
        24,
        "<message><body>",
        |_| "<![CDATA[>]]>&amp;".into(),
        &[PolicyViolation],
    );
    bounded(41, "<message", |_| " ".repeat(100), &[PolicyViolation]);
    bounded(41, "<message>", |_| "\n".repeat(100), &[PolicyViolation]);
    bounded(8, "<?", x, &[PolicyViolation]);
}

/// XML can say much in few bytes: a prefix of one letter stands for a whole namespace.
#[test]
fn little_does_not_become_much() {
    let long = "u".repeat(1000);
    let (elements, attributes) = ("<p:a/>".repeat(8000), "<a p:b=''/>".repeat(8000));
    for inside in [&elements, &attributes] {
        refused(
            25,
            format!("<message xmlns:p='{long}'>{inside}</message>"),
            &[PolicyViolation],
        );
        refused(
            25,
            format!("<x xmlns='u' xmlns:p='{long}'>{inside}</x>"),
            &[PolicyViolation],
        );
    }
    refused(
        25,
        format!("<x xmlns='{long}'>{}</x>", "<a/>".repeat(8000)),
        &[PolicyViolation],
    );
    refused(25, format!("<message xmlns:p='{long}{long}'/>"), &[PolicyViolation]);
    refused_raw(
        25,
        OPEN.replace(" to=", &format!(" xmlns:p='{long}{long}' to=")),
        &[PolicyViolation],
    );
    let usual = format!(
        "<message>{}</message>",
        "<a xmlns='http://jabber.org/protocol/disco#items'/>".repeat(4000)
    );
    accepted(25, &usual, &[&usual]);
}

#[test]
fn a_stanza_may_be_as_big_as_it_may_be() {
    for limits in [Limits::before_authentication(), Limits::client()] {
        for excess in [0, 1] {
            let text = "x".repeat(limits.stanza_bytes + excess - "<message><body></body></message>".len());
            let stanza = format!("<message><body>{text}</body></message>");
            for chunk in [1, 1000, 1_000_000] {
                let outcome = read([OPEN, &stanza].concat().as_bytes(), chunk, limits);
                assert_eq!(
                    outcome.error.is_some(),
                    excess > 0,
                    "{excess} too many in chunks of {chunk}"
                );
                assert_eq!(outcome.frames.len(), 2 - excess);
            }
        }
    }
}

#[test]
fn white_space_is_bounded_too() {
    let limits = Limits::before_authentication();
    let blank = " ".repeat(limits.stanza_bytes + 1);
    for begin in ["", "<stream:stream", "<?xml version='1.0'?>"] {
        let outcome = read(format!("{begin}{blank}").as_bytes(), 1024, limits);
        assert_eq!(outcome.error, Some(PolicyViolation), "item 41 after {begin:?}");
    }
    let divided = format!(
        "{}{}",
        &blank[..5000],
        OPEN.replace(" to", &format!("{} to", &blank[..5000]))
    );
    assert_eq!(
        read(divided.as_bytes(), 1024, limits).error,
        Some(PolicyViolation),
        "item 41"
    );
    // Between stanzas white space is a keep-alive; only a flood is refused, and an element starts the count anew.
    let keep_alive = [OPEN, &blank, "<presence/>"].concat();
    assert_eq!(read(keep_alive.as_bytes(), 1024, limits).error, None, "item 41");
    let mut tokenizer = Tokenizer::new(ns::CLIENT, limits);
    read_with(&mut tokenizer, OPEN.as_bytes(), 1000);
    let error = (0..65).find_map(|_| read_with(&mut tokenizer, blank.as_bytes(), 1024).error);
    assert_eq!(error, Some(PolicyViolation), "item 41");
}

#[test]
fn names_and_attributes_are_namespace_well_formed() {
    for (item, inside, condition) in [
        (26, "<message id='1' id='1'/>", NotWellFormed),
        (26, "<message><a xmlns='u' xmlns='u'/></message>", NotWellFormed),
        (26, "<message><a xmlns:p='u' xmlns:p='u'/></message>", NotWellFormed),
        (
            27,
            "<message><x xmlns:a='u' xmlns:b='u' a:y='' b:y=''/></message>",
            NotWellFormed,
        ),
        (
            27,
            "<message><x xmlns:a='jabber:client' xmlns:b='jabber:server' a:y='' b:y=''/></message>",
            NotWellFormed,
        ),
        (28, "<a:message/>", BadNamespacePrefix),
        (28, "<message a:b='c'/>", BadNamespacePrefix),
        (28, "<message><x xmlns:a='u'/><a:y/></message>", BadNamespacePrefix),
        (28, "<message><xmlns:a/></message>", BadNamespacePrefix),
        (28, "<message><xml:a/></message>", BadNamespacePrefix),
        (29, "<message xmlns:xml='urn:x'/>", BadNamespacePrefix),
        (29, "<message xmlns:xmlns='urn:x'/>", BadNamespacePrefix),
        (
            29,
            "<message xmlns:xmlns='http://www.w3.org/2000/xmlns/'/>",
            BadNamespacePrefix,
        ),
        (29, "<message xmlns:stream='urn:x'/>", BadNamespacePrefix),
        (
            29,
            "<message xmlns:a='http://www.w3.org/XML/1998/namespace'/>",
            BadNamespacePrefix,
        ),
        (
            29,
            "<message><a xmlns='http://www.w3.org/2000/xmlns/'/></message>",
            BadNamespacePrefix,
        ),
        (29, "<message><a xmlns:p=''/></message>", BadNamespacePrefix),
        (48, "<1a/>", NotWellFormed),
        (48, "<a:b:c xmlns:a='u'/>", NotWellFormed),
        (48, "<:a/>", NotWellFormed),
        (48, "<a:/>", NotWellFormed),
        (48, "<message :a='u'/>", NotWellFormed),
    ] {
        refused(item, inside, &[condition]);
    }
}

#[test]
fn tags_are_written_as_xml_wants_them() {
    for (item, inside) in [
        (35, "<message></presence>"),
        (35, "<message><a><b></a></b></message>"),
        (35, "<message><a></message></a>"),
        (35, "<message><x:a xmlns:x='u'></a></message>"),
        (35, "<message><a></ a></message>"),
        (35, "<message></>"),
        (35, "<message></message x='y'>"),
        (36, "</x>"),
        (36, "<presence/></presence>"),
        (36, "</stream>"),
        (37, "<message><body>]]></body></message>"),
        (37, "<message><body>a]]]]></body></message>"),
        (37, "<message id='<'/>"),
        (37, "<message id=\"<a>\"/>"),
        (48, "<message id=1/>"),
        (48, "<message id/>"),
        (48, "<message id='1'type='chat'/>"),
        (48, "<message/id='1'>"),
        (48, "<message / >"),
        (48, "<message '>'/>"),
        (48, "<>"),
        (48, "< message/>"),
        (48, "<message <a/>"),
        (48, "<message id='1' '/>'/>"),
    ] {
        let allowed = if item == 36 {
            &[NotWellFormed, BadFormat][..]
        } else {
            &[NotWellFormed]
        };
        let outcome = read([OPEN, inside].concat().as_bytes(), 1, Limits::client());
        assert!(
            outcome.error.is_some_and(|error| allowed.contains(&error)),
            "item {item}: {outcome:?} of {inside}"
        );
    }
}

#[test]
fn namespaces_are_compared_literally() {
    for ns in [
        "jabber:client\u{1}x",
        "jabber:client\nx",
        "jabber:client:x",
        " jabber:client",
        "jabber:client ",
        "JABBER:CLIENT",
    ] {
        let inside = format!("<message><body xmlns='{ns}'/></message>");
        let outcome = read(format!("{OPEN}{inside}").as_bytes(), 9, Limits::client());
        assert!(
            !outcome.frames.contains(&"<message><body/></message>".into()),
            "item 30: {ns:?} {outcome:?}"
        );
        let first = read(format!("{OPEN}<message xmlns='{ns}'/>").as_bytes(), 9, Limits::client());
        assert!(
            !first.frames.contains(&"<message/>".into()),
            "item 30: {ns:?} {first:?}"
        );
    }
    accepted(
        33,
        "<message><a xmlns=''><b/></a></message>",
        &["<message><a xmlns=''><b/></a></message>"],
    );
    accepted(
        33,
        "<message><a xmlns='u'><b xmlns=''/></a></message>",
        &["<message><a xmlns='u'><b xmlns=''/></a></message>"],
    );
    accepted(
        34,
        "<c:message xmlns:c='jabber:client' type='chat'><c:body>hi</c:body><x xmlns='u'/></c:message>",
        &["<message type='chat'><body>hi</body><x xmlns='u'/></message>"],
    );
}

#[test]
fn what_is_said_is_kept_and_what_it_is_written_with_is_not() {
    accepted(
        38,
        "<message><body><![CDATA[<b>&amp;]]>!</body></message>",
        &["<message><body>&lt;b&gt;&amp;amp;!</body></message>"],
    );
    accepted(
        39,
        "<message><a b='1\r\n2\r3\n4\t5'>\r\n6\r7&#13;</a></message>",
        &["<message><a b='1 2 3 4 5'>\n6\n7&#13;</a></message>"],
    );
    accepted(
        39,
        "<message><a b='&#10;&#9;&#13;'/></message>",
        &["<message><a b='&#10;&#9;&#13;'/></message>"],
    );
    accepted(
        48,
        "<message><\u{e9}.\u{b7}-1 \u{65e5}='\u{672c}'/></message>",
        &["<message><\u{e9}.\u{b7}-1 \u{65e5}='\u{672c}'/></message>"],
    );
    let long = "n".repeat(1024);
    accepted(
        48,
        format!("<message><{long} {long}=''/></message>"),
        &[&format!("<message><{long} {long}=''/></message>")],
    );
    refused(48, format!("<message><{long}n/></message>"), &[PolicyViolation]);
    refused(48, format!("<message><a {long}n=''/></message>"), &[PolicyViolation]);
}

#[test]
fn the_first_level_has_nothing_but_elements() {
    refused(40, "hello<presence/>", &[BadFormat]);
    refused(40, "&#32;", &[BadFormat]);
    refused(40, "<![CDATA[ ]]>", &[BadFormat]);
    for inside in [
        "<message><body><stream:stream/></body></message>",
        "<message><stream:features/></message>",
        "<message><stream:error/></message>",
        "<message><a xmlns='http://etherx.jabber.org/streams'/></message>",
        "<message><x xmlns:s='http://etherx.jabber.org/streams'><s:error/></x></message>",
        "<message><x stream:a='b'/></message>",
        "<stream:error><stream:stream/></stream:error>",
        "<x xmlns='u'><stream:error/></x>",
    ] {
        refused(42, inside, &[BadFormat]);
    }
    refused(57, OPEN, &[BadFormat]);
    refused(57, "<stream:stream/>", &[BadFormat]);
}

#[test]
fn other_protocols_are_told_apart_at_once() {
    for (bytes, taken) in [
        (&b"GET / HTTP/1.1\r\nHost: example.org\r\n\r\n"[..], 1),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 1),
        (b"SSH-2.0-OpenSSH_9.2\r\n", 1),
    ] {
        let outcome = read(bytes, 1, Limits::before_authentication());
        assert_eq!(
            (outcome.error, outcome.taken),
            (Some(NotWellFormed), taken),
            "item 43: {bytes:?}"
        );
    }
}
