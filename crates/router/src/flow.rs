//! A stanza on its way, as hooks see it.

use std::sync::Arc;

use parking_lot::Mutex;
use protocol::{Element, IqType, Jid, Kind, Stanza};

use crate::{Account, Receipt, Router, Session};

/// A stanza on its way through this server.
pub struct Flow<'a> {
    /// The stanza; hooks of the Change phase may change it.
    pub stanza: Stanza,
    /// The local client that sent it, if one did.
    pub sender: Option<&'a Arc<Session>>,
    /// The local account that it is for; known on the receiving side.
    pub recipient: Option<Arc<Account>>,
    /// Number of the stanza on a stream with acknowledgements (XEP-0198).
    pub(crate) number: Option<u32>,
    /// How often the stanza was sent to a node whose session was gone.
    pub(crate) hops: u8,
    /// Other nodes have it already: it is for sessions of this one alone.
    pub(crate) stays: bool,
    /// What hooks want sent once the stanza has gone on.
    pub(crate) effects: Vec<Stanza>,
}

impl<'a> Flow<'a> {
    /// A stanza of a local client, or of nobody here.
    #[must_use]
    pub fn new(stanza: Stanza, sender: Option<&'a Arc<Session>>, number: Option<u32>) -> Self {
        Self {
            stanza,
            sender,
            recipient: None,
            number,
            hops: 0,
            stays: false,
            effects: Vec::new(),
        }
    }

    /// Asks for another stanza to be sent, after this one.
    pub fn send(&mut self, stanza: Stanza) {
        self.effects.push(stanza);
    }

    /// What was asked for with [`Flow::send`].
    #[must_use]
    pub fn effects(&self) -> &[Stanza] {
        &self.effects
    }

    /// Whether the stanza is for sessions of this node alone, because other nodes have it already.
    #[must_use]
    pub fn stays(&self) -> bool {
        self.stays
    }

    /// Takes the stanza to hand it over, leaving an empty one of its kind.
    pub(crate) fn take_stanza(&mut self) -> Stanza {
        let empty = Stanza::new(self.stanza.kind);
        std::mem::replace(&mut self.stanza, empty)
    }

    /// Keeps the stanza unacknowledged until something is durable; `None` where its sender was promised nothing.
    pub(crate) fn receipt(&self) -> Option<Receipt> {
        Some(Receipt::new(self.sender?, self.number?))
    }
}

/// An IQ that a feature answers.
#[derive(Clone)]
pub struct Request {
    /// The server.
    pub house: Arc<Router>,
    /// The local client that asks; `None` for someone at another server.
    pub sender: Option<Arc<Session>>,
    /// The account that is asked; `None` where the server is.
    pub account: Option<Arc<Account>>,
    /// The whole stanza; `from` is always there.
    pub stanza: Stanza,
    /// Its payload.
    pub payload: Element,
    /// What is sent after the answer.
    pub(crate) effects: Arc<Mutex<Vec<Stanza>>>,
}

impl Request {
    /// Whether something is to be changed.
    #[must_use]
    pub fn is_set(&self) -> bool {
        self.stanza.kind == Kind::Iq(IqType::Set)
    }

    /// Asks for another stanza to be sent, after the answer.
    pub fn send(&self, stanza: Stanza) {
        self.effects.lock().push(stanza);
    }

    /// Full JID of who asks.
    ///
    /// # Panics
    /// Never: the router stamps `from` before a feature sees the stanza.
    #[must_use]
    pub fn from(&self) -> &Jid {
        self.stanza.from.as_ref().expect("the router stamps every stanza")
    }

    /// Whether the account is asked by its own client.
    #[must_use]
    pub fn is_own(&self) -> bool {
        match (&self.sender, &self.account) {
            (Some(sender), Some(account)) => sender.account.id == account.id,
            _ => false,
        }
    }
}
