//! XEP-0160: Offline Messages. What nobody takes waits in the account's message log.

mod quota;
mod replays;

use std::sync::Arc;

use protocol::{Condition, Stanza, StanzaError, ns, xep::delay::Delay};
use router::{Account, Delivery, Feature, Hooks, Receipt, Router, Session, Xep, is_kept, read_kept};
use storage::{LogId, LogRow, StorageError};

use crate::{LiveSettings, OfflinePolicy};
use quota::Quota;
use replays::{Replays, Running};

/// Rows that are read at a time.
const CHUNK_ROWS: u32 = 50;
/// Messages that a session gets before it has acknowledged some: well below what its inbox holds.
const PAGE_ROWS: usize = 200;
/// Bytes of such messages.
const PAGE_BYTES: usize = 1024 * 1024;

/// Keeps messages for accounts that nobody is at, and sends them when somebody comes.
pub(crate) struct Offline {
    settings: LiveSettings,
    quota: Quota,
    replays: Replays,
}

impl Offline {
    pub(crate) fn new(settings: &LiveSettings) -> Arc<Self> {
        Arc::new(Self {
            settings: settings.clone(),
            quota: Quota::default(),
            replays: Replays::default(),
        })
    }
}

impl Feature for Offline {
    fn name(&self) -> &'static str {
        "offline"
    }

    fn xeps(&self) -> &'static [Xep] {
        &[
            Xep {
                number: 160,
                version: "1.0.1",
            },
            Xep {
                number: 203,
                version: "2.0",
            },
        ]
    }

    fn hook(self: Arc<Self>, hooks: &mut Hooks) {
        hooks.offline(&self, arrived);
        hooks.replay(&self, replay);
        hooks.disco().host_feature("msgoffline");
    }
}

/// What is done with one message.
#[derive(Debug, PartialEq, Eq)]
enum Decision {
    Store,
    StoreWithinQuota,
    Bounce,
    Drop,
}

/// A message is worth storing or not (XEP-0160 §3, XEP-0334 §4.2); of what is not, only its sender's words are missed.
fn decide(policy: OfflinePolicy, stanza: &Stanza) -> Decision {
    if !is_kept(stanza) {
        return if stanza.has("body", ns::CLIENT) {
            Decision::Bounce
        } else {
            Decision::Drop
        };
    }
    match policy {
        OfflinePolicy::Always => Decision::Store,
        OfflinePolicy::StoreOrBounce | OfflinePolicy::StoreOrDrop => Decision::StoreWithinQuota,
        OfflinePolicy::Bounce => Decision::Bounce,
        OfflinePolicy::Drop => Decision::Drop,
    }
}

/// A message that no session takes. One for an account that does not exist seems to be treated likewise.
async fn arrived(
    feature: Arc<Offline>,
    house: Arc<Router>,
    account: Option<Arc<Account>>,
    message: router::Offline,
) -> Result<(), StanzaError> {
    let settings = feature.settings.load().offline.clone();
    let decision = decide(settings.policy, &message.stanza);
    let account = match (decision, account) {
        (Decision::Bounce, _) => return Err(nobody()),
        (Decision::Drop, _) | (_, None) => return drop_it(message.receipt),
        (_, Some(account)) if account.is_anonymous => return Err(nobody()),
        (Decision::Store, Some(account)) => account,
        (Decision::StoreWithinQuota, Some(account)) => {
            if !feature
                .quota
                .has_room(&house, account.id, &message.stanza, &settings)
                .await?
            {
                return match settings.policy {
                    OfflinePolicy::StoreOrDrop => drop_it(message.receipt),
                    _ => Err(nobody()),
                };
            }
            account
        }
    };
    feature.store(&house, &account, message).await
}

fn drop_it(receipt: Option<Receipt>) -> Result<(), StanzaError> {
    if let Some(receipt) = receipt {
        receipt.settle();
    }
    metrics::counter!("offline_messages_dropped").increment(1);
    Ok(())
}

fn nobody() -> StanzaError {
    metrics::counter!("offline_messages_bounced").increment(1);
    Condition::ServiceUnavailable.into()
}

/// Sends a session what waits for its account: so much at once as it takes easily, the rest as it acknowledges.
async fn replay(feature: Arc<Offline>, house: Arc<Router>, session: Arc<Session>) {
    let Some(running) = feature.replays.begin(session.generation) else {
        return;
    };
    if let Some((running, last)) = feature.send_pages(running, &house, &session).await {
        tokio::spawn(send_rest(running, feature, house, session, last));
    }
}

async fn send_rest(
    mut running: Running,
    feature: Arc<Offline>,
    house: Arc<Router>,
    session: Arc<Session>,
    mut last: LogId,
) {
    loop {
        session.account.landed(last).await;
        let _turn = session.account.turn().await;
        if !session.takes_messages() {
            return;
        }
        match feature.send_pages(running, &house, &session).await {
            Some(next) => (running, last) = next,
            None => return,
        }
    }
}

impl Offline {
    /// Stores a message, and hands it over at once where somebody became available after it was found to have no taker.
    async fn store(&self, house: &Arc<Router>, account: &Account, message: router::Offline) -> Result<(), StanzaError> {
        let _turn = account.turn().await;
        let row = router::append(house, account, &message.stanza, message.receipt)?;
        account.is_waiting(row);
        self.quota.add(account.id, &message.stanza);
        metrics::counter!("offline_messages_stored").increment(1);
        house.replay_to_any(account).await;
        house.hint(account);
        Ok(())
    }

