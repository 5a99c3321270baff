//! Stop 7 of a stanza: receiver-side hooks, choice of sessions (RFC 6121 §8.5), the message log, offline messages.

use std::sync::Arc;

use protocol::{Condition, Jid, Kind, MessageType, Stanza, StanzaError};
use smallvec::SmallVec;
use storage::LogId;

use crate::{
    Account, Address, Delivery, Flow, Router, Session, SessionEntry, Side, Verdict,
    directory::Sessions,
    hooks::Offline,
    keep,
    peers::{
        Entries,
        frame::{self, Frame, HOPS_MAX, Target},
    },
};

/// Sessions that take one message.
#[derive(Default)]
struct Takers {
    here: SmallVec<[Arc<Session>; 2]>,
    /// Sorted by node.
    there: Entries,
}

/// Routes a message; without an address it is for the sender's own account (RFC 6120 §10.3.1).
pub(crate) async fn message(house: &Arc<Router>, flow: &mut Flow<'_>) -> Result<(), StanzaError> {
    let to = match (&flow.stanza.to, flow.sender) {
        (Some(to), _) => to.clone(),
        (None, Some(sender)) => sender.account.jid.clone(),
        (None, None) => return Ok(()),
    };
    match house.address(&to) {
        Address::Elsewhere => Err(crate::route::elsewhere()),
        Address::Host if flow.stanza.kind.is_error() => Ok(()),
        Address::Host => Err(StanzaError::with_text(
            Condition::ServiceUnavailable,
            "the server takes no messages",
        )),
        Address::Account => to_account(house, flow, &to).await,
    }
}

