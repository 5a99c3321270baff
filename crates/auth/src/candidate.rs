//! Somebody who says who they are, and is to be believed or not.

use std::sync::Arc;

use protocol::Jid;
use protocol::sasl::{Failure, FailureCondition, Mechanism};
use storage::{Login, StorageError};

use crate::Authenticated;
use crate::authenticator::{shut_out, unavailable};
use crate::exchange::Exchange;
use crate::lockout::Target;

/// A name, and the account that it leads to, if it leads to one.
pub(crate) struct Candidate {
    /// The name, prepared where it can be.
    pub(crate) name: String,
    pub(crate) target: Target,
    pub(crate) found: Option<Found>,
}

/// An account with what it takes to log in to it.
pub(crate) struct Found {
    pub(crate) jid: Jid,
    pub(crate) login: Arc<Login>,
}

impl Exchange {
    /// Looks a name up, in one question to the database at most. A name that cannot be a localpart leads nowhere.
    ///
    /// What is kept in memory is for those only who have logged in from this address before: to a stranger every name takes
    /// as long, whether it exists or not.
    pub(crate) async fn candidate(&self, username: &str) -> Result<Candidate, Failure> {
        let jid = Jid::from_parts(Some(username), &self.binding.host, None);
        let name = jid.as_ref().ok().and_then(Jid::local).unwrap_or(username).to_owned();
        let target = self.inner.lockout.target(&self.binding.host, &name);
        let found = match jid {
            Ok(jid) => {
                let is_at_home = self.is_at_home(target);
                let found = self.find(&name, jid, is_at_home).await;
                found.map_err(|error| unavailable(&error))?
            }
            Err(_) => None,
        };
        Ok(Candidate { name, target, found })
    }

    fn is_at_home(&self, target: Target) -> bool {
        let now = self.inner.clock.now_micros();
        self.inner.lockout.is_at_home(target, self.binding.address, now)
    }

    async fn find(&self, localpart: &str, jid: Jid, may_be_kept: bool) -> Result<Option<Found>, StorageError> {
        let Some(host) = self.inner.host(&self.binding.host).await? else {
            return Ok(None);
        };
        let accounts = self.inner.storage.accounts();
        let found = accounts.for_login(host, localpart, may_be_kept).await?;
        Ok(found.map(|login| Found { jid, login }))
    }

    /// Waits before a guess is judged: for nothing, unless the account is under attack.
    pub(crate) async fn pace(&self, candidate: &Candidate) -> Result<(), Failure> {
        let (address, now) = (self.binding.address, self.inner.clock.now_micros());
        let delay = self
            .inner
            .lockout
            .delay(candidate.target, address, now, &self.inner.settings.load());
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        // Others from the same address may have been judged meanwhile.
        if self.inner.is_shut_out(address) {
            Err(shut_out())
        } else {
            Ok(())
        }
    }

    /// Records that somebody guessed wrong. They learn nothing but that.
    pub(crate) fn refuse(&self, target: Target) -> Failure {
        let (address, now) = (self.binding.address, self.inner.clock.now_micros());
        let alarm = self
            .inner
            .lockout
            .failed(target, address, now, &self.inner.settings.load());
        if alarm.is_shut_out {
            tracing::warn!(target: "auth", %address, "too many failed logins from this address: refused for a while");
            metrics::counter!("auth_addresses_shut_out").increment(1);
        }
        if alarm.is_under_attack {
            tracing::warn!(target: "auth", %address, host = self.binding.host, "somebody guesses at an account");
            metrics::counter!("auth_accounts_under_attack").increment(1);
        }
        Failure::not_authorized()
    }

    /// Lets somebody in who has proven to be this account, unless it is locked or they want to be somebody else.
    pub(crate) fn admit(&self, target: Target, found: Found, authzid: Option<&str>) -> Result<Authenticated, Failure> {
        let now = self.inner.clock.now_micros();
        self.inner.lockout.succeeded(target, self.binding.address, now);
        if found.login.is_locked(now) {
            return Err(Failure::new(
                FailureCondition::AccountDisabled,
                "this account is locked",
            ));
        }
        if authzid.is_some_and(|authzid| !is_same(authzid, &found.jid)) {
            return Err(Failure::new(
                FailureCondition::InvalidAuthzid,
                "you can act as yourself only",
            ));
        }
        self.inner.storage.accounts().record_login(found.login.account);
        Ok(Authenticated {
            account_id: Some(found.login.account),
            jid: found.jid,
            mechanism: self.mechanism,
            additional_data: None,
            upgrades: Vec::new(),
            proven: None,
            used_token: None,
        })
    }

    /// A guest.
    pub(crate) fn guest(&self, jid: Jid) -> Authenticated {
        Authenticated {
            account_id: None,
            jid,
            mechanism: Mechanism::Anonymous,
            additional_data: None,
            upgrades: Vec::new(),
            proven: None,
            used_token: None,
        }
    }
}

/// RFC 6120 §6.3.8: the identity is a bare JID, compared after preparation.
fn is_same(authzid: &str, jid: &Jid) -> bool {
    authzid.parse::<Jid>().is_ok_and(|authzid| authzid == *jid)
}
