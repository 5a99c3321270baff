//! An independent strict parser (rxml), and what it has to agree with us about: whatever we understood, it understands
//! alike.

use protocol::{
    Child, Element, Stanza, StreamCondition,
    element::Node,
    ns,
    stream::{Frame, Limits, Tokenizer},
};
use rxml::{Event, Options, Parse, Parser, WithOptions, error::EndOrError};

/// What our tokenizer made of some bytes.
pub(crate) struct Ours {
    pub(crate) frames: Vec<Frame>,
    pub(crate) error: Option<StreamCondition>,
    /// Whether the error is an attribute that is there twice; rxml overlooks a default namespace that is declared
    /// twice.
    pub(crate) found_twice: bool,
    /// Whether an element is half read.
    pub(crate) is_partial: bool,
}

pub(crate) fn ours(bytes: &[u8], chunk: usize) -> Ours {
    let mut tokenizer = Tokenizer::new(ns::CLIENT, Limits::client());
    let mut ours = Ours {
        frames: Vec::new(),
        error: None,
        found_twice: false,
        is_partial: false,
    };
    for mut input in bytes.chunks(chunk.max(1)) {
        loop {
            match tokenizer.next(&mut input) {
                Ok(Some(frame)) => ours.frames.push(frame),
                Ok(None) => break,
                Err(error) => {
                    ours.error = Some(error.condition);
                    ours.found_twice = error.text.is_some_and(|text| text.ends_with("twice"));
                    return ours;
                }
            }
        }
    }
    ours.is_partial = tokenizer.is_partial();
    ours
}

/// What the other parser made of them.
struct Theirs {
    /// Complete elements below the root.
    elements: Vec<Element>,
    is_open: bool,
    is_closed: bool,
    is_refused: bool,
}

fn theirs(bytes: &[u8]) -> Theirs {
    let options = Options {
        max_token_length: 1 << 20,
        ..Options::default()
    };
    let mut parser = Parser::with_options(options);
    let mut theirs = Theirs {
        elements: Vec::new(),
        is_open: false,
        is_closed: false,
        is_refused: false,
    };
    let mut stack: Vec<Element> = Vec::new();
    let mut input = bytes;
    while !theirs.is_closed {
        match parser.parse(&mut input, false) {
            Ok(Some(event)) => theirs.take(event, &mut stack),
            Ok(None) | Err(EndOrError::NeedMoreData) => break,
            Err(EndOrError::Error(_)) => {
                theirs.is_refused = true;
                break;
            }
        }
    }
    theirs
}

impl Theirs {
    fn take(&mut self, event: Event, stack: &mut Vec<Element>) {
        match event {
            Event::XmlDeclaration(..) => {}
            Event::StartElement(..) if !self.is_open => self.is_open = true,
            Event::StartElement(_, (ns, name), attributes) => {
                let mut element = Element::new(name.as_str(), folded(ns.as_str()));
                for ((ns, name), value) in &attributes {
                    let name = match folded(ns.as_str()) {
                        "" => name.to_string(),
                        ns::XML => format!("xml:{name}"),
                        ns => format!("{{{ns}}}{name}"),
                    };
                    element = element.attr(&name, value);
                }
                stack.push(element);
            }
            Event::Text(_, text) => {
                if let Some(element) = stack.last_mut() {
                    element.nodes.push(Node::Text(text.as_str().into()));
                }
            }
            Event::EndElement(_) => match (stack.pop(), stack.last_mut()) {
                (Some(element), Some(parent)) => parent.nodes.push(Node::Element(element)),
                (Some(element), None) => self.elements.push(normal(&element)),
                (None, _) => self.is_closed = true,
            },
        }
    }
}

/// The bytes with their line ends as XML 1.0 §2.11 has them before anything else. rxml does it while it reads, and
/// trips over a carriage return in an attribute.
fn lines(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len());
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'\r' => out.push(b'\n'),
            b'\n' if at > 0 && bytes[at - 1] == b'\r' => {}
            _ => out.push(byte),
        }
    }
    out
}

/// The content namespaces are one.
fn folded(ns: &str) -> &str {
    if ns == ns::SERVER { ns::CLIENT } else { ns }
}

/// The tree with its attributes sorted and its texts joined.
fn normal(element: &Element) -> Element {
    let mut out = Element::new(&element.name, &element.ns);
    out.attributes = element.attributes.clone();
    out.attributes.sort_unstable();
    for node in &element.nodes {
        match (node, out.nodes.last_mut()) {
            (Node::Text(text), _) if text.is_empty() => {}
            (Node::Text(text), Some(Node::Text(before))) => before.push_str(text),
            (Node::Text(_), _) => out.nodes.push(node.clone()),
            (Node::Element(child), _) => out.nodes.push(Node::Element(normal(child))),
        }
    }
    out
}

