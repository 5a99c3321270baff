//! Shared rosters: groups that an operator shows in rosters. Who sees whom is said in [`router::SharingIndex`]; here those
//! who are there hear of it when that changes. Each node tells its own sessions, and shows them to others.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::Arc,
};

use protocol::{Element, Jid};
use router::{Account, Feature, Hooks, Profile, Router, Session, Share, SharingChange, SharingIndex};

use crate::contact::{
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

/// First all rosters, then presence: nobody hears of a contact that is not in their roster yet.
async fn changed(_feature: Arc<SharedRosters>, house: Arc<Router>, change: Arc<SharingChange>) {
    let mut accounts: HashMap<Jid, (Arc<Account>, Vec<Arc<Session>>)> = HashMap::new();
    for session in house.directory().all() {
        let account = &session.account;
        if !account.is_anonymous && concerns(&change, &account.jid) {
            let (_, sessions) = accounts
                .entry(account.jid.clone())
                .or_insert_with(|| (account.clone(), Vec::new()));
            sessions.push(session);
        }
    }
    let mut known = Vec::new();
    for (account, sessions) in accounts.into_values() {
        match account.profile(house.storage()).await {
            Ok(profile) => {
                push_all(&account, profile, &sessions, &change);
                known.push((account.clone(), sessions));
            }
            Err(error) => tracing::warn!(target: "roster", %error, "an account was not told of a change of its groups"),
        }
    }
    for (account, sessions) in known {
        if let Some(profile) = account.loaded() {
            show_all(&house, &account, profile, &sessions, &change).await;
        }
    }
}

/// Whether the account may see other people, or be seen by others, than before.
fn concerns(change: &SharingChange, account: &Jid) -> bool {
    change.before.print(account) != change.after.print(account)
}

/// Pushes what has changed in the account's roster to its sessions that show one (RFC 6121 §2.1.6).
fn push_all(account: &Account, profile: &Profile, sessions: &[Arc<Session>], change: &SharingChange) {
    let (before, after) = (change.before.view(&account.jid), change.after.view(&account.jid));
    let contacts = profile.contacts();
    let items: Vec<Element> = differing(&before.contacts, &after.contacts)
        .into_iter()
        .filter_map(|jid| {
            let item = contacts.get(jid.as_str()).map(Arc::as_ref);
            let [was, is] = [&change.before, &change.after]
                .map(|index| push::visible(jid.as_str(), item, &index.share(account.jid.as_str(), jid.as_str())));
            match is {
                Some(is) => (was.as_ref() != Some(&is)).then_some(is),
                None => was.map(|_| push::removed(jid.as_str())),
            }
        })
        .collect();
    let version = push::version(contacts.version(), after.print);
    for session in sessions.iter().filter(|session| session.is_interested()) {
        for (place, item) in items.iter().enumerate() {
            let is_last = place + 1 == items.len();
            let version = if is_last { version.as_str() } else { HALF_WAY };
            hand(session, push::stanza(&session.jid, item.clone(), version));
        }
    }
}

/// Contacts whose share is not the same.
fn differing<'a>(before: &'a BTreeMap<Jid, Share>, after: &'a BTreeMap<Jid, Share>) -> BTreeSet<&'a Jid> {
    let all = before.keys().chain(after.keys());
    all.filter(|jid| before.get(*jid) != after.get(*jid)).collect()
}

/// Shows the account's available sessions to who sees them from now on, hides them from who does not, and asks other
/// nodes for whom they see.
async fn show_all(
    house: &Arc<Router>,
    account: &Account,
    profile: &Profile,
    sessions: &[Arc<Session>],
    change: &SharingChange,
) {
    let is_blocked = |jid: &Jid| profile.blocked().matches(jid);
    let set = |watchers: Vec<Jid>| watchers.into_iter().collect::<HashSet<_>>();
    let watchers = |index: &SharingIndex| set(house.shared_watchers(index, &account.jid));
    let watched = |index: &SharingIndex| set(house.shared_watched(index, &account.jid));
    let (before, after) = (watchers(&change.before), watchers(&change.after));
    // What the two agreed on themselves holds whatever groups say.
    let has_own = |jid: &Jid| {
        let item = profile.contacts().get(jid.as_str()).cloned();
        crate::contact::State::of(item.as_deref()).from
    };
    let changes = |jid: &&Jid| !has_own(jid) && !is_blocked(jid);
    let shown: Vec<Jid> = after.difference(&before).filter(changes).cloned().collect();
    let hidden: Vec<Jid> = before.difference(&after).filter(changes).cloned().collect();
    let seen_before = watched(&change.before);
    let newly_seen = watched(&change.after).into_iter();
    let newly_seen: Vec<Jid> = newly_seen
        .filter(|jid| !seen_before.contains(jid) && !is_blocked(jid))
        .collect();
    for session in sessions {
        let Some(presence) = session.presence() else { continue };
        house.announce(&presence, shown.clone()).await;
        house.announce(&unavailable(&session.jid), hidden.clone()).await;
        house.tell_of(SHOW, &newly_seen, &probe(&session.jid));
    }
}
