//! Character data: which characters XML has, references, line ends and white space (XML 1.0 §2.2, §2.11, §3.3.3, §4.1).

use std::borrow::Cow;

use super::fault;
use crate::StreamError;

/// Kinds of bytes that may be special somewhere.
const CONTROL: u8 = 1;
const BLANK: u8 = 2;
const AMPERSAND: u8 = 4;
const LESS: u8 = 8;
const GREATER: u8 = 16;
/// The first byte of U+FFFE and U+FFFF in UTF-8, and of others.
const HIGH: u8 = 32;
/// Anything beyond ASCII.
const WIDE: u8 = 64;

/// What has to be looked at before bytes may stand as text of canonical XML.
const NOT_TEXT: u8 = CONTROL | AMPERSAND | LESS | GREATER | HIGH;

static MARKS: [u8; 256] = {
    let mut marks = [0; 256];
    let mut byte = 0_u8;
    loop {
        marks[byte as usize] = match byte {
            b'\n' | b'\t' => BLANK,
            0..b' ' => CONTROL,
            b'&' => AMPERSAND,
            b'<' => LESS,
            b'>' => GREATER,
            0xef => HIGH | WIDE,
            0x80.. => WIDE,
            _ => 0,
        };
        if byte == u8::MAX {
            break marks;
        }
        byte += 1;
    }
};

fn mark(byte: u8) -> u8 {
    MARKS[usize::from(byte)]
}

/// Which kinds are there, without saying where.
fn survey(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0, |marks, &byte| marks | mark(byte))
}

/// Whether nothing is there but printable ASCII that could stand in canonical XML as it is, apostrophes apart.
///
/// This is what most bytes are, so it is looked at sixteen of them at a time, without a branch, for the compiler to
/// make vector instructions of it.
pub(super) fn is_plain(bytes: &[u8]) -> bool {
    match bytes.last_chunk::<16>() {
        // The last bytes may be looked at twice; it makes no difference.
        Some(last) => are_plain(bytes.as_chunks::<16>().0.as_flattened()) && are_plain(last),
        None => survey(bytes) == 0,
    }
}

/// Not inlined, because with a length known beforehand no vector instructions come of it.
#[inline(never)]
fn are_plain(bytes: &[u8]) -> bool {
    let special = |byte: u8| {
        // As signed numbers, bytes beyond ASCII are below space; `<` and `>` differ in one bit.
        (byte.cast_signed() < 32) | (byte == b'&') | (byte | 2 == b'>')
    };
    !bytes.iter().fold(false, |found, &byte| found | special(byte))
}

/// Whether a text may stand in canonical XML as they are, line ends and tabs included.
pub(super) fn is_canonical_text(text: &str) -> bool {
    survey(text.as_bytes()) & NOT_TEXT == 0
}

/// Whether bytes of UTF-8 may stand in a canonical attribute as they are.
pub(super) fn is_canonical_attribute(bytes: &[u8]) -> bool {
    is_plain(bytes) && !bytes.contains(&b'\'')
}

/// The text that bytes are.
pub(super) fn utf_8(bytes: &[u8]) -> Result<&str, StreamError> {
    std::str::from_utf8(bytes).map_err(|_| fault::not_well_formed("this is not UTF-8"))
}

/// Where characters stand; it decides what they mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Text,
    CData,
    Attribute,
}

impl Place {
    fn marks(self) -> u8 {
        match self {
            Self::Text => NOT_TEXT,
            Self::CData => CONTROL | HIGH,
            Self::Attribute => CONTROL | BLANK | AMPERSAND | LESS | HIGH,
        }
    }
}

/// The characters that `raw` stands for.
pub(super) fn decode(raw: &[u8], place: Place) -> Result<Cow<'_, str>, StreamError> {
    let raw = utf_8(raw)?;
    if survey(raw.as_bytes()) & place.marks() == 0 {
        return Ok(Cow::Borrowed(raw));
    }
    let mut out = String::with_capacity(raw.len());
    let mut done = 0;
    while let Some(skip) = raw.as_bytes()[done..]
        .iter()
        .position(|&byte| mark(byte) & place.marks() != 0)
    {
        let at = done + skip;
        out.push_str(&raw[done..at]);
        done = at + special(raw, at, place, &mut out)?;
    }
    out.push_str(&raw[done..]);
    Ok(Cow::Owned(out))
}

