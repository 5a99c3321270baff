//! From the stream header to a bound resource, with the fewest words that clients understand.

use super::Switchboard;
use super::peer::{Stage, say};
use crate::scan;
use crate::scram::Hash;
use crate::scram::server::Exchange;
use crate::wire::{Next, Outlets};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const STARTTLS: &str = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";
const MECHANISMS: &str = "<mechanisms xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
     <mechanism>SCRAM-SHA-256</mechanism><mechanism>SCRAM-SHA-1</mechanism></mechanisms>";
const SESSION: &str = "<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>\
     <sm xmlns='urn:xmpp:sm:3'/>";
const REFUSAL: &[u8] = b"<failure xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>\
     <not-authorized/></failure></stream:stream>";

impl Switchboard {
    /// Handles what comes before a resource is bound.
    pub(super) fn log_in(&mut self, slot: usize, item: &[u8], out: &mut Outlets) -> Next {
        match item {
            [b'<', b's', b't', b'r', ..] => self.open(slot, item, out.to(slot)),
            [b'<', b's', ..] => {
                out.to(slot)
                    .extend_from_slice(b"<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>");
                return Next::Secure;
            }
            [b'<', b'a', ..] => return self.challenge(slot, item, out.to(slot)),
            [b'<', b'r', ..] => return self.success(slot, item, out.to(slot)),
            [b'<', b'i', ..] => self.bind(slot, item, out.to(slot)),
            [b'<', b'/', ..] => return Next::Close,
            _ => {}
        }
        Next::Continue
    }

    /// Answers a stream header with ours and the features that come next.
    fn open(&mut self, slot: usize, header: &[u8], outbox: &mut Vec<u8>) {
        let peer = &mut self.peers[slot];
        let is_new = matches!(peer.stage, Stage::New);
        if is_new {
            peer.address = scan::attribute(header, b"to").unwrap_or_default().to_vec();
        }
        let (starttls, rest) = match (is_new, peer.is_secure) {
            (true, false) => (STARTTLS, MECHANISMS),
            (true, true) => ("", MECHANISMS),
            (false, _) => ("", SESSION),
        };
        say(
            outbox,
            format_args!(
                "<?xml version='1.0'?><stream:stream xmlns='jabber:client' \
                 xmlns:stream='http://etherx.jabber.org/streams' version='1.0' id='{slot}'>\
                 <stream:features>{starttls}{rest}</stream:features>"
            ),
        );
    }

    fn challenge(&mut self, slot: usize, auth: &[u8], outbox: &mut Vec<u8>) -> Next {
        let hash = match scan::attribute(auth, b"mechanism") {
            Some(b"SCRAM-SHA-1") => Hash::Sha1,
            _ => Hash::Sha256,
        };
        let exchange = sasl_text(auth, b"auth").and_then(|first| Exchange::new(hash, &first, "relay", &self.password));
        let Some(exchange) = exchange else {
            outbox.extend_from_slice(REFUSAL);
            return Next::Close;
        };
        say(
            outbox,
            format_args!(
                "<challenge xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{}</challenge>",
                STANDARD.encode(exchange.challenge())
            ),
        );
        self.peers[slot].stage = Stage::Challenged(Box::new(exchange));
        Next::Continue
    }

    fn success(&mut self, slot: usize, response: &[u8], outbox: &mut Vec<u8>) -> Next {
        let peer = &mut self.peers[slot];
        let verified = match (std::mem::take(&mut peer.stage), sasl_text(response, b"response")) {
            (Stage::Challenged(exchange), Some(last)) => exchange.finish(&last, &self.password),
            _ => None,
        };
        let Some((user, last)) = verified else {
            outbox.extend_from_slice(REFUSAL);
            return Next::Close;
        };
        peer.stage = Stage::Authenticated;
        peer.address = [user.as_bytes(), b"@", &peer.address].concat();
        say(
            outbox,
            format_args!(
                "<success xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>{}</success>",
                STANDARD.encode(last)
            ),
        );
        Next::Continue
    }

    fn bind(&mut self, slot: usize, iq: &[u8], outbox: &mut Vec<u8>) {
        let peer = &mut self.peers[slot];
        let resource = scan::text(iq, b"resource").unwrap_or(b"relay");
        peer.address = [&peer.address, b"/".as_slice(), resource].concat();
        peer.stage = Stage::Bound;
        self.directory.insert(slot, &peer.address);
        outbox.extend_from_slice(b"<iq type='result' id='");
        outbox.extend_from_slice(scan::attribute(iq, b"id").unwrap_or_default());
        outbox.extend_from_slice(b"'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>");
        outbox.extend_from_slice(&peer.address);
        outbox.extend_from_slice(b"</jid></bind></iq>");
    }
}

/// What a SASL element carries, decoded.
fn sasl_text(element: &[u8], name: &[u8]) -> Option<String> {
    String::from_utf8(STANDARD.decode(scan::text(element, name)?).ok()?).ok()
}
