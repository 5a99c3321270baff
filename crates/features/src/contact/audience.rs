//! Who sees whose presence, and telling it to them. What several features of RFC 6121 share.

use std::{collections::HashSet, sync::Arc};

use protocol::{Jid, PresenceType, Stanza};
use router::{Account, Address, Delivery, Router, Session};

/// Contacts that are to see the account's presence: subscribed, and not blocked.
pub(crate) fn watchers(account: &Account) -> HashSet<Jid> {
    let Some(profile) = account.loaded() else {
        return HashSet::new();
    };
    let (contacts, blocked) = (profile.contacts(), profile.blocked());
    contacts
        .iter()
        .filter(|(jid, _)| contacts.may_see(jid.as_str()) && !blocked.matches(jid))
        .map(|(jid, _)| jid.clone())
        .collect()
}

/// Contacts whose presence the account is to see: subscribed to, and not blocked.
pub(crate) fn watched(account: &Account) -> HashSet<Jid> {
    let Some(profile) = account.loaded() else {
        return HashSet::new();
    };
    let (contacts, blocked) = (profile.contacts(), profile.blocked());
    contacts
        .iter()
        .filter(|(jid, _)| contacts.sees(jid.as_str()) && !blocked.matches(jid))
        .map(|(jid, _)| jid.clone())
        .collect()
}

/// Whether `account` lets `other` see its presence. An account sees its own.
pub(crate) fn may_see(account: &Account, other: &Jid) -> bool {
    other.bare_str() == account.jid.as_str()
        || account
            .loaded()
            .is_some_and(|profile| profile.contacts().may_see(other.bare_str()) && !profile.blocked().matches(other))
}

/// The account's available sessions.
pub(crate) fn available(house: &Router, account: &Jid) -> Vec<Arc<Session>> {
    let sessions = house.directory().sessions(account.as_str());
    sessions
        .into_iter()
        .filter(|session| session.priority().is_some())
        .collect()
}

/// Tells `to` of every available session of the account.
pub(crate) async fn show(house: &Arc<Router>, account: &Account, to: &Jid) {
    for session in available(house, &account.jid) {
        if let Some(presence) = session.presence() {
            house.route(addressed(&presence, to)).await;
        }
    }
}

/// Tells `to` that every available session of the account is gone.
pub(crate) async fn hide(house: &Arc<Router>, account: &Account, to: &Jid) {
    for session in available(house, &account.jid) {
        house.route(unavailable(&session).to(to.clone())).await;
    }
}

/// Tells a session of the presence of one contact that its account watches (RFC 6121 §4.3): from what is known here,
/// or by a probe where that is another server's knowledge.
pub(crate) async fn look(house: &Arc<Router>, session: &Session, contact: &Jid) {
    if house.address(contact) == Address::Elsewhere {
        let probe = Stanza::presence(PresenceType::Probe);
        house
            .route(probe.from(session.account.jid.clone()).to(contact.clone()))
            .await;
        return;
    }
    for other in available(house, contact) {
        if may_see(&other.account, &session.jid)
            && let Some(presence) = other.presence()
        {
            hand(session, addressed(&presence, &session.jid));
        }
    }
}

/// The same presence for another addressee.
pub(crate) fn addressed(presence: &Stanza, to: &Jid) -> Stanza {
    presence.clone().to(to.clone())
}

/// Unavailable presence of a session, with nothing to say.
pub(crate) fn unavailable(session: &Session) -> Stanza {
    Stanza::presence(PresenceType::Unavailable).from(session.jid.clone())
}

/// Hands a session a stanza that leaves no trace. Where the session has ended, nobody misses it.
pub(crate) fn hand(session: &Session, stanza: Stanza) {
    if session.inbox.push(Delivery::new(stanza)).is_err() {
        metrics::counter!("stanzas_for_ended_sessions").increment(1);
    }
}
