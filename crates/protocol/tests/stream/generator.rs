//! Streams for property tests: sound ones written in many ways, and such with damage.

use proptest::{collection::vec, prelude::*, sample::select};

/// An element with its tags, in every quirk that XML allows and some that it does not.
fn element() -> impl Strategy<Value = String> {
    let leaf = (tag(), text()).prop_map(|(tag, text)| wrap(&tag, &text));
    leaf.prop_recursive(4, 24, 4, |inner| {
        (tag(), vec(prop_oneof![inner, text()], 0..4)).prop_map(|(tag, inside)| wrap(&tag, &inside.concat()))
    })
}

/// A stream of such elements.
pub(crate) fn stream() -> impl Strategy<Value = String> {
    let first_level = prop_oneof![
        3 => (select(STANZAS), vec(element(), 0..4)).prop_map(|(tag, inside)| wrap(&tag.into(), &inside.concat())),
        1 => element(),
        1 => select(BETWEEN).prop_map(str::to_owned),
    ];
    (
        select(OPENINGS),
        vec(first_level, 0..5),
        select(&["", "</stream:stream>", "</stream:stream>trailing"][..]),
    )
        .prop_map(|(open, inside, close)| [open, &inside.concat(), close].concat())
}

/// A stream with some of its bytes lost, doubled, changed, or with pieces of syntax put between.
pub(crate) fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let damage = (0..5_u8, any::<prop::sample::Index>(), 0..12_usize, select(PIECES));
    (stream(), vec(damage, 0..4)).prop_map(|(stream, damages)| {
        let mut bytes = stream.into_bytes();
        for (kind, at, len, piece) in damages {
            let at = at.index(bytes.len());
            let end = (at + len).min(bytes.len());
            match kind {
                0 => drop(bytes.drain(at..end)),
                1 => bytes = [&bytes[..end], &bytes[at..]].concat(),
                2 => bytes[at] = bytes[at].wrapping_add(1),
                3 => drop(bytes.splice(at..end, piece.iter().copied())),
                _ => drop(bytes.splice(at..at, piece.iter().copied())),
            }
        }
        bytes
    })
}

/// What stands in a start tag, and the name for the end tag.
#[derive(Debug, Clone)]
pub(crate) struct Tag {
    name: String,
    rest: String,
    is_short: bool,
}

impl From<&str> for Tag {
    fn from(tag: &str) -> Self {
        let (name, rest) = tag.split_once(' ').unwrap_or((tag, ""));
        Self {
            name: name.into(),
            rest: format!(" {rest}"),
            is_short: true,
        }
    }
}

fn wrap(tag: &Tag, inside: &str) -> String {
    let Tag { name, rest, is_short } = tag;
    if *is_short && inside.is_empty() {
        format!("<{name}{rest}/>")
    } else {
        format!("<{name}{rest}>{inside}</{name}>")
    }
}

fn tag() -> impl Strategy<Value = Tag> {
    (select(NAMES), vec(attribute(), 0..4), any::<bool>()).prop_map(|(name, attributes, is_short)| Tag {
        name: name.into(),
        rest: attributes.concat(),
        is_short,
    })
}

fn attribute() -> impl Strategy<Value = String> {
    let declaration = (select(DECLARED), select(NAMESPACES)).prop_map(|(name, ns)| format!(" {name}='{ns}'"));
    let value = (
        select(ATTRIBUTES),
        select(BLANKS),
        vec(select(VALUES), 0..3),
        any::<bool>(),
    )
        .prop_map(|(name, blank, value, is_double)| {
            let quote = if is_double { '"' } else { '\'' };
            let value = value.concat().replace(quote, "");
            format!("\n{name}{blank}={blank}{quote}{value}{quote}{blank}")
        });
    prop_oneof![2 => declaration, 3 => value]
}

fn text() -> impl Strategy<Value = String> {
    vec(select(TEXTS), 0..3).prop_map(|texts| texts.concat())
}

const STREAM: &str = "http://etherx.jabber.org/streams";
const OPENINGS: &[&str] = &[
    "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' xmlns:a='urn:a'>",
    "<?xml version='1.0'?>\n<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='x'>",
    "<?xml version='1.0' encoding='UTF-8'?><stream xmlns='http://etherx.jabber.org/streams' xmlns:a='jabber:client'>",
    "\u{feff}<s:stream xmlns='jabber:client' xmlns:s='http://etherx.jabber.org/streams'>",
];
const STANZAS: &[&str] = &[
    "message",
    "message type='chat' to='romeo@example.org/\u{1f600}' id='1'",
    "message xmlns='jabber:client' xml:lang='en' from=\"a@b/c&amp;d\"",
    "a:message xmlns:a='jabber:client'",
    "presence type='unavailable'",
    "presence xmlns:b='urn:b' b:x='1' to='@'",
    "iq type='get' id='a\"b'",
    "iq type='result' id='&#10;'",
];
const BETWEEN: &[&str] = &[
    " ",
    "\r\n\t",
    "<stream:error/>",
    "<r xmlns='urn:xmpp:sm:3'/>",
    "&#32;",
    "x",
];
const NAMES: &[&str] = &[
    "body",
    "a",
    "b:x",
    "a:x",
    "a:body",
    "\u{e9}l\u{e9}ment",
    "x.y-z_1",
    "message",
    "xml:a",
    "stream:features",
    "_",
    "\u{65e5}:\u{672c}",
];
const DECLARED: &[&str] = &[
    "xmlns",
    "xmlns:a",
    "xmlns:b",
    "xmlns:\u{65e5}",
    "xmlns:stream",
    "xmlns:xml",
];
const NAMESPACES: &[&str] = &[
    "urn:a",
    "urn:b",
    "urn:a&amp;b",
    "",
    "jabber:client",
    "jabber:server",
    STREAM,
    "http://www.w3.org/XML/1998/namespace",
    " ",
    "urn:a\n",
    "urn:&apos;",
    "{urn:}x}",
    "urn:&lt;",
];
const ATTRIBUTES: &[&str] = &["id", "x", "a:x", "b:x", "xml:lang", "xml:space", "\u{e9}", "to", "a:to"];
const VALUES: &[&str] = &[
    "",
    "v",
    "&lt;",
    "&quot;",
    "'",
    "\"",
    ">",
    "\t",
    "\r\n",
    "&#13;",
    "&#x1F600;",
    "\u{1f600}",
    "]]>",
    " ",
];
const BLANKS: &[&str] = &["", "", " ", "\n\t"];
const TEXTS: &[&str] = &[
    "",
    "text",
    " ",
    "\r\n",
    "\r",
    "&amp;",
    "&#62;",
    "&gt;",
    ">",
    "]]",
    "<![CDATA[<x>&amp;]]]]>",
    "<![CDATA[]]>",
    "\u{430}\u{1f600}",
    "\u{fffd}",
    "\u{ff5e}",
    "\"'",
    "&apos;",
];
const PIECES: &[&[u8]] = &[
    b"<",
    b">",
    b"/",
    b"&",
    b";",
    b"'",
    b"\"",
    b"=",
    b" ",
    b"]]>",
    b"<![CDATA[",
    b"<!--",
    b"<?",
    b"?>",
    b"<!DOCTYPE x>",
    b"&#0;",
    b"&x;",
    b"\0",
    b"\x1f",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbf\xbe",
    b":",
    b"xmlns:a=''",
    b" xmlns='u'",
    b"<a>",
    b"</a>",
    b"</message>",
    b"<stream:stream>",
    b" id='1'",
    b"\r",
    b"-",
    b"1",
];
