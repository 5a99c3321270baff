//! Contacts: what the features of RFC 6121 (roster, subscription, presence) and blocking share.

pub(crate) mod audience;
pub(crate) mod push;
mod state;

use std::sync::Arc;

use protocol::{Condition, Jid, PresenceType, Stanza, StanzaError};
use router::{Account, Router};
use storage::RosterItem;

use crate::RosterSettings;
pub(crate) use state::{BesideGroups, Outcome, State};

/// Ends what there is between an account and a contact that leaves its roster (RFC 6121 §2.5.2), and what was asked.
pub(crate) async fn part(house: &Arc<Router>, account: &Account, contact: &Jid, before: State) {
    if before.from && !account.share(contact.as_str()).from {
        audience::hide(house, account, contact).await;
    }
    let ends = [
        (before.to || before.asks, PresenceType::Unsubscribe),
        (before.from || before.is_asked, PresenceType::Unsubscribed),
    ];
    for (_, kind) in ends.into_iter().filter(|(is_due, _)| *is_due) {
        let stanza = Stanza::presence(kind).from(account.jid.clone()).to(contact.clone());
        house.route(stanza).await;
    }
}

/// Whether the roster has room for this contact.
pub(crate) fn check_room(account: &Account, contact: &Jid, settings: &RosterSettings) -> Result<(), StanzaError> {
    let Some(profile) = account.loaded() else { return Ok(()) };
    let contacts = profile.contacts();
    let is_listed = contacts.get(contact.as_str()).is_some_and(|item| item.listed);
    if is_listed || contacts.iter().filter(|(_, item)| item.listed).count() < settings.max_items {
        return Ok(());
    }
    Err(StanzaError::with_text(
        Condition::PolicyViolation,
        format!("the roster has {} contacts; it may not have more", settings.max_items),
    ))
}

/// Items that storage may hold for one roster: contacts, and strangers who have asked.
pub(crate) fn max_rows(settings: &RosterSettings) -> usize {
    settings.max_items.saturating_add(settings.max_requests)
}

/// Whether an item is only there for a request.
pub(crate) fn is_stranger(item: &RosterItem) -> bool {
    !item.listed && item.pending_in.is_some()
}
