//! Names of elements and attributes (XML 1.0 §2.3, Namespaces in XML §3 and §4).

use super::fault;
use crate::StreamError;

/// A name with at most one colon, which is neither first nor last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct QName<'a> {
    whole: &'a [u8],
    /// Bytes of the prefix, without the colon; 0 where there is none.
    prefix: usize,
}

impl<'a> QName<'a> {
    /// The name at the front of a text in UTF-8, up to the first byte that no name has.
    pub(super) fn at_front(text: &'a [u8]) -> Result<Self, StreamError> {
        Self::scan(text).ok_or_else(|| fault::not_well_formed("a name is missing or not allowed"))
    }

    /// From a text that is nothing but a name.
    #[cfg(test)]
    pub(super) fn new(text: &'a str) -> Option<Self> {
        Self::scan(text.as_bytes()).filter(|name| name.whole.len() == text.len())
    }

    fn scan(text: &'a [u8]) -> Option<Self> {
        let (mut union, mut colon, mut end) = (0, 0, text.len());
        for (at, &byte) in text.iter().enumerate() {
            let class = CLASSES[usize::from(byte)];
            if class & INSIDE == 0 {
                if byte != b':' {
                    end = at;
                    break;
                }
                if at == 0 || colon > 0 {
                    return None;
                }
                colon = at;
            }
            union |= class;
        }
        let whole = &text[..end];
        let local = if colon > 0 { colon + 1 } else { 0 };
        let starts = |at: usize| {
            whole
                .get(at)
                .is_some_and(|&byte| CLASSES[usize::from(byte)] & START != 0)
        };
        let is_name = starts(0)
            && starts(local)
            && (union & WIDE == 0 || (is_wide_name(&whole[..colon]) && is_wide_name(&whole[local..])));
        is_name.then_some(Self { whole, prefix: colon })
    }

    /// As written.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.whole
    }

    /// Without the colon; empty where there is none.
    pub(super) fn prefix(&self) -> &'a [u8] {
        &self.whole[..self.prefix]
    }

    pub(super) fn local(&self) -> &'a [u8] {
        if self.prefix == 0 {
            self.whole
        } else {
            &self.whole[self.prefix + 1..]
        }
    }
}

/// May begin a name.
const START: u8 = 1;
/// May stand in a name.
const INSIDE: u8 = 2;
/// Not ASCII: to be looked at as a character.
const WIDE: u8 = 4;

static CLASSES: [u8; 256] = classes();

const fn classes() -> [u8; 256] {
    let mut classes = [0; 256];
    let mut byte = 0_u8;
    loop {
        classes[byte as usize] = match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' => START | INSIDE,
            b'0'..=b'9' | b'-' | b'.' => INSIDE,
            0x80.. => START | INSIDE | WIDE,
            _ => 0,
        };
        if byte == u8::MAX {
            return classes;
        }
        byte += 1;
    }
}

/// Whether a part of a name with characters beyond ASCII has none that is not allowed.
fn is_wide_name(part: &[u8]) -> bool {
    let Ok(part) = std::str::from_utf8(part) else {
        return false;
    };
    let mut characters = part.chars();
    characters.next().is_none_or(is_start) && characters.all(is_inside)
}

/// XML 1.0 production 4, without the colon, and without the compatibility forms from U+FDF0 on: there are parsers, rxml
/// among them, that do not know these, and a name that a recipient's parser refuses would end the recipient's stream.
fn is_start(character: char) -> bool {
    matches!(character,
        'a'..='z' | 'A'..='Z' | '_'
        | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}' | '\u{370}'..='\u{37d}'
        | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}'
        | '\u{10000}'..='\u{effff}')
}

/// XML 1.0 production 4a, without the colon.
fn is_inside(character: char) -> bool {
    is_start(character)
        || matches!(character,
            '0'..='9' | '-' | '.' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_split_at_their_colon() {
        for (text, prefix, local) in [
            ("a", "", "a"),
            ("a:b", "a", "b"),
            ("_x-1.y", "", "_x-1.y"),
            ("\u{e9}t\u{e9}:\u{65e5}\u{672c}", "\u{e9}t\u{e9}", "\u{65e5}\u{672c}"),
            ("a\u{b7}\u{300}", "", "a\u{b7}\u{300}"),
        ] {
            let name = QName::new(text).map(|name| (name.prefix(), name.local()));
            assert_eq!(name, Some((prefix.as_bytes(), local.as_bytes())), "{text}");
        }
    }

    #[test]
    fn what_is_not_a_name_is_refused() {
        for text in [
            "",
            ":",
            ":a",
            "a:",
            "a:b:c",
            "a::b",
            "1a",
            "-a",
            ".a",
            "a:1",
            "\u{b7}a",
            "a:\u{300}b",
            "\u{d7}",
            "\u{2190}",
            "\u{37e}",
            "a\u{f7}",
            "a b",
            "a/b",
            "\u{ff21}",
            "a\u{fffd}",
        ] {
            assert_eq!(QName::new(text), None, "{text:?}");
        }
    }
}
