//! The console's doors: who is logged in there, and the first administrator.
//!
//! | to find | look in |
//! |---|---|
//! | logging in and out | here |
//! | what a browser holds | `token` |
//! | second factors: codes by the clock, codes that are good once | `second_factor`, `totp`, `recovery` |
//! | failed logins in the record | `failed` |
//! | domain, database, the first administrator | `setup`, and what it needs of the process: `install` |

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
use protocol::sasl::FailureCondition;
use storage::{AccountId, ConsoleLogin, ConsoleSession, SessionLimits, Storage};

use failed::FailedLogins;
use second_factor::typed;

pub use install::{Configured, Finding, Install, Looking, Written};
pub use second_factor::{Enrolment, FactorInfo, SecondFactors};
pub use setup::{Applied, Setup, SetupInfo};
pub use token::Token;

use crate::{Actor, Audit, OpsError, Password, Role, accounts::account_address, audit::Deed};

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
    ) -> Self {
        Self {
            failed: FailedLogins::new(audit.clone()),
            storage,
            authenticator,
            audit,
            settings,
        }
    }

    /// Lets an administrator in, or asks for a code. An address without a domain is of the first host.
    ///
    /// # Errors
    /// Where the address, the password or the power is missing, or too many have guessed.
    pub async fn log_in(&self, address: &str, password: &Password, from: IpAddr) -> Result<Entered, NoLogin> {
        let parts = self.parts(address).await?;
        let account = self.administrator(&parts, password, from).await?;
        let factor = self.storage.second_factors().get(account).await.map_err(not_now)?;
        if factor.is_none_or(|factor| factor.confirmed_at.is_none()) {
            let (token, actor) = self.enter(account, from).await?;
            return Ok(Entered::In(token, actor));
        }
        let token = Token::new();
        let sessions = self.storage.console_sessions();
        let waits = sessions.wait(&token.hash(), account, &from.to_string()).await;
        waits.map_err(not_now)?;
        Ok(Entered::Code(token))
    }

    /// Lets somebody in who waits with this token, and has a code.
    ///
    /// # Errors
    /// Where nobody waits with it, the code is wrong, or too many were.
    pub async fn enter_code(&self, token: &Token, code: &str, from: IpAddr) -> Result<(Token, Actor), NoLogin> {
        let sessions = self.storage.console_sessions();
        let waiting = sessions.find_waiting(&token.hash()).await.map_err(not_now)?;
        let (account, local, domain) = waiting.ok_or(NoLogin::TooLate)?;
        self.check_code(account, &(local, domain), code, from).await?;
        // Of two who come with the same token at once, one gets in.
        match sessions.remove_waiting(&token.hash()).await.map_err(not_now)? {
            true => self.enter(account, from).await,
            false => Err(NoLogin::TooLate),
        }
    }

    /// Whether somebody waits with this token.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn is_waiting(&self, token: &Token) -> Result<bool, OpsError> {
        let waiting = self.storage.console_sessions().find_waiting(&token.hash()).await?;
        Ok(waiting.is_some())
    }

    /// Takes a password, and a code where there is a second factor, as a sign that it is still the administrator who
    /// sits there: their grave acts are done for a while.
    ///
    /// # Errors
    /// Where either is wrong, or too many have guessed.
    pub async fn prove(
        &self,
        actor: &Actor,
        token: &Token,
        password: &Password,
        code: &str,
        from: IpAddr,
    ) -> Result<(), NoLogin> {
        let parts = self.parts(&actor.to_string()).await?;
        let account = self.administrator(&parts, password, from).await?;
        let factor = self.storage.second_factors().get(account).await.map_err(not_now)?;
        if factor.is_some_and(|factor| factor.confirmed_at.is_some()) {
            self.check_code(account, &parts, code, from).await?;
        }
        self.storage
            .console_sessions()
            .prove(&token.hash())
            .await
            .map_err(not_now)
    }

    /// The account of an administrator whose password this is.
    async fn administrator(
        &self,
        (local, domain): &(String, String),
        password: &Password,
        from: IpAddr,
    ) -> Result<AccountId, NoLogin> {
        let proven = self
            .authenticator
            .check_password(domain, local, password.reveal(), from)
            .await;
        let account = match proven {
            Ok(authenticated) => authenticated.account_id,
            Err(failure) if failure.condition == FailureCondition::TemporaryAuthFailure => {
                let why = failure
                    .text
                    .map_or_else(|| "try again later".to_owned(), std::borrow::Cow::into_owned);
                return Err(NoLogin::NotNow(why));
            }
            Err(_) => None,
        };
        let role = match account {
            Some(account) => self.storage.administrators().role(account).await.map_err(not_now)?,
            None => None,
        };
        match (account, role) {
            (Some(account), Some(_)) => Ok(account),
            _ => {
                self.note(local, domain, from).await;
                Err(NoLogin::Wrong)
            }
        }
    }

    /// Looks at a code of the second factor, or one that is good once. No code is good twice.
    async fn check_code(
        &self,
        account: AccountId,
        (local, domain): &(String, String),
        code: &str,
        from: IpAddr,
    ) -> Result<(), NoLogin> {
        if self.authenticator.is_shut_out(from) {
            return Err(NoLogin::NotNow(
                "too many failed logins from this address; try again in an hour".to_owned(),
            ));
        }
        let factors = self.storage.second_factors();
        let factor = factors.get(account).await.map_err(not_now)?.ok_or(NoLogin::TooLate)?;
        if !factors.attempt(account).await.map_err(not_now)? {
            return Err(NoLogin::NotNow(OpsError::TooManyCodes.to_string()));
        }
        let code = typed(code);
        let is_right = match totp::step_of(&factor.secret, &code, self.storage.now_micros()) {
            Some(step) => factors.use_step(account, step).await,
            None => factors.use_recovery(account, &recovery::hash(&code)).await,
        };
        if is_right.map_err(not_now)? {
            return Ok(());
        }
        self.authenticator.count_wrong_code(domain, local, from);
        self.note(local, domain, from).await;
        Err(NoLogin::WrongCode)
    }

    /// A failed login, for the record. What is no address may be anything, even a password in the wrong field.
    async fn note(&self, local: &str, domain: &str, from: IpAddr) {
        let address = format!("{local}@{domain}");
        let target = match account_address(&address) {
            Ok((jid, _)) => jid.to_string(),
            Err(_) => "what is no address".to_owned(),
        };
        self.failed.note(from, &target, self.storage.now_micros()).await;
    }

    async fn enter(&self, account: AccountId, from: IpAddr) -> Result<(Token, Actor), NoLogin> {
        let token = Token::new();
        let sessions = self.storage.console_sessions();
        let added = sessions
            .add(&token.hash(), account, &from.to_string(), self.limits())
            .await;
        added.map_err(not_now)?;
        let failed = |error: OpsError| NoLogin::NotNow(error.to_string());
        let login = self.find(&token, from, true).await.map_err(failed)?;
        let actor = login.ok_or(NoLogin::Wrong)?.actor;
        let recorded = self
            .audit
            .record(&actor, Deed::new("console.login", &actor.to_string()), async { Ok(()) })
            .await;
        recorded.map_err(failed)?;
        Ok((token, actor))
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

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
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
