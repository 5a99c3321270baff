//! The stream's opening tag: which namespaces it must declare (RFC 6120 §4.8), and what it says.

use compact_str::CompactString;

use super::{
    Limits, StreamHeader, fault,
    head::language,
    scope::{Outer, Scope},
    tag::{Attribute, Attributes, Tag},
    text,
};
use crate::{StreamError, ns};

/// What of the opening tag lasts as long as the stream.
pub(super) struct Root {
    /// The tag's name as written, which the closing tag repeats.
    pub(super) name: CompactString,
    /// Declarations in force for all elements.
    pub(super) outer: Outer,
}

impl Root {
    pub(super) fn open(bytes: &[u8], content_ns: &str, limits: &Limits) -> Result<(Self, StreamHeader), StreamError> {
        let mut attributes = Attributes::new();
        let tag = Tag::parse(bytes, limits, &mut attributes)?;
        let outer = declarations(&tag, &attributes, limits)?;
        Scope::inside(&outer).0.resolve_attributes(&mut attributes)?;
        check_names(&tag, &outer, content_ns)?;
        if tag.is_empty {
            return Err(fault::bad_format("the stream ends in its header"));
        }
        let root = Self {
            name: text::utf_8(tag.name.bytes())?.into(),
            outer,
        };
        Ok((root, header(&attributes)?))
    }
}

fn declarations(tag: &Tag<'_>, attributes: &[Attribute<'_>], limits: &Limits) -> Result<Outer, StreamError> {
    let mut outer = Outer::default();
    let (mut scope, _) = Scope::inside(&outer);
    let mut declared = 0;
    for attribute in attributes {
        let Some(prefix) = attribute.declares() else { continue };
        declared += 1;
        limits.check_namespaces(declared)?;
        let uri = attribute.value()?;
        limits.check_name(uri.len())?;
        if !prefix.is_empty() && tag.name.prefix() == prefix && uri != ns::STREAM {
            return Err(fault::invalid_namespace("the stream has another namespace"));
        }
        scope.declare(prefix, uri.as_bytes())?;
        if prefix.is_empty() {
            outer.default = uri.into();
        } else {
            outer.prefixes.push((text::utf_8(prefix)?.into(), uri.into()));
        }
    }
    Ok(outer)
}

/// The root is `stream` in its namespace. Where it has a prefix, the content namespace is the default one; without a
/// prefix the stream's own namespace is, and each stanza declares the content namespace (RFC 6120 §4.8.5).
fn check_names(tag: &Tag<'_>, outer: &Outer, content_ns: &str) -> Result<(), StreamError> {
    let ns = match tag.name.prefix() {
        [] => outer.default.as_str(),
        prefix => outer
            .prefixes
            .iter()
            .find(|(known, _)| known.as_bytes() == prefix)
            .map(|(_, uri)| uri.as_str())
            .ok_or_else(|| fault::bad_prefix("the prefix of the stream is not declared"))?,
    };
    if tag.name.local() != b"stream" {
        return Err(fault::bad_format("a stream begins with its header"));
    }
    if ns != ns::STREAM {
        return Err(fault::invalid_namespace("the stream has another namespace"));
    }
    if !tag.name.prefix().is_empty() && outer.default != content_ns {
        return Err(fault::invalid_namespace("the stream has another content namespace"));
    }
    Ok(())
}

fn header(attributes: &[Attribute<'_>]) -> Result<StreamHeader, StreamError> {
    let mut header = StreamHeader::default();
    for attribute in attributes {
        if attribute.declares().is_some() {
            continue;
        }
        let value = attribute.value()?;
        let field = match attribute.name.bytes() {
            b"to" => &mut header.to,
            b"from" => &mut header.from,
            b"id" => &mut header.id,
            b"version" => &mut header.version,
            b"xml:lang" => {
                header.lang = language(&value).map(Into::into);
                continue;
            }
            _ => continue,
        };
        *field = Some(value.into_owned());
    }
    Ok(header)
}
