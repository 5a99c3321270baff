//! The XML declaration (XML 1.0 §2.8, RFC 6120 §11.5).

use super::{
    Limits, fault,
    tag::{Attributes, read_attributes},
    text::is_blank,
};
use crate::StreamError;

/// Checks all of `<?xml …?>`; anything else between `<?` and `?>` is a processing instruction.
pub(super) fn check(bytes: &[u8]) -> Result<(), StreamError> {
    let inner = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.strip_prefix("<?")?.strip_suffix("?>"))
        .ok_or_else(|| fault::not_well_formed("the XML declaration is not UTF-8"))?;
    let mut attributes = Attributes::new();
    match inner.strip_prefix("xml") {
        Some(rest) if rest.bytes().next().is_none_or(is_blank) => {
            read_attributes(rest, &Limits::before_authentication(), &mut attributes)?;
        }
        _ => return Err(fault::restricted("processing instructions are not allowed")),
    }
    let mut attributes = attributes
        .iter()
        .map(|attribute| (attribute.name.as_str(), attribute.raw))
        .peekable();
    if attributes.next() != Some(("version", "1.0")) {
        return Err(fault::not_well_formed("streams are XML 1.0"));
    }
    if let Some((_, encoding)) = attributes.next_if(|(name, _)| *name == "encoding")
        && !encoding.eq_ignore_ascii_case("utf-8")
    {
        return Err(fault::encoding());
    }
    attributes.next_if(|attribute| matches!(attribute, ("standalone", "yes" | "no")));
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
