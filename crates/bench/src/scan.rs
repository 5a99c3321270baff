//! Where one stanza ends and the next begins, and little more.
//!
//! Both the relay and the load generator look at the stream through these few functions. They
//! rely on XML as chat servers write it (a `>` inside an attribute is escaped) and check
//! nothing: a floor must not pay for what a real server has to do.

use memchr::memchr;
use memchr::memmem::{self, Finder};
use std::sync::LazyLock;

/// What every stream header begins with.
const HEADER: &[u8] = b"<stream:stream";
const MESSAGE: &[u8] = b"<message";
static MESSAGE_WITHIN: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(MESSAGE));
static MESSAGE_END: LazyLock<Finder<'_>> = LazyLock::new(|| Finder::new(b"</message>"));

/// The length of the item at the start of `bytes`, or `None` while its end is missing.
///
/// An item is a whole stanza, a stream header, the XML declaration, the closing stream tag, or
/// the text between them (whitespace that keeps a connection alive).
#[must_use]
pub fn item(bytes: &[u8]) -> Option<usize> {
    match (*bytes.first()?, bytes.get(1)) {
        (b'<', None) => None,
        (b'<', Some(b'/' | b'?')) => Some(memchr(b'>', bytes)? + 1),
        (b'<', Some(b'm')) => message(bytes),
        (b'<', Some(b's')) => header_or_element(bytes),
        (b'<', Some(_)) => element(bytes),
        _ => Some(memchr(b'<', bytes).unwrap_or(bytes.len())),
    }
}

fn header_or_element(bytes: &[u8]) -> Option<usize> {
    let known = bytes.len().min(HEADER.len());
    if bytes[..known] != HEADER[..known] {
        return element(bytes);
    }
    Some(memchr(b'>', bytes)? + 1)
}

/// Most of what is sent are messages that have no other message within: then the end is found
/// in two strides.
fn message(bytes: &[u8]) -> Option<usize> {
    let opened = memchr(b'>', bytes)?;
    if bytes[opened - 1] == b'/' || !bytes.starts_with(MESSAGE) {
        return element(bytes);
    }
    let body = &bytes[opened..];
    let end = MESSAGE_END.find(body)?;
    if MESSAGE_WITHIN.find(&body[..end]).is_some() {
        return element(bytes);
    }
    Some(opened + end + MESSAGE_END.needle().len())
}

/// The length of the element that starts at the first byte: tags are counted until every
/// opened one is closed.
fn element(bytes: &[u8]) -> Option<usize> {
    let mut depth = 0_usize;
    let mut tag = 0;
    loop {
        let end = tag + memchr(b'>', &bytes[tag..])?;
        if bytes[tag + 1] == b'/' {
            depth = depth.saturating_sub(1);
        } else if bytes[end - 1] != b'/' {
            depth += 1;
        }
        if depth == 0 {
            return Some(end + 1);
        }
        tag = end + 1 + memchr(b'<', &bytes[end + 1..])?;
    }
}

/// The value of attribute `name` in the first tag of `element`.
#[must_use]
pub fn attribute<'a>(element: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut rest = &element[..memchr(b'>', element)?];
    loop {
        rest = &rest[memchr(b' ', rest)? + 1..];
        let Some(value) = rest.strip_prefix(name).and_then(|r| r.strip_prefix(b"=")) else {
            continue;
        };
        let (quote, value) = value.split_first()?;
        return Some(&value[..memchr(*quote, value)?]);
    }
}

/// The text of the first element `name` in `bytes`, as it is written there.
#[must_use]
pub fn text<'a>(bytes: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let mut from = 0;
    loop {
        let start = from + memmem::find(&bytes[from..], name)? + name.len();
        let opened = start > name.len() && bytes[start - name.len() - 1] == b'<';
        from = start;
        if !opened || !matches!(bytes.get(start), Some(b'>' | b' ')) {
            continue;
        }
        let body = start + memchr(b'>', &bytes[start..])? + 1;
        let end = body + memchr(b'<', &bytes[body..])?;
        return Some(&bytes[body..end]);
    }
}

/// Whether `needle` stands anywhere in `bytes`.
#[must_use]
pub fn contains(bytes: &[u8], needle: &[u8]) -> bool {
    memmem::find(bytes, needle).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(stream: &str, items: &[&str]) {
        let mut rest = stream.as_bytes();
        let mut found = Vec::new();
        while let Some(length) = item(rest) {
            found.push(std::str::from_utf8(&rest[..length]).expect("the tables are text"));
            rest = &rest[length..];
        }
        assert_eq!(found, items, "{stream}");
    }

    #[test]
    fn a_stream_falls_apart_at_the_borders_of_its_stanzas() {
        check(
            "<?xml version='1.0'?><stream:stream to='a'><r/><a h='1'/>",
            &["<?xml version='1.0'?>", "<stream:stream to='a'>", "<r/>", "<a h='1'/>"],
        );
        check(
            "<message><body>a</body><x/></message>\n <iq/>",
            &["<message><body>a</body><x/></message>", "\n ", "<iq/>"],
        );
        check(
            "<stream:features><a><a/></a></stream:features></stream:stream>",
            &["<stream:features><a><a/></a></stream:features>", "</stream:stream>"],
        );
        check("<success>dj0=</success>", &["<success>dj0=</success>"]);
        check(
            "<message><message/></message><message/><mechanism>x</mechanism>",
            &[
                "<message><message/></message>",
                "<message/>",
                "<mechanism>x</mechanism>",
            ],
        );
        check(
            "<message><x><message>a</message></x></message><message>b</message>",
            &["<message><x><message>a</message></x></message>", "<message>b</message>"],
        );
    }

    #[test]
    fn an_unfinished_item_waits() {
        let whole = "<message to='a'><body>b</body></message>";
        for length in 1..whole.len() {
            check(&whole[..length], &[]);
        }
        for part in ["<", "<s", "<stream:str", "<?xml", "</stream:strea"] {
            check(part, &[]);
        }
    }

    #[test]
    fn attributes_are_found_in_the_first_tag_only() {
        let value = |element: &'static str, name: &str| {
            attribute(element.as_bytes(), name.as_bytes()).map(|v| std::str::from_utf8(v).expect("the tables are text"))
        };
        assert_eq!(value("<m to='x' id=\"1'2\"/>", "to"), Some("x"));
        assert_eq!(value("<m to='x' id=\"1'2\"/>", "id"), Some("1'2"));
        assert_eq!(value("<m into='y' to='x'/>", "to"), Some("x"));
        assert_eq!(value("<m><n to='x'/></m>", "to"), None);
    }

    #[test]
    fn text_is_found_by_the_name_of_its_element() {
        let value = |bytes: &'static str, name: &str| {
            text(bytes.as_bytes(), name.as_bytes()).map(|v| std::str::from_utf8(v).expect("the tables are text"))
        };
        assert_eq!(value("<a><jid>b@c</jid></a>", "jid"), Some("b@c"));
        assert_eq!(value("<a>jid<jid x='1'>b</jid></a>", "jid"), Some("b"));
        assert_eq!(value("<a><jids>b</jids></a>", "jid"), None);
    }
}