/// Appends what the special byte at `at` stands for; how many bytes were read.
fn special(raw: &str, at: usize, place: Place, out: &mut String) -> Result<usize, StreamError> {
    let rest = &raw[at..];
    match rest.as_bytes()[0] {
        b'&' => return reference(rest, out),
        b'<' => return Err(fault::not_well_formed("an attribute has a `<`")),
        b'>' if raw[..at].ends_with("]]") => return Err(fault::not_well_formed("a text has `]]>`")),
        b'>' => out.push('>'),
        b'\r' => {
            out.push(if place == Place::Attribute { ' ' } else { '\n' });
            return Ok(if rest.starts_with("\r\n") { 2 } else { 1 });
        }
        b'\n' | b'\t' => out.push(' '),
        0xef => {
            let character = rest.chars().next().expect("a byte is there");
            if !is_character(character) {
                return Err(fault::not_well_formed("a character is not allowed in XML"));
            }
            out.push(character);
            return Ok(character.len_utf8());
        }
        _ => return Err(fault::not_well_formed("a control character is not allowed in XML")),
    }
    Ok(1)
}

fn reference(rest: &str, out: &mut String) -> Result<usize, StreamError> {
    let Some(end) = rest.find(';') else {
        return Err(fault::not_well_formed("a reference has no end"));
    };
    let name = &rest[1..end];
    out.push(match name {
        "lt" => '<',
        "gt" => '>',
        "amp" => '&',
        "apos" => '\'',
        "quot" => '"',
        _ => match name.strip_prefix('#') {
            Some(number) => numbered(number).ok_or_else(|| fault::not_well_formed("a reference is not a character"))?,
            None => return Err(fault::restricted("only the five predefined entities are allowed")),
        },
    });
    Ok(end + 1)
}

fn numbered(number: &str) -> Option<char> {
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    // `from_str_radix` would take a sign.
    if digits.starts_with('+') {
        return None;
    }
    let code = u32::from_str_radix(digits, radix).ok()?;
    char::from_u32(code).filter(|&character| is_character(character))
}

/// XML 1.0 production 2.
pub(super) fn is_character(character: char) -> bool {
    match character {
        '\t' | '\n' | '\r' => true,
        '\u{fffe}' | '\u{ffff}' => false,
        _ => character >= ' ',
    }
}

/// XML 1.0 production 3.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::StreamCondition;

    #[test]
    fn characters_mean_what_xml_says() {
        for (place, raw, meaning) in [
            (Place::Text, "plain", "plain"),
            (Place::Text, "a&lt;&gt;&amp;&apos;&quot;b", "a<>&'\"b"),
            (Place::Text, "&#65;&#x42;&#x1F600;&#0067;", "AB\u{1f600}C"),
            (Place::Text, "a\r\nb\rc\nd\te", "a\nb\nc\nd\te"),
            (Place::Text, "&#13;&#10;", "\r\n"),
            (Place::Text, "]] > ]>", "]] > ]>"),
            (Place::Text, "\u{fffd}\u{ff21}\u{fffd}", "\u{fffd}\u{ff21}\u{fffd}"),
            (Place::CData, "<a>&lt;]]\r\n", "<a>&lt;]]\n"),
            (Place::Attribute, "a\r\nb\rc\nd\te", "a b c d e"),
            (Place::Attribute, "&#9;&#10;&#13;", "\t\n\r"),
            (Place::Attribute, "]]>", "]]>"),
        ] {
            assert_eq!(decode(raw.as_bytes(), place).unwrap(), meaning, "{place:?} {raw:?}");
        }
    }

    #[test]
    fn what_is_not_xml_is_refused() {
        use StreamCondition::{NotWellFormed, RestrictedXml};
        for (place, raw, condition) in [
            (Place::Text, "&foo;", RestrictedXml),
            (Place::Text, "&;", RestrictedXml),
            (Place::Text, "a & b", NotWellFormed),
            (Place::Text, "&#0;", NotWellFormed),
            (Place::Text, "&#x1;", NotWellFormed),
            (Place::Text, "&#xD800;", NotWellFormed),
            (Place::Text, "&#xFFFE;", NotWellFormed),
            (Place::Text, "&#x110000;", NotWellFormed),
            (Place::Text, "&#99999999999999999999;", NotWellFormed),
            (Place::Text, "&#;", NotWellFormed),
            (Place::Text, "&#x;", NotWellFormed),
            (Place::Text, "&#X41;", NotWellFormed),
            (Place::Text, "&#+65;", NotWellFormed),
            (Place::Text, "&#-65;", NotWellFormed),
            (Place::Text, "]]>", NotWellFormed),
            (Place::Text, "\0", NotWellFormed),
            (Place::Text, "\u{1f}", NotWellFormed),
            (Place::Text, "\u{fffe}", NotWellFormed),
            (Place::Text, "\u{ffff}", NotWellFormed),
            (Place::CData, "\u{8}", NotWellFormed),
            (Place::CData, "\u{ffff}", NotWellFormed),
            (Place::Attribute, "<", NotWellFormed),
            (Place::Attribute, "&nbsp;", RestrictedXml),
            (Place::Attribute, "\u{b}", NotWellFormed),
        ] {
            assert_eq!(
                decode(raw.as_bytes(), place).unwrap_err().condition,
                condition,
                "{place:?} {raw:?}"
            );
        }
    }
}
