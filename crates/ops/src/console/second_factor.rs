//! What an administrator shows besides a password: set up by themselves, taken away by themselves or by an owner.

use storage::{AccountId, SecondFactor, Storage};

use super::{recovery, totp};
use crate::{Actor, Audit, OpsError, Sealing, accounts::account_address, audit::Deed};

/// How long a secret may wait for its first code, in microseconds: whoever finds the browser open later must not be able
/// to make it theirs.
const PENDING_MICROS: i64 = 10 * 60 * 1_000_000;

/// Acts on second factors.
#[derive(Clone)]
pub struct SecondFactors {
    storage: Storage,
    audit: Audit,
    sealing: Sealing,
}

/// How somebody's second factor stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FactorInfo {
    /// Since when it is asked for, in microseconds since 1970; none: there is none.
    pub confirmed_at: Option<i64>,
    /// Codes left that are good once.
    pub recovery_codes: u32,
}

/// A secret that its user has not confirmed yet.
#[derive(Clone, PartialEq, Eq)]
pub struct Enrolment {
    /// As people type it into an app.
    pub secret: String,
    /// As apps read it from a picture.
    pub uri: String,
}

impl SecondFactors {
    /// Acts on those in `storage`.
    #[must_use]
    pub fn new(storage: Storage, audit: Audit, sealing: Sealing) -> Self {
        Self {
            storage,
            audit,
            sealing,
        }
    }

    /// Encrypts the secrets that were written before they were; how many.
    ///
    /// # Errors
    /// Where the database fails, or the key is not here.
    pub async fn seal_old(&self) -> Result<usize, OpsError> {
        let mut count = 0;
        let factors = self.storage.second_factors();
        for (account, secret) in factors.secrets().await? {
            if secret.len() == totp::SECRET_BYTES {
                let sealed = self.sealing.seal(&place(account), &secret).await?;
                count += usize::from(factors.rewrite(account, &secret, &sealed).await?);
            }
        }
        Ok(count)
    }

    /// How the actor's own stands.
    ///
    /// # Errors
    /// Where the actor is no account, or the database fails.
    pub async fn own(&self, actor: &Actor) -> Result<FactorInfo, OpsError> {
        let account = self.account(actor).await?;
        let factor = self.storage.second_factors().get(account).await?;
        let confirmed_at = factor.as_ref().and_then(|factor| factor.confirmed_at);
        Ok(FactorInfo {
            confirmed_at,
            recovery_codes: factor
                .filter(|_| confirmed_at.is_some())
                .map_or(0, |factor| factor.recovery_codes),
        })
    }

    /// Begins anew with another secret.
    ///
    /// # Errors
    /// Where the actor has a second factor.
    pub async fn begin(&self, actor: &Actor) -> Result<(), OpsError> {
        let account = self.account(actor).await?;
        let secret = self.sealing.seal(&place(account), &totp::secret()).await?;
        match self.storage.second_factors().begin(account, &secret).await? {
            true => Ok(()),
            false => Err(OpsError::HasSecondFactor),
        }
    }

    /// The secret that the actor has to confirm, where there is one.
    ///
    /// # Errors
    /// Where the actor is no account, or the database fails.
    pub async fn pending(&self, actor: &Actor) -> Result<Option<Enrolment>, OpsError> {
        let account = self.account(actor).await?;
        let Some(factor) = self.unconfirmed(account).await? else {
            return Ok(None);
        };
        let secret = opened(&self.sealing, account, &factor.secret).await?;
        Ok(Some(Enrolment {
            secret: totp::written(&secret),
            uri: totp::uri(&secret, &actor.to_string()),
        }))
    }

    async fn unconfirmed(&self, account: AccountId) -> Result<Option<SecondFactor>, OpsError> {
        let since = self.storage.now_micros() - PENDING_MICROS;
        let factor = self.storage.second_factors().get(account).await?;
        Ok(factor.filter(|factor| factor.confirmed_at.is_none() && factor.made_at > since))
    }

