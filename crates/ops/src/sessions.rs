//! What an operator can do with live sessions.

use std::sync::Arc;

use protocol::Jid;

use crate::{Actor, Live, OpsError, SessionInfo, Why};

/// Acts on live sessions.
#[derive(Clone)]
pub struct Sessions {
    live: Arc<dyn Live>,
}

impl Sessions {
    /// Acts on these.
    #[must_use]
    pub fn new(live: Arc<dyn Live>) -> Self {
        Self { live }
    }

    /// Every session that the actor's power reaches, by JID.
    #[must_use]
    pub fn list(&self, actor: &Actor) -> Vec<SessionInfo> {
        let mut sessions = self.live.list();
        sessions.retain(|session| domain_of(&session.jid).is_some_and(|domain| actor.reaches(&domain)));
        sessions.sort_by(|a, b| a.jid.cmp(&b.jid));
        sessions
    }

    /// Closes the session of a full JID, or all sessions of a bare one; says how many.
    ///
    /// # Errors
    /// Where there is none.
    pub fn close(&self, actor: &Actor, jid: &Jid, reason: &str) -> Result<usize, OpsError> {
        actor.require_host(jid.domain())?;
        match self.live.close(jid, &Why::Operator(reason.to_owned())) {
            0 => Err(OpsError::NoSession(jid.clone())),
            closed => {
                tracing::info!(%actor, host = jid.domain(), closed, "sessions were closed");
                Ok(closed)
            }
        }
    }
}

fn domain_of(jid: &str) -> Option<String> {
    jid.parse::<Jid>().ok().map(|jid| jid.domain().to_owned())
}
