//! Whether a chain leads from a certificate to somebody who is believed.

use std::sync::Arc;

use rustls::RootCertStore;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::aws_lc_rs;
use rustls::server::ParsedCertificate;
use rustls_pki_types::{CertificateDer, UnixTime};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;

use super::trust::TrustAnchors;

/// Where a chain leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChainEnd {
    /// The certificate vouches for itself.
    SelfSigned,
    /// To an authority that this machine believes.
    Trusted,
    /// To nobody that this machine believes: the distinguished name of who signed its last certificate. That one may be
    /// missing from the chain, or be an authority of the operator's own.
    Unknown(String),
    /// This machine believes nobody, so that nothing can be said.
    NoAnchors,
}

/// What is wrong with a chain as such.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainError {
    /// The next certificate is not the signer's.
    #[error(
        "certificate {place} of the chain is signed by {issuer}, and after it comes {next}: \
         put the server's certificate first, and after each the one that signed it"
    )]
    Order {
        /// Which one, counted from 1.
        place: usize,
        /// Who signed it.
        issuer: String,
        /// Whose the next one is.
        next: String,
    },
    /// The names fit and the signatures do not.
    #[error("the certificates of the chain do not vouch for one another: {0}")]
    Signatures(String),
    /// It cannot be understood.
    #[error("certificate {0} of the chain cannot be understood: {1}")]
    Unreadable(usize, String),
}

/// Checks that each certificate is followed by the one that signed it.
pub fn check_chain(chain: &[CertificateDer<'_>]) -> Result<(), ChainError> {
    let names = chain.iter().enumerate().map(|(place, certificate)| {
        let parsed = X509Certificate::from_der(certificate);
        let (_, parsed) = parsed.map_err(|error| ChainError::Unreadable(place + 1, error.to_string()))?;
        Ok((parsed.subject().to_string(), parsed.issuer().to_string()))
    });
    let names = names.collect::<Result<Vec<_>, ChainError>>()?;
    for (place, pair) in names.windows(2).enumerate() {
        if pair[0].1 != pair[1].0 {
            return Err(ChainError::Order {
                place: place + 1,
                issuer: pair[0].1.clone(),
                next: pair[1].0.clone(),
            });
        }
    }
    let [leaf, rest @ .., last] = chain else { return Ok(()) };
    let mut roots = RootCertStore::empty();
    let unusable = |error: rustls::Error| ChainError::Signatures(error.to_string());
    roots.add(last.clone().into_owned()).map_err(unusable)?;
    match verify(leaf, rest, &roots) {
        Ok(()) => Ok(()),
        // Dates are judged elsewhere, in words of their own.
        Err(rustls::Error::InvalidCertificate(error)) if is_of_dates(&error) => Ok(()),
        Err(error) => Err(unusable(error)),
    }
}

fn is_of_dates(error: &rustls::CertificateError) -> bool {
    use rustls::CertificateError::{Expired, ExpiredContext, NotValidYet, NotValidYetContext};
    matches!(
        error,
        Expired | ExpiredContext { .. } | NotValidYet | NotValidYetContext { .. }
    )
}

/// Where a chain leads that is in order.
pub fn end_of_chain(chain: &[CertificateDer<'_>], anchors: &TrustAnchors) -> ChainEnd {
    let Some((leaf, rest)) = chain.split_first() else {
        return ChainEnd::NoAnchors;
    };
    let issuers = |certificate: &CertificateDer<'_>| {
        let (_, parsed) = X509Certificate::from_der(certificate).ok()?;
        Some((parsed.subject().to_string(), parsed.issuer().to_string()))
    };
    if issuers(leaf).is_some_and(|(subject, issuer)| subject == issuer) {
        return ChainEnd::SelfSigned;
    }
    let Some(roots) = &anchors.roots else {
        return ChainEnd::NoAnchors;
    };
    match verify(leaf, rest, roots) {
        Ok(()) => ChainEnd::Trusted,
        Err(_) => {
            let last = issuers(rest.last().unwrap_or(leaf));
            ChainEnd::Unknown(last.map_or_else(|| "nobody who can be read".to_owned(), |(_, issuer)| issuer))
        }
    }
}

fn verify(
    leaf: &CertificateDer<'_>,
    intermediates: &[CertificateDer<'_>],
    roots: &RootCertStore,
) -> Result<(), rustls::Error> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let leaf = ParsedCertificate::try_from(leaf)?;
    let algorithms = provider.signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(&leaf, roots, intermediates, UnixTime::now(), algorithms)
}
