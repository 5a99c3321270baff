//! The attributes of a stanza (RFC 6120 §8.1).

use std::borrow::Cow;

use compact_str::CompactString;

use super::Malformed;
use crate::{
    Child, Children, Condition, Element, IqType, Jid, Kind, MessageType, PresenceType, Stanza, StanzaError, ns,
    stanza::Name,
};

/// Longest id of a stanza, in bytes. Generated ids have 8 to 64.
pub const ID_BYTES: usize = 1023;
/// Longest language tag, in bytes (RFC 5646 §4.4.1 asks for 35); a longer one is left out.
pub const LANG_BYTES: usize = 64;

/// A header that is being read.
#[derive(Default)]
pub(super) struct Head {
    kind: Option<Kind>,
    to: Option<Jid>,
    from: Option<Jid>,
    id: Option<CompactString>,
    lang: Option<CompactString>,
    has_type: bool,
    error: Option<Box<StanzaError>>,
}

impl Head {
    pub(super) fn new(name: Name) -> Self {
        let mut head = Self::default();
        head.begin(name);
        head
    }

    /// Which of the three stanzas it is.
    pub(super) fn begin(&mut self, name: Name) {
        self.kind = Some(match name {
            Name::Message => Kind::Message(MessageType::Normal),
            Name::Presence => Kind::Presence(PresenceType::Available),
            Name::Iq => Kind::Iq(IqType::Get),
        });
    }

    /// An attribute without a prefix. What the RFC does not know is left out.
    pub(super) fn set(&mut self, name: &[u8], value: &str) {
        match name {
            b"to" => self.to = self.address("to", value),
            b"from" => self.from = self.address("from", value),
            b"id" if value.len() > ID_BYTES => self.fault(Condition::PolicyViolation, "the id is too long"),
            b"id" => self.id = Some(value.into()),
            b"type" => self.set_type(value),
            _ => {}
        }
    }

    /// An attribute of the namespace `xml`.
    pub(super) fn set_xml(&mut self, local: &[u8], value: &str) {
        if local == b"lang" {
            self.lang = language(value).map(Into::into);
        }
    }

    fn address(&mut self, name: &str, value: &str) -> Option<Jid> {
        match value.parse() {
            Ok(jid) => Some(jid),
            Err(reason) => {
                self.fault(Condition::JidMalformed, format!("'{name}' is not a JID: {reason}"));
                None
            }
        }
    }

    fn set_type(&mut self, value: &str) {
        self.has_type = true;
        match &mut self.kind {
            None => {}
            Some(Kind::Message(kind)) => *kind = MessageType::parse(Some(value)),
            Some(Kind::Presence(kind)) => match PresenceType::parse(Some(value)) {
                Some(known) => *kind = known,
                None => self.fault(Condition::BadRequest, "presence has no such type"),
            },
            Some(Kind::Iq(kind)) => match IqType::parse(Some(value)) {
                Some(known) => *kind = known,
                None => self.fault(Condition::BadRequest, "an iq is get, set, result or error"),
            },
        }
    }

    fn fault(&mut self, condition: Condition, text: impl Into<Cow<'static, str>>) {
        self.error
            .get_or_insert_with(|| Box::new(StanzaError::with_text(condition, text)));
    }

    /// What is wrong with a stanza of so many children (RFC 6120 §8.2.3).
    pub(super) fn check(&mut self, children: usize) -> Option<StanzaError> {
        if let Some(Kind::Iq(kind)) = self.kind {
            if !self.has_type {
                self.fault(Condition::BadRequest, "an iq needs a type");
            }
            if self.id.is_none() {
                self.fault(Condition::BadRequest, "an iq needs an id");
            }
            if kind.is_request() && children != 1 {
                self.fault(Condition::BadRequest, "a request has exactly one child");
            }
        }
        self.error.take().map(|error| *error)
    }

    /// The stanza.
    pub(super) fn finish(&mut self, children: Children) -> Stanza {
        Stanza {
            kind: self.kind.expect("a stanza has a name"),
            to: self.to.take(),
            from: self.from.take(),
            id: self.id.take(),
            lang: self.lang.take(),
            children,
        }
    }
}

/// The stanza that an element of a content namespace is; `None` where it is none.
pub(crate) fn stanza_of(element: &Element) -> Option<Result<Stanza, Malformed>> {
    if element.ns != ns::CLIENT && element.ns != ns::SERVER {
        return None;
    }
    let mut head = Head::new(Name::parse(element.name.as_bytes())?);
    for (name, value) in &element.attributes {
        match name.strip_prefix("xml:") {
            Some(local) => head.set_xml(local.as_bytes(), value),
            None => head.set(name.as_bytes(), value),
        }
    }
    let children: Children = element.elements().map(Child::from_element).collect();
    Some(match head.check(children.len()) {
        None => Ok(head.finish(children)),
        Some(error) => Err(Malformed {
            stanza: head.finish(Children::new()),
            error,
        }),
    })
}

/// A language tag of plausible length and letters.
pub(super) fn language(value: &str) -> Option<&str> {
    let is_tag = !value.is_empty()
        && value.len() <= LANG_BYTES
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_tag.then_some(value)
}
