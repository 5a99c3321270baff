//! Certificates that all servers use, brought into this one's files: when they change, when this server starts or comes
//! back, and when it has the key for secrets at last.

use std::time::Duration;

use ops::{OpsError, Vault};
use storage::{Changes, KeptCertificate};
use tokio_util::sync::CancellationToken;

use crate::certificates::CertificateDesk;

/// What it is made of.
pub(crate) struct Shared {
    pub(crate) vault: Vault,
    pub(crate) certificates: CertificateDesk,
    pub(crate) changes: Changes,
}

/// Until what could not be read is read again.
const RETRY: Duration = Duration::from_secs(2);
/// However quiet it is: a host of this server may be there only now.
const LOOK: Duration = Duration::from_secs(30);

impl Shared {
    /// Brings the files up to date whenever there is another one, until `stop`.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
        let mut told = None::<String>;
        loop {
            match self.bring().await {
                Ok(()) => told = None,
                Err(error) => {
                    let why = error.to_string();
                    if told.as_deref() != Some(why.as_str()) {
                        tracing::warn!(target: "acme", "certificates of all servers are not in force here: {why}");
                    }
                    told = Some(why);
                }
            }
            let wait = async {
                tokio::select! {
                    _ = self.changes.changed() => {}
                    () = tokio::time::sleep(if told.is_none() { LOOK } else { RETRY }) => {}
                }
            };
            if stop.run_until_cancelled(wait).await.is_none() {
                return;
            }
        }
    }

    /// What was put in at this server alone since it last brought them stays until there is another one for all.
    async fn bring(&self) -> Result<(), OpsError> {
        let mut failed = None;
        for kept in self.vault.certificates().await? {
            if self.certificates.has_shared(&kept.domain, &mark(&kept)) {
                continue;
            }
            if let Err(error) = self.take(&kept).await {
                failed = Some(error);
            }
        }
        failed.map_or(Ok(()), Err)
    }

    async fn take(&self, kept: &KeptCertificate) -> Result<(), OpsError> {
        let key = self.vault.key(kept).await?;
        let (desk, kept) = (self.certificates.clone(), kept.clone());
        // Files are written and synced for it.
        let taken = tokio::task::spawn_blocking(move || {
            desk.take_shared(&kept.domain, &kept.chain, key.reveal(), &mark(&kept))
        });
        let taken = taken
            .await
            .unwrap_or_else(|_| Err("this failed; the log says more".to_owned()));
        taken.map_err(OpsError::Refused)
    }
}

/// By which a server knows it again.
fn mark(kept: &KeptCertificate) -> String {
    kept.stored_at.to_string()
}
