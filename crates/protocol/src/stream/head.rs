//! The attributes of a stanza (RFC 6120 §8.1).

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
pub(super) struct Head {
    stanza: Stanza,
    has_type: bool,
    error: Option<StanzaError>,
}

impl Head {
    pub(super) fn new(name: Name) -> Self {
        let kind = match name {
            Name::Message => Kind::Message(MessageType::Normal),
            Name::Presence => Kind::Presence(PresenceType::Available),
            Name::Iq => Kind::Iq(IqType::Get),
        };
        Self {
            stanza: Stanza::new(kind),
            has_type: false,
            error: None,
        }
    }

    /// An attribute without a prefix. What the RFC does not know is left out.
    pub(super) fn set(&mut self, name: &str, value: &str) {
        match name {
            "to" => self.stanza.to = self.address("to", value),
            "from" => self.stanza.from = self.address("from", value),
            "id" if value.len() > ID_BYTES => self.fault(Condition::PolicyViolation, "the id is too long"),
            "id" => self.stanza.id = Some(value.into()),
            "type" => self.set_type(value),
            _ => {}
        }
    }

    /// An attribute of the namespace `xml`.
    pub(super) fn set_xml(&mut self, local: &str, value: &str) {
        if local == "lang" {
            self.stanza.lang = language(value).map(Into::into);
        }
    }

    fn address(&mut self, name: &str, value: &str) -> Option<Jid> {
        match value.parse() {
            Ok(jid) => Some(jid),
            Err(reason) => {
                let error = StanzaError::with_text(Condition::JidMalformed, format!("'{name}' is not a JID: {reason}"));
                self.error.get_or_insert(error);
                None
            }
        }
    }

    fn set_type(&mut self, value: &str) {
        self.has_type = true;
        match &mut self.stanza.kind {
            Kind::Message(kind) => *kind = MessageType::parse(Some(value)),
            Kind::Presence(kind) => match PresenceType::parse(Some(value)) {
                Some(known) => *kind = known,
                None => self.fault(Condition::BadRequest, "presence has no such type"),
            },
            Kind::Iq(kind) => match IqType::parse(Some(value)) {
                Some(known) => *kind = known,
                None => self.fault(Condition::BadRequest, "an iq is get, set, result or error"),
            },
        }
    }

    fn fault(&mut self, condition: Condition, text: &'static str) {
        self.error
            .get_or_insert_with(|| StanzaError::with_text(condition, text));
    }

    /// The stanza without children, and what is wrong with it (RFC 6120 §8.2.3).
    pub(super) fn finish(mut self, children: usize) -> (Stanza, Option<StanzaError>) {
        if let Kind::Iq(kind) = self.stanza.kind {
            if !self.has_type {
                self.fault(Condition::BadRequest, "an iq needs a type");
            }
            if self.stanza.id.is_none() {
                self.fault(Condition::BadRequest, "an iq needs an id");
            }
            if kind.is_request() && children != 1 {
                self.fault(Condition::BadRequest, "a request has exactly one child");
            }
        }
        (self.stanza, self.error)
    }
}

/// The stanza that an element of a content namespace is; `None` where it is none.
pub(crate) fn stanza_of(element: &Element) -> Option<Result<Stanza, Malformed>> {
    if element.ns != ns::CLIENT && element.ns != ns::SERVER {
        return None;
    }
    let mut head = Head::new(Name::parse(&element.name)?);
    for (name, value) in &element.attributes {
        match name.strip_prefix("xml:") {
            Some(local) => head.set_xml(local, value),
            None => head.set(name, value),
        }
    }
    let children: Children = element.elements().map(Child::from_element).collect();
    Some(match head.finish(children.len()) {
        (stanza, None) => Ok(Stanza { children, ..stanza }),
        (stanza, Some(error)) => Err(Malformed { stanza, error }),
    })
}

/// A language tag of plausible length and letters.
pub(super) fn language(value: &str) -> Option<&str> {
    let is_tag = !value.is_empty()
        && value.len() <= LANG_BYTES
        && value.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_tag.then_some(value)
}
