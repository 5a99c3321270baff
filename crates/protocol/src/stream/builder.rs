//! Tokens of one first-level element become a frame. All that XML demands beyond the single token is checked here:
//! that tags match, that prefixes are declared, that no two attributes are one.

use smallvec::SmallVec;

use super::{
    Frame, Limits,
    canonical::Canonical,
    fault,
    scope::{Mark, Ns, Outer, Scope},
    tag::{self, Attribute, Attributes, Tag},
    text::Place,
    token::{Token, TokenKind},
    tree::Grower,
};
use crate::{StreamCondition, StreamError, ns, stanza::Name};

/// An element that is being read.
pub(super) struct Builder {
    limits: Limits,
    scope: Scope,
    /// Names of open elements as written, one after the other.
    names: SmallVec<[u8; 128]>,
    open: SmallVec<[Open; 8]>,
    nodes: usize,
    /// Bytes of namespaces that will be written.
    growth: usize,
    /// The default namespace around the element.
    outer_default: Ns,
    becomes: Becomes,
    canonical: Canonical,
    grower: Grower,
}

/// An element whose end tag is due.
#[derive(Clone, Copy)]
struct Open {
    /// Where its name begins.
    name: u32,
    ns: Ns,
    /// The default namespace inside.
    default: Ns,
    /// Where its declarations begin.
    mark: Mark,
    /// Where its content begins in the canonical bytes.
    content: usize,
}

/// What the element becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Becomes {
    /// Not known before the first tag: a stanza where its namespace is this one.
    Undecided(&'static str),
    Stanza,
    Tree,
}

impl Builder {
    /// For an element that is a stanza where its name and namespace say so.
    pub(super) fn of_stream(outer: &Outer, content_ns: &'static str, limits: Limits) -> Self {
        let mut builder = Self::new(Becomes::Undecided(content_ns), limits.of_peer());
        builder.enter(outer);
        builder
    }

    /// For an element that becomes a tree, whatever it is.
    pub(super) fn of_tree(outer: &Outer, limits: Limits) -> Self {
        let mut builder = Self::new(Becomes::Tree, limits);
        builder.enter(outer);
        builder
    }

    fn new(becomes: Becomes, limits: Limits) -> Self {
        Self {
            limits,
            scope: Scope::default(),
            names: SmallVec::new(),
            open: SmallVec::new(),
            nodes: 0,
            growth: 0,
            outer_default: Ns::None,
            becomes,
            canonical: Canonical::default(),
            grower: Grower::default(),
        }
    }

    fn enter(&mut self, outer: &Outer) {
        self.outer_default = self.scope.enter(outer);
    }

    pub(super) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether no tag was taken yet.
    pub(super) fn is_fresh(&self) -> bool {
        self.nodes == 0
    }

    /// Takes one token; whether the element is complete.
    pub(super) fn take(&mut self, token: &Token<'_>) -> Result<bool, StreamError> {
        match token.kind {
            TokenKind::Start => self.start(&token.bytes)?,
            TokenKind::End => self.end(tag::end_name(&token.bytes))?,
            TokenKind::Text => self.text(&token.bytes, Place::Text)?,
            TokenKind::CData => self.text(&token.bytes[9..token.bytes.len() - 3], Place::CData)?,
            TokenKind::Declaration => return Err(fault::restricted("processing instructions are not allowed")),
        }
        Ok(self.open.is_empty())
    }

    fn start(&mut self, bytes: &[u8]) -> Result<(), StreamError> {
        let mut attributes = Attributes::new();
        let tag = Tag::parse(bytes, &self.limits, &mut attributes)?;
        self.limits.check_depth(self.open.len() + 1)?;
        self.count_node()?;
        let mark = self.scope.mark();
        let default = self.declare(&attributes)?;
        let ns = match tag.name.prefix() {
            [] => default,
            prefix => self.scope.resolve(prefix)?,
        };
        if ns == Ns::Stream && !self.open.is_empty() {
            return Err(fault::bad_format("an element of the stream stands inside another"));
        }
        if ns == Ns::Xml {
            return Err(fault::bad_prefix("the prefix xml is for attributes"));
        }
        self.scope.resolve_attributes(&mut attributes)?;
        self.count_growth(ns, &attributes)?;
        let content = self.begin(tag.name.local(), ns, &attributes)?;
        self.open.push(Open {
            name: u32::try_from(self.names.len()).expect("names are bounded"),
            ns,
            default,
            mark,
            content,
        });
        self.names.extend_from_slice(tag.name.bytes());
        if tag.is_empty {
            self.close();
        }
        Ok(())
    }

