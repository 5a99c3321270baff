//! Preparation of the three parts: an ASCII fast path, stringprep and IDNA for the rest.

use std::{borrow::Cow, net::Ipv6Addr};

use idna::{
    AsciiDenyList,
    uts46::{Hyphens, Uts46},
};

use super::{
    JidError, PART_MAX_BYTES,
    stringprep::{self, Profile},
};

/// What the bytes of a part are, one bit each; a part that is prepared already has none of them.
mod class {
    pub(super) const UPPER: u8 = 1;
    pub(super) const FORBIDDEN: u8 = 2;
    pub(super) const NOT_ASCII: u8 = 4;
}

type Table = [u8; 256];

static LOCALPART: Table = table(b"!#$%()*+,-.0123456789;=?[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~");
static DOMAIN: Table = table(b"-.0123456789_abcdefghijklmnopqrstuvwxyz");

const fn table(prepared: &[u8]) -> Table {
    let mut table = [class::FORBIDDEN; 256];
    let mut index = 0;
    while index < prepared.len() {
        table[prepared[index] as usize] = 0;
        index += 1;
    }
    let mut byte = 0;
    while byte < 256 {
        if byte >= 128 {
            table[byte] = class::NOT_ASCII;
        } else if b'A' as usize <= byte && byte <= b'Z' as usize {
            table[byte] = class::UPPER;
        }
        byte += 1;
    }
    table
}

/// What all the bytes are together, without a branch for each of them.
fn classes(text: &str, table: &Table) -> u8 {
    text.bytes().fold(0, |all, byte| all | table[usize::from(byte)])
}

/// A text of ASCII that is allowed, in lower case.
fn lower(text: &str, classes: u8) -> Cow<'_, str> {
    if classes & class::UPPER == 0 {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(text.to_ascii_lowercase())
    }
}

/// RFC 7622 §3.3, by nodeprep.
pub(super) fn localpart(text: &str) -> Result<Cow<'_, str>, JidError> {
    bounded(text, JidError::EmptyLocalpart)?;
    let classes = classes(text, &LOCALPART);
    if classes & class::NOT_ASCII != 0 {
        let prepared = stringprep::prepare(Profile::Nodeprep, text).ok_or(JidError::Localpart)?;
        bounded(&prepared, JidError::EmptyLocalpart)?;
        return Ok(Cow::Owned(prepared));
    }
    if classes & class::FORBIDDEN != 0 {
        return Err(JidError::Localpart);
    }
    Ok(lower(text, classes))
}

/// RFC 7622 §3.4, by resourceprep.
pub(super) fn resource(text: &str) -> Result<Cow<'_, str>, JidError> {
    bounded(text, JidError::EmptyResource)?;
    if text
        .bytes()
        .fold(true, |is_plain, byte| is_plain & matches!(byte, b' '..=b'~'))
    {
        return Ok(Cow::Borrowed(text));
    }
    let prepared = stringprep::prepare(Profile::Resourceprep, text).ok_or(JidError::Resource)?;
    bounded(&prepared, JidError::EmptyResource)?;
    Ok(Cow::Owned(prepared))
}

/// RFC 7622 §3.2: a host name of letters in their Unicode form, or an IP address; never with a dot at its end.
pub(super) fn domain(text: &str) -> Result<Cow<'_, str>, JidError> {
    bounded(text, JidError::EmptyDomain)?;
    if let Some(rest) = text.strip_prefix('[') {
        return ipv6(text, rest);
    }
    let text = text.strip_suffix('.').unwrap_or(text);
    if text.is_empty() {
        return Err(JidError::EmptyDomain);
    }
    let (classes, seams) = (classes(text, &DOMAIN), seams(text));
    if classes & class::NOT_ASCII != 0 || seams & seam::HYPHENS != 0 {
        return international(text);
    }
    if classes & class::FORBIDDEN != 0 || seams & seam::BAD != 0 {
        return Err(JidError::Domain);
    }
    Ok(lower(text, classes))
}

/// What stands beside what in a host name, one bit each.
mod seam {
    /// RFC 5890 §2.3.1: labels are not empty, and do not begin or end with a hyphen.
    pub(super) const BAD: u8 = 1;
    /// Two hyphens: a label may be the ASCII form (`xn--…`) of an international one.
    pub(super) const HYPHENS: u8 = 2;
}

fn seams(name: &str) -> u8 {
    let after = name.bytes().chain([b'.']);
    let before = [b'.'].into_iter().chain(name.bytes());
    before.zip(after).fold(0, |seams, pair| {
        seams
            | match pair {
                (b'.', b'.' | b'-') | (b'-', b'.') => seam::BAD,
                (b'-', b'-') => seam::HYPHENS,
                _ => 0,
            }
    })
}

/// UTS 46. The Unicode form is the canonical one (RFC 7622 §3.2.1), so that an A-label cannot mask a U-label.
fn international(text: &str) -> Result<Cow<'_, str>, JidError> {
    let (unicode, outcome) = Uts46::new().to_unicode(text.as_bytes(), AsciiDenyList::EMPTY, Hyphens::CheckFirstLast);
    outcome.map_err(|_| JidError::Domain)?;
    // The ideographic full stops have become dots by now.
    let unicode = unicode.strip_suffix('.').unwrap_or(&unicode);
    bounded(unicode, JidError::EmptyDomain)?;
    if classes(unicode, &DOMAIN) & (class::FORBIDDEN | class::UPPER) != 0 || seams(unicode) & seam::BAD != 0 {
        return Err(JidError::Domain);
    }
    Ok(Cow::Owned(unicode.to_owned()))
}

/// RFC 3986 §3.2.2: an IPv6 address in brackets, in its shortest form (RFC 5952).
fn ipv6<'a>(text: &'a str, rest: &str) -> Result<Cow<'a, str>, JidError> {
    let address: Ipv6Addr = rest
        .strip_suffix(']')
        .and_then(|address| address.parse().ok())
        .ok_or(JidError::Domain)?;
    let canonical = format!("[{address}]");
    Ok(if canonical == text {
        Cow::Borrowed(text)
    } else {
        Cow::Owned(canonical)
    })
}

fn bounded(text: &str, empty: JidError) -> Result<(), JidError> {
    match text.len() {
        0 => Err(empty),
        1..=PART_MAX_BYTES => Ok(()),
        _ => Err(JidError::TooLong),
    }
}
