//! XEP-0191: Blocking Command. Nothing comes from whom an account blocks, and nothing goes there.

use std::{
    collections::{BTreeSet, HashSet},
    sync::Arc,
};

use protocol::{Condition, Element, IqType, Jid, Kind, Stanza, StanzaError, ns};
use router::{Account, Answer, Feature, Flow, Hooks, Phase, Request, Router, Side, To, Verdict, Xep};

use crate::{
    LiveSettings,
    contact::{
        audience::{addressed, available, hand, hide, look, show, unavailable, watched, watchers},
        push,
    },
    refuse,
};

/// Keeps block lists, and guards both directions.
pub(crate) struct Blocking {
    settings: LiveSettings,
}

/// Noted about sessions that asked for the list and so are told of its changes (§3.3).
const INTERESTED: &str = ns::BLOCKING;

impl Blocking {
    pub(crate) fn new(settings: &LiveSettings) -> Arc<Self> {
        Arc::new(Self {
            settings: settings.clone(),
        })
    }

    /// Tells the account's sessions that know the list of a change.
    fn push(&self, house: &Router, account: &Account, change: &Element) {
        let push = push::order(&account.jid).child(change);
        self.push_here(house, account, &push);
        house.tell(CHANGED, &account.jid, &push);
    }

    fn push_here(&self, house: &Router, account: &Account, push: &Stanza) {
        for session in house.directory().sessions(account.jid.as_str()) {
            if session.has_noted(INTERESTED) {
                hand(&session, push::readdressed(push, &session.jid));
            }
        }
    }
}

/// What nodes say to each other when a block list has changed: the push, to be addressed to each interested session.
const CHANGED: &str = "blocking";

/// The block list was changed on another node, which has told those who may see less or more of the account. What the
/// account's sessions here see of others, and whom they told of themselves alone, is known here.
async fn changed(feature: Arc<Blocking>, house: Arc<Router>, account: Arc<Account>, push: Stanza) {
    feature.push_here(&house, &account, &push);
    let Some(unblocked) = push.find("unblock", ns::BLOCKING) else {
        return end_directed(&house, &account).await;
    };
    let named: HashSet<Jid> = unblocked
        .to_element()
        .elements()
        .filter_map(|item| item.get("jid")?.parse().ok())
        .collect();
    let mut contacts = watched(&house, &account);
    contacts.retain(|contact| named.is_empty() || named.contains(contact) || named.contains(&contact.to_domain()));
    for session in available(&house, &account.jid) {
        look(&house, &session, &contacts).await;
    }
}

impl Feature for Blocking {
    fn name(&self) -> &'static str {
        "blocking"
    }

    fn xeps(&self) -> &'static [Xep] {
        &[Xep {
            number: 191,
            version: "1.3",
        }]
    }

    fn hook(self: Arc<Self>, hooks: &mut Hooks) {
        hooks.answer(To::OwnAccount, "blocklist", ns::BLOCKING, &self, list);
        hooks.answer(To::OwnAccount, "block", ns::BLOCKING, &self, block);
        hooks.answer(To::OwnAccount, "unblock", ns::BLOCKING, &self, unblock);
        hooks.on(Side::Sending, Phase::Guard, &self, guard_sending);
        hooks.on(Side::Receiving, Phase::Guard, &self, guard_receiving);
        hooks.told(CHANGED, &self, changed);
        hooks.disco().host_feature(ns::BLOCKING);
    }
}

/// §3.7: what an account sends to whom it blocks goes nowhere.
fn guard_sending(_feature: &Blocking, flow: &mut Flow<'_>) -> Verdict {
    let (Some(sender), Some(to)) = (flow.sender, &flow.stanza.to) else {
        return Verdict::Continue;
    };
    if !is_blocked(&sender.account, to) {
        return Verdict::Continue;
    }
    let blocked = Element::new("blocked", ns::BLOCKING_ERRORS);
    let error = StanzaError::with_text(Condition::NotAcceptable, "you have blocked this address");
    Verdict::Bounce(error.with_application(blocked))
}

