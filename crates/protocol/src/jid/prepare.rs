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

/// What an ASCII character is in a part.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Class {
    Prepared,
    Upper,
    Forbidden,
    NotAscii,
}

type Table = [Class; 256];

static LOCALPART: Table = table(b"!#$%()*+,-.0123456789;=?[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~");
static DOMAIN: Table = table(b"-.0123456789_abcdefghijklmnopqrstuvwxyz");

const fn table(prepared: &[u8]) -> Table {
    let mut table = [Class::Forbidden; 256];
    let mut index = 0;
    while index < prepared.len() {
        table[prepared[index] as usize] = Class::Prepared;
        index += 1;
    }
    let mut byte = 0;
    while byte < 256 {
        if byte >= 128 {
            table[byte] = Class::NotAscii;
        } else if b'A' as usize <= byte && byte <= b'Z' as usize {
            table[byte] = Class::Upper;
        }
        byte += 1;
    }
    table
}

/// The class of the whole: what one character is, all are.
fn class(text: &str, table: &Table) -> Class {
    let (mut is_upper, mut is_forbidden) = (false, false);
    for byte in text.bytes() {
        match table[usize::from(byte)] {
            Class::Prepared => {}
            Class::Upper => is_upper = true,
            Class::Forbidden => is_forbidden = true,
            Class::NotAscii => return Class::NotAscii,
        }
    }
    match (is_forbidden, is_upper) {
        (true, _) => Class::Forbidden,
        (false, true) => Class::Upper,
        (false, false) => Class::Prepared,
    }
}

/// RFC 7622 §3.3, by nodeprep.
pub(super) fn localpart(text: &str) -> Result<Cow<'_, str>, JidError> {
    bounded(text, JidError::EmptyLocalpart)?;
    match class(text, &LOCALPART) {
        Class::Prepared => Ok(Cow::Borrowed(text)),
        Class::Upper => Ok(Cow::Owned(text.to_ascii_lowercase())),
        Class::Forbidden => Err(JidError::Localpart),
        Class::NotAscii => {
            let prepared = stringprep::prepare(Profile::Nodeprep, text).ok_or(JidError::Localpart)?;
            bounded(&prepared, JidError::EmptyLocalpart)?;
            Ok(Cow::Owned(prepared))
        }
    }
}

/// RFC 7622 §3.4, by resourceprep.
pub(super) fn resource(text: &str) -> Result<Cow<'_, str>, JidError> {
    bounded(text, JidError::EmptyResource)?;
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
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
    match class(text, &DOMAIN) {
        Class::Forbidden => Err(JidError::Domain),
        Class::Prepared if !has_a_label(text) => host_name(Cow::Borrowed(text)),
        Class::Upper if !has_a_label(text) => host_name(Cow::Owned(text.to_ascii_lowercase())),
        _ => international(text),
    }
}

/// Whether a label may be the ASCII form (`xn--…`) of an international one.
fn has_a_label(domain: &str) -> bool {
    domain
        .as_bytes()
        .windows(4)
        .any(|window| window.eq_ignore_ascii_case(b"xn--"))
}

/// UTS 46. The Unicode form is the canonical one (RFC 7622 §3.2.1), so that an A-label cannot mask a U-label.
fn international(text: &str) -> Result<Cow<'_, str>, JidError> {
    let (unicode, outcome) = Uts46::new().to_unicode(text.as_bytes(), AsciiDenyList::EMPTY, Hyphens::CheckFirstLast);
    outcome.map_err(|_| JidError::Domain)?;
    // The ideographic full stops have become dots by now.
    let unicode = unicode.strip_suffix('.').unwrap_or(&unicode);
    bounded(unicode, JidError::EmptyDomain)?;
    if unicode
        .bytes()
        .any(|byte| matches!(DOMAIN[usize::from(byte)], Class::Forbidden | Class::Upper))
    {
        return Err(JidError::Domain);
    }
    host_name(Cow::Owned(unicode.to_owned()))
}

/// RFC 5890 §2.3.1: labels are not empty, and do not begin or end with a hyphen.
fn host_name(name: Cow<'_, str>) -> Result<Cow<'_, str>, JidError> {
    if name.is_empty() {
        return Err(JidError::EmptyDomain);
    }
    let mut before = b'.';
    for byte in name.bytes().chain([b'.']) {
        if (byte == b'.' && matches!(before, b'.' | b'-')) || (byte == b'-' && before == b'.') {
            return Err(JidError::Domain);
        }
        before = byte;
    }
    Ok(name)
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
