//! What a handshake has settled, for those who decide who the client is.

use super::client::ClientCertificate;
use crate::settings::TlsVersion;

/// What was agreed. A session needs it until it knows who the client is, so it is handed out, not kept.
#[derive(Debug, Clone)]
pub struct TlsFacts {
    /// The protocol version.
    pub version: TlsVersion,
    /// The cipher suite by its IANA name.
    pub cipher: &'static str,
    /// The host the client asked for, if it did. The stream's `to` decides; this is for the log.
    pub sni: Option<Box<str>>,
    /// The application protocol, if the client offered any.
    pub alpn: Option<Box<[u8]>>,
    /// What SCRAM-…-PLUS can bind to.
    pub bindings: ChannelBindings,
    /// The client's certificate, if it showed one.
    pub client: Option<Box<ClientCertificate>>,
}

/// Channel bindings (XEP-0440 announces which there are).
#[derive(Debug, Clone, Default)]
pub struct ChannelBindings {
    /// `tls-exporter`, RFC 9266.
    pub exporter: Option<[u8; 32]>,
    /// `tls-server-end-point`, RFC 5929 §4, of the certificate that this client was shown.
    pub server_end_point: Option<Box<[u8]>>,
}
