//! Saying something to everybody who is there: of the cluster, a host, a server, or some accounts.

use std::{sync::Arc, time::Duration};

use protocol::{Element, Jid, MessageType, Stanza, ns};
use router::{Delivery, Router, Session};
use serde::{Deserialize, Serialize};

use super::Sessions;
use crate::{Actor, OpsError, audit::Deed};

/// Characters of an announcement.
pub const ANNOUNCEMENT_CHARS_MAX: usize = 8_000;
/// Characters of its subject.
pub const SUBJECT_CHARS_MAX: usize = 200;
/// Accounts that one is for.
pub const ANNOUNCED_ACCOUNTS_MAX: usize = 200;
/// Sessions that are told at once, and the pause until the next ones are: 10,000 take half a second.
const AT_ONCE: usize = 200;
const PAUSE: Duration = Duration::from_millis(10);

/// What is said to sessions. Written to links: append, never reorder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Announcement {
    /// To whom.
    pub audience: Audience,
    /// A headline, which clients show and forget; else a normal message.
    pub is_headline: bool,
    /// What it is about; empty: nothing is said of that.
    pub subject: String,
    /// What is said.
    pub body: String,
}

/// To whom something is said: always to those who are there and take messages. Written to links: append, never reorder.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Audience {
    /// To everybody.
    #[default]
    Everybody,
    /// To everybody of a host.
    Host(String),
    /// To everybody on a server, by its number.
    Server(u64),
    /// To these accounts, by their bare JIDs.
    Accounts(Vec<String>),
}

/// What came of an announcement.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reached {
    /// Sessions that took it.
    pub sessions: u64,
    /// The servers that did not answer, by number, and why.
    pub silent: Vec<(u64, String)>,
}

impl Sessions {
    /// Says something to everybody who is there, wherever they are connected.
    ///
    /// # Errors
    /// Where the actor's power does not reach so far, or it cannot be said.
    pub async fn announce(&self, actor: &Actor, announcement: Announcement) -> Result<Reached, OpsError> {
        let target = announcement.audience.to_string();
        let kind = if announcement.is_headline {
            "headline"
        } else {
            "message"
        };
        let deed = Deed {
            after: Some(format!("{kind}: {}", announcement.words())),
            ..Deed::new("session.announce", &target)
        };
        let work = async {
            may_announce(actor, &announcement.audience)?;
            let announcement = checked(announcement)?;
            let node = match announcement.audience {
                Audience::Server(node) => Some(node),
                _ => None,
            };
            let mut reached = Reached::default();
            for (node, said) in self.cluster.announce(node, announcement).await {
                match said {
                    Ok(sessions) => reached.sessions += sessions,
                    Err(why) => reached.silent.push((node, why)),
                }
            }
            Ok(reached)
        };
        let outcome = |reached: &Reached| format!("done: {} sessions reached", reached.sessions);
        self.audit.record_with(actor, deed, work, outcome).await
    }
}

fn may_announce(actor: &Actor, audience: &Audience) -> Result<(), OpsError> {
    match audience {
        Audience::Everybody | Audience::Server(_) => actor.require_owner(),
        Audience::Host(domain) => actor.require_change(domain),
        Audience::Accounts(accounts) => accounts.iter().try_for_each(|account| {
            let jid = bare(account)?;
            actor.require_change(jid.domain())
        }),
    }
}

/// What can be said as it is.
fn checked(announcement: Announcement) -> Result<Announcement, OpsError> {
    let unusable = |what, why: String| Err(OpsError::Unusable { what, why });
    let is_control = |text: &str| text.chars().any(|it| it.is_control() && !matches!(it, '\n' | '\t'));
    let body = announcement.body.replace("\r\n", "\n");
    if body.trim().is_empty() {
        return unusable("the text", "is empty: say something".to_owned());
    }
    if body.chars().count() > ANNOUNCEMENT_CHARS_MAX {
        return unusable("the text", format!("has more than {ANNOUNCEMENT_CHARS_MAX} characters"));
    }
    if announcement.subject.chars().count() > SUBJECT_CHARS_MAX {
        return unusable("the subject", format!("has more than {SUBJECT_CHARS_MAX} characters"));
    }
    if is_control(&body) || is_control(&announcement.subject) {
        return unusable("the text", "has characters that no message may have".to_owned());
    }
    if let Audience::Accounts(accounts) = &announcement.audience {
        if accounts.is_empty() {
            return unusable("the accounts", "are none: name some".to_owned());
        }
        if accounts.len() > ANNOUNCED_ACCOUNTS_MAX {
            return unusable("the accounts", format!("are more than {ANNOUNCED_ACCOUNTS_MAX}"));
        }
    }
    Ok(Announcement { body, ..announcement })
}

