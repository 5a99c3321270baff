//! One child of a stanza, in canonical bytes.

use bytes::Bytes;

use crate::{
    Element, ns,
    stream::{self, tree},
};

/// A child of a stanza in canonical XML: default namespaces only, each written where it differs from the parent's,
/// entities resolved and escaped our way, empty elements as `<a/>`. An attribute with a namespace has its prefix
/// declared on the same element, and no prefix but `xml` stands anywhere else.
///
/// A child in the content namespace carries no `xmlns`, so that its bytes fit a client's and a server's stream alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    bytes: Bytes,
    name_len: u32,
    /// Length of the namespace as written; `u32::MAX` where none is written.
    ns_len: u32,
}

/// Marks a child in the content namespace.
const CONTENT_NS: u32 = u32::MAX;
/// What stands between name and namespace in canonical bytes.
const XMLNS: &[u8] = b" xmlns='";

impl Child {
    /// The canonical form of an element that becomes a stanza's child.
    #[must_use]
    pub fn from_element(element: &Element) -> Self {
        let mut bytes = Vec::with_capacity(96);
        element.write(&mut bytes, ns::CLIENT);
        Self::from_canonical(bytes.into())
    }

    /// Canonical bytes that the tokenizer or the writer of this crate made. Bytes from anywhere else go through
    /// [`crate::Stanza::parse`] or [`tree::parse`].
    #[must_use]
    pub fn from_canonical(bytes: Bytes) -> Self {
        let name_len = bytes
            .iter()
            .skip(1)
            .take_while(|byte| !matches!(byte, b' ' | b'/' | b'>'))
            .count();
        let ns_len = bytes
            .get(1 + name_len..)
            .and_then(|rest| rest.strip_prefix(XMLNS))
            .and_then(|value| memchr::memchr(b'\'', value));
        let short = |len: usize| u32::try_from(len).expect("a child has less than 4 GiB");
        Self::measured(bytes, short(name_len), ns_len.map(short))
    }

    /// Canonical bytes with the lengths of the name and, where it is written, of the namespace.
    pub(crate) fn measured(bytes: Bytes, name_len: u32, ns_len: Option<u32>) -> Self {
        Self {
            bytes,
            name_len,
            ns_len: ns_len.unwrap_or(CONTENT_NS),
        }
    }

    /// Local name.
    #[must_use]
    pub fn name(&self) -> &str {
        text(self.name_bytes())
    }

    /// Namespace, escaped as in XML; `jabber:client` for the content namespace.
    #[must_use]
    pub fn ns(&self) -> &str {
        text(self.ns_bytes())
    }

    fn name_bytes(&self) -> &[u8] {
        self.bytes.get(1..1 + self.name_len as usize).unwrap_or_default()
    }

    fn ns_bytes(&self) -> &[u8] {
        if self.ns_len == CONTENT_NS {
            return ns::CLIENT.as_bytes();
        }
        let start = 1 + self.name_len as usize + XMLNS.len();
        self.bytes.get(start..start + self.ns_len as usize).unwrap_or_default()
    }

    /// Whether name and namespace are these.
    #[must_use]
    pub fn is(&self, name: &str, ns: &str) -> bool {
        self.name_bytes() == name.as_bytes() && self.ns_bytes() == ns.as_bytes()
    }

    /// Whether the namespace is this one.
    #[must_use]
    pub fn is_in(&self, ns: &str) -> bool {
        self.ns_bytes() == ns.as_bytes()
    }

    /// The canonical XML.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The child as a tree.
    #[must_use]
    pub fn to_element(&self) -> Element {
        tree::parse(&self.bytes, ns::CLIENT).expect("canonical bytes are well-formed")
    }

    /// The child's own text, as of `<body/>`, `<show/>` or `<priority/>`.
    #[must_use]
    pub fn text(&self) -> String {
        match stream::plain_content(&self.bytes) {
            Some(text) => text.into_owned(),
            None => self.to_element().own_text(),
        }
    }

    /// The value of an attribute of the child, without growing a tree.
    #[must_use]
    pub fn attr(&self, name: &str) -> Option<String> {
        stream::first_attribute(&self.bytes, name)
    }
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).expect("canonical bytes are UTF-8")
}
