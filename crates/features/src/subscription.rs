//! RFC 6121 §3: presence subscriptions. What each stanza changes is said in [`crate::contact::State`]; here it is done.

use std::sync::Arc;

use protocol::{Condition, Element, Jid, Kind, PresenceType, Stanza, StanzaError, ns};
use router::{Account, Feature, Hooks, Router, Session};
use storage::{RosterEdit, RosterEdited, RosterItem};

use crate::{
    LiveSettings, RosterSettings,
    contact::{
        BesideGroups, Outcome, State,
        audience::{available, hand, hide, show},
        check_room, is_stranger, max_rows, part, push,
    },
    refuse,
};

const TYPES: [PresenceType; 4] = [
    PresenceType::Subscribe,
    PresenceType::Subscribed,
    PresenceType::Unsubscribe,
    PresenceType::Unsubscribed,
];

/// Acts on subscription stanzas, and keeps requests until they are answered.
pub(crate) struct Subscription {
    settings: LiveSettings,
}

impl Subscription {
    pub(crate) fn new(settings: &LiveSettings) -> Arc<Self> {
        Arc::new(Self {
            settings: settings.clone(),
        })
    }
}

impl Feature for Subscription {
    fn name(&self) -> &'static str {
        "subscription"
    }

    fn hook(self: Arc<Self>, hooks: &mut Hooks) {
        hooks.presence_sent(&TYPES, &self, sent);
        hooks.presence_received(&TYPES, &self, received);
        hooks.session_available(&self, remind);
        hooks.told(DELIVER, &self, delivered);
        hooks.account_removed(&self, leave);
        hooks
            .disco()
            .stream_feature(|_| Some(Element::new("sub", ns::PRE_APPROVAL)));
    }
}

/// What a subscription stanza counts on the sender's rate, in bytes, for the rows that are written on both sides: after
/// the first few hundred a client gets about thirty of them through in a second.
const WRITE_BYTES: usize = 2048;

/// A client's subscription stanza (§3.1.2, §3.1.5, §3.2.2, §3.3.2, §3.4.1).
async fn sent(
    feature: Arc<Subscription>,
    house: Arc<Router>,
    session: Arc<Session>,
    stanza: Stanza,
) -> Result<(), StanzaError> {
    let account = &session.account;
    let (Some(to), Kind::Presence(kind)) = (&stanza.to, stanza.kind) else {
        return Err(StanzaError::with_text(
            Condition::BadRequest,
            "a subscription stanza needs an address",
        ));
    };
    if account.is_anonymous {
        return Err(StanzaError::with_text(Condition::NotAllowed, "guests have no contacts"));
    }
    // §3.1.2: subscriptions are between bare JIDs. One to oneself is there anyway.
    let contact = to.to_bare();
    if contact == account.jid {
        return Ok(());
    }
    session.charge(WRITE_BYTES);
    match own_state(account, &contact).beside(&account.share(contact.as_str()), kind) {
        BesideGroups::Own => {}
        BesideGroups::Refused => return Err(shared(account, &contact)),
        BesideGroups::Answered => {
            let approval = Stanza::presence(PresenceType::Subscribed);
            let approval = approval.from(contact).to(account.jid.clone());
            deliver(&house, account, PresenceType::Subscribed, &approval);
            return Ok(());
        }
    }
    let settings = feature.settings.load().roster.clone();
    check_bounds(account, &contact, kind, &settings)?;
    let change = change(&house, account, &contact, &settings, None, |state| state.sent(kind)).await?;
    if change.loses_sight() {
        hide(&house, account, &contact).await;
    }
    if change.outcome.goes_on {
        let stanza = stanza.from(account.jid.clone()).to(contact.clone());
        house.route(stanza).await;
    }
    push::edited(&house, account, &change.edited);
    if change.gains_sight() {
        show(&house, account, &contact).await;
    }
    Ok(())
}

fn own_state(account: &Account, contact: &Jid) -> State {
    account.loaded().map_or_else(State::default, |profile| {
        State::of(profile.contacts().get(contact.as_str()).map(Arc::as_ref))
    })
}

