//! The configuration that rustls gets from us.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{NoServerSessionStorage, ServerConfig};
use rustls::{ClientConfig, SupportedProtocolVersion, version};

use super::certificates::Certificates;
use super::trust::TrustAnchors;
use super::witness::SecretWitness;
use crate::settings::{TlsSettings, TlsVersion};

/// TLS 1.2 and 1.3, with forward secrecy and authenticated encryption only (rustls has nothing else), resumption by
/// ticket, no 0-RTT, no renegotiation. `judge` asks clients for a certificate; without one they are not asked.
pub fn tls_server_config(
    certificates: &Arc<Certificates>,
    settings: &TlsSettings,
    judge: Option<Arc<dyn ClientCertVerifier>>,
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let builder = ServerConfig::builder_with_provider(provider()).with_protocol_versions(&versions(settings.oldest))?;
    let builder = match judge {
        Some(judge) => builder.with_client_cert_verifier(judge),
        None => builder.with_no_client_auth(),
    };
    let mut config = builder.with_cert_resolver(Arc::clone(certificates) as _);
    config.alpn_protocols.clone_from(&settings.alpn);
    config.ticketer = Arc::clone(&certificates.tickets) as _;
    // A client comes back with one connection, and its next handshake brings the next ticket.
    config.send_tls13_tickets = 1;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    // XEP-0388 §5: what opens a session must not be replayable.
    config.max_early_data_size = 0;
    // RFC 9266 §4.2: without the extended master secret, the exporter of TLS 1.2 binds to nothing.
    config.require_ems = true;
    config.key_log = Arc::new(SecretWitness);
    Ok(Arc::new(config))
}

/// TLS 1.2 and 1.3 to servers that one of these authorities vouches for; none where nobody is trusted.
pub fn tls_client_config(anchors: &TrustAnchors) -> Result<Option<Arc<ClientConfig>>, rustls::Error> {
    let Some(roots) = &anchors.roots else {
        return Ok(None);
    };
    let builder =
        ClientConfig::builder_with_provider(provider()).with_protocol_versions(&versions(TlsVersion::Tls12))?;
    let config = builder.with_root_certificates(Arc::clone(roots)).with_no_client_auth();
    Ok(Some(Arc::new(config)))
}

/// The one provider of the house.
pub(super) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn versions(oldest: TlsVersion) -> Vec<&'static SupportedProtocolVersion> {
    match oldest {
        TlsVersion::Tls12 => vec![&version::TLS13, &version::TLS12],
        TlsVersion::Tls13 => vec![&version::TLS13],
    }
}
