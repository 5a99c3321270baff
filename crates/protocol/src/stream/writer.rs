//! Trees, stanzas and the stream's own tags become canonical XML: default namespaces only, apostrophes around values,
//! entities only where XML needs them.

use std::borrow::Cow;

use super::{StreamHeader, text};
use crate::{Element, Stanza, StreamError, element::Node, ns};

/// What ends a stream.
pub const STREAM_CLOSE: &[u8] = b"</stream:stream>";

/// Appends text, escaped for the content of an element. Characters that XML does not have become U+FFFD.
pub fn escape_text(out: &mut Vec<u8>, text: &str) {
    if text::is_plain(text.as_bytes()) || text::is_canonical_text(text) {
        out.extend_from_slice(text.as_bytes());
    } else {
        escape(out, text, false);
    }
}

/// Appends text, escaped for a value between apostrophes. Characters that XML does not have become U+FFFD.
pub fn escape_attribute(out: &mut Vec<u8>, value: &str) {
    if text::is_canonical_attribute(value.as_bytes()) {
        out.extend_from_slice(value.as_bytes());
    } else {
        escape(out, value, true);
    }
}

fn escape(out: &mut Vec<u8>, text: &str, is_value: bool) {
    let mut done = 0;
    for (at, character) in text.char_indices() {
        let Some(reference) = reference(character, is_value) else {
            continue;
        };
        out.extend_from_slice(&text.as_bytes()[done..at]);
        out.extend_from_slice(reference.as_bytes());
        done = at + character.len_utf8();
    }
    out.extend_from_slice(&text.as_bytes()[done..]);
}

/// What stands for a character where it may not stand itself.
fn reference(character: char, is_value: bool) -> Option<&'static str> {
    Some(match character {
        '<' => "&lt;",
        '>' => "&gt;",
        '&' => "&amp;",
        '\r' => "&#13;",
        '\'' if is_value => "&apos;",
        '\n' if is_value => "&#10;",
        '\t' if is_value => "&#9;",
        _ if text::is_character(character) => return None,
        _ => "\u{fffd}",
    })
}

/// Appends ` name='value'`.
pub fn attribute(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(b' ');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"='");
    escape_attribute(out, value);
    out.push(b'\'');
}

/// Appends an element that stands inside a parent of namespace `parent_ns`.
pub fn element(out: &mut Vec<u8>, element: &Element, parent_ns: &str) {
    write(out, element, element.ns != parent_ns);
}

/// Appends an element that stands alone.
pub fn document(out: &mut Vec<u8>, element: &Element) {
    write(out, element, true);
}

fn write(out: &mut Vec<u8>, element: &Element, declare: bool) {
    out.push(b'<');
    out.extend_from_slice(element.name.as_bytes());
    if declare {
        attribute(out, "xmlns", &element.ns);
    }
    attributes(out, element);
    content(out, element, &element.name, Some(&element.ns));
}

fn attributes(out: &mut Vec<u8>, element: &Element) {
    let mut prefixes: Vec<&str> = Vec::new();
    for (name, value) in &element.attributes {
        let Some((uri, local)) = name.strip_prefix('{').and_then(|name| name.rsplit_once('}')) else {
            attribute(out, name, value);
            continue;
        };
        let known = prefixes.iter().position(|known| *known == uri);
        let prefix = prefix(known.unwrap_or(prefixes.len()));
        if known.is_none() {
            prefixes.push(uri);
            attribute(out, &format!("xmlns:{prefix}"), uri);
        }
        attribute(out, &format!("{prefix}:{local}"), value);
    }
}

/// The prefix that the so-many-eth namespace of an element's attributes gets.
pub(super) fn prefix(index: usize) -> Cow<'static, str> {
    const LETTERS: &str = "abcdefghijklmnopqrstuvw";
    match LETTERS.get(index..=index) {
        Some(letter) => letter.into(),
        None => format!("x{index}").into(),
    }
}

