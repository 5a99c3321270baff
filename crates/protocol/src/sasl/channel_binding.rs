//! Channel binding (RFC 5056): what ties a login to the TLS connection it happens on.

use std::fmt;

/// The types that a server on TLS 1.2 and 1.3 can offer (XEP-0440). `tls-unique` is not among them: it does not
/// exist in TLS 1.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChannelBinding {
    /// RFC 9266: keying material of this very connection.
    TlsExporter,
    /// RFC 5929 §4: a hash of the server's certificate. XEP-0440 wants it from every server.
    TlsServerEndPoint,
}

impl ChannelBinding {
    /// Both, the stronger first.
    pub const ALL: [Self; 2] = [Self::TlsExporter, Self::TlsServerEndPoint];

    /// The registered name.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TlsExporter => "tls-exporter",
            Self::TlsServerEndPoint => "tls-server-end-point",
        }
    }
}

impl fmt::Display for ChannelBinding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// What is known of the TLS connection, for binding to it.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Channel<'a> {
    /// RFC 9266: `EXPORTER-Channel-Binding`, 32 bytes.
    pub tls_exporter: Option<&'a [u8]>,
    /// RFC 5929 §4.1: the hash of our own certificate.
    pub tls_server_end_point: Option<&'a [u8]>,
}

impl<'a> Channel<'a> {
    /// The data for a type; `None` where this connection cannot be bound so.
    #[must_use]
    pub fn data(self, binding: ChannelBinding) -> Option<&'a [u8]> {
        match binding {
            ChannelBinding::TlsExporter => self.tls_exporter,
            ChannelBinding::TlsServerEndPoint => self.tls_server_end_point,
        }
    }

    /// The types that this connection can be bound by.
    pub fn types(self) -> impl Iterator<Item = ChannelBinding> {
        ChannelBinding::ALL
            .into_iter()
            .filter(move |binding| self.data(*binding).is_some())
    }
}

impl fmt::Debug for Channel<'_> {
    /// Keying material does not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.types()).finish()
    }
}
