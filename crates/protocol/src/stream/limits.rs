//! What one stream may ask of the parser. The same values are announced by XEP-0478.

use super::fault;
use crate::StreamError;

/// Nesting that no setting goes beyond, so that walking a tree never runs out of stack.
pub const DEPTH_CEILING: usize = 128;
/// Nesting of what this server wrote: a peer's element, wrapped a few times.
const OWN_DEPTH: usize = DEPTH_CEILING * 2;
/// Namespace declarations in force at one place, whatever the elements around it may declare each.
pub(super) const NAMESPACES_IN_SCOPE: usize = 256;
/// White space between first-level elements, in multiples of `stanza_bytes`: keep-alives for half a year pass,
/// a flood does not.
pub(super) const BLANK_FACTOR: usize = 64;

/// Bounds that the tokenizer enforces while it reads; past one the stream ends with `policy-violation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one first-level element, or of the stream header with all that stands before it.
    pub stanza_bytes: usize,
    /// Nesting below the stream's root; at most [`DEPTH_CEILING`].
    pub depth: usize,
    /// Elements and text nodes in one first-level element.
    pub nodes: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes: usize,
    /// Namespace declarations of one element.
    pub namespaces: usize,
    /// Bytes of the name of an element or attribute, prefix included, or of a namespace.
    pub name_bytes: usize,
}

impl Limits {
    /// Before a peer is authenticated: enough for any SASL exchange.
    #[must_use]
    pub const fn before_authentication() -> Self {
        Self {
            stanza_bytes: 8 * 1024,
            depth: 16,
            nodes: 32,
            attributes: 32,
            namespaces: 16,
            name_bytes: 256,
        }
    }

    /// For an authenticated client.
    #[must_use]
    pub const fn client() -> Self {
        Self {
            stanza_bytes: 256 * 1024,
            depth: 64,
            nodes: 8192,
            attributes: 128,
            namespaces: 32,
            name_bytes: 1024,
        }
    }

    /// For an authenticated server.
    #[must_use]
    pub const fn server() -> Self {
        Self {
            stanza_bytes: 512 * 1024,
            ..Self::client()
        }
    }

    /// For what this server wrote itself. Nesting alone stays bounded.
    #[must_use]
    pub const fn own() -> Self {
        Self {
            stanza_bytes: 1 << 30,
            depth: OWN_DEPTH,
            nodes: usize::MAX,
            attributes: usize::MAX,
            namespaces: usize::MAX,
            name_bytes: usize::MAX,
        }
    }

    /// For what a peer wrote, whatever the settings say.
    pub(super) fn of_peer(self) -> Self {
        Self {
            depth: self.depth.min(DEPTH_CEILING),
            ..self
        }
    }

    pub(super) fn check_depth(&self, depth: usize) -> Result<(), StreamError> {
        within(depth, self.depth, "elements are nested too deeply")
    }

    pub(super) fn check_nodes(&self, nodes: usize) -> Result<(), StreamError> {
        within(nodes, self.nodes, "there are too many elements and texts in one stanza")
    }

    pub(super) fn check_attributes(&self, attributes: usize) -> Result<(), StreamError> {
        within(attributes, self.attributes, "an element has too many attributes")
    }

    pub(super) fn check_namespaces(&self, namespaces: usize) -> Result<(), StreamError> {
        within(namespaces, self.namespaces, "an element declares too many namespaces")
    }

    /// Each element is written with its namespace; a short prefix for a long namespace must not make much of little.
    pub(super) fn check_growth(&self, bytes: usize) -> Result<(), StreamError> {
        within(
            bytes,
            self.stanza_bytes,
            "a stanza grows too big when its namespaces are written out",
        )
    }

    pub(super) fn check_name(&self, bytes: usize) -> Result<(), StreamError> {
        within(bytes, self.name_bytes, "a name is too long")
    }
}

pub(super) fn within(value: usize, most: usize, otherwise: &'static str) -> Result<(), StreamError> {
    if value > most {
        Err(fault::policy(otherwise))
    } else {
        Ok(())
    }
}
