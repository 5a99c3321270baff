//! Whom we believe when they vouch for a certificate.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::RootCertStore;

use super::pair::{CertificateError, read_chain};

/// Where Linux distributions keep the roots they trust.
const SYSTEM_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
];

/// Whom we believe when they vouch for a certificate.
#[derive(Debug, Clone, Default)]
pub struct TrustAnchors {
    pub(super) roots: Option<Arc<RootCertStore>>,
}

impl TrustAnchors {
    /// The roots in `files`, and the system's if `system` is set.
    pub fn read(files: &[PathBuf], system: bool) -> Result<Self, CertificateError> {
        let mut roots = RootCertStore::empty();
        if system && let Some(bundle) = SYSTEM_BUNDLES.iter().map(Path::new).find(|file| file.exists()) {
            // One odd root among the distribution's hundred is no reason not to start.
            roots.add_parsable_certificates(read_chain(bundle)?);
        }
        for file in files {
            for certificate in read_chain(file)? {
                let unreadable = |error: rustls::Error| CertificateError::Unreadable(file.clone(), error.to_string());
                roots.add(certificate).map_err(unreadable)?;
            }
        }
        Ok(Self {
            roots: (!roots.is_empty()).then(|| Arc::new(roots)),
        })
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.roots.as_ref().map_or(0, |roots| roots.len())
    }

    /// Whether nobody is believed.
    pub fn is_empty(&self) -> bool {
        self.roots.is_none()
    }
}
