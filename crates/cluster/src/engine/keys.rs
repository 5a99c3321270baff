//! The cluster's certificate authority, from the database or for it.

use storage::StorageError;

use crate::link::{Authority, IdentityError};

/// Why there are no keys.
#[derive(Debug, thiserror::Error)]
pub(super) enum KeysError {
    #[error(transparent)]
    Identity(#[from] IdentityError),
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error("the cluster's keys could not be opened")]
    Stopped,
}

/// The cluster's authority, unsealed, in the form in which it is kept. Made where there is none yet.
pub(super) async fn keys(registry: storage::Cluster, secret: Option<String>) -> Result<Vec<u8>, KeysError> {
    let stored = match registry.ca().await? {
        Some(stored) => stored,
        None => {
            let secret = secret.clone();
            let candidate = unhurried(move || Authority::make()?.to_bytes(secret.as_deref())).await??;
            registry.ca_or_insert(&candidate).await?
        }
    };
    let open = move || Authority::from_bytes(&stored, secret.as_deref())?.to_bytes(None);
    Ok(unhurried(open).await??)
}

/// A secret is stretched for a good part of a second.
async fn unhurried<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, KeysError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| KeysError::Stopped)
}
