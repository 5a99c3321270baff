//! Where presence goes: sent by a client, received by an account. What it means is a feature's business.

use std::sync::Arc;

use protocol::{Jid, Kind, PresenceType, StanzaError};

use crate::{Address, Flow, Router, deliver, route::elsewhere};

/// Presence of a local client.
pub(crate) async fn sent(house: &Arc<Router>, flow: &mut Flow<'_>) -> Result<(), StanzaError> {
    let (Some(sender), Kind::Presence(kind)) = (flow.sender, flow.stanza.kind) else {
        return received(house, flow).await;
    };
    match house.hooks().presence_sent_hook(kind) {
        Some(hook) => hook(house.clone(), sender.clone(), flow.stanza.clone()).await,
        None => received(house, flow).await,
    }
}

/// Presence for somebody.
pub(crate) async fn received(house: &Arc<Router>, flow: &mut Flow<'_>) -> Result<(), StanzaError> {
    let (Some(to), Kind::Presence(kind)) = (flow.stanza.to.clone(), flow.stanza.kind) else {
        return Ok(());
    };
    match (house.address(&to), kind) {
        (Address::Elsewhere, _) => Err(elsewhere()),
        (Address::Host, _) => Ok(()),
        (Address::Account, PresenceType::Available | PresenceType::Unavailable | PresenceType::Error) => {
            notice(house, flow, &to).await
        }
        (Address::Account, _) => to_account(house, flow, &to, kind).await,
    }
}

/// Availability, to one session or to all that are available (RFC 6121 §8.5.2.1.2, §8.5.3.1, §8.5.3.2.2). It concerns
/// nobody who is not here, so an account without a session is not even looked up.
async fn notice(house: &Arc<Router>, flow: &mut Flow<'_>, to: &Jid) -> Result<(), StanzaError> {
    if !flow.stays {
        // Hooks of the receiving side run where the sessions are.
        for node in nodes_for(house, to) {
            house.spread(node, std::slice::from_ref(to), &flow.stanza);
        }
    }
    let sessions = house.directory().sessions(to.bare_str());
    let Some(account) = sessions.first().map(|session| session.account.clone()) else {
        return Ok(());
    };
    if !deliver::received(house, flow, &account).await? {
        return Ok(());
    }
    for session in &sessions {
        if session.jid == *to || (to.is_bare() && session.priority().is_some()) {
            deliver::hand_over(house, session, flow.stanza.clone());
        }
    }
    Ok(())
}

/// Nodes whose sessions an address means. What they are, available or not, their node knows best.
fn nodes_for(house: &Router, to: &Jid) -> Vec<u64> {
    match to.is_bare() {
        true => house.mesh().nodes_of(to),
        false => house
            .mesh()
            .elsewhere
            .find(to)
            .map(|entry| entry.node)
            .into_iter()
            .collect(),
    }
}

/// Subscriptions and probes, which are the account's business whether or not it has a session.
async fn to_account(house: &Arc<Router>, flow: &mut Flow<'_>, to: &Jid, kind: PresenceType) -> Result<(), StanzaError> {
    let session = house.directory().sessions(to.bare_str()).into_iter().next();
    let account = match session {
        Some(session) => Some(session.account.clone()),
        None => house
            .accounts()
            .find(to)
            .await
            .map_err(|error| house.unavailable("looking up an account", &error))?,
    };
    if let Some(account) = &account
        && !deliver::received(house, flow, account).await?
    {
        return Ok(());
    }
    match house.hooks().presence_received_hook(kind) {
        Some(hook) => hook(house.clone(), account, flow.stanza.clone()).await,
        None => Ok(()),
    }
}
