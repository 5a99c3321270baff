//! Where presence goes: sent by a client, received by an account. What it means is a feature's business.

use std::sync::Arc;

use protocol::{Condition, Jid, Kind, PresenceType, Stanza, StanzaError};

use crate::{Account, Address, Flow, Router, deliver, route::elsewhere};

/// Presence of a local client.
pub(crate) async fn sent(house: &Arc<Router>, flow: &mut Flow<'_>) -> Result<(), StanzaError> {
    let Some(sender) = flow.sender else {
        return received(house, flow).await;
    };
    match house.hooks().presence_sent_hook() {
        Some(hook) => hook(house.clone(), sender.clone(), flow.stanza.clone()).await,
        None => Err(Condition::ServiceUnavailable.into()),
    }
}

/// Presence for somebody.
pub(crate) async fn received(house: &Arc<Router>, flow: &mut Flow<'_>) -> Result<(), StanzaError> {
    let Some(to) = flow.stanza.to.clone() else {
        return Ok(());
    };
    match house.address(&to) {
        Address::Elsewhere => Err(elsewhere()),
        Address::Host => Ok(()),
        Address::Account => to_account(house, flow, &to).await,
    }
}

async fn to_account(house: &Arc<Router>, flow: &mut Flow<'_>, to: &Jid) -> Result<(), StanzaError> {
    let found = house
        .accounts()
        .find(to)
        .await
        .map_err(|error| house.unavailable("looking up an account", &error))?;
    let Some(account) = found else { return Ok(()) };
    if !deliver::received(house, flow, &account).await? {
        return Ok(());
    }
    let is_notice = matches!(
        flow.stanza.kind,
        Kind::Presence(PresenceType::Available | PresenceType::Unavailable | PresenceType::Error)
    );
    if is_notice {
        notice(house, &account, &flow.stanza, to);
        return Ok(());
    }
    match house.hooks().presence_received_hook() {
        Some(hook) => hook(house.clone(), account, flow.stanza.clone()).await,
        None => Ok(()),
    }
}

/// To one session, or to all that are available (RFC 6121 §8.5.2.1.2, §8.5.3.2.2).
fn notice(house: &Router, account: &Account, stanza: &Stanza, to: &Jid) {
    for session in house.directory().sessions(account.jid.as_str()) {
        if session.jid == *to || (to.is_bare() && session.priority().is_some()) {
            deliver::hand_over(&session, stanza.clone());
        }
    }
}
