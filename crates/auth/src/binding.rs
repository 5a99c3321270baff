//! What is known of a connection before anybody says who they are.

use std::fmt;
use std::net::IpAddr;

use protocol::sasl::{Channel, ChannelBinding};

/// A connection that somebody wants to log in on. What is offered, and so what is accepted, follows from it and
/// from the settings, and from nothing else.
#[derive(Clone)]
pub struct Binding {
    /// The host that the stream was opened to, prepared.
    pub host: String,
    /// Whether the connection is inside TLS.
    pub encrypted: bool,
    /// The TLS version on the wire, `0x0303` or `0x0304`, for XEP-0515.
    pub tls_version: Option<u16>,
    /// RFC 9266: keying material of this connection.
    pub tls_exporter: Option<[u8; 32]>,
    /// RFC 5929 §4: the hash of the certificate that we showed.
    pub tls_server_end_point: Option<Vec<u8>>,
    /// What a trusted authority says about the client. A certificate that nobody vouches for is none.
    pub client_certificate: Option<ClientIdentity>,
    /// Where the client comes from, for the lock-out.
    pub address: IpAddr,
}

/// The identities in a client certificate that was verified.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ClientIdentity {
    /// Alternative names of the type id-on-xmppAddr (RFC 6120 §13.7.1.4), as the certificate writes them.
    pub xmpp_addresses: Vec<String>,
    /// SHA-256 of the certificate, by which the setting `certificate_accounts` may name it.
    pub fingerprint: [u8; 32],
}

impl Binding {
    pub(crate) fn channel(&self) -> Channel<'_> {
        Channel {
            tls_exporter: self.tls_exporter.as_ref().map(<[u8; 32]>::as_slice),
            tls_server_end_point: self.tls_server_end_point.as_deref(),
        }
    }

    pub(crate) fn channel_binding_types(&self) -> Vec<ChannelBinding> {
        if self.encrypted {
            self.channel().types().collect()
        } else {
            Vec::new()
        }
    }
}

impl fmt::Debug for Binding {
    /// Keying material does not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Binding")
            .field("host", &self.host)
            .field("encrypted", &self.encrypted)
            .field("channel", &self.channel())
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}
