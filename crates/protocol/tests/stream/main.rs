//! The tokenizer as its users see it: the checklist of hostile input, canonical form, chunk borders, and an
//! independent strict parser that has to agree.
#![allow(clippy::unwrap_used)]

mod agreement;
mod canonical;
mod chunks;
mod generator;
mod headers;
mod hostile;
mod idle;
mod oracle;
mod stanzas;

use protocol::{
    StreamCondition, ns,
    stream::{Frame, Limits, Tokenizer},
};

/// The opening of a client's stream.
const OPEN: &str = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='example.org' version='1.0'>";

/// What came of some bytes.
#[derive(Debug, PartialEq, Eq)]
struct Outcome {
    /// Frames after the opening, as XML or a word.
    frames: Vec<String>,
    error: Option<StreamCondition>,
    /// Bytes given until the last frame or the error came.
    taken: usize,
}

/// Reads bytes on a client's stream in chunks of the given size.
fn read(bytes: &[u8], chunk: usize, limits: Limits) -> Outcome {
    read_with(&mut Tokenizer::new(ns::CLIENT, limits), bytes, chunk)
}

fn read_with(tokenizer: &mut Tokenizer, bytes: &[u8], chunk: usize) -> Outcome {
    let mut outcome = Outcome {
        frames: Vec::new(),
        error: None,
        taken: 0,
    };
    for part in bytes.chunks(chunk) {
        outcome.taken += part.len();
        let mut input = part;
        loop {
            match tokenizer.next(&mut input) {
                Ok(Some(frame)) => outcome.frames.push(describe(&frame)),
                Ok(None) => break,
                Err(error) => {
                    assert!(input.is_empty(), "what follows an error is discarded");
                    outcome.error = Some(error.condition);
                    return outcome;
                }
            }
        }
        assert!(input.is_empty(), "all input is taken");
    }
    outcome
}

fn describe(frame: &Frame) -> String {
    match frame {
        Frame::Open(_) => "open".into(),
        Frame::Stanza(stanza) => stanza.to_xml(),
        Frame::Malformed(malformed) => format!("{} {}", malformed.error.condition.as_str(), malformed.stanza.to_xml()),
        Frame::Element(element) => element.to_xml(),
        Frame::Close => "close".into(),
    }
}
