//! Roster items as clients see them, and telling all clients of an account of a change (RFC 6121 §2.1.6).

use std::sync::Arc;

use protocol::{Element, IqType, Jid, Stanza, ns};
use router::{Account, Router, Session};
use storage::{RosterEdited, RosterItem, Subscription};

use super::audience::hand;

/// Sessions that asked for their roster (RFC 6121 §2.2).
pub(crate) fn interested(house: &Router, account: &Account) -> impl Iterator<Item = Arc<Session>> + use<> {
    let sessions = house.directory().sessions(account.jid.as_str());
    sessions.into_iter().filter(|session| session.is_interested())
}

/// What nodes say to each other when a roster has changed: a push, to be addressed to each interested session.
pub(crate) const PUSH: &str = "roster";

/// Pushes what an edit changed to all interested sessions. What no client ever saw is not pushed.
pub(crate) fn edited(house: &Router, account: &Account, edited: &RosterEdited) {
    if let Some(item) = change(edited) {
        let push = stanza(&account.jid, item, edited.version);
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
fn change(edited: &RosterEdited) -> Option<Element> {
    let visible = |item: &Option<RosterItem>| item.as_ref().filter(|item| item.listed).map(element);
    match (visible(&edited.before), visible(&edited.after)) {
        (before, Some(after)) => (before.as_ref() != Some(&after)).then_some(after),
        (Some(_), None) => edited.before.as_ref().map(|item| removed(&item.jid)),
        (None, None) => None,
    }
}

/// A roster push of one item to one session.
pub(crate) fn stanza(to: &Jid, item: Element, version: i64) -> Stanza {
    let query = Element::new("query", ns::ROSTER)
        .attr("ver", version.to_string())
        .child(item);
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
pub(crate) fn element(item: &RosterItem) -> Element {
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
