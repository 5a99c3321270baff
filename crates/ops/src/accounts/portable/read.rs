//! A document becomes people. What this server does not know is left out; what is wrong with somebody is said of them
//! alone.

use std::collections::BTreeMap;

use protocol::{Element, Jid, Stanza, ns, stream::tree};
use storage::{RosterItem, ScramKeys, Subscription};

use super::{NS, Person, SCRAM, limits};
use crate::{Keys, OpsError, Record};

/// Each with its address.
type People = Vec<(String, Result<Person, &'static str>)>;

pub(super) fn document(xml: &str) -> Result<People, OpsError> {
    let bare = without_declaration(xml);
    if bare.starts_with("<?") {
        return Err(OpsError::Record(
            "before the document's root there is more than a declaration",
        ));
    }
    let root = tree::parse_within(bare.as_bytes(), "", limits())
        .map_err(|_| OpsError::Record("this is no well-formed XML, or more than is taken in"))?;
    if !root.is("server-data", NS) {
        return Err(OpsError::Record(
            "this is no XEP-0227 document: its root is no server-data",
        ));
    }
    let mut people = Vec::new();
    for host in root.elements().filter(|host| host.is("host", NS)) {
        let domain = host.get("jid").unwrap_or_default();
        for user in host.elements().filter(|user| user.is("user", NS)) {
            let name = user.get("name").unwrap_or_default();
            people.push((format!("{name}@{domain}"), person(user, name)));
        }
    }
    Ok(people)
}

/// The tokenizer reads what comes on streams, where a declaration is the stream's.
fn without_declaration(xml: &str) -> &str {
    let xml = xml.trim_start_matches('\u{feff}').trim();
    let declaration = xml
        .strip_prefix("<?xml")
        .filter(|rest| rest.starts_with(char::is_whitespace));
    match declaration.and_then(|rest| rest.split_once("?>")) {
        Some((_, rest)) => rest.trim(),
        None => xml,
    }
}

fn person(user: &Element, name: &str) -> Result<Person, &'static str> {
    let mut person = Person {
        local: name.to_owned(),
        password: user.get("password").map(str::to_owned),
        ..Person::default()
    };
    let mut contacts = BTreeMap::new();
    for part in user.elements() {
        match (part.name.as_str(), part.ns.as_str()) {
            ("scram-credentials", SCRAM) => keys(part, &mut person)?,
            ("query", ns::ROSTER) => {
                for item in part.elements().filter(|item| item.is("item", ns::ROSTER)) {
                    put(&mut contacts, contact(item)?);
                }
            }
            ("presence", ns::CLIENT) if part.get("type") == Some("subscribe") => request(part, &mut contacts)?,
            ("vCard", ns::VCARD) => person.card = Some(part.to_xml().into_bytes()),
            ("blocklist", ns::BLOCKING) => {
                for item in part.elements().filter(|item| item.is("item", ns::BLOCKING)) {
                    person.blocked.push(jid(item)?.to_string());
                }
            }
            ("query", ns::PRIVATE) => {
                let parts = part.elements();
                let parts = parts.map(|part| (part.name.to_string(), part.ns.to_string(), part.to_xml().into_bytes()));
                person.private.extend(parts);
            }
            ("offline-messages", NS) => {
                for message in part.elements().filter(|message| message.is("message", ns::CLIENT)) {
                    person.messages.push(stanza(message)?);
                }
            }
            _ => {}
        }
    }
    person.contacts = contacts.into_values().collect();
    if person.password.is_none() && person.credentials.sha1.is_none() && person.credentials.sha256.is_none() {
        return Err("neither a password nor keys");
    }
    Ok(person)
}

fn keys(part: &Element, person: &mut Person) -> Result<(), &'static str> {
    let text = |name: &str| part.find(name, SCRAM).map(Element::own_text).unwrap_or_default();
    let keys = Some(Keys {
        salt: text("salt"),
        iterations: text("iter-count")
            .trim()
            .parse()
            .map_err(|_| "an iteration count is no number")?,
        stored_key: text("stored-key"),
        server_key: text("server-key"),
    });
    let (sha1, sha256) = match part.get("mechanism") {
        Some("SCRAM-SHA-1") => (keys, None),
        Some("SCRAM-SHA-256") => (None, keys),
        // Another hash is of no use here.
        _ => return Ok(()),
    };
    let record = Record {
        jid: String::new(),
        password: None,
        sha1,
        sha256,
        lock: None,
    };
    // The same checks as of lines of JSON.
    let read = record.credentials().map_err(|error| match error {
        OpsError::Record(why) => why,
        _ => "keys that cannot be used",
    })?;
    let keep = |known: &mut Option<ScramKeys>, read: Option<ScramKeys>| {
        if read.is_some() {
            *known = read;
        }
    };
    keep(&mut person.credentials.sha1, read.sha1);
    keep(&mut person.credentials.sha256, read.sha256);
    Ok(())
}

fn contact(item: &Element) -> Result<RosterItem, &'static str> {
    let subscription = match item.get("subscription") {
        None | Some("none") => Subscription::None,
        Some("to") => Subscription::To,
        Some("from") => Subscription::From,
        Some("both") => Subscription::Both,
        Some(_) => return Err("a contact has a subscription that does not exist"),
    };
    let groups = item.elements().filter(|group| group.is("group", ns::ROSTER));
    Ok(RosterItem {
        jid: jid(item)?.to_bare().to_string(),
        name: item.get("name").unwrap_or_default().to_owned(),
        subscription,
        ask: item.get("ask") == Some("subscribe"),
        pending_in: None,
        approved: matches!(item.get("approved"), Some("true" | "1")),
        groups: groups
            .map(Element::own_text)
            .filter(|group| !group.is_empty())
            .collect(),
        listed: true,
    })
}

fn request(part: &Element, contacts: &mut BTreeMap<String, RosterItem>) -> Result<(), &'static str> {
    let (from, xml) = stanza(part)?;
    let stranger = |from: &String| RosterItem {
        jid: from.clone(),
        ..RosterItem::default()
    };
    contacts.entry(from).or_insert_with_key(stranger).pending_in = Some(xml);
    Ok(())
}

/// A request may stand before the item that it belongs to.
fn put(contacts: &mut BTreeMap<String, RosterItem>, item: RosterItem) {
    let pending_in = contacts.remove(&item.jid).and_then(|known| known.pending_in);
    contacts.insert(item.jid.clone(), RosterItem { pending_in, ..item });
}

/// Who it is from, without a resource, and the stanza as it is kept.
fn stanza(element: &Element) -> Result<(String, Vec<u8>), &'static str> {
    let wrong = "a message or request cannot be read";
    let stanza = Stanza::from_element(element).and_then(Result::ok).ok_or(wrong)?;
    let from = stanza.from.as_ref().ok_or(wrong)?.bare_str().to_owned();
    let mut xml = Vec::new();
    stanza.write_standalone(&mut xml);
    Ok((from, xml))
}

fn jid(item: &Element) -> Result<Jid, &'static str> {
    let jid = item.get("jid").and_then(|jid| jid.parse().ok());
    jid.ok_or("an address cannot be read")
}
