//! Shared rosters: groups that an operator shows in rosters. Who sees whom is said in [`router::SharingIndex`]; here those
//! who are there hear of it when that changes. Each node tells its own sessions, and shows them to others.

use std::{
    collections::{BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use protocol::{Element, Jid, StreamCondition, StreamError};
use router::{Account, Affected, Feature, Hooks, Router, Session, SharingChange};

use crate::contact::{
    State,
    audience::{SHOW, hand, probe, unavailable},
    push,
};

/// Tells of changes of groups.
pub(crate) struct SharedRosters;

impl Feature for SharedRosters {
    fn name(&self) -> &'static str {
        "shared_rosters"
    }

    fn hook(self: Arc<Self>, hooks: &mut Hooks) {
        hooks.sharing_changed(&self, changed);
    }
}

/// A version that no client is brought up to date from: it has a part of a change, and would miss the rest.
const HALF_WAY: &str = "half-way";

/// Changes that are pushed one by one to a session; after more its stream is closed, and it comes back for the whole
/// roster.
const LIVE_PUSHES_MAX: usize = 1_000;

/// First all rosters, then presence: nobody hears of a contact that is not in their roster yet.
async fn changed(_feature: Arc<SharedRosters>, house: Arc<Router>, change: Arc<SharingChange>) {
    let mut people: HashMap<Jid, Person<'_>> = HashMap::new();
    for session in house.directory().all() {
        if session.account.is_anonymous {
            continue;
        }
        let account = session.account.clone();
        let person = people.entry(account.jid.clone()).or_insert_with(|| Person {
            affected: change.affects(&account.jid),
            account,
            sessions: Vec::new(),
        });
        person.sessions.push(session);
    }
    people.retain(|_, person| person.affected != Affected::Nobody);
    for person in people.values() {
        if let Err(error) = person.account.profile(house.storage()).await {
            tracing::warn!(target: "roster", %error, "an account was not told of a change of its groups");
        }
        person.push(&change);
        // Others have something to do as well.
        tokio::task::yield_now().await;
    }
    for person in people.values() {
        person.show(&house, &change).await;
    }
}

/// An account with sessions here, to which a change matters.
struct Person<'a> {
    account: Arc<Account>,
    sessions: Vec<Arc<Session>>,
    affected: Affected<'a>,
}

/// Who sees the sessions of an account from now on, who does not any more, and whom they see.
#[derive(Default)]
struct Sight {
    shown: Vec<Jid>,
    hidden: Vec<Jid>,
    newly_seen: Vec<Jid>,
}

impl Person<'_> {
    /// Pushes what has changed in the roster to the sessions that show one (RFC 6121 §2.1.6).
    fn push(&self, change: &SharingChange) {
        let Some(profile) = self.account.loaded() else { return };
        let contacts = profile.contacts();
        let items: Vec<Element> = self
            .candidates(change)
            .iter()
            .filter_map(|jid| {
                let item = contacts.get(jid.as_str()).map(Arc::as_ref);
                let [was, is] = [&change.before, &change.after]
                    .map(|index| push::visible(jid.as_str(), item, &index.share(self.jid(), jid.as_str())));
                match is {
                    Some(is) => (was.as_ref() != Some(&is)).then_some(is),
                    None => was.map(|_| push::removed(jid.as_str())),
                }
            })
            .collect();
        let version = push::version(contacts.version(), change.after.print(&self.account.jid));
        for session in self.sessions.iter().filter(|session| session.is_interested()) {
            if items.len() > LIVE_PUSHES_MAX {
                session.close(StreamError::with_text(
                    StreamCondition::Reset,
                    "the contact list has changed a lot: log in again for all of it",
                ));
                continue;
            }
            for (place, item) in items.iter().enumerate() {
                let is_last = place + 1 == items.len();
                let version = if is_last { version.as_str() } else { HALF_WAY };
                hand(session, push::stanza(&session.jid, item.clone(), version));
            }
        }
    }

    /// Contacts that may stand otherwise in the roster, sorted.
    fn candidates(&self, change: &SharingChange) -> BTreeSet<Jid> {
        match self.affected {
            Affected::Nobody => BTreeSet::new(),
            Affected::These(these) => these.iter().cloned().collect(),
            Affected::Anybody => {
                let views = [&change.before, &change.after].map(|index| index.view(&self.account.jid));
                let contacts = views.into_iter().flat_map(|view| view.contacts.into_keys());
                let mut candidates: BTreeSet<Jid> = contacts.collect();
                // Who only sees the account is in its roster where the user put them.
                let own = self.account.loaded().map(|profile| {
                    profile
                        .contacts()
                        .iter()
                        .map(|(jid, _)| jid.clone())
                        .collect::<Vec<_>>()
                });
                candidates.extend(own.unwrap_or_default());
                candidates
            }
        }
    }

    /// Shows the available sessions to who sees them from now on, hides them from who does not, and asks other nodes for
    /// whom they see.
    async fn show(&self, house: &Arc<Router>, change: &SharingChange) {
        let sight = self.sight(house, change);
        for session in &self.sessions {
            let Some(presence) = session.presence() else { continue };
            house.announce(&presence, sight.shown.clone()).await;
            house.announce(&unavailable(&session.jid), sight.hidden.clone()).await;
            house.tell_of(SHOW, &sight.newly_seen, &probe(&session.jid));
        }
    }

    fn sight(&self, house: &Router, change: &SharingChange) -> Sight {
        let Some(profile) = self.account.loaded() else {
            return Sight::default();
        };
        let (contacts, blocked) = (profile.contacts(), profile.blocked());
        let others: HashSet<Jid> = match self.affected {
            Affected::Nobody => HashSet::new(),
            Affected::These(these) => these.iter().filter(|jid| house.has_sessions(jid)).cloned().collect(),
            Affected::Anybody => {
                let jid = &self.account.jid;
                let sides = [&change.before, &change.after];
                let people = sides.map(|index| [house.shared_watchers(index, jid), house.shared_watched(index, jid)]);
                people.into_iter().flatten().flatten().collect()
            }
        };
        let mut sight = Sight::default();
        for other in others.into_iter().filter(|other| !blocked.matches(other)) {
            let (me, bare) = (self.jid(), other.as_str());
            // What the two agreed on themselves holds whatever groups say.
            let own = State::of(contacts.get(bare).map(Arc::as_ref));
            let [was, is] = [&change.before, &change.after].map(|index| index.share(me, bare));
            if !own.to && !was.to && is.to {
                sight.newly_seen.push(other.clone());
            }
            match (was.from, is.from) {
                _ if own.from => {}
                (false, true) => sight.shown.push(other),
                (true, false) => sight.hidden.push(other),
                _ => {}
            }
        }
        sight
    }

    fn jid(&self) -> &str {
        self.account.jid.as_str()
    }
}
