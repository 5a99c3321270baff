//! One tag, taken apart strictly (XML 1.0 §3.1).

use std::borrow::Cow;

use smallvec::SmallVec;

use super::{
    Limits, fault,
    name::QName,
    scope::Ns,
    text::{self, APOSTROPHE, NOT_ATTRIBUTE, is_blank},
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
    /// Whether it is the value itself, and may stand in canonical XML as it is.
    pub(super) is_plain: bool,
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
    pub(super) fn value(&self) -> Result<Cow<'a, str>, StreamError> {
        if self.is_plain {
            return Ok(Cow::Borrowed(self.raw));
        }
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
    let marks = text::survey(rest.as_bytes());
    if marks & text::LESS != 0 {
        return Err(fault::not_well_formed("a tag has a `<`"));
    }
    loop {
        let trimmed = skip_blank(rest);
        if trimmed.is_empty() {
            return Ok(());
        }
        if trimmed.len() == rest.len() {
            return Err(fault::not_well_formed("white space is missing before an attribute"));
        }
        let (attribute, after) = attribute(trimmed, marks)?;
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

/// The attribute at the front, and what follows it. `marks` are those of all attributes together.
fn attribute(text: &str, marks: u8) -> Result<(Attribute<'_>, &str), StreamError> {
    let name = QName::at_front(text)?;
    let rest = skip_blank(&text[name.as_str().len()..]);
    let rest = rest
        .strip_prefix('=')
        .map(skip_blank)
        .ok_or_else(|| fault::not_well_formed("an attribute has no value"))?;
    let (quote, ordinary) = match rest.as_bytes().first() {
        // Apostrophes around values are not in them.
        Some(b'\'') => (b'\'', NOT_ATTRIBUTE & !APOSTROPHE),
        Some(b'"') => (b'"', NOT_ATTRIBUTE),
        _ => return Err(fault::not_well_formed("the value of an attribute has no quotes")),
    };
    let end = memchr::memchr(quote, &rest.as_bytes()[1..])
        .ok_or_else(|| fault::not_well_formed("the value of an attribute has no end"))?;
    let attribute = Attribute {
        name,
        raw: &rest[1..=end],
        is_plain: marks & ordinary == 0,
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
