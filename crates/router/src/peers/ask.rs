//! Questions of other nodes, and asking them to end a session.

use std::{sync::Arc, time::Duration};

use bytes::Bytes;
use protocol::{Condition, Jid, StanzaError, StreamCondition, StreamError};

use super::{
    AskError, SessionEntry, Unpublished,
    frame::{self, Displaced, Policy, Question},
};
use crate::{
    ConflictPolicy, Router, Session,
    bind::{DISPLACING, displace, undecided},
};

/// A little longer than the other node waits for its session, so that its answer arrives.
const DISPLACE_DEADLINE: Duration = DISPLACING.saturating_add(Duration::from_secs(1));

impl Router {
    /// Answers another node's question; `None` where it cannot be read. Questions do not wait for each other, nor for
    /// frames.
    pub async fn on_ask(self: &Arc<Self>, node: u64, question: Bytes) -> Option<Bytes> {
        Some(match frame::decode(node, &question)? {
            Question::Displace {
                jid,
                generation,
                policy,
            } => frame::encode(&self.let_go(&jid.parse().ok()?, generation, policy).await),
            Question::Claim { account, rows } => frame::encode(&self.in_flight_here(node, account, &rows).await),
            Question::Written => {
                self.storage().log().flush().await.ok()?;
                Bytes::new()
            }
            Question::Profile { account, number } => self.profile_here(account, number),
            Question::TakeSession { request } => self.hand_over(node, Bytes::copy_from_slice(request)).await,
        })
    }

    async fn let_go(&self, full: &Jid, generation: u64, policy: Policy) -> Displaced {
        let session = self.directory().find(full);
        let Some(session) = session.filter(|session| session.generation == generation) else {
            return Displaced::Yes;
        };
        match displace(&session, policy.into()).await {
            Ok(true) => Displaced::Yes,
            Ok(false) => Displaced::Late,
            Err(_) => Displaced::No,
        }
    }

    /// Enters a session for all nodes.
    ///
    /// # Errors
    /// Who has the full JID, or `resource-constraint` where the cluster does not decide.
    pub(crate) async fn publish(&self, session: &Session) -> Result<(), Result<SessionEntry, StanzaError>> {
        if self.mesh().is_alone() {
            return Ok(());
        }
        let entry = session.entry();
        match self.mesh().peers().publish(entry.clone()).await {
            Ok(()) => Ok(()),
            // The node has just joined, and with it this session.
            Err(Unpublished::Taken(other)) if other.is_same(&entry) => Ok(()),
            Err(Unpublished::Taken(other)) => Err(Ok(*other)),
            Err(Unpublished::Ended | Unpublished::Undecided) => Err(Err(undecided())),
        }
    }

    /// Asks another node to let its session go. It has gone when this is `Ok`, or its node has.
    pub(crate) async fn displace_there(&self, other: &SessionEntry, policy: ConflictPolicy) -> Result<(), StanzaError> {
        let question = frame::encode(&Question::Displace {
            jid: other.jid.as_str(),
            generation: other.generation,
            policy: policy.into(),
        });
        let peers = self.mesh().peers();
        let answers = peers.ask(vec![other.node], question, DISPLACE_DEADLINE).await;
        match answers
            .first()
            .map(|(node, answer)| answer.as_ref().map(|bytes| frame::decode(*node, bytes)))
        {
            Some(Ok(Some(Displaced::Yes)) | Err(AskError::Gone)) | None => Ok(()),
            Some(Ok(Some(Displaced::No))) => Err(StanzaError::with_text(
                Condition::Conflict,
                "another client of this account uses the resource",
            )),
            // It may still act, and there is never a second session of one full JID.
            Some(Ok(Some(Displaced::Late) | None) | Err(AskError::TooLate)) => Err(StanzaError::with_text(
                Condition::Conflict,
                "the other client of this resource takes long to end",
            )),
        }
    }
}

/// What a session hears that lost its resource.
pub(crate) fn taken_over() -> StreamError {
    StreamError::with_text(StreamCondition::Conflict, "a new session took over this resource")
}