    /// Sends what there is. `Some` with the last of them where there may be more; `None` when the replay is over.
    async fn send_pages(
        &self,
        mut running: Running,
        house: &Arc<Router>,
        session: &Session,
    ) -> Option<(Running, LogId)> {
        loop {
            let reading = session.begins_to_read();
            match self.send_page(house, session).await {
                Page::Part(last) => return Some((running, last)),
                Page::Last => session.has_read(&reading),
                Page::Failed => {}
            }
            running = running.unless_done()?;
        }
    }

    /// Sends the next messages in order.
    async fn send_page(&self, house: &Arc<Router>, session: &Session) -> Page {
        let account = &session.account;
        if account.is_anonymous {
            return Page::Last;
        }
        self.quota.forget(account.id);
        // Half of the inbox stays free for what comes from others meanwhile.
        let page_rows = PAGE_ROWS.min(session.inbox.capacity() / 2).max(1);
        let (mut sent, mut bytes) = (0, 0);
        let mut after = None;
        loop {
            let rows = match house.claim_rows(account, after, CHUNK_ROWS).await {
                Ok(rows) => rows,
                Err(error) => return read_failed(&error),
            };
            let is_all = rows.len() < CHUNK_ROWS as usize;
            let mut rows = rows.into_iter();
            while let Some((id, row)) = rows.next() {
                after = Some(id);
                let Some(row) = row else { continue };
                let size = row.stanza.len();
                match send(house, session, &row) {
                    Sent::Yes => (sent, bytes) = (sent + 1, bytes + size),
                    Sent::Skipped => {}
                    Sent::Gone => {
                        give_up(account, rows);
                        return Page::Failed;
                    }
                }
                if sent >= page_rows || bytes >= PAGE_BYTES {
                    give_up(account, rows);
                    return Page::Part(id);
                }
            }
            if is_all {
                return Page::Last;
            }
        }
    }
}

/// Rows that were claimed, and are not sent now.
fn give_up(account: &Account, rows: impl Iterator<Item = (LogId, Option<LogRow>)>) {
    for (id, _) in rows.filter(|(_, row)| row.is_some()) {
        account.set_landed(id);
    }
}

fn read_failed(error: &StorageError) -> Page {
    // The rows stay where they are, for the next time that the account becomes available.
    tracing::warn!(target: "offline", %error, "stored messages could not be read");
    metrics::counter!("storage_errors").increment(1);
    Page::Failed
}

/// What became of what waits.
enum Page {
    /// There may be more behind this one.
    Part(LogId),
    /// Everything is sent that others do not have.
    Last,
    /// It was not read, or the session has ended.
    Failed,
}

/// What became of one row.
enum Sent {
    Yes,
    /// Nobody is to have it.
    Skipped,
    /// The session has ended.
    Gone,
}

fn send(house: &Router, session: &Session, row: &LogRow) -> Sent {
    let account = &session.account;
    // One that cannot be read stays claimed, so that it is not tried again and again.
    let Some(stanza) = read_kept(row) else {
        return Sent::Skipped;
    };
    if is_unwanted(account, &stanza) {
        house.storage().log().acknowledge(account.id, [row.id]);
        account.set_landed(row.id);
        return Sent::Skipped;
    }
    let delivery = Delivery {
        stanza: Box::new(delayed(stanza, account, row.id)),
        log_id: Some(row.id),
    };
    match session.inbox.push(delivery) {
        Ok(()) => {
            session.has_seen(row.id);
            Sent::Yes
        }
        Err(_) => {
            account.set_landed(row.id);
            Sent::Gone
        }
    }
}

/// XEP-0191 §3.3: from when on somebody is blocked, nothing of theirs is delivered.
fn is_unwanted(account: &Account, stanza: &Stanza) -> bool {
    match (account.loaded(), &stanza.from) {
        (Some(profile), Some(from)) => profile.blocked().matches(from),
        _ => false,
    }
}

/// XEP-0160 §2, XEP-0203: since when the message waits.
fn delayed(stanza: Stanza, account: &Account, id: LogId) -> Stanza {
    let delay = Delay::since(account.jid.to_domain(), id.timestamp()).because("Offline Storage");
    stanza.child(&delay.to_element())
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn what_is_worth_storing_is_treated_as_the_policy_says() {
        const BODY: &str = "<body>hi</body>";
        const NO_STORE: &str = "<body>hi</body><no-store xmlns='urn:xmpp:hints'/>";
        const STATE: &str = "<active xmlns='http://jabber.org/protocol/chatstates'/>";
        for (policy, inside, expected) in [
            (OfflinePolicy::StoreOrBounce, BODY, Decision::StoreWithinQuota),
            (OfflinePolicy::StoreOrDrop, BODY, Decision::StoreWithinQuota),
            (OfflinePolicy::Always, BODY, Decision::Store),
            (OfflinePolicy::Bounce, BODY, Decision::Bounce),
            (OfflinePolicy::Drop, BODY, Decision::Drop),
            (OfflinePolicy::Always, STATE, Decision::Drop),
            (OfflinePolicy::Bounce, STATE, Decision::Drop),
            (OfflinePolicy::Always, NO_STORE, Decision::Bounce),
        ] {
            let stanza = Stanza::parse(format!("<message type='chat'>{inside}</message>").as_bytes()).unwrap();
            assert_eq!(decide(policy, &stanza), expected, "{policy:?} {inside}");
        }
    }
}
