//! Setting passwords, and keeping their keys up to date.

use protocol::sasl::saslprep;
use protocol::sasl::scram::Hash;
use storage::{AccountId, Credentials};

use crate::authenticator::{Authenticator, Inner};
use crate::candidate::Found;
use crate::decoy::SALT_BYTES;
use crate::exchange::Exchange;
use crate::stretch::{Busy, Recipe};
use crate::upgrade::scram_keys;
use crate::{PasswordError, Upgrade, random};

impl Authenticator {
    /// The keys of a new password, for [`Accounts::create`](storage::Accounts::create). Takes a moment: the
    /// password is stretched twice.
    ///
    /// # Errors
    /// Where it cannot be a password, or the server is busy with others.
    pub async fn make_credentials(&self, password: &str) -> Result<Credentials, PasswordError> {
        let password = saslprep(password)?;
        self.inner
            .make_credentials(&password)
            .await
            .map_err(|Busy| PasswordError::Busy)
    }

    /// Changes an account's password. Every token of it ends: who had the password must not keep a key.
    ///
    /// # Errors
    /// Where it cannot be a password, the account has gone, or the server is busy or without its database.
    pub async fn change_password(&self, account: AccountId, password: &str) -> Result<(), PasswordError> {
        let credentials = self.make_credentials(password).await?;
        let accounts = self.inner.storage.accounts();
        if !accounts.change_credentials(account, &credentials).await? {
            return Err(PasswordError::NoAccount);
        }
        Ok(())
    }
}

impl Inner {
    async fn make_credentials(&self, password: &str) -> Result<Credentials, Busy> {
        let settings = self.settings.load_full();
        // XEP-0438 §3.2: each mechanism has a salt of its own.
        let salts = [Hash::Sha1, Hash::Sha256].map(|_| random::bytes::<SALT_BYTES>(&*self.random).to_vec());
        let [sha1, sha256] = salts.clone();
        let recipes = vec![
            Recipe {
                hash: Hash::Sha1,
                salt: sha1,
                iterations: settings.iterations,
            },
            Recipe {
                hash: Hash::Sha256,
                salt: sha256,
                iterations: settings.iterations,
            },
        ];
        let keys = self
            .stretcher
            .stretch(password, recipes, settings.password_queue)
            .await?;
        let mut keys = keys
            .iter()
            .zip(salts)
            .map(|(keys, salt)| scram_keys(salt, settings.iterations, keys));
        Ok(Credentials {
            sha1: keys.next(),
            sha256: keys.next(),
        })
    }
}

impl Exchange {
    /// Makes better keys of a password that has just been proven right, where the account's are missing or cheap.
    pub(crate) fn raise(&self, found: &Found, password: &str) {
        let settings = self.inner.settings.load();
        if Upgrade::due(&found.login.credentials, &settings).is_empty() {
            return;
        }
        let (inner, account) = (self.inner.clone(), found.login.account);
        let (password, before) = (password.to_owned(), found.login.credentials.clone());
        tokio::spawn(async move {
            let Ok(credentials) = inner.make_credentials(&password).await else {
                return;
            };
            // Where the password was changed meanwhile, it stays changed.
            let raised = inner
                .storage
                .accounts()
                .raise_credentials(account, &before, &credentials);
            if let Err(error) = raised.await {
                tracing::warn!(target: "auth", %error, "an account's keys could not be raised");
            }
        });
    }
}
