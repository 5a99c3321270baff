//! RFC 6121 §4: presence. Told to those who may see it, asked of those whom one may see.

mod lost;

use std::{collections::HashSet, sync::Arc, time::Duration};

use protocol::{Child, Condition, PresenceType, Stanza, StanzaError, ns};
use router::{Account, Feature, Hooks, Phase, Router, Session, Side};

use crate::contact::audience::{
    SHOW, addressed, available, hand, is_available, look, may_see, probe, show, show_here, unavailable, watched,
    watchers,
};
use lost::Heard;

/// Bytes of a parting word that are remembered (XEP-0012).
const STATUS_BYTES: usize = 1024;

/// What a copy for one contact counts on the sender's rate, in bytes: with 5,000 contacts, a presence is as much as 80 KB
/// that it sends.
const COPY_BYTES: usize = 16;

/// How often, and after which pauses, it is looked whether a session of another node is known that asks for presence: news
/// of it come within a second or never.
const NEWS_LOOKS: usize = 50;
const NEWS_PAUSE: Duration = Duration::from_millis(40);

/// Sends presence about.
#[derive(Default)]
pub(crate) struct Presence {
    heard: Heard,
}

impl Feature for Presence {
    fn name(&self) -> &'static str {
        "presence"
    }

    fn hook(self: Arc<Self>, hooks: &mut Hooks) {
        hooks.presence_sent(&[PresenceType::Available], &self, sent_available);
        hooks.presence_sent(&[PresenceType::Unavailable], &self, sent_unavailable);
        hooks.presence_received(&[PresenceType::Probe], &self, probed);
        hooks.session_ended(&self, ended);
        hooks.session_joined(&self, joined);
        hooks.told(SHOW, &self, shown);
        hooks.on(Side::Receiving, Phase::Observe, &self, lost::overhear);
        hooks.sessions_lost(&self, lost::lost);
    }
}

/// §4.2.2, §4.4.2; directed presence §4.6.3.
async fn sent_available(
    _feature: Arc<Presence>,
    house: Arc<Router>,
    session: Arc<Session>,
    stanza: Stanza,
) -> Result<(), StanzaError> {
    let priority = priority(&stanza)?;
    if stanza.to.is_some() {
        return direct(&house, &session, stanza).await;
    }
    let is_initial = session.priority().is_none();
    let presence = Arc::new(stanza);
    house.make_available(&session, presence.clone(), priority).await;
    session.charge(broadcast(&house, &session.account, &presence).await * COPY_BYTES);
    to_own(&house, &session.account, &presence);
    if is_initial {
        look_about(&house, &session).await;
    }
    Ok(())
}

/// §4.7.2.3: an integer from −128 to 127, 0 where nothing is said.
fn priority(stanza: &Stanza) -> Result<i8, StanzaError> {
    let wrong = |_| StanzaError::with_text(Condition::BadRequest, "a priority is a number from -128 to 127");
    let mut said = stanza.children.iter().filter(|child| child.is("priority", ns::CLIENT));
    match (said.next(), said.next()) {
        (None, _) => Ok(0),
        (Some(priority), None) => priority.text().trim().parse().map_err(wrong),
        (Some(_), Some(_)) => Err(StanzaError::with_text(
            Condition::BadRequest,
            "there is more than one priority",
        )),
    }
}

/// §4.6.3: who is not told by broadcasts is remembered, to be told of the end.
async fn direct(house: &Arc<Router>, session: &Arc<Session>, stanza: Stanza) -> Result<(), StanzaError> {
    if let Some(to) = &stanza.to
        && to.bare_str() != session.account.jid.as_str()
        && !session.add_directed(to.clone())
    {
        return Err(StanzaError::with_text(
            Condition::ResourceConstraint,
            "the session has sent directed presence to as many addresses as it may",
        ));
    }
    house.route(stanza).await;
    Ok(())
}

/// To the contacts who may see it (§4.2.2), each by its bare JID; how many there are.
async fn broadcast(house: &Arc<Router>, account: &Account, presence: &Stanza) -> usize {
    let watchers = watchers(house, account);
    let count = watchers.len();
    house.announce(presence, watchers).await;
    count
}

/// To the account's own available sessions, the sender's too: everybody sees their own presence (§4.2.2).
fn to_own(house: &Router, account: &Account, presence: &Stanza) {
    for session in available(house, &account.jid) {
        hand(&session, addressed(presence, &account.jid));
    }
    house.announce_elsewhere(presence, std::slice::from_ref(&account.jid));
}

/// §4.3: a session that has just become available learns who else is: its account's others, and its contacts.
async fn look_about(house: &Arc<Router>, session: &Arc<Session>) {
    for other in available(house, &session.account.jid) {
        if other.generation != session.generation
            && let Some(presence) = other.presence()
        {
            hand(session, addressed(&presence, &session.jid));
        }
    }
    house.tell(SHOW, &session.account.jid, &probe(&session.jid));
    look(house, session, &watched(house, &session.account)).await;
}

