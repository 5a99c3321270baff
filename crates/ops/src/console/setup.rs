//! Set-up: domain, database and first administrator, chosen by whoever sees this server's terminal, and by nobody once
//! there is an administrator.

use std::sync::Arc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use parking_lot::Mutex;
use protocol::Jid;
use storage::{DatabaseKind, RoleChange, Storage};
use subtle::ConstantTimeEq;

use super::install::{Configured, Finding, Install, Written};
use crate::{Accounts, Actor, Audit, OpsError, Password, accounts::account_address, audit::Deed};

/// 144 bits: nobody guesses that.
const TOKEN_BYTES: usize = 18;

/// Set-up, open as long as there is no administrator.
#[derive(Clone)]
pub struct Setup {
    storage: Storage,
    accounts: Accounts,
    audit: Audit,
    install: Arc<dyn Install>,
    token: String,
    /// What tells this process from the one that it starts.
    life: String,
    chosen: Arc<Mutex<Chosen>>,
}

/// What was chosen and does not hold yet.
#[derive(Clone, Default)]
struct Chosen {
    domain: Option<String>,
    database: Option<String>,
}

/// How set-up stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetupInfo {
    /// The domain that was chosen, or the first that there is.
    pub domain: String,
    /// Whether another database was chosen than the one that runs.
    pub has_other_database: bool,
    /// What is configured.
    pub configured: Configured,
}

/// What the choices came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Applied {
    /// They hold already.
    Holds,
    /// The server starts anew with them.
    Restarts,
    /// Somebody has to write them into the file, and to start the server anew.
    ByHand(Written),
}

impl Setup {
    /// With a token of its own, or one of the process before this one, which started it anew.
    #[must_use]
    pub fn new(
        storage: Storage,
        accounts: Accounts,
        audit: Audit,
        install: Arc<dyn Install>,
        token: Option<String>,
    ) -> Self {
        Self {
            storage,
            accounts,
            audit,
            install,
            token: token.unwrap_or_else(new_token),
            life: new_token(),
            chosen: Arc::default(),
        }
    }

    /// What the terminal shows.
    #[must_use]
    pub fn token(&self) -> &str {
        &self.token
    }

    /// What tells this process from the one that it starts.
    #[must_use]
    pub fn life(&self) -> &str {
        &self.life
    }

