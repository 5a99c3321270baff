//! The console's doors: who is logged in there, and the first administrator.
//!
//! | to find | look in |
//! |---|---|
//! | logging in and out | here |
//! | what a browser holds | `token` |
//! | the first administrator | `setup` |
//! | logins that were refused, in the record | `refused` |

mod refused;
mod setup;
mod token;

use std::{net::IpAddr, sync::Arc, time::Duration};

use arc_swap::ArcSwap;
use auth::Authenticator;
use protocol::sasl::FailureCondition;
use storage::{ConsoleSession, SessionLimits, Storage};

use refused::Refusals;
pub use setup::Setup;
pub use token::Token;

use crate::{Actor, Audit, OpsError, Password, Role, accounts::account_address, audit::Deed};

/// Settings of the console.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsoleSettings {
    /// A login that asks for no page for so long is over.
    pub idle_timeout: Duration,
}

impl Default for ConsoleSettings {
    fn default() -> Self {
        Self {
            idle_timeout: Duration::from_secs(900),
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
    refusals: Arc<Refusals>,
}

/// Why nobody was let in.
#[derive(Debug, Clone, thiserror::Error)]
pub enum NoLogin {
    /// The address or the password is wrong, or the account has no power: who asks does not learn which.
    #[error("this address and password do not belong to an administrator")]
    Wrong,
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
    ) -> Self {
        Self {
            refusals: Arc::new(Refusals::new(audit.clone())),
            storage,
            authenticator,
            audit,
            settings,
        }
    }

    /// Lets an administrator in. An address without a domain is of the first host.
    ///
    /// # Errors
    /// Where the address, the password or the power is missing, or too many have guessed.
    pub async fn log_in(&self, address: &str, password: &Password, from: IpAddr) -> Result<(Token, Actor), NoLogin> {
        let result = self.try_log_in(address, password, from).await;
        if let Err(NoLogin::Wrong) = &result {
            self.refusals.record(address, from).await;
        }
        result
    }

    async fn try_log_in(&self, address: &str, password: &Password, from: IpAddr) -> Result<(Token, Actor), NoLogin> {
        let (local, domain) = self.parts(address).await?;
        let proven = self
            .authenticator
            .check_password(&domain, &local, password.reveal(), from)
            .await;
        let account = match proven {
            Ok(authenticated) => authenticated.account_id.ok_or(NoLogin::Wrong)?,
            Err(failure) if failure.condition == FailureCondition::TemporaryAuthFailure => {
                let why = failure
                    .text
                    .map_or_else(|| "try again later".to_owned(), std::borrow::Cow::into_owned);
                return Err(NoLogin::NotNow(why));
            }
            Err(_) => return Err(NoLogin::Wrong),
        };
        let role = self.storage.administrators().role(account).await.map_err(not_now)?;
        if role.is_none() {
            return Err(NoLogin::Wrong);
        }
        let token = Token::new();
        let added = self
            .storage
            .console_sessions()
            .add(&token.hash(), account, &from.to_string(), self.limits())
            .await;
        added.map_err(not_now)?;
        let found = self
            .find(&token, from, true)
            .await
            .map_err(|error| NoLogin::NotNow(error.to_string()))?;
        let actor = found.ok_or(NoLogin::Wrong)?;
        let recorded = self
            .audit
            .record(&actor, Deed::new("console.login", &actor.to_string()), async { Ok(()) })
            .await;
        recorded.map_err(|error| NoLogin::NotNow(error.to_string()))?;
        Ok((token, actor))
    }

    /// Who has this token, as they may act now. `is_use`: that keeps the login alive.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn find(&self, token: &Token, from: IpAddr, is_use: bool) -> Result<Option<Actor>, OpsError> {
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
        Ok(actor(&session, from))
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
        let micros = |duration: Duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        SessionLimits {
            idle_micros: micros(self.settings.load().idle_timeout),
            absolute_micros: micros(LOGIN_MAX),
        }
    }

    /// The parts of an address that may be none: what is no address leads to no account.
    async fn parts(&self, address: &str) -> Result<(String, String), NoLogin> {
        let address = address.trim();
        if let Some((local, domain)) = address.rsplit_once('@') {
            let prepared = account_address(address).map(|(jid, local)| (local, jid.domain().to_owned()));
            return Ok(prepared.unwrap_or_else(|_| (local.to_owned(), domain.to_owned())));
        }
        let hosts = self.storage.hosts().list().await.map_err(not_now)?;
        let first = hosts.into_iter().next().map(|host| host.domain);
        Ok((address.to_owned(), first.unwrap_or_default()))
    }
}

#[allow(clippy::needless_pass_by_value)]
fn not_now(error: storage::StorageError) -> NoLogin {
    tracing::error!(%error, "an administrator could not be let in");
    NoLogin::NotNow("the database does not answer; try again later".to_owned())
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
