//! Accounts come, change and go. What is stored changes first, then live sessions hear of it, so that
//! nobody can slip in between with what was valid before.

use auth::PasswordError;
use storage::NewAccount;

use super::{Accounts, Found, account_address};
use crate::{Actor, Lock, OpsError, Password, Role, Why, audit::Deed};

impl Accounts {
    /// Makes an account.
    ///
    /// # Errors
    /// Where the name is taken or looks like another, the host is not ours or the password cannot be used.
    pub async fn add(&self, actor: &Actor, address: &str, password: &Password) -> Result<(), OpsError> {
        let work = async {
            let (jid, local) = account_address(address)?;
            actor.require_change(jid.domain())?;
            let host = self.host(actor, jid.domain()).await?;
            let credentials = self.authenticator.make_credentials(password.reveal()).await?;
            let made = self.make(&jid, NewAccount::open(host, &local, &credentials)).await?;
            made.ok_or_else(|| OpsError::Exists(jid.clone()))?;
            self.live.forget(&jid);
            tracing::info!(%actor, host = jid.domain(), "an account was added");
            Ok(())
        };
        let deed = Deed {
            after: self.meant(),
            ..Deed::new("account.add", address)
        };
        self.audit.record(actor, deed, work).await
    }

    /// Gives the account another password. Its sessions and tokens end, for they rest on the old one;
    /// says how many sessions that were.
    ///
    /// # Errors
    /// Where there is no such account or the password cannot be used.
    pub async fn set_password(&self, actor: &Actor, address: &str, password: &Password) -> Result<usize, OpsError> {
        let work = async {
            let found = self.changeable(actor, address).await?;
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
        };
        self.audit
            .record(actor, Deed::new("account.password", address), work)
            .await
    }

    /// Keeps everybody from logging in to the account, and ends its sessions; says how many.
    ///
    /// # Errors
    /// Where there is no such account.
    pub async fn lock(&self, actor: &Actor, address: &str, lock: &Lock) -> Result<usize, OpsError> {
        let deed = Deed {
            after: Some(lock.to_string()),
            ..Deed::new("account.lock", address)
        };
        let work = async {
            let found = self.changeable(actor, address).await?;
            let accounts = self.storage.accounts();
            if !accounts.lock(found.account.id, &lock.to_stored()).await? {
                return Err(OpsError::NoAccount(found.jid));
            }
            tracing::info!(%actor, host = found.jid.domain(), "an account was locked");
            Ok(self.live.close(&found.jid, &Why::Locked))
        };
        self.audit.record(actor, deed, work).await
    }

    /// Lets its user in again.
    ///
    /// # Errors
    /// Where there is no such account.
    pub async fn unlock(&self, actor: &Actor, address: &str) -> Result<(), OpsError> {
        let work = async {
            let found = self.changeable(actor, address).await?;
            if !self.storage.accounts().unlock(found.account.id).await? {
                return Err(OpsError::NoAccount(found.jid));
            }
            tracing::info!(%actor, host = found.jid.domain(), "an account was unlocked");
            Ok(())
        };
        self.audit
            .record(actor, Deed::new("account.unlock", address), work)
            .await
    }

    /// Deletes the account with all that is remembered for it, and ends its sessions; says how many.
    ///
    /// # Errors
    /// Where there is no such account, or nobody would be left who may do everything.
    pub async fn delete(&self, actor: &Actor, address: &str) -> Result<usize, OpsError> {
        let work = async {
            let found = self.changeable(actor, address).await?;
            let (jid, id) = (&found.jid, found.account.id);
            if self.storage.administrators().is_last_owner(id).await? {
                return Err(OpsError::LastOwner(jid.to_string()));
            }
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
        };
        self.audit
            .record(actor, Deed::new("account.delete", address), work)
            .await
    }

    /// An account that the actor may change. Whoever has power over one host must not get that of others by becoming
    /// another administrator.
    pub(super) async fn changeable(&self, actor: &Actor, address: &str) -> Result<Found, OpsError> {
        let found = self.found(actor, address).await?;
        actor.require_change(found.jid.domain())?;
        let is_self = matches!(actor, Actor::Account { jid, .. } if *jid == found.jid);
        if !matches!(actor.role(), Role::Owner) && !is_self {
            let role = self.storage.administrators().role(found.account.id).await?;
            if role.is_some() {
                return Err(actor.denied("an administrator's account"));
            }
        }
        Ok(found)
    }
}
