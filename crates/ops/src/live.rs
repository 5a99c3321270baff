//! The sessions that are live while an act is done.

use std::{pin::Pin, sync::Arc};

use protocol::{Element, Jid, StanzaError, StreamCondition, StreamError};
use router::{Router, Share};
use storage::{AccountId, Clock, SystemClock};

use crate::{OpsError, SessionInfo};

/// What acts need to know of, and do to, live sessions. Without a running server there are none.
pub trait Live: Send + Sync {
    /// All of them, in no order.
    fn list(&self) -> Vec<SessionInfo>;

    /// Adds to what [`Live::list`] tells of a session what takes longer to find out: what its presence says.
    fn look_closer(&self, session: &mut SessionInfo);

    /// Asks the sessions of `jid`, a bare or full JID, to close; says how many there are.
    fn close(&self, jid: &Jid, why: &Why) -> usize;

    /// An account that is about to be deleted takes its leave: its contacts are told while it can
    /// still speak, and its sessions are asked to close.
    fn take_leave<'a>(&'a self, account: &'a Jid, id: AccountId) -> Leave<'a>;

    /// The account was deleted or made: what is remembered of it in memory is stale.
    fn forget(&self, account: &Jid);

    /// Groups have changed: whom that concerns is told.
    fn sharing_changed(&self) -> Leave<'_>;

    /// Changes something of an account as its own client would: by the same rules, and with all its clients told, on
    /// whatever server they are.
    fn change<'a>(&'a self, account: &'a Jid, id: AccountId, payload: Element) -> Change<'a>;

    /// Contacts that groups put into the account's roster, as this server knows it.
    fn shared_contacts(&self, account: &Jid) -> Vec<(Jid, Share)>;
}

/// Ends when everybody has been told.
pub type Change<'a> = Pin<Box<dyn Future<Output = Result<(), OpsError>> + Send + 'a>>;

/// Ends when those who had to be told have been told.
pub type Leave<'a> = Pin<Box<dyn Future<Output = ()> + Send + 'a>>;

/// The sessions of a running server.
#[derive(Clone)]
pub struct LiveHere(pub Arc<Router>);

/// Why sessions are closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Why {
    /// The password they logged in with is no longer the account's.
    PasswordChanged,
    /// The account is locked.
    Locked,
    /// The account is gone.
    Deleted,
    /// An operator wishes so.
    Operator(String),
}

/// No server runs: nobody is connected.
#[derive(Debug, Clone, Copy, Default)]
pub struct NobodyLive;

impl Live for NobodyLive {
    fn list(&self) -> Vec<SessionInfo> {
        Vec::new()
    }

    fn look_closer(&self, _session: &mut SessionInfo) {}

    fn close(&self, _jid: &Jid, _why: &Why) -> usize {
        0
    }

    fn take_leave<'a>(&'a self, _account: &'a Jid, _id: AccountId) -> Leave<'a> {
        Box::pin(std::future::ready(()))
    }

    fn forget(&self, _account: &Jid) {}

    fn sharing_changed(&self) -> Leave<'_> {
        Box::pin(std::future::ready(()))
    }

    fn change<'a>(&'a self, _account: &'a Jid, _id: AccountId, _payload: Element) -> Change<'a> {
        Box::pin(std::future::ready(Err(OpsError::NoServer)))
    }

    fn shared_contacts(&self, _account: &Jid) -> Vec<(Jid, Share)> {
        Vec::new()
    }
}

impl Live for LiveHere {
    fn list(&self) -> Vec<SessionInfo> {
        let now = SystemClock.now_micros();
        self.0
            .directory()
            .all()
            .iter()
            .map(|session| SessionInfo::of(session, now))
            .collect()
    }

    fn look_closer(&self, info: &mut SessionInfo) {
        let full = info.jid.parse::<Jid>();
        if let Some(session) = full.ok().and_then(|full| self.0.directory().find(&full)) {
            info.read_presence(&session);
        }
    }

    fn close(&self, jid: &Jid, why: &Why) -> usize {
        let elsewhere = self.0.elsewhere(jid);
        let meant = elsewhere.iter().filter(|entry| jid.is_bare() || entry.jid == *jid);
        self.0.close_sessions(jid, &why.error(), None) + meant.count()
    }

    fn take_leave<'a>(&'a self, account: &'a Jid, id: AccountId) -> Leave<'a> {
        let account = self.0.accounts().enter(id, account);
        Box::pin(async move { self.0.remove_account(&account).await })
    }

    fn forget(&self, account: &Jid) {
        self.0.forget_account(account);
    }

    fn sharing_changed(&self) -> Leave<'_> {
        Box::pin(async {
            // It is stored; this server reads it as the others do, when the database answers again.
            if let Err(error) = self.0.refresh_sharing().await {
                tracing::warn!(%error, "groups have changed and could not be read at once");
            }
        })
    }

    fn change<'a>(&'a self, account: &'a Jid, id: AccountId, payload: Element) -> Change<'a> {
        let account = self.0.accounts().enter(id, account);
        Box::pin(async move {
            let answer = self.0.ask_for_owner(&account, payload).await;
            answer.map(|_| ()).map_err(|error| OpsError::Refused(words(&error)))
        })
    }

    fn shared_contacts(&self, account: &Jid) -> Vec<(Jid, Share)> {
        self.0.sharing().view(account).contacts.into_iter().collect()
    }
}

/// What a client would be told.
fn words(error: &StanzaError) -> String {
    error
        .text
        .as_deref()
        .map_or_else(|| error.condition.as_str().replace('-', " "), str::to_owned)
}

impl Why {
    fn error(&self) -> StreamError {
        let (condition, text) = match self {
            // RFC 6120 §4.9.3.16: log in again.
            Self::PasswordChanged => (StreamCondition::Reset, "the password has been changed".to_owned()),
            Self::Locked => (StreamCondition::NotAuthorized, "the account is locked".to_owned()),
            Self::Deleted => (
                StreamCondition::NotAuthorized,
                "the account has been deleted".to_owned(),
            ),
            Self::Operator(text) => (StreamCondition::PolicyViolation, text.clone()),
        };
        StreamError::with_text(condition, text)
    }
}
