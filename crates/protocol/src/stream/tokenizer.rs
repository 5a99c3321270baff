//! Bytes of a stream become frames.

use std::fmt;

use super::{
    Limits, StreamHeader,
    builder::Builder,
    declaration, fault,
    limits::{BLANK_FACTOR, within},
    root::Root,
    scope::Outer,
    tag,
    text::is_blank,
    token::{Scanner, Token, TokenKind},
};
use crate::{Element, Stanza, StanzaError, StreamError};

/// One thing that a peer said on the first level of its stream.
#[derive(Debug)]
#[allow(clippy::large_enum_variant, reason = "most frames are stanzas, and none is stored")]
pub enum Frame {
    /// The stream's opening tag, with its namespaces checked.
    Open(StreamHeader),
    /// A message, presence or IQ in the content namespace.
    Stanza(Stanza),
    /// A stanza whose header is wrong; it is answered and the stream lives on.
    Malformed(Malformed),
    /// Any other element, such as `<auth/>` or `<r/>`.
    Element(Element),
    /// The stream's closing tag. Whatever follows is discarded.
    Close,
}

/// A stanza with an address or type that is not one.
#[derive(Debug)]
pub struct Malformed {
    /// What could be read of the stanza, without the wrong part and without children.
    pub stanza: Stanza,
    /// How to answer it.
    pub error: StanzaError,
}

/// A resumable, strict reader of one stream. Holds no buffer while nothing is half read.
///
/// Strict means: what it accepts is well-formed, namespace-well-formed XML 1.0 in UTF-8 with the restrictions of RFC
/// 6120 §11, and everything else ends the stream. However the bytes are cut into chunks, the frames are the same.
pub struct Tokenizer {
    limits: Limits,
    content_ns: &'static str,
    state: State,
    /// Bytes since the last frame that are no part of an element.
    blank: usize,
    root: Option<Box<Root>>,
    partial: Option<Box<Partial>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The header is due; so many bytes of a byte order mark were read.
    Start(usize),
    /// The header is due, and no XML declaration may come any more.
    Header,
    /// After a restart, when white space of the old stream may still come before the declaration.
    Restarted,
    /// The root is open.
    Open,
    /// The root is closed, or an error was reported.
    Closed,
}

/// A first-level element or header tag that is half read.
struct Partial {
    scanner: Scanner,
    builder: Builder,
    /// Bytes of the element's whole tokens.
    used: usize,
}

const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

impl Tokenizer {
    /// For a stream of this content namespace (`jabber:client` or `jabber:server`), expecting the stream header.
    #[must_use]
    pub fn new(content_ns: &'static str, limits: Limits) -> Self {
        Self {
            limits,
            content_ns,
            state: State::Start(0),
            blank: 0,
            root: None,
            partial: None,
        }
    }

    /// Other limits from the next first-level element on.
    pub fn set_limits(&mut self, limits: Limits) {
        self.limits = limits;
    }

    /// A new header is due (RFC 6120 §4.3.3). Bytes not read yet stay in the caller's `input`.
    pub fn restart(&mut self) {
        *self = Self {
            state: State::Restarted,
            ..Self::new(self.content_ns, self.limits)
        };
    }