/// Panics where the two do not agree about some bytes of a client's stream, where chunks make a difference, or where
/// what we write is not what we read.
pub(crate) fn check(bytes: &[u8]) {
    let ours = ours(bytes, bytes.len());
    check_chunks(bytes, &ours);
    let theirs = theirs(&lines(bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes)));
    let elements = ours
        .frames
        .iter()
        .filter(|frame| !matches!(frame, Frame::Open(_) | Frame::Close));
    let mut understood = 0;
    for (at, frame) in elements.enumerate() {
        let element = theirs
            .elements
            .get(at)
            .unwrap_or_else(|| panic!("only we accept {frame:?}"));
        check_frame(frame, element);
        understood += 1;
    }
    assert!(ours.frames.is_empty() || theirs.is_open, "only we accept the header");
    if ours.error.is_none() && !ours.is_partial {
        assert!(!theirs.is_refused, "only we accept what follows {understood} elements");
        assert_eq!(theirs.elements.len(), understood, "only they accept an element");
    }
    // Before the header we say so at the first byte that cannot begin one.
    if ours.error == Some(StreamCondition::NotWellFormed) && !ours.frames.is_empty() && !ours.found_twice {
        // It may still be waiting for the end of something that cannot become sound.
        assert!(
            theirs.is_refused || theirs.elements.len() <= understood,
            "only they accept what follows {understood} elements"
        );
    }
}

fn check_chunks(bytes: &[u8], whole: &Ours) {
    for chunk in [1, 3, 64] {
        let parts = ours(bytes, chunk);
        assert_eq!(parts.error, whole.error, "in chunks of {chunk}");
        assert_eq!(parts.is_partial, whole.is_partial, "in chunks of {chunk}");
        assert_eq!(
            format!("{:?}", parts.frames),
            format!("{:?}", whole.frames),
            "in chunks of {chunk}"
        );
    }
}

fn check_frame(frame: &Frame, theirs: &Element) {
    match frame {
        Frame::Element(element) => {
            assert_eq!(normal(element), *theirs);
            assert_eq!(
                protocol::stream::tree::parse(element.to_xml().as_bytes(), "").as_ref(),
                Ok(element)
            );
        }
        Frame::Stanza(stanza) => {
            check_stanza(stanza, theirs);
            check_canonical(stanza);
        }
        Frame::Malformed(malformed) => assert_eq!(malformed.stanza.kind.name(), theirs.name),
        Frame::Open(_) | Frame::Close => {}
    }
}

fn check_stanza(stanza: &Stanza, theirs: &Element) {
    assert!(theirs.is(stanza.kind.name(), ns::CLIENT));
    let jid = |name| {
        theirs
            .get(name)
            .map(|jid| jid.parse().expect("we understood the address"))
    };
    assert_eq!((&stanza.to, &stanza.from), (&jid("to"), &jid("from")));
    assert_eq!(stanza.id.as_deref(), theirs.get("id"));
    assert!(stanza.lang.is_none() || stanza.lang.as_deref() == theirs.get("xml:lang"));
    if let Some(kind) = stanza.kind.type_str() {
        assert_eq!(Some(kind), theirs.get("type"));
    }
    let children: Vec<_> = stanza
        .children
        .iter()
        .map(|child| normal(&child.to_element()))
        .collect();
    assert!(children.iter().eq(theirs.elements()), "{children:?} is not {theirs:?}");
}

/// What we write of a stanza means what we read, to the other parser and to ourselves, to the byte.
fn check_canonical(stanza: &Stanza) {
    let mut xml = b"<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>".to_vec();
    stanza.write(&mut xml);
    let theirs = theirs(&xml);
    assert!(!theirs.is_refused, "we write {}", String::from_utf8_lossy(&xml));
    assert_eq!(theirs.elements, [normal(&stanza.to_element())]);
    let again = Stanza::parse(stanza.to_xml().as_bytes()).expect("we understand ourselves");
    assert_eq!(again.to_xml(), stanza.to_xml());
    for child in &stanza.children {
        assert_eq!(Child::from_element(&child.to_element()), *child);
        assert_eq!(Child::from_canonical(child.bytes().clone()), *child);
        assert_eq!(child.text(), child.to_element().own_text());
    }
}
