//! The cluster's certificate authority: made once by whoever is first, kept where all nodes look.

use super::{Cluster, soon};
use crate::db::Db;
use crate::{Secrets, StorageError};

/// What the cluster's nodes trust and issue their certificates with. Just bytes here: whoever stores it
/// may have wrapped the key.
#[derive(Clone, PartialEq, Eq)]
pub struct ClusterAuthority {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Its private key.
    pub key: Vec<u8>,
}

/// Its name among the secrets.
const NAME: &str = "cluster.authority";

impl Cluster {
    /// The authority that is stored; the candidate, when there is none yet. Whoever comes later gets the
    /// first one's.
    pub async fn ca_or_insert(&self, candidate: &ClusterAuthority) -> Result<ClusterAuthority, StorageError> {
        let secrets = self.secrets();
        let stored = soon(&self.db, secrets.get_or_create(NAME, || candidate.bytes())).await?;
        ClusterAuthority::read(&stored)
    }

    /// The authority, if there is one.
    pub async fn ca(&self) -> Result<Option<ClusterAuthority>, StorageError> {
        let stored = soon(&self.db, self.secrets().get(NAME)).await?;
        stored.map(|bytes| ClusterAuthority::read(&bytes)).transpose()
    }

    fn secrets(&self) -> Secrets {
        Secrets::new(Db::clone(&self.db))
    }
}

impl ClusterAuthority {
    /// The certificate's length (four bytes, the greatest first), the certificate, the key.
    fn bytes(&self) -> Vec<u8> {
        let length = u32::try_from(self.certificate.len()).expect("a certificate has a few hundred bytes");
        [&length.to_be_bytes()[..], &self.certificate, &self.key].concat()
    }

    fn read(bytes: &[u8]) -> Result<Self, StorageError> {
        let parts = bytes.split_first_chunk::<4>().and_then(|(length, rest)| {
            let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
            rest.split_at_checked(length)
        });
        let (certificate, key) =
            parts.ok_or_else(|| StorageError::corrupt("the cluster's certificate authority is cut short"))?;
        Ok(Self {
            certificate: certificate.to_vec(),
            key: key.to_vec(),
        })
    }
}

impl std::fmt::Debug for ClusterAuthority {
    /// Without the key.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ClusterAuthority")
            .field("certificate_bytes", &self.certificate.len())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::ClusterAuthority;

    #[test]
    fn an_authority_comes_back_as_it_was_and_what_is_cut_short_does_not() {
        let authority = ClusterAuthority {
            certificate: vec![1; 300],
            key: vec![2; 48],
        };
        let bytes = authority.bytes();
        assert_eq!(ClusterAuthority::read(&bytes).unwrap(), authority);
        for length in [0, 3, 100] {
            assert!(ClusterAuthority::read(&bytes[..length]).is_err(), "{length}");
        }
    }
}
