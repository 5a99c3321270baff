//! XEP-0480: SASL Upgrade Tasks. A client that has logged in with old keys brings new ones.

use std::fmt;
use std::str::FromStr;

use protocol::sasl::Failure;
use protocol::sasl::scram::{DerivedKeys, Hash};
use storage::{Credentials, ScramKeys};

use crate::authenticator::{Authenticator, unavailable};
use crate::decoy::SALT_BYTES;
use crate::{Authenticated, Settings, random, scram};

/// A task that a client may be asked to do after its login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Upgrade {
    /// `UPGR-SCRAM-SHA-256`.
    ScramSha256,
}

impl Upgrade {
    /// Every task; all are announced to everybody, so that nobody learns what an account has.
    pub const ALL: [Self; 1] = [Self::ScramSha256];

    /// The task's name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::ScramSha256 => "UPGR-SCRAM-SHA-256",
        }
    }

    /// What these credentials lack.
    pub(crate) fn due(credentials: &Credentials, settings: &Settings) -> Vec<Self> {
        let is_current = |keys: &ScramKeys| keys.iterations >= settings.iterations;
        if credentials.sha256.as_ref().is_some_and(is_current) {
            Vec::new()
        } else {
            vec![Self::ScramSha256]
        }
    }
}

impl fmt::Display for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Not a task that we know.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the upgrade task is not known here")]
pub struct UnknownUpgrade;

impl FromStr for Upgrade {
    type Err = UnknownUpgrade;

    fn from_str(name: &str) -> Result<Self, UnknownUpgrade> {
        Self::ALL
            .into_iter()
            .find(|upgrade| upgrade.as_str() == name)
            .ok_or(UnknownUpgrade)
    }
}

/// What the client needs to do its task: `<salt iterations='…'/>` (XEP-0480 §4).
#[derive(Debug, Clone)]
pub struct UpgradeTask {
    /// The salt.
    pub salt: Vec<u8>,
    /// The iteration count.
    pub iterations: u32,
}

impl Authenticator {
    /// What the client is to stretch its password with.
    #[must_use]
    pub fn begin_upgrade(&self, upgrade: Upgrade) -> UpgradeTask {
        let Upgrade::ScramSha256 = upgrade;
        let salt = random::bytes::<SALT_BYTES>(&*self.inner.random).to_vec();
        UpgradeTask {
            salt,
            iterations: self.settings().iterations,
        }
    }

    /// Takes the `SaltedPassword` that the client sends back, and keeps the keys that it leads to.
    ///
    /// # Errors
    /// `malformed-request` where it is of the wrong length, `temporary-auth-failure` where the database fails,
    /// `not-authorized` where the account has gone meanwhile.
    pub async fn finish_upgrade(
        &self,
        authenticated: &Authenticated,
        task: UpgradeTask,
        salted_password: &[u8],
    ) -> Result<(), Failure> {
        if salted_password.len() != Hash::Sha256.output_bytes() {
            return Err(Failure::malformed("the salted password is not 32 bytes long"));
        }
        let account = authenticated.account_id.ok_or(Failure::not_authorized())?;
        let keys = DerivedKeys::from_salted(Hash::Sha256, salted_password);
        let accounts = self.inner.storage.accounts();
        let credentials = accounts
            .credentials(account)
            .await
            .map_err(|error| unavailable(&error))?;
        // The password may have been changed meanwhile, and the old one must not come back by this door.
        let credentials = credentials.filter(|credentials| authenticated.is_proven(credentials));
        let credentials = credentials.ok_or(Failure::not_authorized())?;
        let sha256 = Some(scram_keys(task.salt, task.iterations, &keys));
        let better = Credentials {
            sha256,
            ..credentials.clone()
        };
        let is_set = accounts.raise_credentials(account, &credentials, &better).await;
        if is_set.map_err(|error| unavailable(&error))? {
            Ok(())
        } else {
            Err(Failure::not_authorized())
        }
    }
}

impl Authenticated {
    /// Whether these are the credentials that the client has proven to know.
    fn is_proven(&self, credentials: &Credentials) -> bool {
        let proven = self.proven.as_ref();
        proven.is_some_and(|proven| {
            scram::of(proven.hash, credentials).is_some_and(|keys| keys.stored_key == proven.stored_key)
        })
    }
}

pub(crate) fn scram_keys(salt: Vec<u8>, iterations: u32, keys: &DerivedKeys) -> ScramKeys {
    ScramKeys {
        salt,
        iterations,
        stored_key: keys.stored_key.to_vec(),
        server_key: keys.server_key.to_vec(),
    }
}
