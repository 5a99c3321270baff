//! What an operator can do with live sessions.

use std::sync::Arc;

use protocol::Jid;
use serde::{Deserialize, Serialize};

use crate::{Actor, Audit, ClusterLive, Live, OpsError, PAGE_MAX, Role, SessionInfo, Why, audit::Deed};

/// Acts on live sessions.
#[derive(Clone)]
pub struct Sessions {
    live: Arc<dyn Live>,
    cluster: Arc<dyn ClusterLive>,
    audit: Audit,
}

/// Which sessions a server is asked for. Written to links: append, never reorder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionQuestion {
    /// Only sessions of this host; none: of every host.
    pub host: Option<String>,
    /// Only sessions in whose JID or address this is, letter by letter; empty: all.
    pub text: String,
    /// Only sessions behind this full JID: the last of the page before.
    pub after: String,
    /// How many at most.
    pub limit: u32,
}

/// What a server says. Written to links: append, never reorder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionAnswer {
    /// How many of its sessions are meant, on all pages.
    pub total: u64,
    /// The first of them, by JID.
    pub sessions: Vec<SessionInfo>,
}

/// A page of the sessions of the whole cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Everywhere {
    /// By JID.
    pub sessions: Vec<SessionOn>,
    /// How many are meant on the servers that answered, on all pages.
    pub total: u64,
    /// Whether there is another page.
    pub has_more: bool,
    /// The servers that did not answer, by number, and why.
    pub silent: Vec<(u64, String)>,
}

/// A session and where it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionOn {
    /// The number of the server.
    pub node: u64,
    /// The session.
    pub session: SessionInfo,
}

impl Sessions {
    /// Acts on these, and on those of other servers.
    #[must_use]
    pub fn new(live: Arc<dyn Live>, cluster: Arc<dyn ClusterLive>, audit: Audit) -> Self {
        Self { live, cluster, audit }
    }

    /// Every session of this server that the actor's power reaches, by JID.
    #[must_use]
    pub fn list(&self, actor: &Actor) -> Vec<SessionInfo> {
        let mut sessions = self.live.list();
        sessions.retain(|session| domain_of(&session.jid).is_some_and(|domain| actor.reaches(&domain)));
        sessions.sort_by(|a, b| a.jid.cmp(&b.jid));
        sessions
    }

    /// A page of the sessions of the whole cluster that the actor's power reaches. Servers that do not answer are
    /// named; nobody waits for them.
    pub async fn everywhere(&self, actor: &Actor, question: &SessionQuestion) -> Everywhere {
        let limit = question.limit.clamp(1, PAGE_MAX);
        let asked = SessionQuestion {
            host: match actor.role() {
                Role::Host(domain) => Some(domain.clone()),
                Role::Owner | Role::ReadOnly => question.host.clone(),
            },
            limit: limit + 1,
            ..question.clone()
        };
        let mut page = Everywhere::default();
        for (node, said) in self.cluster.sessions(asked).await {
            match said {
                Ok(answer) => {
                    page.total += answer.total;
                    let sessions = answer.sessions.into_iter();
                    page.sessions
                        .extend(sessions.map(|session| SessionOn { node, session }));
                }
                Err(why) => page.silent.push((node, why)),
            }
        }
        page.sessions.sort_by(|a, b| a.session.jid.cmp(&b.session.jid));
        page.has_more = page.sessions.len() > limit as usize;
        page.sessions.truncate(limit as usize);
        page
    }

    /// Closes the session of a full JID, or all sessions of a bare one, wherever they are; says how many.
    ///
    /// # Errors
    /// Where there is none.
    pub async fn close(&self, actor: &Actor, address: &str, reason: &str) -> Result<usize, OpsError> {
        let deed = Deed {
            after: Some(reason.to_owned()),
            ..Deed::new("session.close", address)
        };
        let work = async {
            let jid: Jid = address
                .parse()
                .map_err(|_| OpsError::NoAccountAddress(address.to_owned()))?;
            actor.require_change(jid.domain())?;
            match self.live.close(&jid, &Why::Operator(reason.to_owned())) {
                0 => Err(OpsError::NoSession(jid)),
                closed => {
                    tracing::info!(%actor, host = jid.domain(), closed, "sessions were closed");
                    Ok(closed)
                }
            }
        };
        self.audit.record(actor, deed, work).await
    }
}

/// What this server says when it is asked for sessions.
#[must_use]
pub fn answer(live: &dyn Live, question: &SessionQuestion) -> SessionAnswer {
    let mut sessions = live.list();
    sessions.retain(|session| question.means(session));
    let total = sessions.len() as u64;
    sessions.retain(|session| session.jid > question.after);
    sessions.sort_by(|a, b| a.jid.cmp(&b.jid));
    sessions.truncate(question.limit.min(PAGE_MAX + 1) as usize);
    SessionAnswer { total, sessions }
}

impl SessionQuestion {
    fn means(&self, session: &SessionInfo) -> bool {
        let is_there = self.text.is_empty() || session.jid.contains(&self.text) || session.address.contains(&self.text);
        let is_at = |host: &String| domain_of(&session.jid).is_some_and(|domain| domain == *host);
        is_there && self.host.as_ref().is_none_or(is_at)
    }
}

fn domain_of(jid: &str) -> Option<String> {
    jid.parse::<Jid>().ok().map(|jid| jid.domain().to_owned())
}
