//! The message that is sent: rendered once for every sender, with three numbers to fill in.
//! They stand in the text, which every server passes on as it is.

use memchr::memmem::Finder;
use std::fmt::Write as _;

/// What the text begins with; three numbers of fixed length follow.
const MARK: &str = "bench-";
const DIGITS: usize = 16;

/// What the text of every message of one run begins with. A server may still have messages of
/// an earlier run.
#[derive(Clone, Debug)]
pub(super) struct Run(String);

impl Run {
    /// A run like no other.
    pub(super) fn new() -> Result<Self, getrandom::Error> {
        Ok(Self(format!("{MARK}{:0DIGITS$x}:", getrandom::u64()?)))
    }
}

/// A message of one sender.
#[derive(Debug)]
pub(super) struct Template {
    bytes: Vec<u8>,
    /// Where the sequence number goes: the id of the stanza, its origin, and the text.
    numbers: [usize; 3],
    stamp: usize,
}

impl Template {
    pub(super) fn new(run: &Run, lane: usize, to: &str, text: usize, store: bool) -> Self {
        let mut rest = String::new();
        let _ = write!(rest, "<message type='chat' to='{to}' id='{lane:x}-");
        let id = rest.len();
        let _ = write!(rest, "{:DIGITS$}'><body>{}{lane:0DIGITS$x}:", "", run.0);
        let number = rest.len();
        let _ = write!(rest, "{:DIGITS$}:", "");
        let stamp = rest.len();
        let _ = write!(rest, "{:DIGITS$} ", "");
        let padding = text.saturating_sub(run.0.len() + 3 * (DIGITS + 1));
        rest.extend(
            "What say you, can you love the gentleman? "
                .chars()
                .cycle()
                .take(padding),
        );
        rest.push_str("</body><active xmlns='http://jabber.org/protocol/chatstates'/>");
        let _ = write!(rest, "<origin-id xmlns='urn:xmpp:sid:0' id='{lane:x}-");
        let origin = rest.len();
        let _ = write!(rest, "{:DIGITS$}'/>", "");
        if !store {
            rest.push_str("<no-store xmlns='urn:xmpp:hints'/>");
        }
        rest.push_str("</message>");
        Self {
            bytes: rest.into_bytes(),
            numbers: [id, number, origin],
            stamp,
        }
    }

    /// Appends message `number`, sent at `stamp`.
    pub(super) fn write(&self, outbox: &mut Vec<u8>, number: u64, stamp: u64) {
        let start = outbox.len();
        outbox.extend_from_slice(&self.bytes);
        let message = &mut outbox[start..];
        let number = digits(number);
        for at in self.numbers {
            message[at..at + DIGITS].copy_from_slice(&number);
        }
        message[self.stamp..self.stamp + DIGITS].copy_from_slice(&digits(stamp));
    }
}

/// What a received message says about itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) lane: u64,
    pub(super) number: u64,
    pub(super) stamp: u64,
}

/// Finds the numbers in a message.
#[derive(Debug)]
pub(super) struct Reader(Finder<'static>);

impl Reader {
    /// Sees the messages of this run only.
    pub(super) fn new(run: &Run) -> Self {
        Self(Finder::new(&run.0).into_owned())
    }

    pub(super) fn read(&self, message: &[u8]) -> Option<Mark> {
        let start = self.0.find(message)? + self.0.needle().len();
        let numbers = message.get(start..start + 3 * DIGITS + 2)?;
        let field = |index: usize| {
            let start = index * (DIGITS + 1);
            value(&numbers[start..start + DIGITS])
        };
        Some(Mark {
            lane: field(0)?,
            number: field(1)?,
            stamp: field(2)?,
        })
    }
}

/// Hexadecimal, because it is the cheapest to write.
fn digits(value: u64) -> [u8; DIGITS] {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    let mut digits = [b'0'; DIGITS];
    let mut rest = value;
    for digit in digits.iter_mut().rev() {
        if rest == 0 {
            break;
        }
        *digit = HEX[(rest & 15) as usize];
        rest >>= 4;
    }
    digits
}

fn value(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0, |value, digit| {
        Some(value << 4 | u64::from(char::from(*digit).to_digit(16)?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scan;

    #[test]
    fn numbers_that_were_written_are_read_again() {
        let run = Run::new().expect("the system has randomness");
        let template = Template::new(&run, 11, "a@b", 120, false);
        let mut outbox = b"before".to_vec();
        template.write(&mut outbox, 0xfeed, 0x0123_4567_89ab);
        let message = &outbox[6..];
        assert_eq!(scan::item(message), Some(message.len()));
        assert_eq!(scan::attribute(message, b"id"), Some(&b"b-000000000000feed"[..]));
        assert_eq!(scan::text(message, b"body").map(<[u8]>::len), Some(120));
        assert!(scan::contains(message, b"id='b-000000000000feed'/><no-store"));
        let expected = Mark {
            lane: 11,
            number: 0xfeed,
            stamp: 0x0123_4567_89ab,
        };
        assert_eq!(Reader::new(&run).read(message), Some(expected));
    }

    #[test]
    fn other_messages_have_no_mark() {
        let (run, other) = (Run("bench-1:".to_owned()), Run("bench-2:".to_owned()));
        let mut foreign = Vec::new();
        Template::new(&other, 1, "a@b", 100, true).write(&mut foreign, 1, 1);
        let broken = format!("bench-1:{:060}", "x");
        for message in [b"<message/>", b"bench-1:12".as_slice(), broken.as_bytes(), &foreign] {
            assert_eq!(Reader::new(&run).read(message), None);
        }
    }
}
