//! XEP-0203: Delayed Delivery. When a stanza was sent that arrives later.

use jiff::Timestamp;

use super::datetime;
use crate::{Element, Jid, ns};

/// `<delay/>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delay {
    /// Who held the stanza back.
    pub from: Option<Jid>,
    /// When it was sent first.
    pub stamp: Timestamp,
    /// Why it was held back, in words.
    pub reason: Option<String>,
}

impl Delay {
    /// Held back by this entity since then.
    #[must_use]
    pub fn new(from: Jid, stamp: Timestamp) -> Self {
        Self {
            from: Some(from),
            stamp,
            reason: None,
        }
    }

    /// Held back by this entity since a time in microseconds since 1970, UTC.
    #[must_use]
    pub fn since(from: Jid, unix_micros: i64) -> Self {
        Self::new(
            from,
            Timestamp::from_microsecond(unix_micros).unwrap_or(Timestamp::UNIX_EPOCH),
        )
    }

    /// The same with a reason.
    #[must_use]
    pub fn because(self, reason: &str) -> Self {
        Self {
            reason: Some(reason.to_owned()),
            ..self
        }
    }

    /// As it is written.
    #[must_use]
    pub fn to_element(&self) -> Element {
        let delay = Element::new("delay", ns::DELAY)
            .maybe_attr("from", self.from.as_ref())
            .attr("stamp", datetime::format(self.stamp));
        match &self.reason {
            Some(reason) => delay.text(reason),
            None => delay,
        }
    }

    /// As it was written; `None` for any other element, and where the stamp is no time.
    #[must_use]
    pub fn parse(element: &Element) -> Option<Self> {
        if !element.is("delay", ns::DELAY) {
            return None;
        }
        Some(Self {
            from: element.get("from").and_then(|from| from.parse().ok()),
            stamp: datetime::parse(element.get("stamp")?)?,
            reason: Some(element.own_text()).filter(|reason| !reason.is_empty()),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::stream::tree;

    fn check(xml: &str, expected: Option<(&str, &str)>) {
        let element = tree::parse(xml.as_bytes(), ns::CLIENT).unwrap();
        let delay = Delay::parse(&element);
        let found = delay.as_ref().map(|delay| {
            let from = delay.from.as_ref().map_or("", Jid::as_str);
            (from, delay.reason.as_deref().unwrap_or_default())
        });
        assert_eq!(found, expected, "{xml}");
        if let Some(delay) = delay {
            assert_eq!(delay.to_element().to_xml(), xml);
        }
    }

    #[test]
    fn delays_are_read_and_written() {
        check(
            "<delay xmlns='urn:xmpp:delay' from='capulet.com' stamp='2002-09-10T23:08:25Z'>Offline Storage</delay>",
            Some(("capulet.com", "Offline Storage")),
        );
        check(
            "<delay xmlns='urn:xmpp:delay' stamp='2002-09-10T23:08:25.123Z'/>",
            Some(("", "")),
        );
        check("<delay xmlns='urn:xmpp:delay' from='a'/>", None);
        check("<delay xmlns='urn:xmpp:delay' stamp='yesterday'/>", None);
        check("<x xmlns='jabber:x:delay' stamp='2002-09-10T23:08:25Z'/>", None);
    }
}
