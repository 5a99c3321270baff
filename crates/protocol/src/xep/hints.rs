//! XEP-0334: Message Processing Hints. What the sender wishes to happen to a message on its way.

use crate::{Element, Stanza, ns};

/// One hint; a message may carry several.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hint {
    /// Not into an archive that lasts.
    NoPermanentStore,
    /// Not into any storage, not even for delivery later.
    NoStore,
    /// Not to other resources by carbons.
    NoCopy,
    /// To be stored although it would not be.
    Store,
}

impl Hint {
    /// Every hint.
    pub const ALL: [Self; 4] = [Self::NoPermanentStore, Self::NoStore, Self::NoCopy, Self::Store];

    /// The element's name.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoPermanentStore => "no-permanent-store",
            Self::NoStore => "no-store",
            Self::NoCopy => "no-copy",
            Self::Store => "store",
        }
    }

    /// Whether the message carries it.
    #[must_use]
    pub fn is_in(self, message: &Stanza) -> bool {
        message.has(self.as_str(), ns::HINTS)
    }

    /// As it is written.
    #[must_use]
    pub fn to_element(self) -> Element {
        Element::new(self.as_str(), ns::HINTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::MessageType;

    #[test]
    fn a_hint_is_found_by_name_and_namespace() {
        for carried in Hint::ALL {
            let message = Stanza::message(MessageType::Chat)
                .child(&Element::new("store", "urn:example"))
                .child(&carried.to_element());
            for hint in Hint::ALL {
                assert_eq!(hint.is_in(&message), hint == carried, "{hint:?} in {carried:?}");
            }
        }
    }
}