/// §3.6: the account looks offline to whom it blocks.
fn guard_receiving(_feature: &Blocking, flow: &mut Flow<'_>) -> Verdict {
    let (Some(account), Some(from)) = (&flow.recipient, &flow.stanza.from) else {
        return Verdict::Continue;
    };
    if !is_blocked(account, from) {
        return Verdict::Continue;
    }
    match flow.stanza.kind {
        Kind::Message(_) | Kind::Iq(IqType::Get | IqType::Set) => Verdict::Bounce(Condition::ServiceUnavailable.into()),
        Kind::Presence(_) | Kind::Iq(_) => Verdict::Done,
    }
}

/// Whether `account` blocks `other`. Nobody blocks themselves (§5), nor the server that they are at: who blocks its
/// domain means the people there.
fn is_blocked(account: &Account, other: &Jid) -> bool {
    let is_home = other.bare_str() == account.jid.as_str() || other.as_str() == account.jid.domain();
    !is_home && account.loaded().is_some_and(|profile| profile.blocked().matches(other))
}

/// §3.2.
async fn list(_feature: Arc<Blocking>, request: Request) -> Answer {
    if request.is_set() {
        return Err(refuse::wrong_type());
    }
    if let Some(session) = &request.sender {
        session.note(INTERESTED);
    }
    let mut list = Element::new("blocklist", ns::BLOCKING);
    if let Some(profile) = request.account.as_ref().and_then(|account| account.loaded()) {
        let sorted: BTreeSet<Jid> = profile.blocked().iter().cloned().collect();
        list = list.children_from(sorted.iter().map(item));
    }
    Ok(Some(list))
}

/// §3.3.
async fn block(feature: Arc<Blocking>, request: Request) -> Answer {
    let (account, jids) = (refuse::owner(&request)?, jids(&request)?);
    if jids.is_empty() {
        return Err(StanzaError::with_text(Condition::BadRequest, "whom is to be blocked?"));
    }
    let house = &request.house;
    let before = watchers(house, account);
    let max_items = feature.settings.load().blocking.max_items;
    account
        .block(house.storage(), &jids, max_items)
        .await
        .map_err(|error| refuse::storage(house, "blocking", &error, Condition::PolicyViolation))?;
    feature.push(
        house,
        account,
        &Element::new("block", ns::BLOCKING).children_from(jids.iter().map(item)),
    );
    for contact in before.difference(&watchers(house, account)) {
        hide(house, account, contact).await;
    }
    end_directed(house, account).await;
    Ok(None)
}

/// Directed presence ends as well (RFC 6121 §4.6).
async fn end_directed(house: &Arc<Router>, account: &Account) {
    for session in house.directory().sessions(account.jid.as_str()) {
        for to in session.directed() {
            if is_blocked(account, &to) {
                session.remove_directed(&to);
                house.route(addressed(&unavailable(&session.jid), &to)).await;
            }
        }
    }
}

/// §3.4, §3.5.
async fn unblock(feature: Arc<Blocking>, request: Request) -> Answer {
    let (account, jids) = (refuse::owner(&request)?, jids(&request)?);
    let house = &request.house;
    let (blind, unseen) = (watched(house, account), watchers(house, account));
    account
        .unblock(house.storage(), &jids)
        .await
        .map_err(|error| refuse::storage(house, "unblocking", &error, Condition::PolicyViolation))?;
    feature.push(
        house,
        account,
        &Element::new("unblock", ns::BLOCKING).children_from(jids.iter().map(item)),
    );
    for contact in watchers(house, account).difference(&unseen) {
        show(house, account, contact).await;
    }
    let seen: HashSet<Jid> = watched(house, account).difference(&blind).cloned().collect();
    for session in available(house, &account.jid) {
        look(house, &session, &seen).await;
    }
    Ok(None)
}

fn jids(request: &Request) -> Result<Vec<Jid>, StanzaError> {
    if !request.is_set() {
        return Err(refuse::wrong_type());
    }
    let malformed = || StanzaError::with_text(Condition::JidMalformed, "an item has no jid, or one that is none");
    request
        .payload
        .elements()
        .filter(|child| child.is("item", ns::BLOCKING))
        .map(|item| item.get("jid").and_then(|jid| jid.parse().ok()).ok_or_else(malformed))
        .collect()
}

fn item(jid: &Jid) -> Element {
    Element::new("item", ns::BLOCKING).attr("jid", jid)
}
