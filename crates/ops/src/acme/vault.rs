//! What all servers use and keep secret: keys of certificates, and accounts at authorities. In the database, encrypted.

use storage::{Host, KeptCertificate, KeptSource, Storage};

use crate::{OpsError, Password, Sealing};

/// Keeps and reads it. No act of an operator: whoever has this has all keys.
#[derive(Clone)]
pub struct Vault {
    storage: Storage,
    sealing: Sealing,
}

impl Vault {
    /// In this database, encrypted by that.
    #[must_use]
    pub fn new(storage: Storage, sealing: Sealing) -> Self {
        Self { storage, sealing }
    }

    /// Whether this server has the key that it takes, or will make one.
    ///
    /// # Errors
    /// Where it has not, and what to do; or where the database fails.
    pub async fn look(&self) -> Result<(), OpsError> {
        self.sealing.can_seal().await
    }

    /// The certificates that all servers use.
    ///
    /// # Errors
    /// Where the database fails.
    pub async fn certificates(&self) -> Result<Vec<KeptCertificate>, OpsError> {
        Ok(self.storage.kept_certificates().list().await?)
    }

    /// The key of one, PEM.
    ///
    /// # Errors
    /// Where it cannot be read, and what to do.
    pub async fn key(&self, kept: &KeptCertificate) -> Result<Password, OpsError> {
        let key = self.sealing.open(&place(&kept.domain), &kept.sealed_key).await?;
        let text = String::from_utf8(key);
        text.map(Password::new)
            .map_err(|_| OpsError::Sealed("it is no key".to_owned()))
    }

    /// Keeps one that an operator put in, for all servers, also those that join later. `false` where there is no such
    /// host.
    ///
    /// # Errors
    /// Where it cannot be encrypted, or the database fails.
    pub(crate) async fn put_in(&self, domain: &str, chain: &str, key: &Password) -> Result<bool, OpsError> {
        let Some(host) = self.storage.hosts().find(domain).await? else {
            return Ok(false);
        };
        let sealed = self.sealing.seal(&place(domain), key.reveal().as_bytes()).await?;
        let kept = self.storage.kept_certificates();
        kept.put(host, chain, &sealed, KeptSource::Import).await?;
        Ok(true)
    }

    /// The order that has this claim brought this certificate; `false` where the claim is somebody else's by now.
    ///
    /// # Errors
    /// Where it cannot be encrypted, or the database fails.
    pub async fn issued(&self, host: &Host, claim: &str, chain: &str, key: &str) -> Result<bool, OpsError> {
        let sealed = self.sealing.seal(&place(&host.domain), key.as_bytes()).await?;
        Ok(self.storage.acme().succeed(host.id, claim, chain, &sealed).await?)
    }

    /// What proves that the account at the authority with this directory is ours; none: there is none yet.
    ///
    /// # Errors
    /// Where it cannot be read, and what to do.
    pub async fn account(&self, directory: &str) -> Result<Option<Vec<u8>>, OpsError> {
        let account = self.storage.acme().account(directory).await?;
        match account.and_then(|account| account.sealed_credentials) {
            Some(sealed) => self.sealing.open(&account_place(directory), &sealed).await.map(Some),
            None => Ok(None),
        }
    }

    /// Forgets what cannot be read any more because its key is lost; how much that was. What can be read stays.
    pub(crate) async fn forget_unreadable(&self) -> Result<usize, OpsError> {
        let mut count = 0;
        for (directory, sealed) in self.storage.acme().credentials().await? {
            if let Err(OpsError::Sealed(_)) = self.sealing.open(&account_place(&directory), &sealed).await {
                self.storage.acme().keep_credentials(&directory, None).await?;
                count += 1;
            }
        }
        // These last: of them all servers are told, and order then.
        for kept in self.certificates().await? {
            if let Err(OpsError::Sealed(_)) = self.key(&kept).await {
                self.storage.kept_certificates().remove(kept.host).await?;
                count += 1;
            }
        }
        Ok(count)
    }

    /// Keeps it; none: the authority does not know it any more.
    ///
    /// # Errors
    /// Where it cannot be encrypted, or the database fails.
    pub async fn keep_account(&self, directory: &str, credentials: Option<&[u8]>) -> Result<(), OpsError> {
        let sealed = match credentials {
            Some(credentials) => Some(self.sealing.seal(&account_place(directory), credentials).await?),
            None => None,
        };
        let acme = self.storage.acme();
        acme.keep_credentials(directory, sealed.as_deref()).await?;
        Ok(())
    }
}

fn place(domain: &str) -> String {
    format!("certificate {domain}")
}

fn account_place(directory: &str) -> String {
    format!("acme account {directory}")
}
