//! The cluster's certificate authority: made once by whoever is first, kept where all nodes look.

use super::{Cluster, soon};
use crate::db::Db;
use crate::{Secrets, StorageError};

/// Its name among the secrets.
const NAME: &str = "cluster.authority";

impl Cluster {
    /// The authority that is stored, just bytes here; the candidate, when there is none yet. Whoever comes
    /// later gets the first one's.
    pub async fn ca_or_insert(&self, candidate: &[u8]) -> Result<Vec<u8>, StorageError> {
        let secrets = self.secrets();
        soon(&self.db, secrets.get_or_create(NAME, || candidate.to_vec())).await
    }

    /// The authority, if there is one.
    pub async fn ca(&self) -> Result<Option<Vec<u8>>, StorageError> {
        soon(&self.db, self.secrets().get(NAME)).await
    }

    fn secrets(&self) -> Secrets {
        Secrets::new(Db::clone(&self.db))
    }
}