    /// Declares the namespaces of an element; the default namespace that results.
    fn declare(&mut self, attributes: &[Attribute<'_>]) -> Result<Ns, StreamError> {
        let mut default = self.open.last().map_or(self.outer_default, |open| open.default);
        let mut declared = 0;
        for attribute in attributes {
            let Some(prefix) = attribute.declares() else { continue };
            declared += 1;
            self.limits.check_namespaces(declared)?;
            let uri = attribute.value_bytes()?;
            self.limits.check_name(uri.len())?;
            if let Some(ns) = self.scope.declare(prefix, &uri)? {
                default = ns;
            }
        }
        Ok(default)
    }

    /// Hands the element on; where its content begins.
    fn begin(&mut self, local: &[u8], ns: Ns, attributes: &[Attribute<'_>]) -> Result<usize, StreamError> {
        if let Becomes::Undecided(content_ns) = self.becomes {
            self.becomes = match stanza_name(local, ns, content_ns)? {
                Some(name) => {
                    self.canonical.begin(name);
                    Becomes::Stanza
                }
                None => Becomes::Tree,
            };
        }
        if self.becomes == Becomes::Tree {
            self.grower.start(&self.scope, local, ns, attributes)?;
            return Ok(0);
        }
        match self.open.last() {
            None => self.canonical.head(attributes),
            Some(parent) => {
                let parent = (parent.ns, self.open.len() == 1);
                self.canonical.start(&self.scope, local, ns, parent, attributes)
            }
        }
    }

    fn end(&mut self, name: &[u8]) -> Result<(), StreamError> {
        match self.open.last() {
            Some(open) if &self.names[open.name as usize..] == name => {
                self.close();
                Ok(())
            }
            _ => Err(fault::not_well_formed("an end tag does not match")),
        }
    }

    fn close(&mut self) {
        let Some(open) = self.open.pop() else { return };
        let name = &self.names[open.name as usize..];
        if self.becomes == Becomes::Tree {
            self.grower.end();
        } else if !self.open.is_empty() {
            let local = memchr::memchr(b':', name).map_or(name, |colon| &name[colon + 1..]);
            self.canonical.end(local, open.content, self.open.len() == 1);
        }
        self.names.truncate(open.name as usize);
        self.scope.back_to(open.mark);
    }

    fn text(&mut self, bytes: &[u8], place: Place) -> Result<(), StreamError> {
        if self.open.is_empty() {
            return Err(fault::not_well_formed("a text stands outside of an element"));
        }
        self.count_node()?;
        if self.becomes == Becomes::Tree {
            self.grower.text(bytes, place)
        } else {
            self.canonical.text(bytes, place, self.open.len() > 1)
        }
    }

    fn count_growth(&mut self, ns: Ns, attributes: &[Attribute<'_>]) -> Result<(), StreamError> {
        // A stanza's children inherit their parents' namespaces; in a tree every element has its own.
        let is_inherited =
            self.becomes != Becomes::Tree && self.open.last().is_some_and(|parent| self.scope.is_same(parent.ns, ns));
        if !is_inherited {
            self.growth += self.scope.uri(ns).len();
        }
        for attribute in attributes.iter().filter(|attribute| attribute.ns != Ns::None) {
            self.growth += self.scope.uri(attribute.ns).len();
        }
        self.limits.check_growth(self.growth)
    }

    fn count_node(&mut self) -> Result<(), StreamError> {
        self.nodes += 1;
        self.limits.check_nodes(self.nodes)
    }

    /// The complete element.
    pub(super) fn finish(&mut self) -> Frame {
        if self.becomes == Becomes::Tree {
            Frame::Element(self.grower.finish())
        } else {
            self.canonical.finish()
        }
    }
}

/// Which stanza a first-level element is; `None` for any other element (RFC 6120 §8, §4.9.3.24).
fn stanza_name(local: &[u8], ns: Ns, content_ns: &'static str) -> Result<Option<Name>, StreamError> {
    let is_client = content_ns == ns::CLIENT;
    match ns {
        Ns::Stream if local == b"stream" => Err(fault::bad_format("a stream is open already")),
        Ns::Client | Ns::Server if (ns == Ns::Client) != is_client => {
            Err(fault::invalid_namespace("the stream has another content namespace"))
        }
        Ns::Client | Ns::Server => match Name::parse(local) {
            None => Err(StreamError::with_text(
                StreamCondition::UnsupportedStanzaType,
                "stanzas are message, presence and iq",
            )),
            name => Ok(name),
        },
        _ => Ok(None),
    }
}
