//! XEP-0359: Unique and Stable Stanza IDs. The id that an archive gave to a message, and the one that its sender gave.

use crate::{Child, Element, Jid, Stanza, ns};

/// `<stanza-id/>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StanzaId {
    /// Unique for the entity that gave it.
    pub id: String,
    /// Who gave it.
    pub by: Jid,
}

impl StanzaId {
    /// As it is written.
    #[must_use]
    pub fn to_element(&self) -> Element {
        Element::new("stanza-id", ns::STANZA_IDS)
            .attr("id", &self.id)
            .attr("by", &self.by)
    }

    /// As it was written; `None` for any other element, and where something is missing.
    #[must_use]
    pub fn parse(child: &Child) -> Option<Self> {
        if !child.is("stanza-id", ns::STANZA_IDS) {
            return None;
        }
        Some(Self {
            id: child.attr("id")?,
            by: child.attr("by")?.parse().ok()?,
        })
    }

    /// The id that `by` gave to the stanza.
    #[must_use]
    pub fn find(stanza: &Stanza, by: &Jid) -> Option<Self> {
        stanza.children.iter().filter_map(Self::parse).find(|id| id.by == *by)
    }
}

/// Drops every id that claims to be given by `by`, which only `by` itself may say (XEP-0359 §6). One that cannot be
/// understood is dropped as well: somebody else might understand it.
pub fn strip(stanza: &mut Stanza, by: &Jid) {
    stanza.children.retain(|child| {
        !child.is("stanza-id", ns::STANZA_IDS) || StanzaId::parse(child).is_some_and(|id| id.by != *by)
    });
}

/// The id that the sender gave to the message.
#[must_use]
pub fn origin_id(stanza: &Stanza) -> Option<String> {
    stanza.find("origin-id", ns::STANZA_IDS)?.attr("id")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn message(ids: &[(&str, &str)]) -> Stanza {
        let ids: String = ids
            .iter()
            .map(|(id, by)| format!("<stanza-id xmlns='urn:xmpp:sid:0' by='{by}' id='{id}'/>"))
            .collect();
        let xml = format!("<message>{ids}<origin-id xmlns='urn:xmpp:sid:0' id='o&amp;1'/><body>hi</body></message>");
        Stanza::parse(xml.as_bytes()).unwrap()
    }

    #[test]
    fn all_ids_said_to_be_by_one_are_dropped() {
        for (ids, left) in [
            (&[][..], 2),
            (&[("1", "romeo@example.org")], 2),
            (
                &[
                    ("1", "romeo@example.org"),
                    ("2", "Romeo@EXAMPLE.org"),
                    ("3", "room@muc.example.org"),
                ],
                3,
            ),
            (&[("1", "@"), ("2", "romeo@example.org")], 2),
        ] {
            let mut message = message(ids);
            let by = "romeo@example.org".parse().unwrap();
            strip(&mut message, &by);
            assert_eq!(message.children.len(), left, "{ids:?}");
            assert_eq!(StanzaId::find(&message, &by), None);
        }
    }

    #[test]
    fn ids_are_read_and_written() {
        let by: Jid = "room@muc.example.org".parse().unwrap();
        let message = message(&[("1", "romeo@example.org"), ("2", "room@muc.example.org")]);
        let id = StanzaId::find(&message, &by).unwrap();
        assert_eq!(id.id, "2");
        assert_eq!(
            id.to_element().to_xml(),
            "<stanza-id xmlns='urn:xmpp:sid:0' id='2' by='room@muc.example.org'/>"
        );
        assert_eq!(origin_id(&message).as_deref(), Some("o&1"));
    }
}
