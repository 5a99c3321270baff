//! What the parser refuses, as errors of the stream (RFC 6120 §4.9.3).

use crate::{StreamCondition, StreamError};

#[cold]
pub(super) fn not_well_formed(text: &'static str) -> StreamError {
    StreamError::with_text(StreamCondition::NotWellFormed, text)
}

/// RFC 6120 §11.1: comments, processing instructions, document types and entities of one's own.
#[cold]
pub(super) fn restricted(text: &'static str) -> StreamError {
    StreamError::with_text(StreamCondition::RestrictedXml, text)
}

#[cold]
pub(super) fn bad_format(text: &'static str) -> StreamError {
    StreamError::with_text(StreamCondition::BadFormat, text)
}

#[cold]
pub(super) fn bad_prefix(text: &'static str) -> StreamError {
    StreamError::with_text(StreamCondition::BadNamespacePrefix, text)
}

#[cold]
pub(super) fn invalid_namespace(text: &'static str) -> StreamError {
    StreamError::with_text(StreamCondition::InvalidNamespace, text)
}

#[cold]
pub(super) fn policy(text: &'static str) -> StreamError {
    StreamError::with_text(StreamCondition::PolicyViolation, text)
}

#[cold]
pub(super) fn encoding() -> StreamError {
    StreamError::with_text(StreamCondition::UnsupportedEncoding, "streams are UTF-8")
}
