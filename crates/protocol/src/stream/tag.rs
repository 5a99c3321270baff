//! One tag, taken apart strictly (XML 1.0 §3.1).

use std::borrow::Cow;

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
    /// What stands between the quotes, in UTF-8.
    pub(super) raw: &'a [u8],
    /// Whether that is the value itself, and may stand in canonical XML as it is.
    pub(super) is_plain: bool,
    /// The namespace of the name's prefix, once the element's declarations are known.
    pub(super) ns: Ns,
}

impl<'a> Attribute<'a> {
    /// The prefix that this attribute declares, empty for the default namespace; `None` where it is not a declaration.
    pub(super) fn declares(&self) -> Option<&'a [u8]> {
        match self.name.bytes().strip_prefix(b"xmlns")? {
            [] => Some(&[]),
            [b':', prefix @ ..] => Some(prefix),
            _ => None,
        }
    }

    /// The value that was meant, in UTF-8.
    pub(super) fn value_bytes(&self) -> Result<Cow<'a, [u8]>, StreamError> {
        if self.is_plain {
            return Ok(Cow::Borrowed(self.raw));
        }
        Ok(match text::decode(self.raw, text::Place::Attribute)? {
            Cow::Borrowed(value) => Cow::Borrowed(value.as_bytes()),
            Cow::Owned(value) => Cow::Owned(value.into_bytes()),
        })
    }

    /// The value that was meant.
    pub(super) fn value(&self) -> Result<Cow<'a, str>, StreamError> {
        if self.is_plain {
            return text::utf_8(self.raw).map(Cow::Borrowed);
        }
        text::decode(self.raw, text::Place::Attribute)
    }
}

impl<'a> Tag<'a> {
    /// From all bytes of a tag, `<` and `>` included. Attributes are added to the caller's list, which is big:
    /// returned by value it would be copied about.
    pub(super) fn parse(
        bytes: &'a [u8],
        limits: &Limits,
        attributes: &mut Attributes<'a>,
    ) -> Result<Self, StreamError> {
        let (inner, is_empty) = match bytes {
            // A value that ends in a slash has its quote after it.
            [b'<', inner @ .., b'/', b'>'] => (inner, true),
            [b'<', inner @ .., b'>'] => (inner, false),
            _ => return Err(fault::not_well_formed("a tag has no end")),
        };
        let is_plain = text::is_plain(inner);
        if !is_plain {
            text::utf_8(inner)?;
        }
        let name = QName::at_front(inner)?;
        limits.check_name(name.bytes().len())?;
        let mut rest = &inner[name.bytes().len()..];
        while let Some((attribute, after)) = attribute(rest, is_plain)? {
            add(attribute, attributes, limits)?;
            rest = after;
        }
        Ok(Self { name, is_empty })
    }
}

fn add<'a>(attribute: Attribute<'a>, attributes: &mut Attributes<'a>, limits: &Limits) -> Result<(), StreamError> {
    limits.check_name(attribute.name.bytes().len())?;
    limits.check_attributes(attributes.len() + 1)?;
    let name = attribute.name.bytes();
    if attributes.iter().any(|other| other.name.bytes() == name) {
        return Err(fault::not_well_formed("an attribute is there twice"));
    }
    attributes.push(attribute);
    Ok(())
}

/// The attribute at the front, and what follows it; `None` at the end. `is_plain` tells of all attributes together.
fn attribute(text: &[u8], is_plain: bool) -> Result<Option<(Attribute<'_>, &[u8])>, StreamError> {
    let trimmed = skip_blank(text);
    if trimmed.is_empty() {
        return Ok(None);
    }
    if trimmed.len() == text.len() {
        return Err(fault::not_well_formed("white space is missing before an attribute"));
    }
    let name = QName::at_front(trimmed)?;
    let [b'=', rest @ ..] = skip_blank(&trimmed[name.bytes().len()..]) else {
        return Err(fault::not_well_formed("an attribute has no value"));
    };
    let [quote @ (b'\'' | b'"'), rest @ ..] = skip_blank(rest) else {
        return Err(fault::not_well_formed("the value of an attribute has no quotes"));
    };
    let end =
        memchr::memchr(*quote, rest).ok_or_else(|| fault::not_well_formed("the value of an attribute has no end"))?;
    let raw = &rest[..end];
    let attribute = Attribute {
        name,
        raw,
        is_plain: is_plain && (*quote == b'\'' || !raw.contains(&b'\'')),
        ns: Ns::None,
    };
    Ok(Some((attribute, &rest[end + 1..])))
}

fn skip_blank(text: &[u8]) -> &[u8] {
    match text {
        [first, ..] if is_blank(*first) => {
            let blank = text.iter().take_while(|&&byte| is_blank(byte)).count();
            &text[blank..]
        }
        _ => text,
    }
}

/// The name in an end tag, given whole.
pub(super) fn end_name(bytes: &[u8]) -> &[u8] {
    let inner = &bytes[2..bytes.len() - 1];
    let blank = inner.iter().rev().take_while(|&&byte| is_blank(byte)).count();
    &inner[..inner.len() - blank]
}