fn bare(account: &str) -> Result<Jid, OpsError> {
    let jid = account
        .parse::<Jid>()
        .ok()
        .filter(|jid| jid.is_bare() && jid.local().is_some());
    jid.ok_or_else(|| OpsError::Unusable {
        what: "the accounts",
        why: format!("have {account:?} among them, which is none: an account's address looks like user@host"),
    })
}

/// Says it to the sessions of this server that are meant, some at a time; how many took it.
pub async fn announce_here(router: &Arc<Router>, announcement: &Announcement) -> u64 {
    let children = announcement.children();
    let mut reached = 0;
    let meant = meant(router, &announcement.audience);
    for (count, session) in meant.iter().enumerate() {
        if count > 0 && count.is_multiple_of(AT_ONCE) {
            tokio::time::sleep(PAUSE).await;
        }
        // A node that is cut off says nothing.
        if !router.is_acting() {
            break;
        }
        let kind = if announcement.is_headline {
            MessageType::Headline
        } else {
            MessageType::Normal
        };
        let mut message = Stanza::message(kind)
            .to(session.jid.clone())
            .from(session.jid.to_domain());
        message.children.clone_from(&children);
        if session.inbox.push(Delivery::new(message)).is_ok() {
            reached += 1;
        }
    }
    reached
}

fn meant(router: &Router, audience: &Audience) -> Vec<Arc<Session>> {
    let mut sessions: Vec<Arc<Session>> = match audience {
        Audience::Everybody | Audience::Server(_) | Audience::Host(_) => router.directory().all(),
        Audience::Accounts(accounts) => accounts
            .iter()
            .filter_map(|account| bare(account).ok())
            .flat_map(|jid| router.directory().sessions(jid.as_str()))
            .collect(),
    };
    sessions.retain(|session| session.takes_messages());
    if let Audience::Host(domain) = audience {
        sessions.retain(|session| session.jid.domain() == domain);
    }
    sessions
}

impl Announcement {
    fn words(&self) -> String {
        match self.subject.as_str() {
            "" => self.body.clone(),
            subject => format!("{subject}: {}", self.body),
        }
    }

    fn children(&self) -> protocol::Children {
        let element = |name, text: &str| protocol::Child::from_element(&Element::new(name, ns::CLIENT).text(text));
        let subject = (!self.subject.is_empty()).then(|| element("subject", &self.subject));
        subject.into_iter().chain([element("body", &self.body)]).collect()
    }
}

impl std::fmt::Display for Audience {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Everybody => f.write_str("everybody"),
            Self::Host(domain) => write!(f, "host {domain}"),
            Self::Server(node) => write!(f, "server {node}"),
            Self::Accounts(accounts) => f.write_str(&accounts.join(", ")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_said_is_refused() {
        let check = |subject: &str, body: &str, is_good: bool| {
            let announcement = Announcement {
                subject: subject.to_owned(),
                body: body.to_owned(),
                ..Announcement::default()
            };
            assert_eq!(checked(announcement).is_ok(), is_good, "{subject:?} {body:?}");
        };
        check("", "back at ten", true);
        check("Maintenance", "back\r\nat\tten", true);
        check("", " \n", false);
        check("", "\u{0}", false);
        check("\u{1b}", "x", false);
        check("", &"x".repeat(ANNOUNCEMENT_CHARS_MAX + 1), false);
        check(&"x".repeat(SUBJECT_CHARS_MAX + 1), "x", false);
    }
}
