//! Secrets in the database, encrypted with a key that is not in it: whoever reads the database, or a copy of it, reads no
//! secrets.
//!
//! All servers that share a database need the same key. Its name (a part of its hash) is in the database, so that no
//! second one is ever made and a wrong one is known at once.

mod key;

use std::sync::Arc;

use storage::Storage;

use key::{Closed, hex, id_of};
pub use key::{KeyId, SecretKey};

use crate::{Asked, OpsError};

/// Encrypts and decrypts secrets.
#[derive(Clone)]
pub struct Sealing {
    storage: Storage,
    keeper: Arc<dyn KeyKeeper>,
}

/// Where the key is kept, outside of the database.
pub trait KeyKeeper: Send + Sync {
    /// The key, where there is one. The error is a clause for the operator.
    fn load(&self) -> Result<Option<SecretKey>, String>;

    /// Keeps this key, or none any more. The error is a clause for the operator.
    fn keep(&self, key: Option<&SecretKey>) -> Result<(), String>;

    /// Asks the other servers of the cluster for theirs; none where no server of the cluster has one, or there is none.
    fn ask(&self) -> Asked<'_, Option<SecretKey>>;

    /// Where it is kept, for the operator.
    fn place(&self) -> String;
}

/// No key is kept here.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoKeeper;

/// What the key's name is stored as.
const NAME: &str = "sealing.key_id";

impl Sealing {
    /// With the key that is kept there.
    #[must_use]
    pub fn new(storage: Storage, keeper: Arc<dyn KeyKeeper>) -> Self {
        Self { storage, keeper }
    }

    /// Encrypts, for this place and no other. The first time, the key is made.
    ///
    /// # Errors
    /// Where the key that is needed is not here, and what to do.
    pub(crate) async fn seal(&self, place: &str, text: &[u8]) -> Result<Vec<u8>, OpsError> {
        let key = match self.find().await {
            Ok(Some(key)) => key,
            Ok(None) => self.make().await?,
            // A key that is lost is missed no more once everything is gone that was encrypted with it.
            Err(OpsError::Sealed(_)) if self.is_unused().await? => self.make_instead().await?,
            Err(error) => return Err(error),
        };
        Ok(key.seal(place, text))
    }

