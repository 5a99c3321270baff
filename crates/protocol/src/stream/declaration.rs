//! The XML declaration (XML 1.0 §2.8, RFC 6120 §11.5).

use super::{
    Limits, fault,
    tag::{Attributes, Tag},
    text::is_blank,
};
use crate::StreamError;

/// Checks all of `<?xml …?>`; anything else between `<?` and `?>` is a processing instruction.
pub(super) fn check(bytes: &[u8]) -> Result<(), StreamError> {
    let inner = bytes
        .strip_prefix(b"<?")
        .and_then(|inner| inner.strip_suffix(b"?>"))
        .ok_or_else(|| fault::not_well_formed("the XML declaration has no end"))?;
    if !matches!(inner.strip_prefix(b"xml"), Some(rest) if rest.first().is_none_or(|&byte| is_blank(byte))) {
        return Err(fault::restricted("processing instructions are not allowed"));
    }
    // But for the question marks it is written like a tag.
    let tag = [b"<", inner, b">"].concat();
    let mut attributes = Attributes::new();
    let tag = Tag::parse(&tag, &Limits::before_authentication(), &mut attributes)?;
    if tag.is_empty {
        return Err(fault::not_well_formed("the XML declaration has something unknown"));
    }
    let mut attributes = attributes
        .iter()
        .map(|attribute| (attribute.name.bytes(), attribute.raw))
        .peekable();
    if attributes.next() != Some((b"version", b"1.0")) {
        return Err(fault::not_well_formed("streams are XML 1.0"));
    }
    if let Some((_, encoding)) = attributes.next_if(|(name, _)| *name == b"encoding")
        && !encoding.eq_ignore_ascii_case(b"utf-8")
    {
        return Err(fault::encoding());
    }
    attributes.next_if(|attribute| matches!(attribute, (b"standalone", b"yes" | b"no")));
    match attributes.next() {
        None => Ok(()),
        Some(_) => Err(fault::not_well_formed("the XML declaration has something unknown")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::StreamCondition::{self, NotWellFormed, RestrictedXml, UnsupportedEncoding};

    #[test]
    fn only_xml_1_0_in_utf_8() {
        let check = |text: &str, condition: Option<StreamCondition>| {
            assert_eq!(
                check(text.as_bytes()).err().map(|error| error.condition),
                condition,
                "{text}"
            );
        };
        check("<?xml version='1.0'?>", None);
        check("<?xml version=\"1.0\" encoding=\"utf-8\" ?>", None);
        check("<?xml version='1.0' encoding='UTF-8' standalone='yes'?>", None);
        check("<?xml version='1.0' standalone='no'?>", None);
        check("<?xml version='1.1'?>", Some(NotWellFormed));
        check("<?xml?>", Some(NotWellFormed));
        check("<?xml version='1.0'/?>", Some(NotWellFormed));
        check("<?xml encoding='UTF-8'?>", Some(NotWellFormed));
        check("<?xml encoding='UTF-8' version='1.0'?>", Some(NotWellFormed));
        check("<?xml version='1.0' encoding='ISO-8859-1'?>", Some(UnsupportedEncoding));
        check("<?xml version='1.0' encoding='UTF-16'?>", Some(UnsupportedEncoding));
        check("<?xml version='1.0' standalone='maybe'?>", Some(NotWellFormed));
        check("<?xml version='1.0' x='y'?>", Some(NotWellFormed));
        check("<?xml version='1.0'encoding='UTF-8'?>", Some(NotWellFormed));
        check("<?xml-stylesheet href='x'?>", Some(RestrictedXml));
        check("<?php ?>", Some(RestrictedXml));
        check("<??>", Some(RestrictedXml));
    }
}
