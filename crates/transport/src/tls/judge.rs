//! The client's certificate: asked for, never required, judged and not refused.
//!
//! rustls proves in the handshake that the client holds the key. Whether anybody vouches for the names is judged
//! here, afterwards, and is for SASL EXTERNAL and for other servers' streams to act on.

use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::client::danger::HandshakeSignatureValid;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ParsedCertificate, WebPkiClientVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::client::{ClientCertificate, Verdict};
use super::trust::TrustAnchors;

/// Intermediates of a chain that we look at.
const MOST_INTERMEDIATES: usize = 9;
/// Bytes of a leaf that we look at.
const LARGEST_LEAF: usize = 16 << 10;

/// Judges client certificates; its trust anchors can be exchanged.
#[derive(Debug)]
pub(super) struct Judge {
    provider: Arc<CryptoProvider>,
    anchors: ArcSwap<TrustAnchors>,
}

impl Judge {
    pub(super) fn new(provider: Arc<CryptoProvider>, anchors: TrustAnchors) -> Self {
        Self {
            provider,
            anchors: ArcSwap::from_pointee(anchors),
        }
    }

    pub(super) fn trust(&self, anchors: TrustAnchors) {
        self.anchors.store(Arc::new(anchors));
    }

    pub(super) fn judge(&self, chain: &[CertificateDer<'_>], now: UnixTime) -> Option<ClientCertificate> {
        let (leaf, intermediates) = chain.split_first()?;
        let mut certificate = ClientCertificate::nameless(leaf, self.verdict(leaf, intermediates, now));
        if leaf.len() <= LARGEST_LEAF {
            certificate.read_names(leaf);
        }
        Some(certificate)
    }

    fn verdict(&self, leaf: &CertificateDer<'_>, intermediates: &[CertificateDer<'_>], now: UnixTime) -> Verdict {
        if leaf.len() > LARGEST_LEAF || intermediates.len() > MOST_INTERMEDIATES {
            return Verdict::Untrusted("the chain is too large".to_owned());
        }
        let Some(roots) = self.anchors.load().roots.clone() else {
            return Verdict::Untrusted("no trust anchor is configured".to_owned());
        };
        let Err(reason) = self.verify_as_client(&roots, leaf, intermediates, now) else {
            return Verdict::Client;
        };
        match self.verify_as_server(&roots, leaf, intermediates, now) {
            Ok(()) => Verdict::ServerOnly,
            Err(_) => Verdict::Untrusted(reason),
        }
    }

    fn verify_as_client(
        &self,
        roots: &Arc<RootCertStore>,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), String> {
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(&self.provider)).build();
        let verifier = verifier.map_err(|error| error.to_string())?;
        verifier
            .verify_client_cert(leaf, intermediates, now)
            .map(|_| ())
            .map_err(|error| error.to_string())
    }

    fn verify_as_server(
        &self,
        roots: &RootCertStore,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), rustls::Error> {
        let leaf = ParsedCertificate::try_from(leaf)?;
        let algorithms = self.provider.signature_verification_algorithms.all;
        verify_server_cert_signed_by_trust_anchor(&leaf, roots, intermediates, now, algorithms)
    }
}

impl ClientCertVerifier for Judge {
    fn client_auth_mandatory(&self) -> bool {
        false
    }

    /// None: the names of all the system's roots would make every handshake ten times as long.
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    /// Refuses nobody; see [`Judge::judge`].
    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, rustls::Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(
            message,
            certificate,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(
            message,
            certificate,
            signed,
            &self.provider.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
