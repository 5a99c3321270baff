//! A person becomes a document.

use base64::{Engine, engine::general_purpose::STANDARD};
use protocol::{Element, Stanza, ns, stream::tree, xep::datetime};
use storage::{RosterItem, ScramKeys};

use super::{NS, Person, SCRAM};
use crate::accounts::contacts::word;

pub(super) fn document(domain: &str, person: &Person) -> String {
    let host = Element::new("host", NS).attr("jid", domain).child(user(person));
    let xml = Element::new("server-data", NS).child(host).to_xml();
    format!("<?xml version='1.0' encoding='UTF-8'?>\n{xml}\n")
}

fn user(person: &Person) -> Element {
    let keys = [
        ("SCRAM-SHA-1", &person.credentials.sha1),
        ("SCRAM-SHA-256", &person.credentials.sha256),
    ];
    let keys = keys
        .into_iter()
        .filter_map(|(name, keys)| Some(scram(name, keys.as_ref()?)));
    let listed = person.contacts.iter().filter(|item| item.listed);
    let roster = Element::new("query", ns::ROSTER).children_from(listed.map(item));
    let mut user = Element::new("user", NS)
        .attr("name", &person.local)
        .children_from(keys)
        .child(roster);
    let requests = person.contacts.iter().filter_map(|item| item.pending_in.as_deref());
    user = user.children_from(requests.filter_map(stanza));
    let card = person.card.as_deref().and_then(|card| tree::parse(card, "").ok());
    user = user.children_from(card);
    if !person.blocked.is_empty() {
        let item = |jid: &String| Element::new("item", ns::BLOCKING).attr("jid", jid);
        let items = person.blocked.iter().map(item);
        user = user.child(Element::new("blocklist", ns::BLOCKING).children_from(items));
    }
    let private = person
        .private
        .iter()
        .filter_map(|(_, _, xml)| tree::parse(xml, "").ok());
    let private: Vec<Element> = private.collect();
    if !private.is_empty() {
        user = user.child(Element::new("query", ns::PRIVATE).children_from(private));
    }
    let messages: Vec<Element> = person.messages.iter().filter_map(|(_, xml)| stanza(xml)).collect();
    if !messages.is_empty() {
        user = user.child(Element::new("offline-messages", NS).children_from(messages));
    }
    user
}

fn scram(mechanism: &str, keys: &ScramKeys) -> Element {
    let part = |name: &str, text: String| Element::new(name, SCRAM).text(text);
    Element::new("scram-credentials", SCRAM)
        .attr("mechanism", mechanism)
        .child(part("iter-count", keys.iterations.to_string()))
        .child(part("salt", STANDARD.encode(&keys.salt)))
        .child(part("server-key", STANDARD.encode(&keys.server_key)))
        .child(part("stored-key", STANDARD.encode(&keys.stored_key)))
}

fn item(item: &RosterItem) -> Element {
    let groups = item
        .groups
        .iter()
        .map(|group| Element::new("group", ns::ROSTER).text(group));
    Element::new("item", ns::ROSTER)
        .attr("jid", &item.jid)
        .maybe_attr("name", (!item.name.is_empty()).then_some(&item.name))
        .attr("subscription", word(item.subscription))
        .maybe_attr("ask", item.ask.then_some("subscribe"))
        .maybe_attr("approved", item.approved.then_some("true"))
        .children_from(groups)
}

fn stanza(xml: &[u8]) -> Option<Element> {
    Stanza::parse(xml).ok().map(|stanza| stanza.to_element())
}

/// A message with the time at which it came (XEP-0203), where it does not say it yet.
pub(super) fn dated(xml: &[u8], at: i64, domain: &str) -> Vec<u8> {
    let stanza = Stanza::parse(xml).ok();
    let Some(stanza) = stanza.filter(|stanza| !stanza.has("delay", ns::DELAY)) else {
        return xml.to_vec();
    };
    let delay = Element::new("delay", ns::DELAY)
        .attr("from", domain)
        .attr("stamp", datetime::format_micros(at));
    let mut dated = Vec::new();
    stanza.child(&delay).write_standalone(&mut dated);
    dated
}
