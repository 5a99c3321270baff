//! XEP-0352: Client State Indication. A client that nobody looks at gets what matters at once, the rest later.

use std::collections::{HashMap, VecDeque};

use protocol::{Element, Jid, Kind, MessageType, PresenceType};
use router::{Delivery, is_kept};

/// Whether somebody looks at the client, and what is kept back while nobody does.
#[derive(Debug, Default)]
pub(crate) struct ClientState {
    is_inactive: bool,
    /// The latest presence of each sender, by the order in which they first came.
    held: HashMap<Jid, (usize, Delivery)>,
}

impl ClientState {
    /// Of a stream that has come from another node.
    pub(crate) fn moved(is_inactive: bool) -> Self {
        Self {
            is_inactive,
            ..Self::default()
        }
    }

    /// Whether nobody looks at the client.
    pub(crate) fn is_inactive(&self) -> bool {
        self.is_inactive
    }

    /// `<active/>` or `<inactive/>`; gives back what was held.
    pub(crate) fn change(&mut self, element: &Element) -> VecDeque<Delivery> {
        self.is_inactive = element.name == "inactive";
        if self.is_inactive { VecDeque::new() } else { self.take() }
    }

    /// What is to be sent now that a stanza has come. What matters takes along what was held: the radio is awake anyway.
    pub(crate) fn filter(&mut self, delivery: Delivery, max_held: usize) -> VecDeque<Delivery> {
        if !self.is_inactive {
            return VecDeque::from([delivery]);
        }
        match (delivery.stanza.kind, &delivery.stanza.from) {
            (Kind::Presence(PresenceType::Available | PresenceType::Unavailable), Some(from)) => {
                let from = from.clone();
                self.hold(from, delivery);
                if self.held.len() > max_held {
                    self.take()
                } else {
                    VecDeque::new()
                }
            }
            // Chat states alone say what was a moment ago; nobody looked.
            (Kind::Message(MessageType::Chat), _) if !is_kept(&delivery.stanza) && delivery.log_id.is_none() => {
                VecDeque::new()
            }
            _ => {
                let mut all = self.take();
                all.push_back(delivery);
                all
            }
        }
    }

    fn hold(&mut self, from: Jid, delivery: Delivery) {
        let next = self.held.values().map(|(place, _)| place + 1).max().unwrap_or(0);
        self.held.insert(from, (next, delivery));
    }

    /// Takes what was held, in order.
    pub(crate) fn take(&mut self) -> VecDeque<Delivery> {
        let mut held: Vec<_> = std::mem::take(&mut self.held).into_values().collect();
        held.sort_by_key(|(place, _)| *place);
        held.into_iter().map(|(_, delivery)| delivery).collect()
    }
}
