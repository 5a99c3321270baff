//! Who sees whose presence, and telling it to them. What several features of RFC 6121 share.

use std::{collections::HashSet, sync::Arc};

use protocol::{Jid, PresenceType, Stanza};
use router::{Account, Address, Delivery, Router, Session, SharingIndex};

use super::State;

/// Who is to see the account's presence: contacts that are subscribed, and whose rosters show it by a group; and who is
/// not blocked.
pub(crate) fn watchers(house: &Router, account: &Account) -> HashSet<Jid> {
    let by_groups = |index: &SharingIndex| house.shared_watchers(index, &account.jid);
    audience(house, account, |state| state.from, by_groups)
}

/// Whose presence the account is to see: contacts subscribed to, and those that groups put into its roster; and who is
/// not blocked.
pub(crate) fn watched(house: &Router, account: &Account) -> HashSet<Jid> {
    let by_groups = |index: &SharingIndex| house.shared_watched(index, &account.jid);
    audience(house, account, |state| state.to, by_groups)
}

fn audience(
    house: &Router,
    account: &Account,
    is_meant: impl Fn(State) -> bool,
    by_groups: impl Fn(&SharingIndex) -> Vec<Jid>,
) -> HashSet<Jid> {
    let Some(profile) = account.loaded() else {
        return HashSet::new();
    };
    let (contacts, blocked) = (profile.contacts(), profile.blocked());
    let own = contacts.iter().filter(|(_, item)| is_meant(State::of(Some(item))));
    let mut audience: HashSet<Jid> = own.map(|(jid, _)| jid.clone()).collect();
    let sharing = house.sharing();
    if !account.is_anonymous && !sharing.is_empty() {
        audience.extend(by_groups(&sharing));
    }
    audience.retain(|jid| !blocked.matches(jid));
    audience
}

/// Whether `account` lets `other` see its presence. An account sees its own.
pub(crate) fn may_see(account: &Account, other: &Jid) -> bool {
    let is_blocked = || account.loaded().is_none_or(|profile| profile.blocked().matches(other));
    other.bare_str() == account.jid.as_str() || (account.may_be_seen_by(other.bare_str()) && !is_blocked())
}

/// The account's available sessions.
pub(crate) fn available(house: &Router, account: &Jid) -> Vec<Arc<Session>> {
    let sessions = house.directory().sessions(account.as_str());
    sessions
        .into_iter()
        .filter(|session| session.priority().is_some())
        .collect()
}

/// Whether the account has an available session, on any node.
pub(crate) fn is_available(house: &Router, account: &Jid) -> bool {
    !available(house, account).is_empty() || house.elsewhere(account).iter().any(|entry| entry.priority.is_some())
}

/// What nodes ask each other when somebody is to see the sessions of an account: a probe, which `presence` answers.
pub(crate) const SHOW: &str = "presence";

/// Tells `to` of every available session of the account.
pub(crate) async fn show(house: &Arc<Router>, account: &Account, to: &Jid) {
    show_here(house, account, to).await;
    house.tell(SHOW, &account.jid, &probe(to));
}

/// The same of the sessions of this node.
pub(crate) async fn show_here(house: &Arc<Router>, account: &Account, to: &Jid) {
    for session in available(house, &account.jid) {
        if let Some(presence) = session.presence() {
            house.route(addressed(&presence, to)).await;
        }
    }
}

/// Tells `to` that every available session of the account is gone.
pub(crate) async fn hide(house: &Arc<Router>, account: &Account, to: &Jid) {
    for session in available(house, &account.jid) {
        house.route(unavailable(&session.jid).to(to.clone())).await;
    }
    for entry in house.elsewhere(&account.jid) {
        if entry.priority.is_some() {
            house.route(unavailable(&entry.jid).to(to.clone())).await;
        }
    }
}

/// Tells a session of the presence of contacts that its account watches (RFC 6121 §4.3): from what is known here, from
/// other nodes, each asked once, or by a probe where that is another server's knowledge.
pub(crate) async fn look(house: &Arc<Router>, session: &Session, contacts: &HashSet<Jid>) {
    for contact in contacts {
        if house.address(contact) == Address::Elsewhere {
            house.route(probe(&session.account.jid).to(contact.clone())).await;
            continue;
        }
        for other in available(house, contact) {
            if may_see(&other.account, &session.jid)
                && let Some(presence) = other.presence()
            {
                hand(session, addressed(&presence, &session.jid));
            }
        }
    }
    house.tell_of(SHOW, contacts, &probe(&session.jid));
}

/// The question for somebody's presence, without an address.
pub(crate) fn probe(from: &Jid) -> Stanza {
    Stanza::presence(PresenceType::Probe).from(from.clone())
}

/// The same presence for another addressee.
pub(crate) fn addressed(presence: &Stanza, to: &Jid) -> Stanza {
    presence.clone().to(to.clone())
}

/// Unavailable presence of a session, with nothing to say.
pub(crate) fn unavailable(session: &Jid) -> Stanza {
    Stanza::presence(PresenceType::Unavailable).from(session.clone())
}

/// Hands a session a stanza that leaves no trace. Where the session has ended, nobody misses it.
pub(crate) fn hand(session: &Session, stanza: Stanza) {
    if session.inbox.push(Delivery::new(stanza)).is_err() {
        metrics::counter!("stanzas_for_ended_sessions").increment(1);
    }
}
