//! Trees and stanzas become canonical XML.

use crate::{Element, Stanza, element::Node};

/// Appends text with `<`, `>`, `&` and both quotes escaped, and carriage returns kept by reference.
pub fn escape(out: &mut Vec<u8>, text: &str) {
    for byte in text.bytes() {
        match byte {
            b'<' => out.extend_from_slice(b"&lt;"),
            b'>' => out.extend_from_slice(b"&gt;"),
            b'&' => out.extend_from_slice(b"&amp;"),
            b'\'' => out.extend_from_slice(b"&apos;"),
            b'"' => out.extend_from_slice(b"&quot;"),
            b'\r' => out.extend_from_slice(b"&#13;"),
            _ => out.push(byte),
        }
    }
}

/// Appends ` name='value'`.
pub fn attribute(out: &mut Vec<u8>, name: &str, value: &str) {
    out.push(b' ');
    out.extend_from_slice(name.as_bytes());
    out.extend_from_slice(b"='");
    escape(out, value);
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
    for (name, value) in &element.attributes {
        attribute(out, name, value);
    }
    if element.nodes.is_empty() {
        out.extend_from_slice(b"/>");
        return;
    }
    out.push(b'>');
    for node in &element.nodes {
        match node {
            Node::Text(text) => escape(out, text),
            Node::Element(child) => write(out, child, child.ns != element.ns),
        }
    }
    out.extend_from_slice(b"</");
    out.extend_from_slice(element.name.as_bytes());
    out.push(b'>');
}

/// Appends a stanza, with `xmlns` where `ns` is given.
pub fn stanza(out: &mut Vec<u8>, stanza: &Stanza, ns: Option<&str>) {
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
    out.extend_from_slice(b"</");
    out.extend_from_slice(name.as_bytes());
    out.push(b'>');
}
