//! The first administrator: made by whoever sees this server's terminal, and by nobody once there is one.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use storage::{RoleChange, Storage};
use subtle::ConstantTimeEq;

use crate::{Accounts, Actor, Audit, OpsError, Password, accounts::account_address, audit::Deed};

/// 144 bits: nobody guesses that.
const TOKEN_BYTES: usize = 18;

/// Set-up, open as long as there is no administrator.
#[derive(Clone)]
pub struct Setup {
    storage: Storage,
    accounts: Accounts,
    audit: Audit,
    token: String,
}

impl Setup {
    /// With a token of its own, for this life of the server.
    #[must_use]
    pub fn new(storage: Storage, accounts: Accounts, audit: Audit) -> Self {
        let mut bytes = [0; TOKEN_BYTES];
        getrandom::fill(&mut bytes).expect("the system's random source works");
        Self {
            storage,
            accounts,
            audit,
            token: URL_SAFE_NO_PAD.encode(bytes),
        }
    }

    /// What the terminal shows.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// Whether there is no administrator yet.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn is_open(&self) -> Result<bool, OpsError> {
        Ok(!self.storage.administrators().is_any().await?)
    }

    /// The domains that an administrator may be of, the first one first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn domains(&self) -> Result<Vec<String>, OpsError> {
        let hosts = self.storage.hosts().list().await?;
        Ok(hosts.into_iter().map(|host| host.domain).collect())
    }

    /// Makes an account that may do everything. Of two who try at once one does.
    ///
    /// # Errors
    /// Where the token is wrong, there is an administrator, or the account cannot be made.
    pub async fn make_owner(&self, token: &str, address: &str, password: &Password) -> Result<(), OpsError> {
        if !bool::from(token.trim().as_bytes().ct_eq(self.token.as_bytes())) {
            tracing::warn!("somebody tried to set this server up with a wrong token");
            return Err(OpsError::WrongToken);
        }
        let actor = Actor::Local { user: "set-up".into() };
        let deed = Deed {
            after: Some("owner".to_owned()),
            ..Deed::new("admin.setup", address)
        };
        self.audit
            .record(&actor, deed, self.make(&actor, address, password))
            .await
    }

    async fn make(&self, actor: &Actor, address: &str, password: &Password) -> Result<(), OpsError> {
        if !self.is_open().await? {
            return Err(OpsError::SetUp);
        }
        let (jid, local) = account_address(address)?;
        self.accounts.add(actor, address, password).await?;
        let host = self.storage.hosts().find(jid.domain()).await?;
        let account = match host {
            Some(host) => self.storage.accounts().find(host, &local).await?,
            None => None,
        };
        let account = account.ok_or_else(|| OpsError::NoAccount(jid.clone()))?;
        let change = self
            .storage
            .administrators()
            .grant_first(account.id, &actor.to_string())
            .await?;
        if change == RoleChange::Done {
            return Ok(());
        }
        self.accounts.delete(actor, address).await?;
        Err(OpsError::SetUp)
    }
}
