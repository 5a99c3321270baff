//! Sessions that ended with their node: whoever saw them on this node is told, once.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use parking_lot::Mutex;
use protocol::{Jid, Kind, PresenceType};
use router::{Account, Flow, Router, Session, SessionEntry, Verdict};

use super::Presence;
use crate::contact::{
    State,
    audience::{addressed, available, hand, may_see, unavailable},
};

/// Sessions of other nodes whose directed presence is remembered here. Their own node bounds what each may send; past
/// this many, people here keep seeing a lost session until they look again.
const HEARD_MAX: usize = 10_000;

/// Directed presence (RFC 6121 §4.6) that came from other nodes: who was told of which session, beside those who see it
/// anyway. Its own node remembers the same, and is what is lost.
#[derive(Default)]
pub(super) struct Heard(Mutex<HashMap<Jid, HashSet<Jid>>>);

/// Remembers directed presence, and forgets it at its end.
pub(super) fn overhear(feature: &Presence, flow: &mut Flow<'_>) -> Verdict {
    let (Kind::Presence(kind), true) = (flow.stanza.kind, flow.stays()) else {
        return Verdict::Continue;
    };
    let (Some(from), Some(to), Some(account)) = (&flow.stanza.from, &flow.stanza.to, &flow.recipient) else {
        return Verdict::Continue;
    };
    let mut heard = feature.heard.0.lock();
    match kind {
        PresenceType::Available => {
            let is_seen_anyway = from.bare_str() == account.jid.as_str() || account.sees(from.bare_str());
            if !is_seen_anyway && (heard.len() < HEARD_MAX || heard.contains_key(from)) {
                heard.entry(from.clone()).or_default().insert(to.clone());
            }
        }
        PresenceType::Unavailable => {
            if let Some(told) = heard.get_mut(from) {
                told.remove(to);
                if told.is_empty() {
                    heard.remove(from);
                }
            }
        }
        _ => {}
    }
    Verdict::Continue
}

/// Tells the people of this node.
pub(super) async fn lost(feature: Arc<Presence>, house: Arc<Router>, lost: Arc<[Arc<SessionEntry>]>) {
    for entry in lost.iter() {
        let told = feature.heard.0.lock().remove(&entry.jid).unwrap_or_default();
        for to in told {
            house.route(unavailable(&entry.jid).to(to)).await;
        }
    }
    for (account, viewers) in viewers(&house, &lost) {
        let viewers = permitted(&house, &account, viewers).await;
        for entry in lost.iter().filter(|entry| entry.jid.bare_str() == account.as_str()) {
            if entry.priority.is_none() {
                continue;
            }
            for viewer in &viewers {
                hand(viewer, addressed(&unavailable(&entry.jid), &viewer.account.jid));
            }
        }
    }
}

/// Sessions here that watch an account which lost some.
fn viewers(house: &Router, lost: &[Arc<SessionEntry>]) -> HashMap<Jid, Vec<Arc<Session>>> {
    let accounts: HashSet<Jid> = lost.iter().map(|entry| entry.jid.to_bare()).collect();
    let mut viewers: HashMap<Jid, Vec<Arc<Session>>> = HashMap::new();
    for session in house.directory().all() {
        if session.priority().is_none() {
            continue;
        }
        for account in seen(&session.account).filter(|jid| accounts.contains(jid)) {
            viewers.entry(account).or_default().push(session.clone());
        }
    }
    // By groups the other way round: not each of many sessions is asked whom of many it saw.
    let sharing = house.sharing();
    for account in accounts {
        for watcher in house.shared_watchers(&sharing, &account) {
            let known = viewers.entry(account.clone()).or_default();
            for session in available(house, &watcher) {
                if known.iter().all(|other| other.generation != session.generation) {
                    known.push(session);
                }
            }
        }
    }
    viewers
}

/// Itself, and whom it sees by its own roster.
fn seen(account: &Account) -> impl Iterator<Item = Jid> + use<> {
    let contacts = account.loaded().map(|profile| {
        let contacts = profile.contacts();
        let seen = contacts.iter().filter(|(_, item)| State::of(Some(item)).to);
        seen.map(|(jid, _)| jid.clone()).collect::<Vec<_>>()
    });
    contacts.into_iter().flatten().chain([account.jid.clone()])
}

/// Those of them who may see the account. Where the database is away, nobody is left with a ghost.
async fn permitted(house: &Router, account: &Jid, viewers: Vec<Arc<Session>>) -> Vec<Arc<Session>> {
    let Ok(Some(account)) = house.accounts().find(account).await else {
        return viewers;
    };
    match account.profile(house.storage()).await {
        Ok(_) => viewers
            .into_iter()
            .filter(|viewer| may_see(&account, &viewer.jid))
            .collect(),
        Err(_) => viewers,
    }
}
