//! RFC 6121 §2: the roster, with the versions of §2.6 (first in XEP-0237).

use std::sync::Arc;

use protocol::{Condition, Element, Jid, Stanza, StanzaError, ns};
use router::{Account, Answer, Feature, Hooks, Request, Router, Session, Share, To, Xep};
use storage::{RosterChange, RosterEdit, RosterItem, RosterSince};

use crate::{
    LiveSettings, RosterSettings,
    contact::{State, check_room, max_rows, part, push},
    refuse,
};

/// Changes that are pushed one by one to a client that was away; after more it gets the whole roster.
const MAX_PUSHES: usize = 100;

/// Answers roster requests.
pub(crate) struct Roster {
    settings: LiveSettings,
}

impl Roster {
    pub(crate) fn new(settings: &LiveSettings) -> Arc<Self> {
        Arc::new(Self {
            settings: settings.clone(),
        })
    }
}

impl Feature for Roster {
    fn name(&self) -> &'static str {
        "roster"
    }

    fn xeps(&self) -> &'static [Xep] {
        &[Xep {
            number: 237,
            version: "1.3",
        }]
    }

    fn hook(self: Arc<Self>, hooks: &mut Hooks) {
        hooks.answer(To::OwnAccount, "query", ns::ROSTER, &self, answer);
        hooks.told(push::PUSH, &self, pushed);
        hooks
            .disco()
            .stream_feature(|_| Some(Element::new("ver", ns::ROSTER_VERSIONING)));
    }
}

/// The roster was changed on another node.
async fn pushed(_feature: Arc<Roster>, house: Arc<Router>, account: Arc<Account>, push: Stanza) {
    push::pushed(&house, &account, &push);
}

async fn answer(feature: Arc<Roster>, request: Request) -> Answer {
    if !request.is_set() {
        let session = request.sender.clone();
        let session = session.ok_or_else(|| refuse::stranger(&request))?;
        return get(&request, &session).await;
    }
    let account = refuse::owner(&request)?;
    let settings = feature.settings.load().roster.clone();
    match Edit::parse(&request.payload, account, &settings)? {
        Edit::Put(contact, looks) => put(&request.house, account, &contact, looks, &settings).await,
        Edit::Remove(contact) => remove(&request.house, account, &contact, &settings).await,
    }
}

/// §2.1.4, §2.6.3: the whole roster, or nothing and then what changed since the client's version.
async fn get(request: &Request, session: &Session) -> Answer {
    session.set_interested();
    let account = &session.account;
    if account.is_anonymous {
        return Ok(Some(Element::new("query", ns::ROSTER)));
    }
    let known = request.payload.get("ver");
    let unavailable = |error| request.house.unavailable("reading a roster", &error);
    let roster = request.house.storage().roster();
    let print = account.shared_print();
    if let Some((version, known_print)) = known.and_then(push::read_version)
        && known_print == print
        && let RosterSince::Changes(changes) = roster.since(account.id, version).await.map_err(unavailable)?
        && changes.len() <= MAX_PUSHES
    {
        for (version, change) in changes {
            let item = element(account, change);
            request.send(push::stanza(&session.jid, item, &push::version(version, print)));
        }
        return Ok(None);
    }
    let (items, version) = roster.load(account.id).await.map_err(unavailable)?;
    let mut view = account.shared_view();
    let version = push::version(version, view.print);
    let own = items.iter().filter(|item| item.listed);
    let own: Vec<Element> = own
        .filter_map(|item| {
            view.contacts.remove(item.jid.as_str());
            push::visible(&item.jid, Some(item), &account.share(&item.jid))
        })
        .collect();
    let shared = view.contacts.iter();
    let shared = shared.filter_map(|(jid, share)| push::visible(jid.as_str(), None, share));
    let query = Element::new("query", ns::ROSTER)
        .maybe_attr("ver", known.map(|_| version))
        .children_from(own.into_iter().chain(shared));
    Ok(Some(query))
}

fn element(account: &Account, change: RosterChange) -> Element {
    let (jid, item) = match change {
        RosterChange::Put(item) => (item.jid.clone(), Some(item)),
        RosterChange::Removed(jid) => (jid, None),
    };
    push::visible(&jid, item.as_ref(), &account.share(&jid)).unwrap_or_else(|| push::removed(&jid))
}

/// §2.3, §2.4: a contact is added or changed; what it and the account agreed on stays.
async fn put(house: &Router, account: &Account, contact: &Jid, looks: Looks, settings: &RosterSettings) -> Answer {
    check_room(account, contact, settings)?;
    let share = account.share(contact.as_str());
    let looks = looks.beside(&share);
    let decide = |item: Option<&RosterItem>| {
        if share.to && looks.is_empty() && State::of(item) == State::default() {
            // Nothing is left of it that no group says.
            return RosterEdit::Remove;
        }
        let mut item = item.cloned().unwrap_or_default();
        (item.name, item.groups, item.listed) = (looks.name, looks.groups, true);
        RosterEdit::Put(item)
    };
    let edited = account
        .edit_contact(house.storage(), contact, max_rows(settings), decide)
        .await
        .map_err(|error| refuse::storage(house, "changing a contact", &error, Condition::NotAcceptable))?;
    push::edited(house, account, &edited);
    Ok(None)
}

