//! A session gets its resource (RFC 6120 §7), lives, and ends.

use std::{collections::VecDeque, sync::Arc, time::Duration};

use protocol::{Condition, Jid, Kind, Stanza, StanzaError, StreamCondition, StreamError};
use storage::LogId;

use crate::{
    Account, Delivery, Facts, Inbox, Router, Session, SessionEntry, Waiting, directory::Taken, hosts::host_gone, inbox,
    keep, peers::frame::Landing,
};

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
pub(crate) const DISPLACING: Duration = Duration::from_secs(5);
/// How often a newcomer tries when others race it for the same resource.
const TRIES: usize = 8;

/// Stanzas that an ended session leaves to another one in one go.
const REDIRECTED_AT_ONCE: usize = 32;

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
        let (generation, inbox) = (self.next_generation(), Inbox::new(self.settings().inbox_stanzas));
        let session = Session::new(generation, full, account.clone(), facts, inbox, self.mesh().clone());
        let mut binding = Binding::new(self, session);
        for tries_left in (0..TRIES).rev() {
            let holder = match binding.attempt().await {
                Ok(()) => {
                    let session = binding.keep();
                    // Its host may have gone while its client logged in.
                    if !self.hosts().contains(session.jid.domain()) {
                        session.close(host_gone());
                    }
                    return Ok(session);
                }
                Err(Obstacle::Refused(error)) => return Err(error),
                Err(Obstacle::Holder(holder)) => holder,
            };
            // Whoever makes a session go tries once more after it, so that of all who want the resource one gets it.
            if tries_left == 0 || binding.session.inbox.is_closed() {
                break;
            }
            match holder {
                Holder::Here(other) => _ = displace(&other, policy).await?,
                Holder::There(other) => self.displace_there(&other, policy).await?,
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
        if !self.is_acting() {
            // Others have told of its end, and have what it did not get; a fenced node touches nothing.
            self.directory().remove(session);
            session.set_over();
            return;
        }
        for hook in self.hooks().session_ended_hooks() {
            hook(self.clone(), session.clone()).await;
        }
        self.directory().remove(session);
        if !self.mesh().is_alone() {
            let peers = self.mesh().peers();
            peers.withdraw(session.jid.clone(), session.generation).await;
        }
        session.set_over();
        let undelivered = undelivered.into_iter().map(Waiting::Whole);
        let (rows, others) = inbox::sort(undelivered.chain(waiting));
        if !rows.is_empty() {
            self.give_back(&session.account, &rows).await;
        }
        for (count, stanza) in others.into_iter().enumerate() {
            self.redirect(session, stanza).await;
            if count % REDIRECTED_AT_ONCE == REDIRECTED_AT_ONCE - 1 {
                // Whoever gets them now is not overrun: its task takes some before the next come.
                tokio::task::yield_now().await;
            }
        }
    }

    /// Rows that a session did not acknowledge before it ended go to the account's other sessions, or wait. Those that
    /// came from another node are that node's to send again, because it holds them until it hears.
    pub(crate) async fn give_back(self: &Arc<Self>, account: &Account, rows: &[LogId]) {
        let _turn = account.turn().await;
        for row in rows {
            account.is_waiting(*row);
            let origins = account.in_flight().land(*row);
            self.send_landed(account, &origins, *row, Landing::GivenBack);
        }
        self.replay_to_any(account).await;
        self.hint(account);
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
        self.send_close(&account.jid, &gone, true);
        self.close_here(&account.jid, &gone, None);
        self.accounts().forget(&account.jid);
    }

    /// Whether there are other nodes, where clients can go on.
    #[must_use]
    pub fn has_others(&self) -> bool {
        !self.mesh().is_alone() && !self.mesh().peers().nodes().is_empty()
    }

    /// Closes every session, for a server that stops.
    pub fn close_all(&self, reason: &StreamError) {
        for session in self.directory().all() {
            session.close(reason.clone());
        }
    }
}

/// A session on its way into the directories. Where it does not get there, or nobody waits for it any more, it leaves no
/// trace.
struct Binding<'a> {
    house: &'a Arc<Router>,
    session: Arc<Session>,
    is_reserved: bool,
    is_kept: bool,
}

/// Why an attempt to bind failed.
enum Obstacle {
    Holder(Holder),
    Refused(StanzaError),
}

/// Who has the resource.
enum Holder {
    Here(Arc<Session>),
    There(Box<SessionEntry>),
}

impl<'a> Binding<'a> {
    fn new(house: &'a Arc<Router>, session: Arc<Session>) -> Self {
        Self {
            house,
            session,
            is_reserved: false,
            is_kept: false,
        }
    }

    /// Takes the resource on this node, then for all nodes.
    async fn attempt(&mut self) -> Result<(), Obstacle> {
        let (house, session) = (self.house, &self.session);
        let elsewhere = house.mesh().elsewhere.of(session.account.jid.as_str());
        let others = elsewhere.iter().filter(|entry| entry.jid != session.jid).count();
        let max = house.settings().sessions_per_account.saturating_sub(others);
        match house.directory().insert(session, max) {
            Ok(()) => self.is_reserved = true,
            Err(Taken::TooMany) => return Err(Obstacle::Refused(too_many())),
            Err(Taken::Conflict(other)) => return Err(Obstacle::Holder(Holder::Here(other))),
        }
        if let Err(obstacle) = house.publish(session).await {
            house.directory().remove(session);
            self.is_reserved = false;
            if obstacle.is_err() {
                // This node may have entered it meanwhile with all others, when it came to another group.
                let peers = house.mesh().peers();
                peers.withdraw(session.jid.clone(), session.generation).await;
            }
            return Err(match obstacle {
                Ok(other) => Obstacle::Holder(Holder::There(Box::new(other))),
                Err(error) => Obstacle::Refused(error),
            });
        }
        for hook in house.hooks().session_bound_hooks() {
            hook(house.clone(), session.clone()).await;
        }
        Ok(())
    }

    fn keep(mut self) -> Arc<Session> {
        self.is_kept = true;
        self.session.clone()
    }
}

impl Drop for Binding<'_> {
    fn drop(&mut self) {
        if self.is_kept {
            return;
        }
        self.house.directory().remove(&self.session);
        self.session.set_over();
        if self.is_reserved && !self.house.mesh().is_alone() {
            let withdrawn = self
                .house
                .mesh()
                .peers()
                .withdraw(self.session.jid.clone(), self.session.generation);
            self.house.mesh().spawn(withdrawn);
        }
    }
}

/// Closes a session whose resource another wants; says whether it has ended.
pub(crate) async fn displace(other: &Session, policy: ConflictPolicy) -> Result<bool, StanzaError> {
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
    let has_ended = tokio::time::timeout(DISPLACING, other.over()).await.is_ok();
    if !has_ended {
        tracing::warn!(target: "router", domain = other.jid.domain(), "a displaced session takes long to end");
    }
    Ok(has_ended)
}

/// The cluster did not say whose the resource is.
pub(crate) fn undecided() -> StanzaError {
    StanzaError::with_text(
        Condition::ResourceConstraint,
        "the cluster does not answer; try again later",
    )
}

fn too_many() -> StanzaError {
    let limit = protocol::Element::new("resource-limit-exceeded", "urn:xmpp:errors");
    StanzaError::with_text(
        Condition::ResourceConstraint,
        "the account has as many sessions as it may; close one first",
    )
    .with_application(limit)
}
