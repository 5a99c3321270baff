//! One client of the relay, and the answers that concern nobody else.

use crate::scan;
use crate::scram::server::Exchange;
use std::io::Write;

/// How far a client has come.
#[derive(Debug, Default)]
pub(super) enum Stage {
    /// Not authenticated.
    #[default]
    New,
    /// Has been sent a SCRAM challenge.
    Challenged(Box<Exchange>),
    /// Authenticated, has no resource yet.
    Authenticated,
    /// Bound: stanzas flow.
    Bound,
}

/// What the relay knows of a client.
#[derive(Debug, Default)]
pub(super) struct Peer {
    pub(super) stage: Stage,
    pub(super) is_secure: bool,
    /// The domain asked for, then the bare JID, then the full JID.
    pub(super) address: Vec<u8>,
    /// Stanzas since stream management was enabled.
    pub(super) handled: u32,
}

impl Peer {
    /// XEP-0198 §4: answers a request for acknowledgement.
    pub(super) fn acknowledge(&self, outbox: &mut Vec<u8>) {
        say(outbox, format_args!("<a xmlns='urn:xmpp:sm:3' h='{}'/>", self.handled));
    }

    /// XEP-0198 §3: from now on stanzas count.
    pub(super) fn enable(&mut self, outbox: &mut Vec<u8>) {
        self.handled = 0;
        outbox.extend_from_slice(b"<enabled xmlns='urn:xmpp:sm:3'/>");
    }

    /// Whatever is asked (session, roster, disco), the answer is an empty yes.
    pub(super) fn answer(&self, iq: &[u8], outbox: &mut Vec<u8>) {
        if !matches!(scan::attribute(iq, b"type"), Some(b"get" | b"set")) {
            return;
        }
        outbox.extend_from_slice(b"<iq type='result' id='");
        outbox.extend_from_slice(scan::attribute(iq, b"id").unwrap_or_default());
        outbox.extend_from_slice(b"'/>");
    }
}

/// Writes formatted text to an outbox.
pub(super) fn say(outbox: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    outbox.write_fmt(text).expect("writing to a vector does not fail");
}
