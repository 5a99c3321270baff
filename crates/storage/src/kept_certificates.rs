//! Certificates that every server which shares the database uses, with their keys. What a certificate is, and how its key
//! is encrypted, others know.

use std::sync::Arc;

use crate::db::{Db, Row, Sql, Transaction, args};
use crate::{Clock, HostId, StorageError};

/// A host's certificate.
#[derive(Clone, PartialEq, Eq)]
pub struct KeptCertificate {
    /// Whose.
    pub host: HostId,
    /// The host's name.
    pub domain: String,
    /// The chain, PEM.
    pub chain: String,
    /// Its key, encrypted.
    pub sealed_key: Vec<u8>,
    /// Who put it here.
    pub source: KeptSource,
    /// When, in microseconds since 1970.
    pub stored_at: i64,
}

/// Who put a certificate here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeptSource {
    /// An order at an authority.
    Acme,
    /// An operator.
    Import,
}

/// All of them.
#[derive(Clone)]
pub struct KeptCertificates {
    db: Db,
    clock: Arc<dyn Clock>,
}

impl KeptCertificates {
    pub(crate) fn new(db: Db, clock: Arc<dyn Clock>) -> Self {
        Self { db, clock }
    }

    /// All of them, by host.
    pub async fn list(&self) -> Result<Vec<KeptCertificate>, StorageError> {
        const ALL: &str = "SELECT host_id, domain, chain, sealed_key, source, stored_at FROM kept_certificates \
                           JOIN hosts ON hosts.id = host_id ORDER BY host_id";
        self.db.rows(ALL, args![]).await?.iter().map(read).collect()
    }

    /// Keeps a certificate for a host in the place of the one before, and has all servers look for it.
    pub async fn put(
        &self,
        host: HostId,
        chain: &str,
        sealed_key: &[u8],
        source: KeptSource,
    ) -> Result<(), StorageError> {
        let mut tx = self.db.begin().await?;
        tell(&mut tx).await?;
        put(&mut tx, host, chain, sealed_key, source, self.clock.now_micros()).await?;
        tx.commit().await?;
        self.db.notify().await;
        Ok(())
    }

    /// Forgets a host's; `false` where there is none.
    pub async fn remove(&self, host: HostId) -> Result<bool, StorageError> {
        const REMOVE: &str = "DELETE FROM kept_certificates WHERE host_id = ?";
        let mut tx = self.db.begin().await?;
        tell(&mut tx).await?;
        let is_gone = tx.execute(REMOVE, args![host.get()]).await? > 0;
        tx.commit().await?;
        self.db.notify().await;
        Ok(is_gone)
    }
}

/// All servers look for what has changed. First in a transaction, so that changes come one after another.
pub(crate) async fn tell(tx: &mut Transaction) -> Result<(), StorageError> {
    const TELL: &str = "UPDATE counters SET value = value + 1 WHERE name = 'certificates'";
    tx.execute(TELL, args![]).await.map(|_| ())
}

pub(crate) async fn put(
    tx: &mut Transaction,
    host: HostId,
    chain: &str,
    sealed_key: &[u8],
    source: KeptSource,
    now: i64,
) -> Result<(), StorageError> {
    const PUT: Sql = Sql::differing(
        "INSERT INTO kept_certificates (host_id, chain, sealed_key, source, stored_at) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (host_id) DO UPDATE SET chain = excluded.chain, sealed_key = excluded.sealed_key, \
         source = excluded.source, stored_at = excluded.stored_at",
        "INSERT INTO kept_certificates (host_id, chain, sealed_key, source, stored_at) VALUES (?, ?, ?, ?, ?) \
         ON DUPLICATE KEY UPDATE chain = VALUES(chain), sealed_key = VALUES(sealed_key), source = VALUES(source), \
         stored_at = VALUES(stored_at)",
    );
    let source = source.word();
    tx.execute(PUT, args![host.get(), chain, sealed_key, source, now])
        .await
        .map(|_| ())
}

impl KeptSource {
    fn word(self) -> &'static str {
        match self {
            Self::Acme => "acme",
            Self::Import => "import",
        }
    }
}

fn read(row: &Row) -> Result<KeptCertificate, StorageError> {
    Ok(KeptCertificate {
        host: HostId::new(row.int(0)?),
        domain: row.text(1)?,
        chain: row.text(2)?,
        sealed_key: row.bytes(3)?,
        source: match row.text(4)?.as_str() {
            "acme" => KeptSource::Acme,
            _ => KeptSource::Import,
        },
        stored_at: row.int(5)?,
    })
}
