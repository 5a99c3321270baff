//! What an operator can do with live sessions.
//!
//! | to find | look in |
//! |---|---|
//! | listing and closing them | here |
//! | what is known of one | `info` |
//! | what passes one | `inspect` |
//! | saying something to many | `announce` |

mod announce;
mod info;
mod inspect;

use std::{cmp::Ordering, sync::Arc};

pub use announce::{
    ANNOUNCED_ACCOUNTS_MAX, ANNOUNCEMENT_CHARS_MAX, Announcement, Audience, Reached, SUBJECT_CHARS_MAX, announce_here,
};
pub use info::{Acks, SessionInfo};
pub use inspect::{INSPECTION_MINUTES_MAX, Inspected, InspectedStanza, Inspection, Wish, inspect_here};

use protocol::Jid;
use serde::{Deserialize, Serialize};

use crate::{Actor, Audit, ClusterLive, Live, OpsError, PAGE_MAX, Role, Why, audit::Deed};

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
    /// In which order.
    pub order: SessionOrder,
    /// Whether the last come first.
    pub is_down: bool,
    /// The place of the last of the page before, in that order; 0 where that is by JID.
    pub after_place: i64,
    /// Only these.
    pub only: Only,
    /// Only the session of this full JID; empty: all.
    pub exact: String,
}

/// In which order sessions are listed; those of the same place by JID. Written to links: append, never reorder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SessionOrder {
    /// By JID.
    #[default]
    Jid,
    /// By when they were bound.
    Since,
    /// By when their clients were last heard.
    Heard,
    /// By their priority; those that are not available come before all others.
    Priority,
    /// By how many stanzas they have sent and received.
    Stanzas,
}

/// Which sessions are listed. Written to links: append, never reorder.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Only {
    /// All.
    #[default]
    All,
    /// Those that are available.
    Available,
    /// Those that are not.
    Unavailable,
    /// Those whose client said that nobody looks at it.
    Inactive,
    /// Those without a connection, whose client may come back.
    Away,
    /// Those that are not encrypted.
    Plain,
}

/// What a server says. Written to links: append, never reorder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionAnswer {
    /// How many of its sessions are meant, on all pages.
    pub total: u64,
    /// The first of them, in the order that was asked for.
    pub sessions: Vec<SessionInfo>,
}

/// A page of the sessions of the whole cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Everywhere {
    /// In the order that was asked for.
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
        self.on(actor, None, question).await
    }

    /// The same, of the server with this number alone where there is one.
    pub async fn on(&self, actor: &Actor, node: Option<u64>, question: &SessionQuestion) -> Everywhere {
        let limit = question.limit.clamp(1, PAGE_MAX);
        let asked = SessionQuestion {
            host: match actor.role() {
                Role::Host(domain) => Some(domain.clone()),
                Role::Owner | Role::ReadOnly => question.host.clone(),
                // No host is called so: it sees none.
                Role::GroupAdmin => Some(String::new()),
            },
            limit: limit + 1,
            ..question.clone()
        };
        let mut page = Everywhere::default();
        for (node, said) in self.cluster.sessions(node, asked).await {
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
        page.sessions.sort_by(|a, b| question.compare(&a.session, &b.session));
        page.has_more = page.sessions.len() > limit as usize;
        page.sessions.truncate(limit as usize);
        page
    }

    /// The session of a full JID, wherever it is.
    ///
    /// # Errors
    /// Where the actor's power does not reach, there is none, or its server may be one that does not answer.
    pub async fn find(&self, actor: &Actor, jid: &str) -> Result<SessionOn, OpsError> {
        let full = full_jid(jid)?;
        if !actor.reaches(full.domain()) {
            return Err(actor.denied(full.domain()));
        }
        let question = SessionQuestion {
            exact: full.to_string(),
            limit: 1,
            ..SessionQuestion::default()
        };
        let page = self.everywhere(actor, &question).await;
        let silent = page.silent.into_iter().next();
        let found = page.sessions.into_iter().next();
        found.ok_or_else(|| match silent {
            Some((node, why)) => OpsError::NoAnswer { node, why },
            None => OpsError::NoSession(full),
        })
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
    sessions.retain(|session| question.is_behind(session));
    sessions.sort_by(|a, b| question.compare(a, b));
    sessions.truncate(question.limit.min(PAGE_MAX + 1) as usize);
    sessions.iter_mut().for_each(|session| live.look_closer(session));
    SessionAnswer { total, sessions }
}

impl SessionQuestion {
    fn means(&self, session: &SessionInfo) -> bool {
        if !self.exact.is_empty() && self.exact != session.jid {
            return false;
        }
        let is_there = self.text.is_empty() || session.jid.contains(&self.text) || session.address.contains(&self.text);
        let is_at = |host: &String| domain_of(&session.jid).is_some_and(|domain| domain == *host);
        is_there && self.only.means(session) && self.host.as_ref().is_none_or(is_at)
    }

    /// Where a session comes in the order that was asked for.
    #[must_use]
    pub fn place(&self, session: &SessionInfo) -> i64 {
        match self.order {
            SessionOrder::Jid => 0,
            SessionOrder::Since => session.bound_at,
            SessionOrder::Heard => session.heard_at,
            SessionOrder::Priority => session.priority.map_or(i64::MIN, i64::from),
            SessionOrder::Stanzas => {
                i64::try_from(session.stanzas_in.saturating_add(session.stanzas_out)).unwrap_or(i64::MAX)
            }
        }
    }

    fn compare(&self, one: &SessionInfo, other: &SessionInfo) -> Ordering {
        let order = (self.place(one), &one.jid).cmp(&(self.place(other), &other.jid));
        if self.is_down { order.reverse() } else { order }
    }

    fn is_behind(&self, session: &SessionInfo) -> bool {
        if self.after.is_empty() {
            return true;
        }
        let order = (self.place(session), &session.jid).cmp(&(self.after_place, &self.after));
        order
            == if self.is_down {
                Ordering::Less
            } else {
                Ordering::Greater
            }
    }
}

impl Only {
    fn means(self, session: &SessionInfo) -> bool {
        match self {
            Self::All => true,
            Self::Available => session.priority.is_some(),
            Self::Unavailable => session.priority.is_none(),
            Self::Inactive => session.is_inactive,
            Self::Away => !session.is_connected,
            Self::Plain => !session.encrypted,
        }
    }
}

fn domain_of(jid: &str) -> Option<String> {
    jid.parse::<Jid>().ok().map(|jid| jid.domain().to_owned())
}

fn full_jid(jid: &str) -> Result<Jid, OpsError> {
    let full = jid.parse::<Jid>().ok().filter(|jid| jid.resource().is_some());
    full.ok_or_else(|| OpsError::NoSessionAddress(jid.to_owned()))
}