    /// Whether something could be encrypted here.
    ///
    /// # Errors
    /// Where the key that is needed is not here, and what to do.
    pub(crate) async fn can_seal(&self) -> Result<(), OpsError> {
        match self.find().await {
            Ok(_) => Ok(()),
            // Then another key is made.
            Err(OpsError::Sealed(_)) if self.is_unused().await? => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether nothing in the database is encrypted.
    async fn is_unused(&self) -> Result<bool, OpsError> {
        if self.storage.acme().count_sealed().await? > 0 {
            return Ok(false);
        }
        let properties = self.storage.properties().list().await?;
        let factors = self.storage.second_factors().secrets().await?;
        let is_sealed = |(_, secret): &(_, Vec<u8>)| id_of(secret).is_some();
        Ok(!properties.iter().any(|property| property.is_sealed) && !factors.iter().any(is_sealed))
    }

    async fn make_instead(&self) -> Result<SecretKey, OpsError> {
        if let Some(id) = self.storage.secrets().get(NAME).await? {
            self.storage.secrets().forget(NAME, &id).await?;
        }
        match self.find().await? {
            Some(key) => Ok(key),
            None => self.make().await,
        }
    }

    /// Decrypts what was encrypted for this place.
    ///
    /// # Errors
    /// Where it cannot be read, and what to do.
    pub(crate) async fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, OpsError> {
        let Some(key) = self.loaded_or_asked(id_of(sealed)).await? else {
            return Err(self.missing(id_of(sealed)));
        };
        key.open(place, sealed).map_err(|closed| match closed {
            Closed::OtherKey(id) => self.wrong(&key, id),
            Closed::Damaged => {
                OpsError::Sealed("it was changed in the database by somebody who has not the key".to_owned())
            }
        })
    }

    /// The key, as it has to be; none where nothing has been encrypted yet, so that there is none.
    ///
    /// # Errors
    /// Where another one is needed than the one that is here, or one is needed and none is here; and what to do.
    pub async fn find(&self) -> Result<Option<SecretKey>, OpsError> {
        let stored = self.storage.secrets().get(NAME).await?;
        let stored: Option<KeyId> = stored.and_then(|id| id.try_into().ok());
        match (self.loaded_or_asked(stored).await?, stored) {
            (Some(key), Some(id)) if key.id() != id => Err(self.wrong(&key, id)),
            (Some(key), Some(_)) => Ok(Some(key)),
            // Somebody has brought a key along before one was needed.
            (Some(key), None) => self.agree_on(key).await.map(Some),
            (None, Some(id)) => Err(self.missing(Some(id))),
            (None, None) => Ok(None),
        }
    }

    /// Whether the key is here that is needed. Changes nothing.
    ///
    /// # Errors
    /// Where it is not, and what to do.
    pub async fn look(&self) -> Result<(), OpsError> {
        let stored = self.storage.secrets().get(NAME).await?;
        let stored: Option<KeyId> = stored.and_then(|id| id.try_into().ok());
        match (self.keeper.load().map_err(OpsError::Sealed)?, stored) {
            (Some(key), Some(id)) if key.id() != id => Err(self.wrong(&key, id)),
            (None, Some(id)) => Err(self.missing(Some(id))),
            _ => Ok(()),
        }
    }

    /// The key that is here, or else one of this name from another server, which is kept.
    async fn loaded_or_asked(&self, id: Option<KeyId>) -> Result<Option<SecretKey>, OpsError> {
        if let Some(key) = self.keeper.load().map_err(OpsError::Sealed)? {
            return Ok(Some(key));
        }
        let Some(id) = id else { return Ok(None) };
        let Some(key) = self.keeper.ask().await.filter(|key| key.id() == id) else {
            return Ok(None);
        };
        self.keeper.keep(Some(&key)).map_err(OpsError::Sealed)?;
        tracing::info!(
            key = hex(&id),
            place = self.keeper.place(),
            "the key for secrets came from another server of the cluster"
        );
        Ok(Some(key))
    }

    /// Makes the key. Where another server makes one at the same time, the first one counts.
    async fn make(&self) -> Result<SecretKey, OpsError> {
        let key = SecretKey::generate();
        // Before its name is in the database: a name without a key would be no help to anybody.
        self.keeper.keep(Some(&key)).map_err(OpsError::Sealed)?;
        let id = hex(&key.id());
        let made = self.agree_on(key).await;
        match made {
            Ok(key) => {
                tracing::info!(
                    key = id,
                    place = self.keeper.place(),
                    "the key for secrets was made: keep a copy of it, apart from those of the database"
                );
                Ok(key)
            }
            Err(OpsError::Sealed(_)) => {
                self.keeper.keep(None).map_err(OpsError::Sealed)?;
                self.find_again().await
            }
            // Where the database has failed, its name may be there: then the key is needed.
            Err(error) => Err(error),
        }
    }

    /// After another server was faster.
    async fn find_again(&self) -> Result<SecretKey, OpsError> {
        let stored = self.storage.secrets().get(NAME).await?;
        let id: Option<KeyId> = stored.and_then(|id| id.try_into().ok());
        self.loaded_or_asked(id).await?.ok_or_else(|| self.missing(id))
    }

    /// Makes this the key of all servers that share the database, unless there is one.
    async fn agree_on(&self, key: SecretKey) -> Result<SecretKey, OpsError> {
        let stored = self.storage.secrets().get_or_create(NAME, || key.id().to_vec()).await?;
        match stored.try_into() {
            Ok(id) if id == key.id() => Ok(key),
            Ok(id) => Err(self.wrong(&key, id)),
            Err(_) => Err(OpsError::Sealed(
                "the name of the key in the database is none".to_owned(),
            )),
        }
    }

    fn wrong(&self, key: &SecretKey, id: KeyId) -> OpsError {
        OpsError::Sealed(format!(
            "it is encrypted with the key {}, and this server has the key {}: copy secret.key from a server that reads it to {}",
            hex(&id),
            hex(&key.id()),
            self.keeper.place()
        ))
    }

    fn missing(&self, id: Option<KeyId>) -> OpsError {
        let id = id.map_or_else(|| "that nobody knows".to_owned(), |id| hex(&id));
        OpsError::Sealed(format!(
            "it is encrypted with the key {id}, which this server does not have: copy secret.key from the server that \
             wrote it to {}",
            self.keeper.place()
        ))
    }
}

impl KeyKeeper for NoKeeper {
    fn load(&self) -> Result<Option<SecretKey>, String> {
        Ok(None)
    }

    fn keep(&self, _key: Option<&SecretKey>) -> Result<(), String> {
        Err("no key can be kept here".to_owned())
    }

    fn ask(&self) -> Asked<'_, Option<SecretKey>> {
        Box::pin(std::future::ready(None))
    }

    fn place(&self) -> String {
        "nowhere".to_owned()
    }
}
