//! Which prefix means which namespace, here (Namespaces in XML §6).

use compact_str::CompactString;
use smallvec::SmallVec;

use super::{
    fault,
    limits::{NAMESPACES_IN_SCOPE, within},
    tag::Attribute,
};
use crate::{StreamError, ns};

const XMLNS: &[u8] = b"http://www.w3.org/2000/xmlns/";
const CLIENT: &[u8] = ns::CLIENT.as_bytes();
const SERVER: &[u8] = ns::SERVER.as_bytes();
const STREAM: &[u8] = ns::STREAM.as_bytes();
const XML: &[u8] = ns::XML.as_bytes();

/// A namespace. The content namespaces are one: what a stanza holds means the same on a client's stream
/// (`jabber:client`) and on a server's (`jabber:server`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ns {
    None,
    Client,
    Server,
    Stream,
    Xml,
    /// Any other; its name stands in the scope's text.
    Other {
        start: u32,
        len: u32,
    },
}

#[derive(Clone, Copy)]
struct Binding {
    prefix_start: u32,
    prefix_len: u32,
    ns: Ns,
}

/// Declarations in force, innermost last.
#[derive(Default)]
pub(super) struct Scope {
    text: SmallVec<[u8; 256]>,
    bindings: SmallVec<[Binding; 6]>,
}

/// A place to go back to when an element ends.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark {
    text: u32,
    bindings: u32,
}

/// What a stream's root declares for all that stands inside.
#[derive(Debug, Default, Clone)]
pub(super) struct Outer {
    /// The default namespace; empty for none.
    pub(super) default: CompactString,
    /// Prefixes with their namespaces.
    pub(super) prefixes: Vec<(CompactString, CompactString)>,
}

impl Scope {
    /// Inside of what declared `outer`; the second is the default namespace there.
    pub(super) fn inside(outer: &Outer) -> (Self, Ns) {
        let mut scope = Self::default();
        let default = scope.enter(outer);
        (scope, default)
    }

    /// Takes over what `outer` declares; the default namespace there.
    pub(super) fn enter(&mut self, outer: &Outer) -> Ns {
        for (prefix, uri) in &outer.prefixes {
            let ns = self.intern(uri.as_bytes());
            self.bind(prefix.as_bytes(), ns);
        }
        self.intern(outer.default.as_bytes())
    }

    pub(super) fn mark(&self) -> Mark {
        Mark {
            text: short(self.text.len()),
            bindings: short(self.bindings.len()),
        }
    }

    pub(super) fn back_to(&mut self, mark: Mark) {
        self.text.truncate(mark.text as usize);
        self.bindings.truncate(mark.bindings as usize);
    }

    /// Declares a prefix, or where it is empty the default namespace, which is returned and kept by the caller.
    pub(super) fn declare(&mut self, prefix: &[u8], uri: &[u8]) -> Result<Option<Ns>, StreamError> {
        check(prefix, uri)?;
        let ns = self.intern(uri);
        if prefix.is_empty() {
            return Ok(Some(ns));
        }
        within(
            self.bindings.len() + 1,
            NAMESPACES_IN_SCOPE,
            "too many namespaces are declared at one place",
        )?;
        self.bind(prefix, ns);
        Ok(None)
    }

    /// The namespace of a prefix.
    pub(super) fn resolve(&self, prefix: &[u8]) -> Result<Ns, StreamError> {
        if prefix == b"xml" {
            return Ok(Ns::Xml);
        }
        self.bindings
            .iter()
            .rev()
            .find(|binding| self.slice(binding.prefix_start, binding.prefix_len) == prefix)
            .map(|binding| binding.ns)
            .ok_or_else(|| fault::bad_prefix("a prefix is not declared"))
    }

    /// Finds the namespaces of attributes; two of one namespace and local name are one too many.
    pub(super) fn resolve_attributes(&self, attributes: &mut [Attribute<'_>]) -> Result<(), StreamError> {
        for at in 0..attributes.len() {
            let (before, rest) = attributes.split_at_mut(at);
            let attribute = &mut rest[0];
            let prefix = attribute.name.prefix();
            if prefix.is_empty() || prefix == b"xmlns" {
                continue;
            }
            attribute.ns = self.resolve(prefix)?;
            if attribute.ns == Ns::Stream {
                return Err(fault::bad_format("an attribute is in the namespace of the stream"));
            }
            let is_same = |other: &Attribute<'_>| {
                other.name.local() == attribute.name.local() && self.is_same(other.ns, attribute.ns)
            };
            if before.iter().any(is_same) {
                return Err(fault::not_well_formed("an attribute is there twice"));
            }
        }
        Ok(())
    }

    /// The name of a namespace; of the content namespaces, the client's.
    pub(super) fn uri(&self, ns: Ns) -> &[u8] {
        match ns {
            Ns::None => b"",
            Ns::Client | Ns::Server => CLIENT,
            Ns::Stream => STREAM,
            Ns::Xml => XML,
            Ns::Other { start, len } => self.slice(start, len),
        }
    }

    /// Whether two are one.
    pub(super) fn is_same(&self, one: Ns, other: Ns) -> bool {
        match (one, other) {
            (Ns::Client | Ns::Server, Ns::Client | Ns::Server) => true,
            (Ns::Other { start: a, len: m }, Ns::Other { start: b, len: n }) => {
                m == n && (a == b || self.slice(a, m) == self.slice(b, n))
            }
            _ => one == other,
        }
    }

    fn intern(&mut self, uri: &[u8]) -> Ns {
        match uri {
            b"" => Ns::None,
            CLIENT => Ns::Client,
            SERVER => Ns::Server,
            STREAM => Ns::Stream,
            XML => Ns::Xml,
            _ => Ns::Other {
                start: self.store(uri),
                len: short(uri.len()),
            },
        }
    }

    fn bind(&mut self, prefix: &[u8], ns: Ns) {
        let binding = Binding {
            prefix_start: self.store(prefix),
            prefix_len: short(prefix.len()),
            ns,
        };
        self.bindings.push(binding);
    }

    fn store(&mut self, text: &[u8]) -> u32 {
        let start = short(self.text.len());
        self.text.extend_from_slice(text);
        start
    }

    fn slice(&self, start: u32, len: u32) -> &[u8] {
        &self.text[start as usize..(start + len) as usize]
    }
}

/// Places and lengths inside of one element.
pub(super) fn short(len: usize) -> u32 {
    u32::try_from(len).expect("an element has less than 4 GiB")
}

/// Namespaces in XML §3: what may not be declared. `stream` keeps the meaning that every XMPP software expects.
fn check(prefix: &[u8], uri: &[u8]) -> Result<(), StreamError> {
    let wrong = match (prefix, uri) {
        (b"xml", XML) | (b"stream", STREAM) => false,
        (b"xml" | b"xmlns" | b"stream", _) | (_, XML | XMLNS) => true,
        (prefix, b"") => !prefix.is_empty(),
        _ => false,
    };
    if wrong {
        return Err(fault::bad_prefix("a prefix or namespace is declared that may not be"));
    }
    Ok(())
}