    /// Whether an element is half read: between two elements a peer may be idle for long, inside one it should not be.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.partial.is_some()
    }

    /// The next frame, taking from the front of `input`. `None` means that `input` was taken whole and more is needed.
    ///
    /// # Errors
    /// The error to end the stream with; the tokenizer is then spent and discards whatever follows.
    pub fn next(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, StreamError> {
        let frame = self.advance(input);
        if matches!(frame, Err(_) | Ok(Some(Frame::Close))) {
            self.state = State::Closed;
            self.root = None;
        }
        if self.state == State::Closed {
            *input = &[];
        }
        frame
    }

    fn advance(&mut self, input: &mut &[u8]) -> Result<Option<Frame>, StreamError> {
        if let Some(mut partial) = self.partial.take() {
            match self.read(&mut partial, input)? {
                Read::Element => return Ok(Some(partial.builder.finish())),
                Read::Tag(frame) => return Ok(Some(*frame)),
                Read::More => {
                    self.partial = Some(partial);
                    return Ok(None);
                }
                Read::Declaration => {}
            }
        }
        while self.skip(input)? {
            let mut partial = self.partial();
            match self.read(&mut partial, input)? {
                Read::Element => return Ok(Some(partial.builder.finish())),
                Read::Tag(frame) => return Ok(Some(*frame)),
                Read::More => {
                    self.partial = Some(Box::new(partial));
                    return Ok(None);
                }
                Read::Declaration => {}
            }
        }
        Ok(None)
    }

    /// Skips what may stand between elements; whether a tag follows.
    fn skip(&mut self, input: &mut &[u8]) -> Result<bool, StreamError> {
        if self.state == State::Closed {
            return Ok(false);
        }
        self.skip_byte_order_mark(input)?;
        let blank = input.iter().take_while(|&&byte| is_blank(byte)).count();
        *input = &input[blank..];
        self.blank += blank;
        let most = match self.state {
            State::Open => self.limits.stanza_bytes.saturating_mul(BLANK_FACTOR),
            _ => self.limits.stanza_bytes,
        };
        within(self.blank, most, "there is too much white space")?;
        match (input.first(), self.state) {
            (None, _) => Ok(false),
            (Some(b'<'), _) => Ok(true),
            (Some(_), State::Open) => Err(fault::bad_format("a text stands between stanzas")),
            // What UTF-16 and UTF-32 begin with.
            (Some(0 | 0xfe | 0xff), _) => Err(fault::encoding()),
            _ => Err(fault::not_well_formed("this is no XML")),
        }
    }

    fn skip_byte_order_mark(&mut self, input: &mut &[u8]) -> Result<(), StreamError> {
        let State::Start(read) = &mut self.state else {
            return Ok(());
        };
        if self.blank > 0 {
            return Ok(());
        }
        while let Some((first, rest)) = input.split_first()
            && BYTE_ORDER_MARK.get(*read) == Some(first)
        {
            *read += 1;
            *input = rest;
        }
        if (1..BYTE_ORDER_MARK.len()).contains(read) && !input.is_empty() {
            return Err(fault::not_well_formed("this is no XML"));
        }
        Ok(())
    }

    /// Room for what begins now. What stood before the header counts as part of it.
    fn partial(&self) -> Partial {
        let none = Outer::default();
        let outer = self.root.as_ref().map_or(&none, |root| &root.outer);
        Partial {
            scanner: Scanner::default(),
            builder: Builder::of_stream(outer, self.content_ns, self.limits),
            used: if self.state == State::Open { 0 } else { self.blank },
        }
    }

    fn read(&mut self, partial: &mut Partial, input: &mut &[u8]) -> Result<Read, StreamError> {
        while let Some(token) = partial.token(input)? {
            match (self.state, token.kind) {
                _ if !partial.builder.is_fresh() => {}
                (State::Open, TokenKind::Start) => self.blank = 0,
                (State::Open, TokenKind::End) => return self.close(&token),
                (State::Open, TokenKind::Declaration) => {
                    return Err(fault::restricted("processing instructions are not allowed"));
                }
                (State::Open, _) => return Err(fault::bad_format("a text stands between stanzas")),
                (_, TokenKind::Declaration) => return self.declaration(&token),
                (_, TokenKind::Start) => return self.open(&token),
                _ => return Err(fault::not_well_formed("a stream begins with its header")),
            }
            if partial.builder.take(&token)? {
                return Ok(Read::Element);
            }
        }
        Ok(Read::More)
    }

    fn declaration(&mut self, token: &Token<'_>) -> Result<Read, StreamError> {
        let is_first = matches!(self.state, State::Start(_)) && self.blank == 0;
        if !is_first && self.state != State::Restarted {
            return Err(fault::restricted("the XML declaration comes first"));
        }
        declaration::check(&token.bytes)?;
        self.state = State::Header;
        self.blank += token.bytes.len();
        Ok(Read::Declaration)
    }

    fn open(&mut self, token: &Token<'_>) -> Result<Read, StreamError> {
        let (root, header) = Root::open(&token.bytes, self.content_ns, &self.limits)?;
        self.root = Some(Box::new(root));
        self.state = State::Open;
        self.blank = 0;
        Ok(Read::Tag(Box::new(Frame::Open(header))))
    }

    fn close(&self, token: &Token<'_>) -> Result<Read, StreamError> {
        let root = self.root.as_ref().expect("an open stream has a root");
        if tag::end_name(&token.bytes) != root.name.as_bytes() {
            return Err(fault::not_well_formed("an end tag does not match"));
        }
        Ok(Read::Tag(Box::new(Frame::Close)))
    }
}

/// How far [`Tokenizer::read`] came.
enum Read {
    /// A first-level element is complete.
    Element,
    /// A tag of the stream itself.
    Tag(Box<Frame>),
    /// An XML declaration, which is no frame.
    Declaration,
    More,
}

impl Partial {
    fn token<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Token<'a>>, StreamError> {
        let room = self.builder.limits().stanza_bytes.saturating_sub(self.used);
        let token = self.scanner.next(input, room)?;
        self.used += token.as_ref().map_or(0, |token| token.bytes.len());
        Ok(token)
    }
}

impl fmt::Debug for Tokenizer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tokenizer")
            .field("content_ns", &self.content_ns)
            .field("state", &self.state)
            .field("is_partial", &self.is_partial())
            .finish_non_exhaustive()
    }
}
