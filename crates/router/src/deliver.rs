//! Stop 7 of a stanza: receiver-side hooks, choice of sessions (RFC 6121 §8.5), the message log, offline messages.

use std::sync::Arc;

use protocol::{Condition, Jid, Kind, MessageType, Stanza, StanzaError};
use smallvec::SmallVec;
use storage::LogId;

use crate::{
    Account, Address, Delivery, Flow, Router, Session, Side, Verdict, directory::Sessions, hooks::Offline, keep,
    route::elsewhere,
};

/// Sessions that take one message.
type Takers = SmallVec<[Arc<Session>; 2]>;

/// Routes a message; without an address it is for the sender's own account (RFC 6120 §10.3.1).
pub(crate) async fn message(house: &Arc<Router>, flow: &mut Flow<'_>) -> Result<(), StanzaError> {
    let to = match (&flow.stanza.to, flow.sender) {
        (Some(to), _) => to.clone(),
        (None, Some(sender)) => sender.account.jid.clone(),
        (None, None) => return Ok(()),
    };
    match house.address(&to) {
        Address::Elsewhere => Err(elsewhere()),
        Address::Host if flow.stanza.kind.is_error() => Ok(()),
        Address::Host => Err(StanzaError::with_text(
            Condition::ServiceUnavailable,
            "the server takes no messages",
        )),
        Address::Account => to_account(house, flow, &to).await,
    }
}

async fn to_account(house: &Arc<Router>, flow: &mut Flow<'_>, to: &Jid) -> Result<(), StanzaError> {
    let sessions = house.directory().sessions(to.bare_str());
    let account = match sessions.first() {
        Some(session) => Some(session.account.clone()),
        None => house
            .accounts()
            .find(to)
            .await
            .map_err(|error| house.unavailable("looking up an account", &error))?,
    };
    if let Some(account) = &account
        && !received(house, flow, account).await?
    {
        return Ok(());
    }
    match (choose(flow.stanza.kind, to, &sessions), account) {
        (Choice::These(takers), Some(account)) => live(house, flow, &account, takers).await,
        // An account that does not exist fares like one that is offline (RFC 6121 §8.5.1).
        (Choice::Offline | Choice::These(_), account) => offline(house, flow, account).await,
        (Choice::Bounce, _) => Err(Condition::ServiceUnavailable.into()),
        (Choice::Drop, _) => Ok(()),
    }
}

/// Receiver-side hooks; false where one of them took the stanza.
pub(crate) async fn received<'a>(
    house: &Arc<Router>,
    flow: &mut Flow<'a>,
    account: &Arc<Account>,
) -> Result<bool, StanzaError> {
    if let Err(error) = account.profile(house.storage()).await {
        return Err(house.unavailable("loading an account", &error));
    }
    flow.recipient = Some(account.clone());
    match house.hooks().run(Side::Receiving, flow) {
        Verdict::Continue => Ok(true),
        Verdict::Done => Ok(false),
        Verdict::Bounce(error) => Err(error),
    }
}

/// Where a message goes.
enum Choice {
    These(Takers),
    Offline,
    Bounce,
    Drop,
}

/// RFC 6121 §8.5.2 and §8.5.3. Chats and normal messages whose full JID is not there go the way of the bare one,
/// so that none is lost; of several sessions those with the highest priority take them.
fn choose(kind: Kind, to: &Jid, sessions: &Sessions) -> Choice {
    let Kind::Message(kind) = kind else { return Choice::Drop };
    if let Some(session) = sessions.iter().find(|session| session.jid == *to) {
        return Choice::These(SmallVec::from_iter([session.clone()]));
    }
    let takers = match kind {
        MessageType::Normal | MessageType::Chat => foremost(sessions),
        MessageType::Headline if to.is_bare() => willing(sessions).cloned().collect(),
        MessageType::Headline | MessageType::Error => return Choice::Drop,
        MessageType::Groupchat => return Choice::Bounce,
    };
    match (takers.is_empty(), kind) {
        (false, _) => Choice::These(takers),
        (true, MessageType::Headline) => Choice::Drop,
        (true, _) => Choice::Offline,
    }
}

fn willing(sessions: &Sessions) -> impl Iterator<Item = &Arc<Session>> {
    sessions
        .iter()
        .filter(|session| session.priority().is_some_and(|priority| priority >= 0))
}

fn foremost(sessions: &Sessions) -> Takers {
    let highest = willing(sessions).filter_map(|session| session.priority()).max();
    willing(sessions)
        .filter(|session| session.priority() == highest)
        .cloned()
        .collect()
}

/// To sessions, leaving a row in the log where the sender was promised one.
async fn live(
    house: &Arc<Router>,
    flow: &mut Flow<'_>,
    account: &Arc<Account>,
    takers: Takers,
) -> Result<(), StanzaError> {
    let log_id = match (flow.number, keep::is_kept(&flow.stanza)) {
        (Some(_), true) => Some(keep::append(house, account, &flow.stanza, flow.receipt())?),
        _ => None,
    };
    let stanza = flow.take_stanza();
    match (hand_out(account, stanza, log_id, &takers), log_id) {
        (None, _) => Ok(()),
        // A row is in the log already, and with it the message is offline.
        (Some(_), Some(row)) => {
            house.give_back(account, &[row]).await;
            Ok(())
        }
        (Some(stanza), None) => {
            flow.stanza = stanza;
            offline(house, flow, Some(account.clone())).await
        }
    }
}

/// To each of the takers. Where all were gone the stanza comes back, and its row is the caller's to give back.
fn hand_out(account: &Account, stanza: Stanza, log_id: Option<LogId>, takers: &[Arc<Session>]) -> Option<Stanza> {
    let (last, others) = takers.split_last()?;
    if let Some(id) = log_id {
        account.set_in_flight(id, takers.len());
    }
    let was_gone = || log_id.map(|id| account.set_landed(id));
    let mut is_taken = false;
    for taker in others {
        let delivery = Delivery {
            stanza: Box::new(stanza.clone()),
            log_id,
        };
        match taker.inbox.push(delivery) {
            Ok(()) => is_taken = true,
            Err(_) => _ = was_gone(),
        }
    }
    match last.inbox.push(Delivery {
        stanza: Box::new(stanza),
        log_id,
    }) {
        Ok(()) => None,
        Err(_) if is_taken => {
            was_gone();
            None
        }
        Err(refused) => Some(*refused.into_delivery().stanza),
    }
}

/// To whoever keeps messages for later; nobody bounces them.
async fn offline(house: &Arc<Router>, flow: &mut Flow<'_>, account: Option<Arc<Account>>) -> Result<(), StanzaError> {
    match house.hooks().offline_hook() {
        Some(hook) => {
            let offline = Offline {
                stanza: flow.stanza.clone(),
                receipt: flow.receipt(),
            };
            hook(house.clone(), account, offline).await
        }
        None => Err(Condition::ServiceUnavailable.into()),
    }
}

/// A stanza that leaves no trace, to one session.
pub(crate) fn hand_over(session: &Session, stanza: Stanza) {
    if session.inbox.push(Delivery::new(stanza)).is_err() {
        metrics::counter!("stanzas_for_ended_sessions").increment(1);
    }
}
