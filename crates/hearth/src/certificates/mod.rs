//! Which certificates are shown, and whom we trust: from the configuration, put in by operators, or made by ourselves.
//! What operators do to them is in `here`, and why they cannot in `wrong`.

mod here;
mod wrong;

use std::path::{Path, PathBuf};

use transport::{CertificateError, CertificateFolder, PairFiles, TrustAnchors};

use crate::{
    config::{Configuration, Tls},
    data_dir::DataDir,
};

pub(crate) use here::CertificateDesk;

/// Where certificates come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origins {
    /// What the configuration names.
    pub(crate) tls: Tls,
    /// File and line, variable or flag that names the certificate.
    pub(crate) by: String,
    /// Where the others are kept.
    pub(crate) folder: PathBuf,
}

impl Origins {
    pub(crate) fn of(configuration: &Configuration) -> Self {
        Self {
            tls: configuration.config.tls.clone(),
            by: configuration.origin("tls.certificate").to_string(),
            folder: DataDir::new(&configuration.config.data_dir).certificates(),
        }
    }

    pub(crate) fn folder(&self) -> CertificateFolder {
        CertificateFolder::new(&self.folder)
    }

    /// The files that the configuration names.
    pub(crate) fn configured(&self) -> Option<PairFiles> {
        match (&self.tls.certificate, &self.tls.key) {
            (Some(chain), Some(key)) => Some(PairFiles::new(chain, key)),
            _ => None,
        }
    }

    /// The files of the certificates for these domains. The configuration's are for all that they name; what was put in
    /// is for the rest. Without any in the configuration, self-signed ones are made, once, and kept.
    pub(crate) fn files(&self, domains: &[String]) -> Result<Vec<PairFiles>, CertificateError> {
        let folder = self.folder();
        let Some(configured) = self.configured() else {
            return domains.iter().map(|domain| folder.ensure(domain)).collect();
        };
        let pair = configured.read()?;
        let rest = domains.iter().filter(|domain| !pair.is_for(domain));
        let rest = rest.filter_map(|domain| folder.put_in(domain).filter(|files| files.read().is_ok()));
        Ok(std::iter::once(configured.clone()).chain(rest).collect())
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
