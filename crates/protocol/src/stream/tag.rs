//! One tag, taken apart strictly (XML 1.0 §3.1).

use smallvec::SmallVec;

use super::{
    Limits, fault,
    name::QName,
    scope::Ns,
    text::{self, is_blank},
};
use crate::StreamError;

/// A start tag, or the tag of an empty element.
pub(super) struct Tag<'a> {
    pub(super) name: QName<'a>,
    pub(super) is_empty: bool,
}

pub(super) type Attributes<'a> = SmallVec<[Attribute<'a>; 8]>;

/// An attribute as it was written.
#[derive(Clone, Copy)]
pub(super) struct Attribute<'a> {
    pub(super) name: QName<'a>,
    /// What stands between the quotes.
    pub(super) raw: &'a str,
    /// The namespace of the name's prefix, once the element's declarations are known.
    pub(super) ns: Ns,
}

impl<'a> Attribute<'a> {
    /// The prefix that this attribute declares, empty for the default namespace; `None` where it is not a declaration.
    pub(super) fn declares(&self) -> Option<&'a str> {
        match self.name.prefix() {
            Some("xmlns") => Some(self.name.local()),
            None if self.name.as_str() == "xmlns" => Some(""),
            _ => None,
        }
    }

    /// The value that was meant.
    pub(super) fn value(&self) -> Result<std::borrow::Cow<'a, str>, StreamError> {
        text::decode(self.raw, text::Place::Attribute)
    }
}

impl<'a> Tag<'a> {
    /// From all bytes of a tag, `<` and `>` included. Attributes are added to the caller's list, which is big: returned by value
    /// it would be copied about.
    pub(super) fn parse(
        bytes: &'a [u8],
        limits: &Limits,
        attributes: &mut Attributes<'a>,
    ) -> Result<Self, StreamError> {
        let tag = std::str::from_utf8(bytes).map_err(|_| fault::not_well_formed("a tag is not UTF-8"))?;
        let inner = tag
            .strip_prefix('<')
            .and_then(|tag| tag.strip_suffix('>'))
            .ok_or_else(|| fault::not_well_formed("a tag has no end"))?;
        // A value that ends in a slash has its quote after it.
        let (inner, is_empty) = match inner.strip_suffix('/') {
            Some(inner) => (inner, true),
            None => (inner, false),
        };
        let name = QName::at_front(inner)?;
        limits.check_name(name.as_str().len())?;
        read_attributes(&inner[name.as_str().len()..], limits, attributes)?;
        Ok(Self { name, is_empty })
    }
}

pub(super) fn read_attributes<'a>(
    mut rest: &'a str,
    limits: &Limits,
    attributes: &mut Attributes<'a>,
) -> Result<(), StreamError> {
    loop {
        let trimmed = skip_blank(rest);
        if trimmed.is_empty() {
            return Ok(());
        }
        if trimmed.len() == rest.len() {
            return Err(fault::not_well_formed("white space is missing before an attribute"));
        }
        let (attribute, after) = attribute(trimmed)?;
        limits.check_name(attribute.name.as_str().len())?;
        limits.check_attributes(attributes.len() + 1)?;
        if attributes
            .iter()
            .any(|other| other.name.as_str() == attribute.name.as_str())
        {
            return Err(fault::not_well_formed("an attribute is there twice"));
        }
        attributes.push(attribute);
        rest = after;
    }
}

/// The attribute at the front, and what follows it.
fn attribute(text: &str) -> Result<(Attribute<'_>, &str), StreamError> {
    let name = QName::at_front(text)?;
    let rest = skip_blank(&text[name.as_str().len()..]);
    let rest = rest
        .strip_prefix('=')
        .map(skip_blank)
        .ok_or_else(|| fault::not_well_formed("an attribute has no value"))?;
    let quote = match rest.as_bytes().first() {
        Some(quote @ (b'\'' | b'"')) => *quote,
        _ => return Err(fault::not_well_formed("the value of an attribute has no quotes")),
    };
    let end = memchr::memchr(quote, &rest.as_bytes()[1..])
        .ok_or_else(|| fault::not_well_formed("the value of an attribute has no end"))?;
    let raw = &rest[1..=end];
    let attribute = Attribute {
        name,
        raw,
        ns: Ns::None,
    };
    Ok((attribute, &rest[end + 2..]))
}

fn skip_blank(text: &str) -> &str {
    let blank = text.bytes().take_while(|&byte| is_blank(byte)).count();
    &text[blank..]
}

/// The name in an end tag, given whole.
pub(super) fn end_name(bytes: &[u8]) -> &[u8] {
    let inner = &bytes[2..bytes.len() - 1];
    let blank = inner.iter().rev().take_while(|&&byte| is_blank(byte)).count();
    &inner[..inner.len() - blank]
}
