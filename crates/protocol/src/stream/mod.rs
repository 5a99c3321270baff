//! Streams as data: bytes become [`Frame`]s, stanzas and elements become bytes (RFC 6120 §4, §11).

mod header;
pub mod limits;
mod tokenizer;
pub mod tree;
pub mod writer;

pub use header::StreamHeader;
pub use limits::Limits;
pub use tokenizer::{Frame, Malformed, Tokenizer};
