//! Children of a stanza as canonical bytes: all of them in one piece of memory, each a slice of it.

use std::borrow::Cow;

use bytes::Bytes;
use smallvec::SmallVec;

use super::{
    Frame, Malformed,
    head::Head,
    scope::{Ns, Scope, short},
    tag::Attribute,
    text::{self, Place},
    writer,
};
use crate::{
    Child, StreamError,
    stanza::{Children, Name},
};

/// What most stanzas stay below.
const FIRST_BYTES: usize = 384;

/// A stanza that is being read.
#[derive(Default)]
pub(super) struct Canonical {
    head: Head,
    out: Vec<u8>,
    children: SmallVec<[Span; 6]>,
}

/// Where a child lies in the bytes.
#[derive(Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
    name_len: u32,
    ns_len: Option<u32>,
}

impl Canonical {
    /// Which of the three stanzas it is.
    pub(super) fn begin(&mut self, name: Name) {
        self.head.begin(name);
        self.out.reserve(FIRST_BYTES);
    }

    /// The stanza's own tag.
    pub(super) fn head(&mut self, attributes: &[Attribute<'_>]) -> Result<usize, StreamError> {
        for attribute in attributes {
            if attribute.declares().is_some() {
                continue;
            }
            let value = attribute.value()?;
            match attribute.ns {
                Ns::None => self.head.set(attribute.name.bytes(), &value),
                Ns::Xml => self.head.set_xml(attribute.name.local(), &value),
                _ => {}
            }
        }
        Ok(0)
    }

    /// An element inside the stanza; where its content begins.
    pub(super) fn start(
        &mut self,
        scope: &Scope,
        local: &[u8],
        ns: Ns,
        parent: (Ns, bool),
        attributes: &[Attribute<'_>],
    ) -> Result<usize, StreamError> {
        let (parent_ns, is_child) = parent;
        let start = short(self.out.len());
        self.out.push(b'<');
        self.out.extend_from_slice(local);
        let ns_len = if scope.is_same(ns, parent_ns) {
            None
        } else {
            Some(self.declare(b" xmlns='", scope.uri(ns))?)
        };
        let mut prefixes = Prefixes::default();
        for attribute in attributes {
            if attribute.declares().is_none() {
                self.attribute(scope, attribute, &mut prefixes)?;
            }
        }
        self.out.push(b'>');
        if is_child {
            self.children.push(Span {
                start,
                end: start,
                name_len: short(local.len()),
                ns_len,
            });
        }
        Ok(self.out.len())
    }

    /// Writes a declaration; the bytes of its value.
    fn declare(&mut self, front: &[u8], uri: &[u8]) -> Result<u32, StreamError> {
        self.out.extend_from_slice(front);
        let start = self.out.len();
        if text::is_canonical_attribute(uri) {
            self.out.extend_from_slice(uri);
        } else {
            writer::escape_attribute(&mut self.out, text::utf_8(uri)?);
        }
        let len = self.out.len() - start;
        self.out.push(b'\'');
        Ok(short(len))
    }

    fn attribute(
        &mut self,
        scope: &Scope,
        attribute: &Attribute<'_>,
        prefixes: &mut Prefixes,
    ) -> Result<(), StreamError> {
        match attribute.ns {
            Ns::None => self.out.push(b' '),
            Ns::Xml => self.out.extend_from_slice(b" xml:"),
            ns => {
                let (prefix, is_new) = prefixes.of(scope, ns);
                if is_new {
                    self.declare(format!(" xmlns:{prefix}='").as_bytes(), scope.uri(ns))?;
                }
                self.out.push(b' ');
                self.out.extend_from_slice(prefix.as_bytes());
                self.out.push(b':');
            }
        }
        self.out.extend_from_slice(attribute.name.local());
        self.out.extend_from_slice(b"='");
        if attribute.is_plain {
            self.out.extend_from_slice(attribute.raw);
        } else {
            writer::escape_attribute(&mut self.out, &attribute.value()?);
        }
        self.out.push(b'\'');
        Ok(())
    }

    /// Text inside of a child is kept; between children it means nothing (RFC 6120 §8.1) and is dropped.
    pub(super) fn text(&mut self, raw: &[u8], place: Place, is_kept: bool) -> Result<(), StreamError> {
        if text::is_plain(raw) || text::is_canonical_text(text::utf_8(raw)?) {
            if is_kept {
                self.out.extend_from_slice(raw);
            }
            return Ok(());
        }
        let decoded = text::decode(raw, place)?;
        if is_kept {
            writer::escape_text(&mut self.out, &decoded);
        }
        Ok(())
    }

    /// The end of the element whose content began at `content`.
    pub(super) fn end(&mut self, local: &[u8], content: usize, is_child: bool) {
        if self.out.len() == content {
            self.out.pop();
            self.out.extend_from_slice(b"/>");
        } else {
            self.out.extend_from_slice(b"</");
            self.out.extend_from_slice(local);
            self.out.push(b'>');
        }
        if is_child && let Some(child) = self.children.last_mut() {
            child.end = short(self.out.len());
        }
    }

    /// The complete stanza.
    pub(super) fn finish(&mut self) -> Frame {
        if let Some(error) = self.head.check(self.children.len()) {
            let stanza = self.head.finish(Children::new());
            return Frame::Malformed(Malformed { stanza, error });
        }
        let mut out = std::mem::take(&mut self.out);
        if out.capacity() / 2 > out.len().max(FIRST_BYTES) {
            out.shrink_to_fit();
        }
        Frame::Stanza(self.head.finish(children(out.into(), &self.children)))
    }
}

fn children(bytes: Bytes, spans: &[Span]) -> Children {
    let mut children = Children::new();
    match spans {
        [] => {}
        [only] => children.push(child(bytes, only)),
        _ => children.extend(
            spans
                .iter()
                .map(|span| child(bytes.slice(span.start as usize..span.end as usize), span)),
        ),
    }
    children
}

fn child(bytes: Bytes, span: &Span) -> Child {
    Child::measured(bytes, span.name_len, span.ns_len)
}

/// Prefixes given to the namespaces of one element's attributes: `a`, `b`, …
#[derive(Default)]
struct Prefixes {
    known: SmallVec<[Ns; 4]>,
}

impl Prefixes {
    /// The prefix of a namespace, and whether it has to be declared.
    fn of(&mut self, scope: &Scope, ns: Ns) -> (Cow<'static, str>, bool) {
        match self.known.iter().position(|&known| scope.is_same(known, ns)) {
            Some(at) => (writer::prefix(at), false),
            None => {
                self.known.push(ns);
                (writer::prefix(self.known.len() - 1), true)
            }
        }
    }
}
