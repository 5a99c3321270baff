//! Looks into canonical bytes without growing a tree.

use std::borrow::Cow;

use super::{
    Limits,
    tag::{Attributes, Tag},
    text::{self, Place},
};

/// The text of an element that holds nothing but text; `None` where there are elements inside.
pub(crate) fn plain_content(canonical: &[u8]) -> Option<Cow<'_, str>> {
    let xml = std::str::from_utf8(canonical).ok()?;
    // No value has a bare `>` in canonical XML.
    let (tag, content) = xml.split_once('>')?;
    if tag.ends_with('/') {
        return Some(Cow::Borrowed(""));
    }
    let (content, end) = content.split_once('<')?;
    if !end.starts_with('/') {
        return None;
    }
    text::decode(content.as_bytes(), Place::Text).ok()
}

/// The value of an attribute of the outermost element.
pub(crate) fn first_attribute(canonical: &[u8], name: &str) -> Option<String> {
    let end = memchr::memchr(b'>', canonical)?;
    let mut attributes = Attributes::new();
    Tag::parse(&canonical[..=end], &Limits::own(), &mut attributes).ok()?;
    let attribute = attributes
        .iter()
        .find(|attribute| attribute.name.bytes() == name.as_bytes())?;
    attribute.value().ok().map(Cow::into_owned)
}