    /// Whether there is no administrator yet.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn is_open(&self) -> Result<bool, OpsError> {
        Ok(!self.storage.administrators().is_any().await?)
    }

    /// Checks what somebody shows as the token.
    ///
    /// # Errors
    /// Where it is not.
    pub fn check(&self, token: &str) -> Result<(), OpsError> {
        if bool::from(token.trim().as_bytes().ct_eq(self.token.as_bytes())) {
            return Ok(());
        }
        tracing::warn!("somebody tried to set this server up with a wrong token");
        Err(OpsError::WrongToken)
    }

    /// The domains that an administrator may be of, the first one first.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn domains(&self) -> Result<Vec<String>, OpsError> {
        let hosts = self.storage.hosts().list().await?;
        Ok(hosts.into_iter().map(|host| host.domain).collect())
    }

    /// How it stands.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn info(&self) -> Result<SetupInfo, OpsError> {
        let chosen = self.chosen.lock().clone();
        let domain = match chosen.domain {
            Some(domain) => domain,
            None => self.domains().await?.into_iter().next().unwrap_or_default(),
        };
        Ok(SetupInfo {
            domain,
            has_other_database: chosen.database.is_some(),
            configured: self.install.configured(),
        })
    }

    /// How a domain would do.
    ///
    /// # Errors
    /// Where the token is wrong, or this is no domain.
    pub async fn look_at_domain(&self, token: &str, domain: &str) -> Result<Vec<Finding>, OpsError> {
        self.check(token)?;
        Ok(self.install.look_at_domain(&prepared(domain)?).await)
    }

    /// Chooses the domain; [`Setup::apply`] makes it hold.
    ///
    /// # Errors
    /// Where the token is wrong, this is no domain, or the configuration holds another one fast.
    pub async fn choose_domain(&self, token: &str, domain: &str) -> Result<(), OpsError> {
        self.check(token)?;
        let domain = prepared(domain)?;
        let domains = self.domains().await?;
        if domains.contains(&domain) {
            self.chosen.lock().domain = None;
            return Ok(());
        }
        if let Some(by) = self.install.configured().domains_by {
            return Err(OpsError::Fixed { what: "the domain", by });
        }
        self.chosen.lock().domain = Some(domain);
        Ok(())
    }

    /// Tries a database.
    ///
    /// # Errors
    /// Where the token is wrong.
    pub async fn try_database(&self, token: &str, url: &str) -> Result<Vec<Finding>, OpsError> {
        self.check(token)?;
        Ok(self.install.try_database(url).await)
    }

    /// Chooses the database: another one, or none to stay with the one that runs. [`Setup::apply`] makes it hold.
    ///
    /// # Errors
    /// Where the token is wrong, this is no database of ours, or the configuration holds another one fast.
    pub fn choose_database(&self, token: &str, url: Option<&str>) -> Result<(), OpsError> {
        self.check(token)?;
        if let Some(url) = url {
            if let Some(by) = self.install.configured().database_by {
                return Err(OpsError::Fixed {
                    what: "the database",
                    by,
                });
            }
            if DatabaseKind::of(url).is_none() {
                return Err(OpsError::NoDatabase);
            }
        }
        self.chosen.lock().database = url.map(str::to_owned);
        Ok(())
    }

    /// Makes the choices hold. Where they differ from what runs, the server starts anew.
    ///
    /// # Errors
    /// Where the token is wrong, there is an administrator, or the database fails.
    pub async fn apply(&self, token: &str) -> Result<Applied, OpsError> {
        self.check(token)?;
        if !self.is_open().await? {
            return Err(OpsError::SetUp);
        }
        let chosen = self.chosen.lock().clone();
        let domain = self.info().await?.domain;
        if let Some(database) = &chosen.database {
            let deed = Deed {
                after: Some(domain.clone()),
                ..Deed::new("setup.database", "the configuration file")
            };
            let work = async { Ok(self.install.write(database, &domain)) };
            match self.audit.record(&actor(), deed, work).await? {
                Written::Done(path) => tracing::info!(path = %path.display(), "set-up has chosen another database"),
                not => return Ok(Applied::ByHand(not)),
            }
        } else if let Some(domain) = &chosen.domain {
            let work = async { Ok(self.storage.hosts().reseed(domain).await?) };
            self.audit
                .record(&actor(), Deed::new("setup.domain", domain), work)
                .await?;
        } else {
            return Ok(Applied::Holds);
        }
        self.install.restart(&self.token);
        Ok(Applied::Restarts)
    }

    /// Makes an account that may do everything. Of two who try at once one does.
    ///
    /// # Errors
    /// Where the token is wrong, there is an administrator, or the account cannot be made.
    pub async fn make_owner(&self, token: &str, address: &str, password: &Password) -> Result<(), OpsError> {
        self.check(token)?;
        let actor = actor();
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
        // An act within an act: a thread's stack is not for both.
        Box::pin(self.accounts.add(actor, address, password)).await?;
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
        Box::pin(self.accounts.delete(actor, address)).await?;
        Err(OpsError::SetUp)
    }
}

fn actor() -> Actor {
    Actor::Local { user: "set-up".into() }
}

fn new_token() -> String {
    let mut bytes = [0; TOKEN_BYTES];
    getrandom::fill(&mut bytes).expect("the system's random source works");
    URL_SAFE_NO_PAD.encode(bytes)
}

/// A domain as addresses have it (RFC 7622).
fn prepared(text: &str) -> Result<String, OpsError> {
    let jid = Jid::from_parts(None, text.trim(), None);
    let jid = jid.map_err(|_| OpsError::NoDomain(text.to_owned()))?;
    Ok(jid.domain().to_owned())
}
