//! What one stream may ask of the parser. The same values are announced by XEP-0478.

/// Bounds that the tokenizer enforces while it reads; past one the stream ends with `policy-violation`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one first-level element, of the stream header, or of white space between elements in one go.
    pub stanza_bytes: usize,
    /// Nesting below the stream's root.
    pub depth: usize,
    /// Elements and text nodes in one first-level element.
    pub nodes: usize,
    /// Attributes of one element, namespace declarations included.
    pub attributes: usize,
    /// Namespace declarations of one element.
    pub namespaces: usize,
    /// Bytes of an element's or attribute's name.
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
}
