//! XEP-0386: Bind 2. A resource and what belongs to it, inside the login.

use protocol::{Element, ns};
use sha2::{Digest, Sha256};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use super::Negotiation;
use crate::{bound::Bound, stream_management::Management, token};

/// Longest tag that is taken over into a resource, in bytes.
const TAG_MAX_BYTES: usize = 64;
/// Bytes of the hash that makes a client's resource its own.
const SUFFIX_BYTES: usize = 9;

impl Negotiation {
    /// Binds a resource made of the client's tag and its id, and switches on what the client wants; the reply is
    /// `<bound/>`, or `<failed/>`.
    pub(super) async fn bind2(&mut self, request: &Element, client: Option<&str>) -> (Element, Option<Bound>) {
        let tag = request
            .find("tag", ns::BIND2)
            .map(Element::own_text)
            .unwrap_or_default();
        let resource = resource(&tag, client);
        let session = match self.bind_resource(Some(&resource)).await {
            Ok(session) => session,
            Err(error) => return (Element::new("failed", ns::BIND2).child(error.to_element()), None),
        };
        let mut bound = Bound::new(session);
        let mut reply = Element::new("bound", ns::BIND2);
        if let Some(enable) = request.find("enable", ns::STREAM_MANAGEMENT) {
            let resume = matches!(enable.get("resume"), Some("true" | "1"));
            let (management, enabled) = Management::enable(&self.server, &bound.session, resume);
            bound.management = Some(management);
            reply = reply.child(enabled);
        }
        if let Some(inactive) = request.find("inactive", ns::CLIENT_STATE) {
            bound.client_state.change(inactive);
        }
        (reply, Some(bound))
    }
}

/// The same client gets the same resource again, so that its new stream takes the place of its old one; nobody else
/// can tell its id from it.
fn resource(tag: &str, client: Option<&str>) -> String {
    let suffix = match client {
        Some(client) => URL_SAFE_NO_PAD.encode(&Sha256::digest(client.as_bytes())[..SUFFIX_BYTES]),
        None => token(),
    };
    match tag {
        "" => suffix,
        tag if tag.len() > TAG_MAX_BYTES => suffix,
        tag => format!("{tag}~{suffix}"),
    }
}
