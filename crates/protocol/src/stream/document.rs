//! One element by itself: a WebSocket message (RFC 7395 §3.3), a stored stanza, a child's bytes.

use super::{
    Frame, Limits,
    builder::Builder,
    declaration, fault,
    scope::Outer,
    text::is_blank,
    token::{Scanner, TokenKind},
};
use crate::{StreamError, ns};

/// The one element that `xml` holds, as a frame: a stanza where it is one in `content_ns`, else a tree.
///
/// # Errors
/// Where the text is not one well-formed element, or goes beyond a limit.
pub fn document(xml: &[u8], content_ns: &'static str, limits: Limits) -> Result<Frame, StreamError> {
    whole(xml, Builder::of_stream(&Outer::default(), content_ns, limits))
}

/// The one element that `xml` holds on a client's stream, whether it declares the content namespace or not.
pub(crate) fn stored(xml: &[u8], limits: Limits) -> Result<Frame, StreamError> {
    let outer = Outer {
        default: ns::CLIENT.into(),
        prefixes: Vec::new(),
    };
    whole(xml, Builder::of_stream(&outer, ns::CLIENT, limits))
}

/// The one element of `xml`, built by `builder`.
pub(super) fn whole(xml: &[u8], mut builder: Builder) -> Result<Frame, StreamError> {
    let mut rest = xml;
    let mut scanner = Scanner::default();
    loop {
        let room = builder.limits().stanza_bytes.saturating_sub(xml.len() - rest.len());
        let is_first = rest.len() == xml.len();
        let token = scanner
            .next(&mut rest, room)?
            .ok_or_else(|| fault::not_well_formed("the element has no end"))?;
        match token.kind {
            TokenKind::Declaration if is_first => declaration::check(&token.bytes)?,
            TokenKind::Text if builder.is_fresh() && token.bytes.iter().copied().all(is_blank) => {}
            _ if builder.take(&token)? => break,
            _ => {}
        }
    }
    if !rest.iter().copied().all(is_blank) {
        return Err(fault::not_well_formed("something follows the element"));
    }
    Ok(builder.finish())
}
