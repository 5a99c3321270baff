//! Accounts come, change and go. What is stored changes first, then live sessions hear of it, so that
//! nobody can slip in between with what was valid before.

use auth::PasswordError;

use super::{Accounts, account_address};
use crate::{Actor, Lock, OpsError, Password, Why};

impl Accounts {
    /// Makes an account.
    ///
    /// # Errors
    /// Where the name is taken, the host is not ours or the password cannot be used.
    pub async fn add(&self, actor: &Actor, address: &str, password: &Password) -> Result<(), OpsError> {
        let (jid, local) = account_address(address)?;
        let host = self.host(actor, jid.domain()).await?;
        let credentials = self.authenticator.make_credentials(password.reveal()).await?;
        let made = self.storage.accounts().create(host, &local, &credentials).await?;
        made.ok_or_else(|| OpsError::Exists(jid.clone()))?;
        self.live.forget(&jid);
        tracing::info!(%actor, host = jid.domain(), "an account was added");
        Ok(())
    }

    /// Gives the account another password. Its sessions and tokens end, for they rest on the old one;
    /// says how many sessions that were.
    ///
    /// # Errors
    /// Where there is no such account or the password cannot be used.
    pub async fn set_password(&self, actor: &Actor, address: &str, password: &Password) -> Result<usize, OpsError> {
        let found = self.found(actor, address).await?;
        let changed = self
            .authenticator
            .change_password(found.account.id, password.reveal())
            .await;
        changed.map_err(|error| match error {
            PasswordError::NoAccount => OpsError::NoAccount(found.jid.clone()),
            error => error.into(),
        })?;
        tracing::info!(%actor, host = found.jid.domain(), "a password was changed");
        Ok(self.live.close(&found.jid, &Why::PasswordChanged))
    }

    /// Keeps everybody from logging in to the account, and ends its sessions; says how many.
    ///
    /// # Errors
    /// Where there is no such account.
    pub async fn lock(&self, actor: &Actor, address: &str, lock: &Lock) -> Result<usize, OpsError> {
        let found = self.found(actor, address).await?;
        if !self
            .storage
            .accounts()
            .lock(found.account.id, &lock.to_stored())
            .await?
        {
            return Err(OpsError::NoAccount(found.jid));
        }
        tracing::info!(%actor, host = found.jid.domain(), "an account was locked");
        Ok(self.live.close(&found.jid, &Why::Locked))
    }

    /// Lets its user in again.
    ///
    /// # Errors
    /// Where there is no such account.
    pub async fn unlock(&self, actor: &Actor, address: &str) -> Result<(), OpsError> {
        let found = self.found(actor, address).await?;
        if !self.storage.accounts().unlock(found.account.id).await? {
            return Err(OpsError::NoAccount(found.jid));
        }
        tracing::info!(%actor, host = found.jid.domain(), "an account was unlocked");
        Ok(())
    }

    /// Deletes the account with all that is remembered for it, and ends its sessions; says how many.
    ///
    /// # Errors
    /// Where there is no such account.
    pub async fn delete(&self, actor: &Actor, address: &str) -> Result<usize, OpsError> {
        let found = self.found(actor, address).await?;
        let (jid, id) = (&found.jid, found.account.id);
        self.live.take_leave(jid, id).await;
        let is_deleted = self.storage.accounts().delete(id).await?;
        // Those that are closing, and whoever logged in between these two.
        let closed = self.live.close(jid, &Why::Deleted);
        self.live.forget(jid);
        if !is_deleted {
            return Err(OpsError::NoAccount(found.jid));
        }
        tracing::info!(%actor, host = jid.domain(), "an account was deleted");
        Ok(closed)
    }
}