/// What groups gave is not for users to end.
fn shared(account: &Account, contact: &Jid) -> StanzaError {
    let share = account.share(contact.as_str());
    let by = share.groups.first().map(|group| format!(" by the group {group}"));
    let text = format!(
        "this contact is shared with you{}; only an administrator can end that",
        by.unwrap_or_default()
    );
    StanzaError::with_text(Condition::NotAllowed, text)
}

/// A contact's subscription stanza (§3.1.3, §3.1.6, §3.2.3, §3.3.3, §3.4.2). An account that does not exist ignores it
/// (§8.5.1).
async fn received(
    feature: Arc<Subscription>,
    house: Arc<Router>,
    account: Option<Arc<Account>>,
    stanza: Stanza,
) -> Result<(), StanzaError> {
    let (Some(account), Some(from), Kind::Presence(kind)) = (account, &stanza.from, stanza.kind) else {
        return Ok(());
    };
    let contact = from.to_bare();
    let settings = feature.settings.load().roster.clone();
    let is_flood = || kind == PresenceType::Subscribe && has_too_many_requests(&account, &contact, &settings);
    if contact == account.jid || account.is_anonymous || is_flood() {
        return Ok(());
    }
    let stanza = stanza.from(contact.clone()).to(account.jid.clone());
    let request = request(&stanza, settings.request_bytes);
    let change = change(&house, &account, &contact, &settings, request, |state| {
        state.received(kind)
    })
    .await?;
    if change.outcome.goes_on {
        deliver(&house, &account, kind, &stanza);
    }
    if change.outcome.is_approved {
        let approval = Stanza::presence(PresenceType::Subscribed);
        house
            .route(approval.from(account.jid.clone()).to(contact.clone()))
            .await;
    }
    push::edited(&house, &account, &change.edited);
    if change.gains_sight() {
        show(&house, &account, &contact).await;
    }
    if change.loses_sight() {
        hide(&house, &account, &contact).await;
    }
    Ok(())
}

/// A contact's item before and after a stanza.
struct Change {
    /// The contact sees the account whatever they agree on.
    is_shown: bool,
    before: State,
    outcome: Outcome,
    edited: RosterEdited,
}

impl Change {
    fn gains_sight(&self) -> bool {
        !self.is_shown && !self.before.from && self.outcome.state.from
    }

    fn loses_sight(&self) -> bool {
        !self.is_shown && self.before.from && !self.outcome.state.from
    }
}

/// Changes the contact's item as `step` says; `request` is kept where it now waits for an answer.
async fn change(
    house: &Router,
    account: &Account,
    contact: &Jid,
    settings: &RosterSettings,
    request: Option<Vec<u8>>,
    step: impl FnOnce(State) -> Outcome + Send,
) -> Result<Change, StanzaError> {
    let mut before = State::default();
    let mut outcome = None;
    let decide = |item: Option<&RosterItem>| {
        before = State::of(item);
        let after = step(before);
        outcome = Some(after);
        edit(item, contact, before, after.state, request)
    };
    let edited = account
        .edit_contact(house.storage(), contact, max_rows(settings), decide)
        .await
        .map_err(|error| refuse::storage(house, "changing a subscription", &error, Condition::PolicyViolation))?;
    let outcome = outcome.expect("the roster asks what to do before it says that it is done");
    Ok(Change {
        is_shown: account.share(contact.as_str()).from,
        before,
        outcome,
        edited,
    })
}

/// The item in its new state. Strangers who have only asked are not listed (§3.1.3), and gone with their request.
fn edit(item: Option<&RosterItem>, contact: &Jid, before: State, after: State, request: Option<Vec<u8>>) -> RosterEdit {
    if after == before {
        return RosterEdit::Keep;
    }
    let mut item = item.cloned().unwrap_or_else(|| RosterItem {
        jid: contact.to_string(),
        ..RosterItem::default()
    });
    item.listed |= after.to || after.from || after.asks || after.approves;
    if !item.listed && !after.is_asked {
        return RosterEdit::Remove;
    }
    item.subscription = after.subscription();
    item.ask = after.asks;
    item.approved = after.approves;
    item.pending_in = if after.is_asked {
        item.pending_in.or(request)
    } else {
        None
    };
    RosterEdit::Put(item)
}

fn check_bounds(
    account: &Account,
    contact: &Jid,
    kind: PresenceType,
    settings: &RosterSettings,
) -> Result<(), StanzaError> {
    match kind {
        PresenceType::Subscribe => check_asks(account, contact, settings)?,
        PresenceType::Subscribed => {}
        _ => return Ok(()),
    }
    check_room(account, contact, settings)
}