/// Servers have become one: people there see the session, and it sees them, as if both had just come.
async fn joined(_feature: Arc<Presence>, house: Arc<Router>, session: Arc<Session>) {
    let Some(presence) = session.presence() else { return };
    let account = &session.account;
    let mut audience: Vec<_> = watchers(&house, account).into_iter().collect();
    audience.push(account.jid.clone());
    house.announce_elsewhere(&presence, &audience);
    let mut seen = watched(&house, account);
    seen.insert(account.jid.clone());
    house.tell_of(SHOW, &seen, &probe(&session.jid));
}

/// Another node asks for what its session may see of an account's sessions here.
async fn shown(_feature: Arc<Presence>, house: Arc<Router>, account: Arc<Account>, probe: Stanza) {
    let Some(from) = probe.from.filter(|from| may_see(&account, from)) else {
        return;
    };
    if house.is_live(&from) {
        return show_here(&house, &account, &from).await;
    }
    // The question came faster than the news of who asks. What comes after it need not wait.
    tokio::spawn(async move {
        for _ in 0..NEWS_LOOKS {
            tokio::time::sleep(NEWS_PAUSE).await;
            if house.is_live(&from) {
                return show_here(&house, &account, &from).await;
            }
        }
    });
}

/// §4.5.2; directed §4.6.3.
async fn sent_unavailable(
    _feature: Arc<Presence>,
    house: Arc<Router>,
    session: Arc<Session>,
    stanza: Stanza,
) -> Result<(), StanzaError> {
    if let Some(to) = &stanza.to {
        session.remove_directed(to);
        house.route(stanza).await;
        return Ok(());
    }
    let was_available = session.set_unavailable();
    say_goodbye(&house, &session, &stanza, was_available).await;
    if was_available {
        // The session itself hears of it as well, although it is not available any more.
        hand(&session, addressed(&stanza, &session.account.jid));
        let status = stanza.find("status", ns::CLIENT).map(Child::text);
        note_left(&house, &session.account, &status.unwrap_or_default());
    }
    Ok(())
}

/// §4.5.2: a session whose stream ended without a word.
async fn ended(_feature: Arc<Presence>, house: Arc<Router>, session: Arc<Session>) {
    let was_available = session.set_unavailable();
    say_goodbye(&house, &session, &unavailable(&session.jid), was_available).await;
    if was_available || !session.has_been_available() {
        note_left(&house, &session.account, "");
    }
}

/// Unavailable presence to all who were told that the session is available, each once.
async fn say_goodbye(house: &Arc<Router>, session: &Session, stanza: &Stanza, was_available: bool) {
    let mut told = HashSet::new();
    if was_available {
        told = watchers(house, &session.account);
        to_own(house, &session.account, stanza);
    }
    house.announce(stanza, told.clone()).await;
    for to in session.take_directed() {
        if !told.contains(to.bare_str()) {
            house.route(addressed(stanza, &to)).await;
        }
    }
}

/// Remembers when the account was left, where this was its last session to be seen.
fn note_left(house: &Router, account: &Account, status: &str) {
    if account.is_anonymous || is_available(house, &account.jid) {
        return;
    }
    let end = status.floor_char_boundary(STATUS_BYTES);
    house.storage().accounts().record_logout(account.id, &status[..end]);
}

/// §4.3.2. Who may not see the account's presence, and who asks for one that does not exist, gets the same answer.
async fn probed(
    _feature: Arc<Presence>,
    house: Arc<Router>,
    account: Option<Arc<Account>>,
    probe: Stanza,
) -> Result<(), StanzaError> {
    let (Some(from), Some(to)) = (probe.from, probe.to) else {
        return Ok(());
    };
    let answer = |kind| Stanza::presence(kind).from(to.to_bare());
    match account {
        Some(account) if !may_see(&account, &from) => {
            house.route(answer(PresenceType::Unsubscribed).to(from.to_bare())).await;
        }
        Some(account) if !is_available(&house, &account.jid) => {
            house.route(answer(PresenceType::Unavailable).to(from)).await;
        }
        Some(account) => show(&house, &account, &from).await,
        None => house.route(answer(PresenceType::Unsubscribed).to(from.to_bare())).await,
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_are_small_whole_numbers() {
        for (xml, expected) in [
            ("", Some(0)),
            ("<priority>5</priority>", Some(5)),
            ("<priority> -128 </priority>", Some(-128)),
            ("<priority>127</priority>", Some(127)),
            ("<priority>128</priority>", None),
            ("<priority>-129</priority>", None),
            ("<priority>1.5</priority>", None),
            ("<priority/>", None),
            ("<priority>high</priority>", None),
            ("<priority>1</priority><priority>2</priority>", None),
            ("<priority xmlns='urn:x'>high</priority>", Some(0)),
        ] {
            let stanza = Stanza::parse(format!("<presence>{xml}</presence>").as_bytes());
            let actual = stanza.ok().and_then(|stanza| priority(&stanza).ok());
            assert_eq!(actual, expected, "{xml}");
        }
    }
}
