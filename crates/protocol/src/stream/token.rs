//! Borders of tokens, found over any borders of chunks: where a tag, a text or a CDATA section ends.
//!
//! The ends of tags are found by quick-xml's resumable [`ElementParser`]. Nothing is copied while a token stands
//! whole in the caller's buffer; what is half read waits in a stash that lives until the token is complete, and no
//! byte is looked at twice.

use std::borrow::Cow;

use quick_xml::parser::{ElementParser, Parser};

use super::fault;
use crate::StreamError;

const CDATA: &[u8] = b"<![CDATA[";

/// A whole token.
pub(super) struct Token<'a> {
    pub(super) kind: TokenKind,
    /// All of its bytes, delimiters included.
    pub(super) bytes: Cow<'a, [u8]>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// `<a …>` or `<a …/>`.
    Start,
    /// `</a>`.
    End,
    /// What stands before the next `<`.
    Text,
    /// `<![CDATA[…]]>`.
    CData,
    /// `<?xml …?>`.
    Declaration,
}

/// Finds one token after the other.
#[derive(Default)]
pub(super) struct Scanner {
    /// Of a token that is half read.
    stash: Vec<u8>,
    seeking: Seeking,
}

/// What has to come before the token is complete.
#[derive(Debug, Clone, Copy, Default)]
enum Seeking {
    /// Enough bytes to know what it is.
    #[default]
    Kind,
    Tag(ElementParser),
    /// The end of a token that is not a start tag.
    End(TokenKind),
}

impl Scanner {
    /// Whether a token is half read.
    pub(super) fn is_pending(&self) -> bool {
        !self.stash.is_empty()
    }

    /// The next token, taken from the front of `input`; `None` means that `input` was taken whole. A token of more than
    /// `room` bytes is refused before it is stored.
    pub(super) fn next<'a>(&mut self, input: &mut &'a [u8], room: usize) -> Result<Option<Token<'a>>, StreamError> {
        if self.is_pending() {
            return self.resume(input, room);
        }
        let window = &input[..input.len().min(room)];
        let Some(mut seeking) = recognise(window)? else {
            self.keep(input, room)?;
            return Ok(None);
        };
        match seeking.find(&[], window) {
            Some(end) => {
                let (bytes, rest) = input.split_at(end);
                *input = rest;
                Ok(Some(seeking.token(Cow::Borrowed(bytes))))
            }
            None => {
                self.seeking = seeking;
                self.keep(input, room)?;
                Ok(None)
            }
        }
    }

    fn resume<'a>(&mut self, input: &mut &'a [u8], room: usize) -> Result<Option<Token<'a>>, StreamError> {
        if matches!(self.seeking, Seeking::Kind) && !self.recognise_more(input)? {
            return Ok(None);
        }
        let window = &input[..input.len().min(room.saturating_sub(self.stash.len()))];
        let Some(end) = self.seeking.find(&self.stash, window) else {
            self.keep(input, room)?;
            return Ok(None);
        };
        self.stash.extend_from_slice(&input[..end]);
        *input = &input[end..];
        let bytes = std::mem::take(&mut self.stash);
        let seeking = std::mem::take(&mut self.seeking);
        Ok(Some(seeking.token(Cow::Owned(bytes))))
    }

    /// Moves bytes to the stash until it is known what they begin, and has the search start with them.
    fn recognise_more(&mut self, input: &mut &[u8]) -> Result<bool, StreamError> {
        while let Some((first, rest)) = input.split_first() {
            self.stash.push(*first);
            *input = rest;
            if let Some(mut seeking) = recognise(&self.stash)? {
                // None of the few bytes that tell the kind apart can end a token but a tag's `>`, which is a tag
                // without a name.
                if seeking.find(&[], &self.stash).is_some() {
                    return Err(fault::not_well_formed("a tag has no name"));
                }
                self.seeking = seeking;
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Takes all input as part of the token that is half read.
    fn keep(&mut self, input: &mut &[u8], room: usize) -> Result<(), StreamError> {
        if self.stash.len() + input.len() >= room {
            return Err(fault::policy("the element is too big"));
        }
        self.stash.extend_from_slice(input);
        *input = &[];
        Ok(())
    }
}

/// What a token is by its first bytes; `None` where more are needed.
fn recognise(bytes: &[u8]) -> Result<Option<Seeking>, StreamError> {
    Ok(match bytes {
        [] | [b'<'] => None,
        [b'<', b'/', ..] => Some(Seeking::End(TokenKind::End)),
        [b'<', b'!', ..] => {
            let known = bytes.len().min(CDATA.len());
            if bytes[..known] != CDATA[..known] {
                return Err(fault::restricted("comments and document types are not allowed"));
            }
            (known == CDATA.len()).then_some(Seeking::End(TokenKind::CData))
        }
        [b'<', b'?', ..] => Some(Seeking::End(TokenKind::Declaration)),
        // What UTF-16 looks like.
        [b'<', 0, ..] => return Err(fault::encoding()),
        [b'<', ..] => Some(Seeking::Tag(ElementParser::Outside)),
        _ => Some(Seeking::End(TokenKind::Text)),
    })
}

impl Seeking {
    /// How many bytes of `chunk` belong to the token that began in `before`.
    fn find(&mut self, before: &[u8], chunk: &[u8]) -> Option<usize> {
        match self {
            Self::Kind => None,
            Self::Tag(parser) => parser.feed(chunk).map(|at| at + 1),
            Self::End(TokenKind::Text) => memchr::memchr(b'<', chunk),
            Self::End(TokenKind::CData) => closed_by(b"]]", before, chunk),
            Self::End(TokenKind::Declaration) => closed_by(b"?", before, chunk),
            Self::End(TokenKind::Start | TokenKind::End) => memchr::memchr(b'>', chunk).map(|at| at + 1),
        }
    }

    fn token(self, bytes: Cow<'_, [u8]>) -> Token<'_> {
        let kind = match self {
            Self::End(kind) => kind,
            Self::Kind | Self::Tag(_) => TokenKind::Start,
        };
        Token { kind, bytes }
    }
}

/// The place after the first `>` of `chunk` that has `mark` right before it, be it partly in what came before.
fn closed_by(mark: &[u8], before: &[u8], chunk: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'>', chunk)
        .find(|&at| {
            let here = &chunk[at.saturating_sub(mark.len())..at];
            let missing = mark.len() - here.len();
            mark.ends_with(here) && before.ends_with(&mark[..missing])
        })
        .map(|at| at + 1)
}