/// An account that asks everybody it can think of is no use to anybody.
fn check_asks(account: &Account, contact: &Jid, settings: &RosterSettings) -> Result<(), StanzaError> {
    let Some(profile) = account.loaded() else { return Ok(()) };
    let contacts = profile.contacts();
    let asks = contacts
        .iter()
        .filter(|(jid, item)| item.ask && *jid != contact)
        .count();
    if asks < settings.max_asks {
        return Ok(());
    }
    Err(StanzaError::with_text(
        Condition::PolicyViolation,
        format!("{asks} subscription requests wait for an answer; cancel some before making another"),
    ))
}

/// Requests of strangers beyond this number are ignored, so that they do not fill the roster's place in the database.
fn has_too_many_requests(account: &Account, contact: &Jid, settings: &RosterSettings) -> bool {
    let Some(profile) = account.loaded() else { return false };
    let contacts = profile.contacts();
    contacts.get(contact.as_str()).is_none()
        && contacts.iter().filter(|(_, item)| is_stranger(item)).count() >= settings.max_requests
}

/// What is kept of a request: all of it (§3.1.3), or of a very large one that it was made.
fn request(stanza: &Stanza, max_bytes: usize) -> Option<Vec<u8>> {
    if stanza.kind != Kind::Presence(PresenceType::Subscribe) {
        return None;
    }
    let mut bytes = Vec::new();
    stanza.write_standalone(&mut bytes);
    if bytes.len() > max_bytes {
        bytes.clear();
        let mut bare = stanza.clone();
        bare.children.clear();
        bare.write_standalone(&mut bytes);
    }
    Some(bytes)
}

/// What nodes say to each other when a subscription stanza goes on to an account's clients.
const DELIVER: &str = "subscription";

/// A request goes to whom is there to answer it, the others to all clients that show a roster.
fn deliver(house: &Router, account: &Account, kind: PresenceType, stanza: &Stanza) {
    deliver_here(house, account, kind, stanza);
    house.tell(DELIVER, &account.jid, stanza);
}

async fn delivered(_feature: Arc<Subscription>, house: Arc<Router>, account: Arc<Account>, stanza: Stanza) {
    if let Kind::Presence(kind) = stanza.kind {
        deliver_here(&house, &account, kind, &stanza);
    }
}

fn deliver_here(house: &Router, account: &Account, kind: PresenceType, stanza: &Stanza) {
    let sessions: Vec<_> = match kind {
        PresenceType::Subscribe => available(house, &account.jid),
        _ => push::interested(house, account).collect(),
    };
    for session in sessions {
        hand(&session, stanza.clone());
    }
}

/// §3.1.3: a request is delivered whenever the account becomes available, until it is answered.
async fn remind(_feature: Arc<Subscription>, _house: Arc<Router>, session: Arc<Session>) {
    let Some(profile) = session.account.loaded() else {
        return;
    };
    let requests: Vec<Vec<u8>> = profile
        .contacts()
        .iter()
        .filter_map(|(_, item)| item.pending_in.clone())
        .collect();
    for request in requests {
        match Stanza::parse(&request) {
            Ok(stanza) => hand(&session, stanza),
            Err(error) => tracing::error!(target: "subscription", ?error, "a stored request cannot be read"),
        }
    }
}

/// An account that goes takes leave of all its contacts (XEP-0077 §3.2).
async fn leave(_feature: Arc<Subscription>, house: Arc<Router>, account: Arc<Account>) {
    let Ok(profile) = account.profile(house.storage()).await else {
        return;
    };
    let contacts: Vec<_> = profile
        .contacts()
        .iter()
        .map(|(jid, item)| (jid.clone(), State::of(Some(item.as_ref()))))
        .collect();
    for (contact, state) in contacts {
        part(&house, &account, &contact, state).await;
        // Nobody is told again when its sessions end.
        let gone = account.edit_contact(house.storage(), &contact, usize::MAX, |_| RosterEdit::Remove);
        if let Err(error) = gone.await {
            tracing::warn!(target: "subscription", %error, "a contact was left, but not forgotten");
        }
    }
}