/// §2.5: a contact is removed, and with it the subscriptions both ways. Of one that a group shares that is what the
/// user made of it: the push says what is left. Where the user made nothing of it, nothing can be removed.
async fn remove(house: &Arc<Router>, account: &Account, contact: &Jid, settings: &RosterSettings) -> Answer {
    let decide = |item: Option<&RosterItem>| match item {
        Some(item) if item.listed => RosterEdit::Remove,
        _ => RosterEdit::Keep,
    };
    let edited = account
        .edit_contact(house.storage(), contact, max_rows(settings), decide)
        .await
        .map_err(|error| refuse::storage(house, "removing a contact", &error, Condition::NotAcceptable))?;
    let (Some(before), None) = (&edited.before, &edited.after) else {
        return Err(not_there(account, contact));
    };
    part(house, account, contact, State::of(Some(before))).await;
    push::edited(house, account, &edited);
    Ok(None)
}

/// A contact that no user can remove, because it is none of theirs.
fn not_there(account: &Account, contact: &Jid) -> StanzaError {
    let share = account.share(contact.as_str());
    match share.groups.first() {
        Some(group) => StanzaError::with_text(
            Condition::NotAllowed,
            format!("this contact is shared with you by the group {group}; only an administrator can take it away"),
        ),
        None => Condition::ItemNotFound.into(),
    }
}

/// What a client may set of a contact.
#[derive(Debug, PartialEq, Eq)]
struct Looks {
    name: String,
    groups: Vec<String>,
}

impl Looks {
    /// Without the groups that are not the user's own.
    fn beside(mut self, share: &Share) -> Self {
        self.groups.retain(|group| !share.groups.contains(group));
        self
    }

    fn is_empty(&self) -> bool {
        self.name.is_empty() && self.groups.is_empty()
    }
}

/// A roster set, understood.
#[derive(Debug, PartialEq, Eq)]
enum Edit {
    Put(Jid, Looks),
    Remove(Jid),
}

impl Edit {
    /// §2.1.5, §2.3.3. Whatever a client says of the subscription but `remove` is ignored.
    fn parse(query: &Element, account: &Account, settings: &RosterSettings) -> Result<Self, StanzaError> {
        let mut items = query.elements();
        let (Some(item), None) = (items.next().filter(|item| item.is("item", ns::ROSTER)), items.next()) else {
            return Err(bad("a roster set has exactly one item"));
        };
        let contact = contact(item, account)?;
        if item.get("subscription") == Some("remove") {
            return Ok(Self::Remove(contact));
        }
        let name = item.get("name").unwrap_or_default().to_owned();
        if name.len() > settings.name_bytes {
            return Err(too_much("the name", settings.name_bytes, "bytes"));
        }
        let groups = groups(item, settings)?;
        Ok(Self::Put(contact, Looks { name, groups }))
    }
}

/// Rosters are of bare JIDs, because subscriptions are.
fn contact(item: &Element, account: &Account) -> Result<Jid, StanzaError> {
    let text = item.get("jid").ok_or_else(|| bad("the item has no jid"))?;
    let jid: Jid = text
        .parse()
        .map_err(|error: protocol::JidError| StanzaError::with_text(Condition::JidMalformed, error.to_string()))?;
    let contact = jid.to_bare();
    if contact == account.jid {
        return Err(StanzaError::with_text(
            Condition::NotAcceptable,
            "an account is no contact of its own",
        ));
    }
    Ok(contact)
}

fn groups(item: &Element, settings: &RosterSettings) -> Result<Vec<String>, StanzaError> {
    let mut groups: Vec<String> = Vec::new();
    for group in item.elements().filter(|child| child.is("group", ns::ROSTER)) {
        let name = group.own_text();
        if name.is_empty() {
            return Err(StanzaError::with_text(Condition::NotAcceptable, "a group has no name"));
        }
        if name.len() > settings.name_bytes {
            return Err(too_much("a group's name", settings.name_bytes, "bytes"));
        }
        if groups.len() >= settings.max_groups {
            return Err(too_much("the contact", settings.max_groups, "groups"));
        }
        if groups.contains(&name) {
            return Err(bad("a group is named twice"));
        }
        groups.push(name);
    }
    Ok(groups)
}

fn bad(what: &'static str) -> StanzaError {
    StanzaError::with_text(Condition::BadRequest, what)
}

fn too_much(what: &str, limit: usize, unit: &str) -> StanzaError {
    StanzaError::with_text(
        Condition::NotAcceptable,
        format!("{what} may have {limit} {unit} at most"),
    )
}
