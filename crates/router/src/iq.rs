//! IQs: to a client they are passed on, to an account or the server a feature answers (RFC 6121 §8.5).

use std::sync::Arc;

use protocol::{Condition, Element, IqType, Jid, Kind, Stanza, StanzaError};

use crate::{Account, Address, Answer, Delivery, Flow, Router, To, deliver, flow::Request, route::elsewhere};

/// Routes an IQ; without an address it is for the sender's own account (RFC 6120 §10.3.3).
pub(crate) async fn route(house: &Arc<Router>, flow: &mut Flow<'_>) -> Result<(), StanzaError> {
    let Some(to) = flow.stanza.to.clone() else {
        let own = flow.sender.map(|sender| sender.account.clone());
        return ask(house, flow, own).await;
    };
    match house.address(&to) {
        Address::Elsewhere => Err(elsewhere()),
        Address::Host => ask(house, flow, None).await,
        Address::Account if to.is_bare() => {
            let Some(account) = account(house, flow, &to).await? else {
                return nobody_at_all(house, flow);
            };
            if !deliver::received(house, flow, &account).await? {
                return Ok(());
            }
            ask(house, flow, Some(account)).await
        }
        Address::Account => client(house, flow, &to).await,
    }
}

async fn account(house: &Arc<Router>, flow: &Flow<'_>, bare: &Jid) -> Result<Option<Arc<Account>>, StanzaError> {
    match flow.sender {
        Some(sender) if sender.account.jid == *bare => Ok(Some(sender.account.clone())),
        _ => house
            .accounts()
            .find(bare)
            .await
            .map_err(|error| house.unavailable("looking up an account", &error)),
    }
}

/// To one client, here or on another node: passed on as it is.
async fn client(house: &Arc<Router>, flow: &mut Flow<'_>, to: &Jid) -> Result<(), StanzaError> {
    let account = match house.directory().find(to) {
        Some(session) => Some(session.account.clone()),
        // A guest of another node has no account that could be found here, and nothing that could guard it.
        None if is_there(house, flow, to) => account(house, flow, &to.to_bare()).await?,
        None => return nobody(flow),
    };
    if let Some(account) = account
        && !deliver::received(house, flow, &account).await?
    {
        return Ok(());
    }
    // A session that moves from one node to another is missed by nobody who looks twice.
    match is_passed_on(house, flow, to) || !house.mesh().is_alone() && is_passed_on(house, flow, to) {
        true => Ok(()),
        false => nobody(flow),
    }
}

/// Whether a client is on another node.
fn is_there(house: &Router, flow: &Flow<'_>, to: &Jid) -> bool {
    let entries = deliver::elsewhere(house, flow, to.bare_str());
    entries.iter().any(|entry| entry.jid == *to)
}

/// To where the client is now; where it is nowhere, the stanza is still the flow's.
fn is_passed_on(house: &Router, flow: &mut Flow<'_>, to: &Jid) -> bool {
    let _under_way = house.mesh().under_way(to.bare_str());
    if let Some(session) = house.directory().find(to) {
        match session.inbox.push(Delivery::new(flow.take_stanza())) {
            Ok(()) => return true,
            // It may just have moved there.
            Err(refused) => flow.stanza = *refused.into_delivery().stanza,
        }
    }
    let entries = deliver::elsewhere(house, flow, to.bare_str());
    let entry = entries.into_iter().find(|entry| entry.jid == *to);
    entry.is_some_and(|entry| deliver::send_to(house, flow, None, None, entry.node, std::slice::from_ref(&entry)))
}

/// The same answer for an account that does not exist, a client that is not there and a question nobody knows.
fn nobody(flow: &Flow<'_>) -> Result<(), StanzaError> {
    match flow.stanza.kind {
        Kind::Iq(IqType::Get | IqType::Set) => Err(StanzaError::new(Condition::ServiceUnavailable)),
        _ => Ok(()),
    }
}

/// An account that does not exist answers like one whose every question is somebody else's business.
fn nobody_at_all(house: &Router, flow: &Flow<'_>) -> Result<(), StanzaError> {
    match (flow.stanza.kind, flow.stanza.children.first()) {
        (Kind::Iq(IqType::Get | IqType::Set), Some(child)) => {
            Err(unanswered(house, flow, child.name(), child.ns(), true))
        }
        _ => nobody(flow),
    }
}

/// Lets a feature answer.
async fn ask(house: &Arc<Router>, flow: &mut Flow<'_>, account: Option<Arc<Account>>) -> Result<(), StanzaError> {
    if !matches!(flow.stanza.kind, Kind::Iq(IqType::Get | IqType::Set)) {
        // RFC 6120 §8.2.3: a result that nobody waits for is dropped.
        return Ok(());
    }
    let Some(child) = flow.stanza.children.first() else {
        return Err(Condition::BadRequest.into());
    };
    let is_own = match (&account, flow.sender) {
        (Some(account), Some(sender)) => account.id == sender.account.id,
        _ => false,
    };
    let candidates: &[To] = match (&account, is_own) {
        (None, _) => &[To::Host],
        (Some(_), true) => &[To::OwnAccount, To::AnyAccount],
        (Some(_), false) => &[To::AnyAccount],
    };
    let hook = candidates
        .iter()
        .find_map(|to| house.hooks().iq_hook(*to, child.name(), child.ns()));
    let Some(hook) = hook else {
        return Err(unanswered(house, flow, child.name(), child.ns(), account.is_some()));
    };
    let request = Request {
        house: house.clone(),
        sender: flow.sender.cloned(),
        account,
        payload: child.to_element(),
        stanza: flow.stanza.clone(),
        effects: Arc::default(),
    };
    let effects = request.effects.clone();
    let payload = hook(request).await?;
    let answer = flow.stanza.result(payload.as_ref());
    match flow.sender {
        Some(session) => deliver::hand_over(house, session, answer),
        None => flow.send(answer),
    }
    flow.effects.append(&mut effects.lock());
    Ok(())
}

impl Router {
    /// Changes something of an account as its own client would, for somebody who may: the feature that answers such a
    /// client answers, and what follows from it has happened when this returns.
    ///
    /// # Errors
    /// As the client would be told.
    pub async fn ask_for_owner(self: &Arc<Self>, account: &Arc<Account>, payload: Element) -> Answer {
        let profile = account.profile(self.storage()).await;
        profile.map_err(|error| self.unavailable("looking up an account", &error))?;
        let Some(hook) = self.hooks().iq_hook(To::OwnAccount, &payload.name, &payload.ns) else {
            return Err(Condition::ServiceUnavailable.into());
        };
        let stanza = Stanza::iq(IqType::Set)
            .from(account.jid.clone())
            .to(account.jid.clone());
        let request = Request {
            house: self.clone(),
            sender: None,
            account: Some(account.clone()),
            stanza: stanza.id("operator").child(&payload),
            payload,
            effects: Arc::default(),
        };
        let effects = request.effects.clone();
        let answer = hook(request).await;
        let effects = std::mem::take(&mut *effects.lock());
        for stanza in effects {
            self.route(stanza).await;
        }
        answer
    }
}

/// Somebody else's own things are forbidden to change and invisible to ask for.
fn unanswered(house: &Router, flow: &Flow<'_>, name: &str, ns: &str, of_account: bool) -> StanzaError {
    let is_known = of_account && house.hooks().iq_hook(To::OwnAccount, name, ns).is_some();
    let condition = match flow.stanza.kind {
        Kind::Iq(IqType::Set) if is_known => Condition::Forbidden,
        _ => Condition::ServiceUnavailable,
    };
    StanzaError::new(condition)
}
