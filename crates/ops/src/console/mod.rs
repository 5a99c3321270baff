//! The console's doors: who is logged in there, and the first administrator.
//!
//! | to find | look in |
//! |---|---|
//! | who is logged in, and logging out | here |
//! | logging in, and showing that it is still oneself | `enter` |
//! | what a browser holds | `token` |
//! | second factors: codes by the clock, codes that are good once | `second_factor`, `totp`, `recovery` |
//! | from where the console is asked | `access` |
//! | failed logins in the record | `failed` |
//! | domain, database, the first administrator | `setup`, and what it needs of the process: `install` |

mod access;
mod enter;
mod failed;
mod install;
mod recovery;
mod second_factor;
mod setup;
mod token;
mod totp;

use std::{net::IpAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use auth::Authenticator;
use storage::{ConsoleLogin, ConsoleSession, SessionLimits, Storage};
use transport::Network;

use failed::FailedLogins;

pub(crate) use access::shut_out;
pub use install::{Configured, Finding, Install, Looking, Written};
pub use second_factor::{Enrolment, FactorInfo, SecondFactors};
pub use setup::{Applied, Setup, SetupInfo};
pub use token::Token;

use crate::{Actor, Audit, OpsError, Role, Sealing, audit::Deed};

/// Settings of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleSettings {
    /// A login that asks for no page for so long is over.
    pub idle_timeout: Duration,
    /// Grave acts need a password, and a code where there is a second factor, from within so long.
    pub proof_lasts: Duration,
    /// Who needs a second factor.
    pub second_factor: SecondFactorRule,
    /// Names under which browsers may ask for the console, besides those that are known to be this server's.
    pub hosts: Vec<String>,
    /// From where the console and the API are answered, besides this machine; none: from everywhere.
    pub allowed: Vec<Network>,
}

/// Who needs a second factor.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SecondFactorRule {
    /// Whoever has set one up.
    Optional,
    /// Every administrator: who has none sets one up before anything else.
    Required,
}

impl Default for ConsoleSettings {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(900),
            proof_lasts: Duration::from_secs(600),
            second_factor: SecondFactorRule::Optional,
            hosts: Vec::new(),
            allowed: Vec::new(),
        }
    }
}

/// However busy, a login is over after this long.
const LOGIN_MAX: Duration = Duration::from_secs(12 * 3600);

/// Logins at the console.
#[derive(Clone)]
pub struct Logins {
    storage: Storage,
    authenticator: Authenticator,
    audit: Audit,
    settings: Arc<ArcSwap<ConsoleSettings>>,
    failed: FailedLogins,
    sealing: Sealing,
}

/// How far a right password leads.
#[derive(Debug)]
pub enum Entered {
    /// In.
    In(Token, Actor),
    /// To the question for a code, which this answers together with it.
    Code(Token),
}

/// Somebody who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// As they may act.
    pub actor: Actor,
    /// Whether they have shown lately enough for grave acts that it is they.
    pub is_proven: bool,
    /// Whether they have a second factor.
    pub has_second_factor: bool,
    /// Whether every administrator needs one.
    pub is_factor_required: bool,
}

/// One of one's own logins. Times are microseconds since 1970.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoginInfo {
    /// Where it was made.
    pub address: String,
    /// When.
    pub created_at: i64,
    /// When a page was last asked for.
    pub used_at: i64,
    /// Whether it is the one that asks.
    pub is_this: bool,
}

/// Why nobody was let in.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NoLogin {
    /// The address or the password is wrong, or the account has no power: who asks does not learn which.
    #[error("this address and password do not belong to an administrator")]
    Wrong,
    /// The code is wrong, or was used.
    #[error("this code is wrong, or has been used: wait for the next one")]
    WrongCode,
    /// Nobody with this token waits for a code.
    #[error("this took too long: begin with the password once more")]
    TooLate,
    /// Not now, whatever the password: why.
    #[error("{0}")]
    NotNow(String),
}

