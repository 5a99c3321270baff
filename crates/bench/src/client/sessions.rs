//! All sessions of a fleet: which slot an account has, and its stream management.

use super::session::Session;
use crate::scan;
use crate::wire::Outlets;

/// No slot: the account is not connected.
const NOWHERE: usize = usize::MAX;

/// XEP-0198 as the load generator keeps it.
#[derive(Clone, Copy, Debug, Default)]
struct Acks {
    is_on: bool,
    /// Stanzas received since it was enabled.
    handled: u32,
    /// Stanzas sent since it was enabled.
    sent: u32,
    /// So many of them the server has acknowledged.
    acknowledged: u32,
    /// So many were sent since an acknowledgement was last asked for.
    unasked: u32,
}

/// Sessions by slot, slots by account.
#[derive(Debug)]
pub struct Sessions {
    list: Vec<Option<Session>>,
    acks: Vec<Acks>,
    slots: Vec<usize>,
    /// After so many stanzas an acknowledgement is asked for.
    ask_every: u32,
}

impl Sessions {
    pub(super) fn new(accounts: usize, ask_every: u32) -> Self {
        Self {
            list: Vec::new(),
            acks: Vec::new(),
            slots: vec![NOWHERE; accounts],
            ask_every,
        }
    }

    /// Says one stanza as `account`, written by `write`, and asks for acknowledgement when it
    /// is time. `false` when the account is not connected.
    pub fn send(&mut self, account: usize, out: &mut Outlets, write: impl FnOnce(&mut Vec<u8>)) -> bool {
        let slot = self.slots[account];
        if slot == NOWHERE {
            return false;
        }
        let outbox = out.to(slot);
        write(outbox);
        let acks = &mut self.acks[slot];
        if acks.is_on {
            acks.sent = acks.sent.wrapping_add(1);
            acks.unasked += 1;
            if acks.unasked >= self.ask_every {
                acks.unasked = 0;
                outbox.extend_from_slice(b"<r xmlns='urn:xmpp:sm:3'/>");
            }
        }
        true
    }

    /// How many stanzas `account` has sent that the server has not acknowledged; none without
    /// stream management.
    #[must_use]
    pub fn unacknowledged(&self, account: usize) -> u32 {
        match self.slots[account] {
            NOWHERE => 0,
            slot => {
                let acks = &self.acks[slot];
                acks.sent.wrapping_sub(acks.acknowledged)
            }
        }
    }

    /// Asks for what is outstanding.
    pub fn ask(&mut self, account: usize, out: &mut Outlets) {
        let slot = self.slots[account];
        if slot != NOWHERE && self.acks[slot].is_on {
            self.acks[slot].unasked = 0;
            out.to(slot).extend_from_slice(b"<r xmlns='urn:xmpp:sm:3'/>");
        }
    }

    /// Says yes to whatever the server asks of a client (a ping, usually).
    pub(super) fn answer(&mut self, account: usize, iq: &[u8], out: &mut Outlets) {
        if !matches!(scan::attribute(iq, b"type"), Some(b"get" | b"set")) {
            return;
        }
        let id = scan::attribute(iq, b"id").unwrap_or_default();
        self.send(account, out, |outbox| {
            outbox.extend_from_slice(b"<iq type='result' id='");
            outbox.extend_from_slice(id);
            outbox.extend_from_slice(b"'/>");
        });
    }

    /// Ends the session of `account` as it should be ended.
    pub fn leave(&mut self, account: usize, out: &mut Outlets) {
        let slot = self.slots[account];
        if let Some(session) = self.get(slot) {
            session.leaves = true;
            out.to(slot).extend_from_slice(b"</stream:stream>");
        }
    }

    pub(super) fn insert(&mut self, slot: usize, session: Session) {
        if self.list.len() <= slot {
            self.list.resize_with(slot + 1, || None);
            self.acks.resize_with(slot + 1, Acks::default);
        }
        self.slots[session.account] = slot;
        self.acks[slot] = Acks::default();
        self.list[slot] = Some(session);
    }

    pub(super) fn get(&mut self, slot: usize) -> Option<&mut Session> {
        self.list.get_mut(slot)?.as_mut()
    }

    pub(super) fn remove(&mut self, slot: usize) -> Option<Session> {
        let session = self.list.get_mut(slot)?.take()?;
        self.slots[session.account] = NOWHERE;
        Some(session)
    }

    /// Counting begins: two stanzas (presence, roster request) are already on their way.
    pub(super) fn enable(&mut self, slot: usize) {
        self.acks[slot] = Acks {
            is_on: true,
            sent: 2,
            ..Acks::default()
        };
    }

    /// Counts a stanza that came in, or handles it when it belongs to stream management.
    /// Returns whether the server acknowledged something.
    pub(super) fn count(&mut self, slot: usize, item: &[u8], out: &mut Outlets) -> bool {
        let acks = &mut self.acks[slot];
        if !acks.is_on {
            return false;
        }
        match item.get(1) {
            Some(b'm' | b'i' | b'p') => acks.handled = acks.handled.wrapping_add(1),
            Some(b'r') => {
                let outbox = out.to(slot);
                outbox.extend_from_slice(b"<a xmlns='urn:xmpp:sm:3' h='");
                outbox.extend_from_slice(acks.handled.to_string().as_bytes());
                outbox.extend_from_slice(b"'/>");
            }
            Some(b'a') => {
                let h = scan::attribute(item, b"h").and_then(number);
                if let Some(h) = h {
                    acks.acknowledged = h;
                    return true;
                }
            }
            _ => {}
        }
        false
    }
}

fn number(digits: &[u8]) -> Option<u32> {
    std::str::from_utf8(digits).ok()?.parse().ok()
}
