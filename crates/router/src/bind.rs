//! A session gets its resource (RFC 6120 §7), lives, and ends.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use protocol::{Condition, Jid, Kind, Stanza, StanzaError, StreamCondition, StreamError};
use storage::LogId;

use crate::{Account, Delivery, Facts, Inbox, Router, Session, directory::Taken, keep};

/// What happens when a client asks for a resource that another session has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConflictPolicy {
    /// The other session is closed.
    Kick,
    /// The newcomer is refused.
    Refuse,
    /// The newcomer is refused this many times, then the other session is closed.
    KickAfter(u32),
}

/// How long a newcomer waits for the session that it displaces to tell everybody of its end.
const DISPLACING: Duration = Duration::from_secs(5);
/// How often a newcomer tries when others race it for the same resource.
const TRIES: usize = 8;

impl Router {
    /// Gives `account` a session under this full JID.
    ///
    /// # Errors
    /// `conflict` where the policy keeps the session that has the resource, `resource-constraint` where the account
    /// has too many sessions.
    pub async fn bind(
        self: &Arc<Self>,
        account: &Arc<Account>,
        full: Jid,
        facts: Facts,
        policy: ConflictPolicy,
    ) -> Result<Arc<Session>, StanzaError> {
        let inbox = Inbox::new(self.settings().inbox_stanzas);
        let session = Session::new(self.next_generation(), full, account.clone(), facts, inbox);
        for _ in 0..TRIES {
            match self.directory().insert(&session, self.settings().sessions_per_account) {
                Ok(()) => {
                    for hook in self.hooks().session_bound_hooks() {
                        hook(self.clone(), session.clone()).await;
                    }
                    return Ok(session);
                }
                Err(Taken::TooMany) => return Err(too_many()),
                Err(Taken::Conflict(other)) => displace(&other, policy).await?,
            }
        }
        Err(StanzaError::with_text(
            Condition::Conflict,
            "several clients ask for this resource at the same moment",
        ))
    }

    /// Ends a session: tells whom it concerns, frees the resource, and finds another way for what its client did not
    /// get. Called once, by the session's own task.
    pub async fn end(self: &Arc<Self>, session: &Arc<Session>, undelivered: VecDeque<Delivery>) {
        let waiting = session.inbox.shut();
        for hook in self.hooks().session_ended_hooks() {
            hook(self.clone(), session.clone()).await;
        }
        self.directory().remove(session);
        session.set_over();
        let (rows, others): (Vec<_>, Vec<_>) = undelivered
            .into_iter()
            .chain(waiting)
            .partition(|delivery| delivery.log_id.is_some());
        let rows: Vec<_> = rows.iter().filter_map(|delivery| delivery.log_id).collect();
        if !rows.is_empty() {
            self.give_back(&session.account, &rows).await;
        }
        for delivery in others {
            self.redirect(session, *delivery.stanza).await;
        }
    }

    /// Rows that a session did not acknowledge before it ended go to the account's other sessions, or wait.
    pub(crate) async fn give_back(self: &Arc<Self>, account: &Account, rows: &[LogId]) {
        let _turn = account.turn().await;
        for row in rows {
            account.set_landed(*row);
        }
        self.replay_to_any(account).await;
    }

    /// A stanza that the ended session's client did not get (XEP-0198 §4: as if the resource were not there).
    async fn redirect(self: &Arc<Self>, ended: &Session, mut stanza: Stanza) {
        match stanza.kind {
            Kind::Message(_) if keep::is_kept(&stanza) => {
                stanza.to = Some(ended.account.jid.clone());
                self.route(stanza).await;
            }
            Kind::Iq(kind) if kind.is_request() && stanza.from.as_ref() != Some(&ended.account.jid) => {
                if let Some(answer) = stanza.bounce(&Condition::ServiceUnavailable.into()) {
                    self.route(answer).await;
                }
            }
            _ => {}
        }
    }

    /// Ends an account that is about to be deleted: features tidy up, its sessions are closed.
    pub async fn remove_account(self: &Arc<Self>, account: &Arc<Account>) {
        for hook in self.hooks().account_removed_hooks() {
            hook(self.clone(), account.clone()).await;
        }
        let gone = StreamError::with_text(StreamCondition::NotAuthorized, "the account was removed");
        for session in self.directory().sessions(account.jid.as_str()) {
            session.close(gone.clone());
        }
        self.accounts().forget(&account.jid);
    }

    /// Closes every session, for a server that stops.
    pub fn close_all(&self, reason: &StreamError) {
        for session in self.directory().all() {
            session.close(reason.clone());
        }
    }
}

async fn displace(other: &Session, policy: ConflictPolicy) -> Result<(), StanzaError> {
    let is_kicked = match policy {
        ConflictPolicy::Kick => true,
        ConflictPolicy::Refuse => false,
        ConflictPolicy::KickAfter(refusals) => other.count_conflict() > refusals,
    };
    if !is_kicked {
        return Err(StanzaError::with_text(
            Condition::Conflict,
            "another client of this account uses the resource",
        ));
    }
    other.close(StreamError::with_text(
        StreamCondition::Conflict,
        "a new session took over this resource",
    ));
    if tokio::time::timeout(DISPLACING, other.over()).await.is_err() {
        tracing::warn!(target: "router", domain = other.jid.domain(), "a displaced session takes long to end");
    }
    Ok(())
}

fn too_many() -> StanzaError {
    let limit = protocol::Element::new("resource-limit-exceeded", "urn:xmpp:errors");
    StanzaError::with_text(
        Condition::ResourceConstraint,
        "the account has as many sessions as it may; close one first",
    )
    .with_application(limit)
}
