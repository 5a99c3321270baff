//! A light XML tree, for payloads that somebody wants to look into. Messages that are only passed on never become one.

use compact_str::CompactString;

use crate::stream::writer;

/// An element with resolved namespace, attributes and content. The content namespaces are one (see [`crate::Child`]):
/// read from whatever stream, both are `jabber:client`.
///
/// Attributes without a prefix are stored under their name, `xml:lang` under `xml:lang`, others under
/// `{namespace}name`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Local name.
    pub name: CompactString,
    /// Namespace, unescaped; empty for none.
    pub ns: CompactString,
    /// Attributes in document order.
    pub attributes: Vec<(CompactString, CompactString)>,
    /// Text and elements in document order.
    pub nodes: Vec<Node>,
}

/// What stands inside an [`Element`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A child element.
    Element(Element),
    /// Character data, unescaped.
    Text(CompactString),
}

impl Element {
    /// An empty element.
    #[must_use]
    pub fn new(name: &str, ns: &str) -> Self {
        Self {
            name: name.into(),
            ns: ns.into(),
            attributes: Vec::new(),
            nodes: Vec::new(),
        }
    }

    /// The element with one more attribute, or a changed one.
    #[must_use]
    pub fn attr(mut self, name: &str, value: impl AsRef<str>) -> Self {
        self.set_attr(name, value.as_ref());
        self
    }

    /// The element with the attribute when there is a value.
    #[must_use]
    pub fn maybe_attr(self, name: &str, value: Option<impl AsRef<str>>) -> Self {
        match value {
            Some(value) => self.attr(name, value),
            None => self,
        }
    }

    /// The element with one more child.
    #[must_use]
    pub fn child(mut self, child: Self) -> Self {
        self.nodes.push(Node::Element(child));
        self
    }

    /// The element with more children.
    #[must_use]
    pub fn children_from(mut self, children: impl IntoIterator<Item = Self>) -> Self {
        self.nodes.extend(children.into_iter().map(Node::Element));
        self
    }

    /// The element with more text at its end.
    #[must_use]
    pub fn text(mut self, text: impl AsRef<str>) -> Self {
        self.nodes.push(Node::Text(text.as_ref().into()));
        self
    }

    /// Sets an attribute, replacing an earlier value.
    pub fn set_attr(&mut self, name: &str, value: &str) {
        match self.attributes.iter_mut().find(|(key, _)| key == name) {
            Some((_, old)) => *old = value.into(),
            None => self.attributes.push((name.into(), value.into())),
        }
    }

    /// Whether name and namespace are these.
    #[must_use]
    pub fn is(&self, name: &str, ns: &str) -> bool {
        self.name == name && self.ns == ns
    }

    /// The value of an attribute.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// Child elements in document order.
    pub fn elements(&self) -> impl Iterator<Item = &Self> {
        self.nodes.iter().filter_map(|node| match node {
            Node::Element(element) => Some(element),
            Node::Text(_) => None,
        })
    }

    /// The first child element of this name and namespace.
    #[must_use]
    pub fn find(&self, name: &str, ns: &str) -> Option<&Self> {
        self.elements().find(|element| element.is(name, ns))
    }

    /// The element's own text, without that of its children.
    #[must_use]
    pub fn own_text(&self) -> String {
        self.nodes
            .iter()
            .filter_map(|node| match node {
                Node::Text(text) => Some(text.as_str()),
                Node::Element(_) => None,
            })
            .collect()
    }

    /// Canonical XML of the element inside a parent of namespace `parent_ns`.
    pub fn write(&self, out: &mut Vec<u8>, parent_ns: &str) {
        writer::element(out, self, parent_ns);
    }

    /// Canonical XML of the element, standing alone: its namespace is always written.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut out = Vec::with_capacity(128);
        writer::document(&mut out, self);
        String::from_utf8(out).expect("the writer copies whole strings and ASCII")
    }
}
