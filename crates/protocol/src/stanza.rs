//! The stanza: a typed header and a short list of children in canonical bytes (RFC 6120 §8).
//!
//! Children are reference-counted, so that adding, dropping and sharing one is a list operation; only a feature
//! that wants a payload decodes it.

use bytes::Bytes;
use compact_str::CompactString;
use smallvec::SmallVec;

use crate::{Element, Jid, StanzaError, ns, stream::writer};

/// Children of a stanza; four fit without an allocation.
pub type Children = SmallVec<[Child; 4]>;

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

/// The three stanzas with their types.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `<message/>`.
    Message(MessageType),
    /// `<presence/>`.
    Presence(PresenceType),
    /// `<iq/>`.
    Iq(IqType),
}

/// Types of messages (RFC 6121 §5.2.2); an unknown one is `Normal`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the RFC's words, explained there")]
pub enum MessageType {
    Normal,
    Chat,
    Groupchat,
    Headline,
    Error,
}

/// Types of presence (RFC 6121 §4.7.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the RFC's words, explained there")]
pub enum PresenceType {
    /// No type attribute.
    Available,
    Unavailable,
    Subscribe,
    Subscribed,
    Unsubscribe,
    Unsubscribed,
    Probe,
    Error,
}

/// Types of IQs (RFC 6120 §8.2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the RFC's words, explained there")]
pub enum IqType {
    Get,
    Set,
    Result,
    Error,
}

impl Kind {
    /// The element's name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Message(_) => "message",
            Self::Presence(_) => "presence",
            Self::Iq(_) => "iq",
        }
    }

    /// The value of the `type` attribute; `None` where the RFC's default is left out.
    #[must_use]
    pub fn type_str(self) -> Option<&'static str> {
        match self {
            Self::Message(kind) => kind.as_str(),
            Self::Presence(kind) => kind.as_str(),
            Self::Iq(kind) => Some(kind.as_str()),
        }
    }

    /// Whether this is an error, which must never be answered with another (RFC 6120 §8.3.1).
    #[must_use]
    pub fn is_error(self) -> bool {
        matches!(
            self,
            Self::Message(MessageType::Error) | Self::Presence(PresenceType::Error) | Self::Iq(IqType::Error)
        )
    }
}

impl MessageType {
    /// From the attribute; unknown and absent are `Normal` (RFC 6121 §5.2.2).
    #[must_use]
    pub fn parse(text: Option<&str>) -> Self {
        match text {
            Some("chat") => Self::Chat,
            Some("groupchat") => Self::Groupchat,
            Some("headline") => Self::Headline,
            Some("error") => Self::Error,
            _ => Self::Normal,
        }
    }

    /// The attribute; `Normal` is left out.
    #[must_use]
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Normal => None,
            Self::Chat => Some("chat"),
            Self::Groupchat => Some("groupchat"),
            Self::Headline => Some("headline"),
            Self::Error => Some("error"),
        }
    }
}

impl PresenceType {
    /// From the attribute; `None` for a type that the RFC does not know.
    #[must_use]
    pub fn parse(text: Option<&str>) -> Option<Self> {
        Some(match text {
            None => Self::Available,
            Some("unavailable") => Self::Unavailable,
            Some("subscribe") => Self::Subscribe,
            Some("subscribed") => Self::Subscribed,
            Some("unsubscribe") => Self::Unsubscribe,
            Some("unsubscribed") => Self::Unsubscribed,
            Some("probe") => Self::Probe,
            Some("error") => Self::Error,
            Some(_) => return None,
        })
    }

    /// The attribute; `Available` has none.
    #[must_use]
    pub fn as_str(self) -> Option<&'static str> {
        match self {
            Self::Available => None,
            Self::Unavailable => Some("unavailable"),
            Self::Subscribe => Some("subscribe"),
            Self::Subscribed => Some("subscribed"),
            Self::Unsubscribe => Some("unsubscribe"),
            Self::Unsubscribed => Some("unsubscribed"),
            Self::Probe => Some("probe"),
            Self::Error => Some("error"),
        }
    }

    /// Whether this is one of the four types that manage subscriptions.
    #[must_use]
    pub fn is_subscription(self) -> bool {
        matches!(
            self,
            Self::Subscribe | Self::Subscribed | Self::Unsubscribe | Self::Unsubscribed
        )
    }
}

