//! Streams as data: bytes become [`Frame`]s, stanzas and elements become bytes (RFC 6120 §4, §11).
//!
//! Bytes → `token` finds the borders of tags and texts over those of chunks → `tag`, `name` and `text` take one token
//! apart strictly → `builder` checks what XML demands of all of them together, with `scope` for namespaces →
//! `canonical` writes the children of stanzas, `tree` grows trees of all else → `tokenizer` says what it is.
//!
//! Nothing that a peer sent is passed on as it was written: what leaves is written by this crate from what was
//! understood, so that no two parsers behind each other can understand it differently.

mod builder;
mod canonical;
mod declaration;
mod document;
mod fault;
mod head;
mod header;
pub mod limits;
mod name;
mod peek;
mod root;
mod scope;
mod tag;
mod text;
mod token;
mod tokenizer;
pub mod tree;
pub mod writer;

pub use document::document;
pub(crate) use document::stored;
pub(crate) use head::stanza_of;
pub use head::{ID_BYTES, LANG_BYTES};
pub use header::StreamHeader;
pub use limits::Limits;
pub(crate) use peek::{first_attribute, plain_content};
pub use tokenizer::{Frame, Malformed, Tokenizer};