async fn to_account(house: &Arc<Router>, flow: &mut Flow<'_>, to: &Jid) -> Result<(), StanzaError> {
    let account = match house.directory().sessions(to.bare_str()).first() {
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
    let placed = place(house, flow, account.as_ref(), to)?;
    match (placed, account) {
        (Placed::Taken, _) => Ok(()),
        // A row is in the log already, and with it the message is offline.
        (Placed::Logged(row), Some(account)) => {
            house.give_back(&account, &[row]).await;
            Ok(())
        }
        (Placed::Nowhere | Placed::Logged(_), account) => offline(house, flow, account).await,
    }
}

/// What has become of a message.
enum Placed {
    /// Sessions have it, or nobody is to have it.
    Taken,
    /// It is in the log, and no session has it.
    Logged(LogId),
    /// It is the flow's.
    Nowhere,
}

/// To where the message goes now.
fn place(
    house: &Arc<Router>,
    flow: &mut Flow<'_>,
    account: Option<&Arc<Account>>,
    to: &Jid,
) -> Result<Placed, StanzaError> {
    let _under_way = house.mesh().under_way(to.bare_str());
    match (look(house, flow, to), account) {
        (Choice::These(takers), Some(account)) => live(house, flow, account, to, &takers),
        // An account that does not exist fares like one that is offline (RFC 6121 §8.5.1).
        (Choice::Offline | Choice::These(_), _) => Ok(Placed::Nowhere),
        (Choice::Bounce, _) => Err(Condition::ServiceUnavailable.into()),
        (Choice::Drop, _) => Ok(Placed::Taken),
    }
}

/// Where a message goes now. A session that moves from one node to another is missed by nobody who looks twice.
fn look(house: &Router, flow: &Flow<'_>, to: &Jid) -> Choice {
    match look_once(house, flow, to) {
        Choice::These(takers) => Choice::These(takers),
        other if house.mesh().is_alone() => other,
        _ => look_once(house, flow, to),
    }
}

fn look_once(house: &Router, flow: &Flow<'_>, to: &Jid) -> Choice {
    let sessions = house.directory().sessions(to.bare_str());
    let mut entries = elsewhere(house, flow, to.bare_str());
    // A session that moves is known on both nodes for a moment, and its inbox here leads there.
    entries.retain(|entry| sessions.iter().all(|session| session.jid != entry.jid));
    choose(flow.stanza.kind, to, &sessions, &entries)
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

/// The account's sessions on other nodes, for a stanza that has not gone in vain too often.
pub(crate) fn elsewhere(house: &Router, flow: &Flow<'_>, bare: &str) -> Entries {
    match flow.hops < HOPS_MAX {
        true => house.mesh().elsewhere.of(bare),
        false => Entries::new(),
    }
}

/// RFC 6121 §8.5.2 and §8.5.3. Chats and normal messages whose full JID is not there go the way of the bare one,
/// so that none is lost; of several sessions those with the highest priority take them, wherever they are.
fn choose(kind: Kind, to: &Jid, sessions: &Sessions, entries: &Entries) -> Choice {
    let Kind::Message(kind) = kind else { return Choice::Drop };
    let mut takers = Takers::default();
    if let Some(session) = sessions.iter().find(|session| session.jid == *to) {
        takers.here.push(session.clone());
        return Choice::These(takers);
    }
    if let Some(entry) = entries.iter().find(|entry| entry.jid == *to) {
        takers.there.push(entry.clone());
        return Choice::These(takers);
    }
    let takers = match kind {
        MessageType::Normal | MessageType::Chat => foremost(sessions, entries),
        MessageType::Headline if to.is_bare() => willing(sessions, entries, 0),
        MessageType::Headline | MessageType::Error => return Choice::Drop,
        MessageType::Groupchat => return Choice::Bounce,
    };
    match (takers.is_empty(), kind) {
        (false, _) => Choice::These(takers),
        (true, MessageType::Headline) => Choice::Drop,
        (true, _) => Choice::Offline,
    }
}

/// Those with at least this priority.
fn willing(sessions: &Sessions, entries: &Entries, least: i8) -> Takers {
    let is_willing = |priority: Option<i8>| priority.is_some_and(|priority| priority >= least);
    let mut takers = Takers {
        here: sessions
            .iter()
            .filter(|session| is_willing(session.priority()))
            .cloned()
            .collect(),
        there: entries
            .iter()
            .filter(|entry| is_willing(entry.priority))
            .cloned()
            .collect(),
    };
    takers.there.sort_by_key(|entry| entry.node);
    takers
}

fn foremost(sessions: &Sessions, entries: &Entries) -> Takers {
    let here = sessions.iter().filter_map(|session| session.priority());
    let there = entries.iter().filter_map(|entry| entry.priority);
    match here.chain(there).max() {
        Some(highest) => willing(sessions, entries, highest.max(0)),
        None => Takers::default(),
    }
}

impl Takers {
    fn is_empty(&self) -> bool {
        self.here.is_empty() && self.there.is_empty()
    }

    fn nodes(&self) -> SmallVec<[u64; 1]> {
        let mut nodes: SmallVec<[u64; 1]> = self.there.iter().map(|entry| entry.node).collect();
        nodes.dedup();
        nodes
    }
}

/// To sessions, leaving a row in the log where the sender was promised one; and where the message goes to another node, which
/// may be gone before it has handled it, or before it could say so. Guests have no log.
fn live(
    house: &Arc<Router>,
    flow: &mut Flow<'_>,
    account: &Arc<Account>,
    to: &Jid,
    takers: &Takers,
) -> Result<Placed, StanzaError> {
    let is_logged = !account.is_anonymous && (flow.number.is_some() || !takers.there.is_empty());
    let log_id = match is_logged && keep::is_kept(&flow.stanza) {
        true => Some(keep::append(house, account, &flow.stanza, flow.receipt())?),
        false => None,
    };
    hold_back(house, flow);
    if is_taken(house, flow, account, log_id, takers) {
        return Ok(Placed::Taken);
    }
    // They have just ended; or moved to another node, and are found there.
    if !house.mesh().is_alone()
        && let Choice::These(takers) = look(house, flow, to)
        && is_taken(house, flow, account, log_id, &takers)
    {
        return Ok(Placed::Taken);
    }
    Ok(log_id.map_or(Placed::Nowhere, Placed::Logged))
}

/// Where more waits for the database than it takes, the sender's stream waits.
fn hold_back(house: &Router, flow: &Flow<'_>) {
    if let Some(sender) = flow.sender {
        sender.hold_back(house.storage().log().pause());
    }
}

/// Hands a message to its takers; false where all of them were gone, and the message is still the flow's.
fn is_taken(house: &Router, flow: &mut Flow<'_>, account: &Account, log_id: Option<LogId>, takers: &Takers) -> bool {
    if let Some(id) = log_id {
        account.set_in_flight(id, takers.here.len(), takers.nodes());
    }
    let is_sent = send_out(house, account, flow, log_id, &takers.there);
    if takers.here.is_empty() && is_sent {
        return true;
    }
    let stanza = flow.take_stanza();
    let Some(stanza) = hand_out(account, stanza, log_id, &takers.here) else {
        return true;
    };
    if is_sent && let Some(row) = log_id {
        account.set_landed(row);
    }
    flow.stanza = stanza;
    is_sent
}

/// To each node with takers, once; true where one took it.
fn send_out(house: &Router, account: &Account, flow: &Flow<'_>, log_id: Option<LogId>, there: &Entries) -> bool {
    let mut is_sent = false;
    let behind = account.last_waiting();
    for entries in there.chunk_by(|one, other| one.node == other.node) {
        let node = entries[0].node;
        if send_to(house, flow, log_id, behind, node, entries) {
            is_sent = true;
        } else if let Some(id) = log_id {
            account.in_flight().land_there(id, node, 0);
        }
    }
    is_sent
}

/// To sessions of one node, `behind` a row that waits for them; false where it is dead, or far behind. Where it does not keep
/// up, the sender's stream waits.
pub(crate) fn send_to(
    house: &Router,
    flow: &Flow<'_>,
    log_id: Option<LogId>,
    behind: Option<LogId>,
    node: u64,
    entries: &[Arc<SessionEntry>],
) -> bool {
    let stanza = frame::bytes(&flow.stanza);
    let to = entries.iter().map(|entry| Target {
        jid: entry.jid.as_str(),
        generation: entry.generation,
    });
    let frame = Frame::Deliver {
        to: to.collect(),
        log_id: log_id.map(LogId::raw),
        behind: behind.map(LogId::raw),
        hops: flow.hops,
        stanza: &stanza,
    };
    let sent = house.mesh().peers().send(node, frame::encode(&frame));
    if let (Ok(pause), Some(sender)) = (&sent, flow.sender) {
        sender.hold_back(*pause);
    }
    sent.is_ok()
}

/// To each of the takers here. Where all were gone the stanza comes back, and its row is the caller's to give back.
fn hand_out(account: &Account, stanza: Stanza, log_id: Option<LogId>, takers: &[Arc<Session>]) -> Option<Stanza> {
    let Some((last, others)) = takers.split_last() else {
        return Some(stanza);
    };
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
            let stored = hook(house.clone(), account, offline).await;
            hold_back(house, flow);
            stored
        }
        None => Err(Condition::ServiceUnavailable.into()),
    }
}

/// A stanza that leaves no trace, to one session, also where it has just moved to another node.
pub(crate) fn hand_over(house: &Router, session: &Session, stanza: Stanza) {
    let Err(refused) = session.inbox.push(Delivery::new(stanza)) else {
        return;
    };
    let flow = Flow::new(*refused.into_delivery().stanza, None, None);
    let _under_way = house.mesh().under_way(session.jid.bare_str());
    let there = house.mesh().elsewhere.find(&session.jid);
    let is_sent =
        there.is_some_and(|entry| send_to(house, &flow, None, None, entry.node, std::slice::from_ref(&entry)));
    if !is_sent {
        metrics::counter!("stanzas_for_ended_sessions").increment(1);
    }
}