    /// Shows that the actor's app has the secret. From now on a login needs a code; says the codes that are good once.
    ///
    /// # Errors
    /// Where the code is wrong, or nothing is to be confirmed.
    pub async fn confirm(&self, actor: &Actor, code: &str) -> Result<Vec<String>, OpsError> {
        let work = async {
            let account = self.account(actor).await?;
            let factors = self.storage.second_factors();
            let pending = self.unconfirmed(account).await?;
            let pending = pending.ok_or_else(|| OpsError::NoSecondFactor(actor.to_string()))?;
            if !factors.attempt(account).await? {
                return Err(OpsError::TooManyCodes);
            }
            let code = typed(code);
            let secret = opened(&self.sealing, account, &pending.secret).await?;
            let step = totp::step_of(&secret, &code, self.storage.now_micros()).ok_or(OpsError::WrongCode)?;
            let codes = recovery::codes();
            let hashes: Vec<_> = codes.iter().map(|code| recovery::hash(code)).collect();
            if !factors.confirm(account, &pending.secret, step, &hashes).await? {
                return Err(OpsError::NoSecondFactor(actor.to_string()));
            }
            Ok(codes)
        };
        let jid = actor.to_string();
        self.audit
            .record(actor, Deed::new("console.second-factor.add", &jid), work)
            .await
    }

    /// Makes other codes that are good once; those before are worth nothing.
    ///
    /// # Errors
    /// Where the actor has no second factor.
    pub async fn renew_recovery(&self, actor: &Actor) -> Result<Vec<String>, OpsError> {
        let work = async {
            let account = self.account(actor).await?;
            let codes = recovery::codes();
            let hashes: Vec<_> = codes.iter().map(|code| recovery::hash(code)).collect();
            match self.storage.second_factors().replace_recovery(account, &hashes).await? {
                true => Ok(codes),
                false => Err(OpsError::NoSecondFactor(actor.to_string())),
            }
        };
        let jid = actor.to_string();
        self.audit
            .record(actor, Deed::new("console.second-factor.codes", &jid), work)
            .await
    }

    /// Takes the second factor of an account away: one's own, or as an owner anybody's, whose logins then end.
    ///
    /// # Errors
    /// Where there is none, or the actor may not do this.
    pub async fn remove(&self, actor: &Actor, address: &str) -> Result<(), OpsError> {
        let work = async {
            let (jid, local) = account_address(address)?;
            let is_own = matches!(actor, Actor::Account { jid: own, .. } if *own == jid);
            if !is_own {
                actor.require_owner()?;
            }
            let account = self.find(&jid, &local).await?;
            if !self.storage.second_factors().remove(account).await? {
                return Err(OpsError::NoSecondFactor(jid.to_string()));
            }
            if !is_own {
                self.storage.console_sessions().remove_all(account).await?;
            }
            tracing::info!(%actor, "a second factor was removed");
            Ok(())
        };
        self.audit
            .record(actor, Deed::new("console.second-factor.remove", address), work)
            .await
    }

    async fn account(&self, actor: &Actor) -> Result<AccountId, OpsError> {
        match actor {
            Actor::Account { jid, .. } => self.find(jid, jid.local().unwrap_or_default()).await,
            // A user of the machine logs in nowhere, and a program has no app that shows it codes.
            Actor::Local { user: name } | Actor::Token { name, .. } => Err(OpsError::NoAccountAddress(name.clone())),
        }
    }

    async fn find(&self, jid: &protocol::Jid, local: &str) -> Result<AccountId, OpsError> {
        let host = self.storage.hosts().find(jid.domain()).await?;
        let account = match host {
            Some(host) => self.storage.accounts().find(host, local).await?,
            None => None,
        };
        Ok(account.ok_or_else(|| OpsError::NoAccount(jid.clone()))?.id)
    }
}

/// Where a secret belongs: nobody can put it in the place of another account's.
fn place(account: AccountId) -> String {
    format!("second factor {}", account.get())
}

/// A secret as it is. Those that were written before they were encrypted are shorter than any that is.
pub(super) async fn opened(sealing: &Sealing, account: AccountId, secret: &[u8]) -> Result<Vec<u8>, OpsError> {
    match secret.len() {
        totp::SECRET_BYTES => Ok(secret.to_vec()),
        _ => sealing.open(&place(account), secret).await,
    }
}

/// What was meant: people copy codes with spaces in them.
pub(super) fn typed(code: &str) -> String {
    code.chars().filter(|character| !character.is_whitespace()).collect()
}