impl Logins {
    /// Logins of accounts in `storage`, whose passwords are `authenticator`'s.
    #[must_use]
    pub fn new(
        storage: Storage,
        authenticator: Authenticator,
        audit: Audit,
        settings: Arc<ArcSwap<ConsoleSettings>>,
        sealing: Sealing,
    ) -> Self {
        Self {
            sealing,
            failed: FailedLogins::new(audit.clone()),
            storage,
            authenticator,
            audit,
            settings,
        }
    }

    /// Who has this token, as they may act now. `is_use`: that keeps the login alive.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find(&self, token: &Token, from: IpAddr, is_use: bool) -> Result<Option<Login>, OpsError> {
        let hash = token.hash();
        let sessions = self.storage.console_sessions();
        let Some(session) = sessions.find(&hash, self.limits()).await? else {
            return Ok(None);
        };
        if session.is_locked {
            return Ok(None);
        }
        if is_use {
            sessions.touch(&hash, &session).await?;
        }
        let Some(actor) = actor(&session, from) else {
            return Ok(None);
        };
        let settings = self.settings.load();
        let since_proof = self.storage.now_micros().saturating_sub(session.proven_at);
        Ok(Some(Login {
            actor,
            is_proven: since_proof < micros(settings.proof_lasts),
            has_second_factor: session.has_second_factor,
            is_factor_required: settings.second_factor == SecondFactorRule::Required,
        }))
    }

    /// The actor's logins, the latest first; `token` is the one that asks.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn list(&self, token: &Token) -> Result<Vec<LoginInfo>, OpsError> {
        let (hash, limits) = (token.hash(), self.limits());
        let sessions = self.storage.console_sessions();
        let Some(session) = sessions.find(&hash, limits).await? else {
            return Ok(Vec::new());
        };
        let logins = sessions.list(session.account, limits).await?;
        let info = |login: ConsoleLogin| LoginInfo {
            is_this: login.token_hash == hash,
            address: login.address,
            created_at: login.created_at,
            used_at: login.used_at,
        };
        Ok(logins.into_iter().map(info).collect())
    }

    /// Ends every login of the actor, this one as well.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn log_out_everywhere(&self, actor: &Actor, token: &Token) -> Result<(), OpsError> {
        let work = async {
            let sessions = self.storage.console_sessions();
            if let Some(session) = sessions.find(&token.hash(), self.limits()).await? {
                sessions.remove_all(session.account).await?;
            }
            Ok(())
        };
        self.audit
            .record(actor, Deed::new("console.logout-everywhere", &actor.to_string()), work)
            .await
    }

    /// Ends a login that another one takes the place of.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn forget(&self, token: &Token) -> Result<(), OpsError> {
        Ok(self.storage.console_sessions().remove(&token.hash()).await?)
    }

    /// Ends a login.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn log_out(&self, actor: &Actor, token: &Token) -> Result<(), OpsError> {
        let work = async { Ok(self.storage.console_sessions().remove(&token.hash()).await?) };
        self.audit
            .record(actor, Deed::new("console.logout", &actor.to_string()), work)
            .await
    }

    fn limits(&self) -> SessionLimits {
        SessionLimits {
            idle_micros: micros(self.settings.load().idle_timeout),
            absolute_micros: micros(LOGIN_MAX),
        }
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

fn actor(session: &ConsoleSession, from: IpAddr) -> Option<Actor> {
    let role = match (session.role, &session.host) {
        (storage::Role::Owner, _) => Role::Owner,
        (storage::Role::Host(_), Some(domain)) => Role::Host(domain.clone()),
        (storage::Role::Host(_), None) => return None,
        (storage::Role::ReadOnly, _) => Role::ReadOnly,
    };
    let jid = format!("{}@{}", session.localpart, session.domain).parse().ok()?;
    Some(Actor::Account {
        jid,
        role,
        address: Some(from),
    })
}