/// Appends what follows an element's attributes, up to the end of the element.
/// `default_ns` is the default namespace there.
fn content(out: &mut Vec<u8>, element: &Element, tag: &str, default_ns: Option<&str>) {
    if element.nodes.is_empty() {
        out.extend_from_slice(b"/>");
        return;
    }
    out.push(b'>');
    for node in &element.nodes {
        match node {
            Node::Text(text) => escape_text(out, text),
            Node::Element(child) => write(out, child, Some(child.ns.as_str()) != default_ns),
        }
    }
    end(out, tag);
}

fn end(out: &mut Vec<u8>, tag: &str) {
    out.extend_from_slice(b"</");
    out.extend_from_slice(tag.as_bytes());
    out.push(b'>');
}

/// Appends a stanza, with `xmlns` where `ns` is given.
pub fn stanza(out: &mut Vec<u8>, stanza: &Stanza, ns: Option<&str>) {
    let children: usize = stanza.children.iter().map(|child| child.bytes().len()).sum();
    out.reserve(children + HEADER_BYTES);
    let name = stanza.kind.name();
    out.push(b'<');
    out.extend_from_slice(name.as_bytes());
    let attributes = [
        ("xmlns", ns),
        ("from", stanza.from.as_ref().map(AsRef::as_ref)),
        ("to", stanza.to.as_ref().map(AsRef::as_ref)),
        ("id", stanza.id.as_deref()),
        ("type", stanza.kind.type_str()),
        ("xml:lang", stanza.lang.as_deref()),
    ];
    for (name, value) in attributes {
        if let Some(value) = value {
            attribute(out, name, value);
        }
    }
    if stanza.children.is_empty() {
        out.extend_from_slice(b"/>");
        return;
    }
    out.push(b'>');
    for child in &stanza.children {
        out.extend_from_slice(child.bytes());
    }
    end(out, name);
}

/// What the tags of most stanzas take.
const HEADER_BYTES: usize = 256;

/// Appends the opening of a stream (RFC 6120 §4.7), the XML declaration included. Both sides write it alike.
pub fn stream_open(out: &mut Vec<u8>, header: &StreamHeader, content_ns: &str) {
    out.extend_from_slice(b"<?xml version='1.0'?><stream:stream");
    attribute(out, "xmlns", content_ns);
    attribute(out, "xmlns:stream", ns::STREAM);
    let attributes = [
        ("from", &header.from),
        ("to", &header.to),
        ("id", &header.id),
        ("version", &header.version),
        ("xml:lang", &header.lang),
    ];
    for (name, value) in attributes {
        if let Some(value) = value {
            attribute(out, name, value);
        }
    }
    out.push(b'>');
}

/// Appends `<stream:features>` for a stream that declares the prefix `stream`, as some clients demand it.
pub fn features(out: &mut Vec<u8>, features: &Element) {
    prefixed(out, features, false);
}

/// Appends `<stream:error>` (RFC 6120 §4.9.2) for a stream that declares the prefix `stream`, as some clients demand
/// it.
pub fn stream_error(out: &mut Vec<u8>, error: &StreamError) {
    prefixed(out, &error.to_element(), false);
}

/// Appends an element of the stream's namespace that declares the prefix `stream` itself: for WebSocket frames (RFC
/// 7395 §3.3.3) and BOSH.
pub fn stream_document(out: &mut Vec<u8>, element: &Element) {
    prefixed(out, element, true);
}

fn prefixed(out: &mut Vec<u8>, element: &Element, declare: bool) {
    let tag = format!("stream:{}", element.name);
    out.push(b'<');
    out.extend_from_slice(tag.as_bytes());
    if declare {
        attribute(out, "xmlns:stream", ns::STREAM);
    }
    attributes(out, element);
    // Where the stream's namespace has a prefix, the default one is another.
    content(out, element, &tag, None);
}
