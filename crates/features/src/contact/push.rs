//! Roster items as clients see them, and telling all clients of an account of a change (RFC 6121 §2.1.6).

use std::sync::Arc;

use protocol::{Element, IqType, Jid, Stanza, ns};
use router::{Account, Router, Session, Share};
use storage::{RosterEdited, RosterItem, Subscription};

use super::{State, audience::hand};

/// Sessions that asked for their roster (RFC 6121 §2.2).
pub(crate) fn interested(house: &Router, account: &Account) -> impl Iterator<Item = Arc<Session>> + use<> {
    let sessions = house.directory().sessions(account.jid.as_str());
    sessions.into_iter().filter(|session| session.is_interested())
}

/// What nodes say to each other when a roster has changed: a push, to be addressed to each interested session.
pub(crate) const PUSH: &str = "roster";

/// Pushes what an edit changed to all interested sessions. What no client ever saw is not pushed.
pub(crate) fn edited(house: &Router, account: &Account, edited: &RosterEdited) {
    if let Some(item) = change(account, edited) {
        let push = stanza(&account.jid, item, &version(edited.version, account.shared_print()));
        pushed(house, account, &push);
        house.tell(PUSH, &account.jid, &push);
    }
}

/// The same to the sessions of this node.
pub(crate) fn pushed(house: &Router, account: &Account, push: &Stanza) {
    for session in interested(house, account) {
        hand(&session, readdressed(push, &session.jid));
    }
}

/// One push for another session, with an id of its own.
pub(crate) fn readdressed(push: &Stanza, to: &Jid) -> Stanza {
    Stanza {
        children: push.children.clone(),
        ..order(to)
    }
}

/// The change as a client sees it.
fn change(account: &Account, edited: &RosterEdited) -> Option<Element> {
    let jid = edited.before.as_ref().or(edited.after.as_ref())?.jid.clone();
    let share = account.share(&jid);
    let [before, after] = [&edited.before, &edited.after].map(|item| visible(&jid, item.as_ref(), &share));
    match (before, after) {
        (before, Some(after)) => (before.as_ref() != Some(&after)).then_some(after),
        (Some(_), None) => Some(removed(&jid)),
        (None, None) => None,
    }
}

/// What a client sees of a contact: what the user made of it, and what groups add. `None`: nothing.
pub(crate) fn visible(jid: &str, item: Option<&RosterItem>, share: &Share) -> Option<Element> {
    let own = item.filter(|item| item.listed);
    if own.is_none() && !share.to {
        return None;
    }
    let mut shown = own.cloned().unwrap_or_else(|| RosterItem {
        jid: jid.to_owned(),
        ..RosterItem::default()
    });
    let state = State::of(Some(&shown)).with(share);
    shown.subscription = state.subscription();
    shown.ask = state.asks;
    let added = share.groups.iter().filter(|group| !shown.groups.contains(group));
    let added: Vec<String> = added.cloned().collect();
    shown.groups.extend(added);
    Some(element(&shown))
}

/// The version of a roster as a client sees it (RFC 6121 §2.6): of what its user made of it, and of what groups add.
pub(crate) fn version(own: i64, print: u64) -> String {
    match print {
        0 => own.to_string(),
        print => format!("{own}.{print:x}"),
    }
}

/// The parts of a version that a client knows; `None` where it is none of ours.
pub(crate) fn read_version(text: &str) -> Option<(i64, u64)> {
    match text.split_once('.') {
        None => Some((text.parse().ok()?, 0)),
        Some((own, print)) => Some((own.parse().ok()?, u64::from_str_radix(print, 16).ok()?)),
    }
}

/// A roster push of one item to one session.
pub(crate) fn stanza(to: &Jid, item: Element, version: &str) -> Stanza {
    let query = Element::new("query", ns::ROSTER).attr("ver", version).child(item);
    order(to).child(&query)
}

/// An IQ of the server to a client, with an id that nobody else can guess.
pub(crate) fn order(to: &Jid) -> Stanza {
    let mut random = [0; 8];
    getrandom::fill(&mut random).expect("the system's random source works");
    let id = format!("{:016x}", u64::from_be_bytes(random));
    Stanza::iq(IqType::Set).from(to.to_bare()).to(to.clone()).id(&id)
}

/// `<item/>` of a contact.
fn element(item: &RosterItem) -> Element {
    Element::new("item", ns::ROSTER)
        .attr("jid", &item.jid)
        .maybe_attr("name", (!item.name.is_empty()).then_some(&item.name))
        .attr("subscription", subscription(item.subscription))
        .maybe_attr("ask", item.ask.then_some("subscribe"))
        .maybe_attr("approved", item.approved.then_some("true"))
        .children_from(
            item.groups
                .iter()
                .map(|group| Element::new("group", ns::ROSTER).text(group)),
        )
}

/// `<item/>` of a contact that is none any more.
pub(crate) fn removed(jid: &str) -> Element {
    Element::new("item", ns::ROSTER)
        .attr("jid", jid)
        .attr("subscription", "remove")
}

fn subscription(subscription: Subscription) -> &'static str {
    match subscription {
        Subscription::None => "none",
        Subscription::To => "to",
        Subscription::From => "from",
        Subscription::Both => "both",
    }
}
