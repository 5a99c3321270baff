//! Getting in: a password, a code where there is a second factor, and both once more before grave acts.

use std::net::IpAddr;

use protocol::sasl::FailureCondition;
use storage::AccountId;

use super::{
    Entered, Logins, NoLogin, Token, recovery,
    second_factor::{opened, typed},
    totp,
};
use crate::{Actor, OpsError, Password, accounts::account_address, audit::Deed};

impl Logins {
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
        let secret = opened(&self.sealing, account, &factor.secret).await;
        let now = self.storage.now_micros();
        let step = secret
            .as_ref()
            .ok()
            .and_then(|secret| totp::step_of(secret, &code, now));
        let is_right = match step {
            Some(step) => factors.use_step(account, step).await,
            None => factors.use_recovery(account, &recovery::hash(&code)).await,
        };
        if is_right.map_err(not_now)? {
            return Ok(());
        }
        if let Err(error) = secret {
            // A code that is good once would have done.
            tracing::error!("the second factor of {local}@{domain} cannot be read: {error}");
            return Err(NoLogin::NotNow(format!("your second factor cannot be read: {error}")));
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
