//! What this server knows of authorities, and answers them.

use std::{future::Future, pin::Pin, sync::Arc};

use http::Answers;
use ops::{Acme, AcmeDirectory, AcmeHere, Asked};
use rustls::ClientConfig;
use transport::tls_client_config;

use crate::certificates::{CertificateDesk, trust};

/// This server.
#[derive(Clone)]
pub(crate) struct AcmeDesk {
    pub(crate) certificates: CertificateDesk,
    /// Whether it has an address for challenges.
    pub(crate) is_listening: bool,
}

impl AcmeDesk {
    /// Whom authorities are believed by: the system's and the configuration's, as they are now.
    pub(crate) fn tls(&self) -> Result<Arc<ClientConfig>, String> {
        let anchors = trust(&self.certificates.origins.load().tls).map_err(|error| error.to_string())?;
        let config = tls_client_config(&anchors).map_err(|error| error.to_string())?;
        config.ok_or_else(|| {
            "this machine trusts no authority, so that nobody can vouch for this one: install ca-certificates, or name \
             its root in tls.trust"
                .to_owned()
        })
    }
}

impl AcmeHere for AcmeDesk {
    fn look<'a>(&'a self, directory: &'a str) -> Asked<'a, Result<AcmeDirectory, String>> {
        Box::pin(async move {
            let found = acme::look(directory, self.tls()?)
                .await
                .map_err(|failure| failure.why)?;
            Ok(AcmeDirectory {
                terms: found.terms_of_service.unwrap_or_default(),
                needs_binding: found.external_account_required,
            })
        })
    }

    fn is_listening(&self) -> bool {
        self.is_listening
    }

    fn is_configured(&self, host: &str) -> bool {
        self.certificates.is_configured(host)
    }
}

/// What authorities are answered.
pub(crate) struct ChallengeDesk(pub(crate) Acme);

impl Answers for ChallengeDesk {
    fn answer<'a>(&'a self, token: &'a str) -> Pin<Box<dyn Future<Output = Option<String>> + Send + 'a>> {
        Box::pin(async move {
            match self.0.challenge(token).await {
                Ok(answer) => {
                    tracing::debug!(target: "acme", is_known = answer.is_some(), "somebody asks for a challenge");
                    answer
                }
                Err(error) => {
                    tracing::warn!(target: "acme", %error, "a challenge cannot be answered");
                    None
                }
            }
        })
    }
}