impl IqType {
    /// From the attribute; `None` where it is absent or unknown.
    #[must_use]
    pub fn parse(text: Option<&str>) -> Option<Self> {
        Some(match text? {
            "get" => Self::Get,
            "set" => Self::Set,
            "result" => Self::Result,
            "error" => Self::Error,
            _ => return None,
        })
    }

    /// The attribute.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Set => "set",
            Self::Result => "result",
            Self::Error => "error",
        }
    }

    /// Whether it asks for an answer.
    #[must_use]
    pub fn is_request(self) -> bool {
        matches!(self, Self::Get | Self::Set)
    }
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

    /// The stanza's XML on a stream, for logs and tests.
    #[must_use]
    pub fn to_xml(&self) -> String {
        let mut out = Vec::with_capacity(256);
        self.write(&mut out);
        String::from_utf8(out).expect("the writer copies whole strings and ASCII")
    }
}

/// A child of a stanza in canonical XML: default namespaces only, each written where it differs from the parent's,
/// entities resolved and escaped our way, empty elements as `<a/>`.
///
/// A child in the content namespace carries no `xmlns`, so that its bytes fit a client's and a server's stream alike.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Child {
    bytes: Bytes,
    name_len: u16,
    /// Length of the namespace as written; `u16::MAX` where none is written.
    ns_len: u16,
}

/// Marks a child in the content namespace.
const CONTENT_NS: u16 = u16::MAX;
/// What stands between name and namespace in canonical bytes.
const XMLNS: &[u8] = b" xmlns='";

impl Child {
    /// The canonical form of an element that becomes a stanza's child.
    ///
    /// # Panics
    /// Where the name or namespace is longer than 65,534 bytes; what comes from outside is far below (see [`crate::stream::Limits`]).
    #[must_use]
    pub fn from_element(element: &Element) -> Self {
        let mut bytes = Vec::with_capacity(96);
        element.write(&mut bytes, ns::CLIENT);
        Self::from_canonical(bytes.into())
    }

    /// Canonical bytes that the tokenizer or the writer of this crate made.
    ///
    /// # Panics
    /// Where the bytes do not start as a canonical element does.
    #[must_use]
    pub fn from_canonical(bytes: Bytes) -> Self {
        let name_len = bytes
            .iter()
            .skip(1)
            .position(|byte| matches!(byte, b' ' | b'/' | b'>'))
            .expect("an element has a name");
        let rest = &bytes[1 + name_len..];
        let ns_len = match rest.strip_prefix(XMLNS) {
            None => CONTENT_NS,
            Some(value) => {
                let len = memchr::memchr(b'\'', value).expect("canonical attributes are closed");
                u16::try_from(len)
                    .ok()
                    .filter(|len| *len < CONTENT_NS)
                    .expect("namespaces are bounded")
            }
        };
        let name_len = u16::try_from(name_len).expect("names are bounded");
        Self {
            bytes,
            name_len,
            ns_len,
        }
    }

    /// Local name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.slice(1, usize::from(self.name_len))
    }

    /// Namespace, escaped as in XML; `jabber:client` for the content namespace.
    #[must_use]
    pub fn ns(&self) -> &str {
        if self.ns_len == CONTENT_NS {
            return ns::CLIENT;
        }
        self.slice(1 + usize::from(self.name_len) + XMLNS.len(), usize::from(self.ns_len))
    }

    fn slice(&self, start: usize, len: usize) -> &str {
        std::str::from_utf8(&self.bytes[start..start + len]).expect("canonical bytes are UTF-8")
    }

    /// Whether name and namespace are these.
    #[must_use]
    pub fn is(&self, name: &str, ns: &str) -> bool {
        self.name() == name && self.ns() == ns
    }

    /// The canonical XML.
    #[must_use]
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The child as a tree.
    #[must_use]
    pub fn to_element(&self) -> Element {
        crate::stream::tree::parse(&self.bytes, ns::CLIENT).expect("canonical bytes are well-formed")
    }

    /// The child's own text, as of `<body/>`, `<show/>` or `<priority/>`.
    #[must_use]
    pub fn text(&self) -> String {
        self.to_element().own_text()
    }
}
