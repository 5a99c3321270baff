//! Drops from stanzas what only a server, a room or somebody else may say, so that no client takes a lie for it.

use std::sync::Arc;

use protocol::{
    Child, Condition, IqType, Jid, Kind, ns,
    xep::{delay::Delay, stanza_id::StanzaId},
};
use router::{Feature, Flow, Hooks, Phase, Side, Verdict};

/// XEP-0045: what a room says of its occupants.
const MUC_USER: &str = "http://jabber.org/protocol/muc#user";
/// XEP-0033: to whom else a multicast service has sent a stanza.
const ADDRESSES: &str = "http://jabber.org/protocol/address";
/// XEP-0421: whom a room knows an occupant as.
const OCCUPANT_ID: &str = "urn:xmpp:occupant-id:0";
/// XEP-0091: the old form of delays.
const OLD_DELAY: &str = "jabber:x:delay";
/// XEP-0313: what an archive found, in all its versions.
const ARCHIVES: &str = "urn:xmpp:mam:";

/// Strips stanzas on both sides of their way.
pub(crate) struct Sanitize;

impl Feature for Sanitize {
    fn name(&self) -> &'static str {
        "sanitize"
    }

    fn hook(self: Arc<Self>, hooks: &mut Hooks) {
        hooks.on(Side::Sending, Phase::Guard, &self, no_forged_order);
        hooks.on(Side::Receiving, Phase::Guard, &self, no_forged_order);
        hooks.on(Side::Sending, Phase::Change, &self, strip_sent);
        hooks.on(Side::Receiving, Phase::Change, &self, strip_received);
    }
}

/// Roster pushes (RFC 6121 §2.1.6) and those of block lists come from the client's own server alone.
fn no_forged_order(_feature: &Sanitize, flow: &mut Flow<'_>) -> Verdict {
    let stanza = &flow.stanza;
    let is_order = stanza.kind == Kind::Iq(IqType::Set)
        && stanza.to.as_ref().is_some_and(|to| !to.is_bare())
        && stanza
            .children
            .iter()
            .any(|child| matches!(child.ns(), ns::ROSTER | ns::BLOCKING));
    let is_server = flow.sender.is_none()
        && flow
            .recipient
            .as_ref()
            .is_some_and(|account| stanza.from.as_ref() == Some(&account.jid));
    if is_order && !is_server {
        return Verdict::Bounce(Condition::ServiceUnavailable.into());
    }
    Verdict::Continue
}

/// From a client of ours.
fn strip_sent(_feature: &Sanitize, flow: &mut Flow<'_>) -> Verdict {
    if let Some(sender) = flow.sender {
        flow.stanza.children.retain(|child| may_client_say(child, &sender.jid));
    }
    Verdict::Continue
}

/// To an account of ours, from a client of ours, or from elsewhere. What the server itself sends in the account's name
/// stays as it is.
fn strip_received(_feature: &Sanitize, flow: &mut Flow<'_>) -> Verdict {
    let Some(account) = &flow.recipient else {
        return Verdict::Continue;
    };
    if flow.sender.is_some() {
        flow.stanza.children.retain(|child| may_client_say_to_account(child));
    } else if flow.stanza.from.as_ref() != Some(&account.jid) {
        let home = account.jid.domain();
        flow.stanza.children.retain(|child| may_stranger_say(child, home));
    }
    Verdict::Continue
}

/// What a client may say to anybody.
fn may_client_say(child: &mut Child, sender: &Jid) -> bool {
    match child.name() {
        "stanza-id" => !child.is_in(ns::STANZA_IDS),
        "occupant-id" => !child.is_in(OCCUPANT_ID),
        "sent" | "received" => !child.is_in(ns::CARBONS),
        "result" => !child.ns().starts_with(ARCHIVES),
        "x" => !child.is_in(OLD_DELAY),
        "delay" if child.is_in(ns::DELAY) => sign(child, sender),
        _ => true,
    }
}

/// A delay that a client states is its own; one that it states of others goes.
fn sign(child: &mut Child, sender: &Jid) -> bool {
    let element = child.to_element();
    let (Some(delay), claimed) = (Delay::parse(&element), element.get("from")) else {
        return false;
    };
    if claimed.is_some() && delay.from.as_ref().map(Jid::bare_str) != Some(sender.bare_str()) {
        return false;
    }
    let own = Delay {
        from: Some(sender.clone()),
        ..delay
    };
    *child = Child::from_element(&own.to_element());
    true
}

/// What a client may say to an account, as opposed to a room or a service.
fn may_client_say_to_account(child: &Child) -> bool {
    match child.name() {
        "x" => !child.is_in(MUC_USER),
        "addresses" => !child.is_in(ADDRESSES),
        _ => true,
    }
}

/// What another server or service may say to an account of the domain `home`: nothing in that domain's name.
fn may_stranger_say(child: &Child, home: &str) -> bool {
    let is_ours = |jid: &Jid| jid.domain() == home;
    match child.name() {
        "stanza-id" if child.is_in(ns::STANZA_IDS) => StanzaId::parse(child).is_some_and(|id| !is_ours(&id.by)),
        "delay" if child.is_in(ns::DELAY) => {
            let delay = Delay::parse(&child.to_element());
            delay.is_some_and(|delay| !delay.from.as_ref().is_some_and(is_ours))
        }
        "sent" | "received" => !child.is_in(ns::CARBONS),
        _ => true,
    }
}
