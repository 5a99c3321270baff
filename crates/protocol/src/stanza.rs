//! The stanza: a typed header and a short list of children in canonical bytes (RFC 6120 §8).
//!
//! Children are reference-counted, so that adding, dropping and sharing one is a list operation; only a feature
//! that wants a payload decodes it.

use compact_str::CompactString;
use smallvec::SmallVec;

use crate::{
    Element, Jid, StanzaError, StreamCondition, StreamError,
    element::Node,
    ns,
    stream::{self, Frame, Limits, Malformed, writer},
};

mod child;
mod kind;

pub use child::Child;
pub(crate) use kind::Name;
pub use kind::{IqType, Kind, MessageType, PresenceType};

/// Children of a stanza; four fit without an allocation.
pub type Children = SmallVec<[Child; 4]>;

/// What a stanza's header is counted as by [`Stanza::size`].
const HEADER_BYTES: usize = 256;

/// A message, presence or IQ stanza.
#[derive(Debug, Clone)]
pub struct Stanza {
    /// Which of the three, and its type.
    pub kind: Kind,
    /// Addressee; absent means the sender's own account.
    pub to: Option<Jid>,
    /// Sender; on client streams stamped by the server.
    pub from: Option<Jid>,
    /// Chosen by the sender.
    pub id: Option<CompactString>,
    /// `xml:lang`.
    pub lang: Option<CompactString>,
    /// Payload.
    pub children: Children,
}

impl Stanza {
    /// A stanza with no addresses, id or children.
    #[must_use]
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            to: None,
            from: None,
            id: None,
            lang: None,
            children: Children::new(),
        }
    }

    /// A message of the given type.
    #[must_use]
    pub fn message(kind: MessageType) -> Self {
        Self::new(Kind::Message(kind))
    }

    /// Presence of the given type.
    #[must_use]
    pub fn presence(kind: PresenceType) -> Self {
        Self::new(Kind::Presence(kind))
    }

    /// An IQ of the given type.
    #[must_use]
    pub fn iq(kind: IqType) -> Self {
        Self::new(Kind::Iq(kind))
    }

    /// The stanza with an addressee.
    #[must_use]
    pub fn to(mut self, to: Jid) -> Self {
        self.to = Some(to);
        self
    }

    /// The stanza with a sender.
    #[must_use]
    pub fn from(mut self, from: Jid) -> Self {
        self.from = Some(from);
        self
    }

    /// The stanza with an id.
    #[must_use]
    pub fn id(mut self, id: &str) -> Self {
        self.id = Some(id.into());
        self
    }

    /// The stanza with one more child.
    #[must_use]
    pub fn child(mut self, child: &Element) -> Self {
        self.children.push(Child::from_element(child));
        self
    }

    /// The first child of this name and namespace.
    #[must_use]
    pub fn find(&self, name: &str, ns: &str) -> Option<&Child> {
        self.children.iter().find(|child| child.is(name, ns))
    }

    /// Whether a child of this name and namespace is there.
    #[must_use]
    pub fn has(&self, name: &str, ns: &str) -> bool {
        self.find(name, ns).is_some()
    }

    /// The answer to an IQ request, with the addresses turned round.
    #[must_use]
    pub fn result(&self, payload: Option<&Element>) -> Self {
        let mut answer = self.turned(Kind::Iq(IqType::Result));
        answer.children.extend(payload.map(Child::from_element));
        answer
    }

    /// The error that answers this stanza; `None` where the RFC forbids one: for errors and IQ results
    /// (RFC 6120 §8.3.1). The payload is not echoed.
    #[must_use]
    pub fn bounce(&self, error: &StanzaError) -> Option<Self> {
        let kind = match self.kind {
            Kind::Message(MessageType::Error) | Kind::Presence(PresenceType::Error) => return None,
            Kind::Iq(IqType::Error | IqType::Result) => return None,
            Kind::Message(_) => Kind::Message(MessageType::Error),
            Kind::Presence(_) => Kind::Presence(PresenceType::Error),
            Kind::Iq(_) => Kind::Iq(IqType::Error),
        };
        let mut answer = self.turned(kind);
        answer.children.push(Child::from_element(&error.to_element()));
        Some(answer)
    }

    fn turned(&self, kind: Kind) -> Self {
        Self {
            kind,
            to: self.from.clone(),
            from: self.to.clone(),
            id: self.id.clone(),
            lang: None,
            children: Children::new(),
        }
    }

    /// Appends the stanza's XML for a stream whose default namespace is the content namespace.
    pub fn write(&self, out: &mut Vec<u8>) {
        writer::stanza(out, self, None);
    }

    /// Appends the stanza's XML with its namespace written out as `jabber:client`: for WebSocket frames,
    /// forwarding (XEP-0297) and storage.
    pub fn write_standalone(&self, out: &mut Vec<u8>) {
        writer::stanza(out, self, Some(ns::CLIENT));
    }

    /// The stanza that [`Stanza::write`] or [`Stanza::write_standalone`] wrote, as the message log keeps it.
    ///
    /// # Errors
    /// Where the text is not one well-formed stanza.
    pub fn parse(xml: &[u8]) -> Result<Self, StreamError> {
        match stream::stored(xml, Limits::own())? {
            Frame::Stanza(stanza) => Ok(stanza),
            Frame::Malformed(Malformed { error, .. }) => Err(StreamError::with_text(
                StreamCondition::InvalidXml,
                error.text.unwrap_or_default(),
            )),
            _ => Err(StreamError::with_text(StreamCondition::InvalidXml, "this is no stanza")),
        }
    }

    /// The stanza that an element is, such as one inside of `<forwarded/>` (XEP-0297) or of a BOSH body.
    ///
    /// # Errors
    /// Where the header is wrong, with what is to be answered. `None` where the element is no stanza at all.
    pub fn from_element(element: &Element) -> Option<Result<Self, Malformed>> {
        stream::stanza_of(element)
    }

    /// The stanza as an element of `jabber:client`, such as `<forwarded/>` (XEP-0297) takes it.
    #[must_use]
    pub fn to_element(&self) -> Element {
        let mut element = Element::new(self.kind.name(), ns::CLIENT)
            .maybe_attr("from", self.from.as_ref())
            .maybe_attr("to", self.to.as_ref())
            .maybe_attr("id", self.id.as_deref())
            .maybe_attr("type", self.kind.type_str())
            .maybe_attr("xml:lang", self.lang.as_deref());
        element
            .nodes
            .extend(self.children.iter().map(|child| Node::Element(child.to_element())));
        element
    }

    /// About how many bytes the stanza takes, in memory and on the wire.
    #[must_use]
    pub fn size(&self) -> usize {
        HEADER_BYTES + self.children.iter().map(|child| child.bytes().len()).sum::<usize>()
    }

    /// The stanza's XML on a stream, for logs and tests.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut out = Vec::with_capacity(256);
        self.write(&mut out);
        String::from_utf8(out).expect("the writer copies whole strings and ASCII")
    }
}
