//! Which certificates are shown, and whom we trust: from the configuration, or made by ourselves.

use std::path::{Path, PathBuf};

use transport::{CertificateError, PairFiles, TrustAnchors, ensure_self_signed};

use crate::{config::Tls, data_dir::DataDir};

/// The files of the certificates for these domains. Without any in the configuration, self-signed
/// ones are made, once, and kept.
pub(crate) fn files(tls: &Tls, data_dir: &DataDir, domains: &[String]) -> Result<Vec<PairFiles>, CertificateError> {
    match (&tls.certificate, &tls.key) {
        (Some(chain), Some(key)) => Ok(vec![PairFiles::new(chain, key)]),
        _ => domains
            .iter()
            .map(|domain| ensure_self_signed(&data_dir.certificates(), domain))
            .collect(),
    }
}

/// The system's authorities and those of the configuration.
pub(crate) fn trust(tls: &Tls) -> Result<TrustAnchors, CertificateError> {
    TrustAnchors::read(&tls.trust, true)
}

/// The files whose change matters.
pub(crate) fn watched<'a>(files: &'a [PairFiles], tls: &'a Tls) -> impl Iterator<Item = &'a Path> {
    let pairs = files.iter().flat_map(|pair| [pair.chain.as_path(), pair.key.as_path()]);
    pairs.chain(tls.trust.iter().map(PathBuf::as_path))
}
