//! STARTTLS (RFC 6120 §5) and the handshake of direct TLS (XEP-0368).

use protocol::{Element, Jid, ns, stream::Limits};

use super::{Negotiation, Step};
use crate::connection::{Connection, Gone};

impl Negotiation {
    /// `<starttls/>`: from here on encrypted, on a new stream.
    ///
    /// What came in the clear behind it must never count as if it had come encrypted: the connection is cut
    /// (RFC 6120 §5.4.3.3).
    pub(super) async fn starttls(&mut self) -> Result<Step, Gone> {
        if self.connection().has_unread() {
            return Err(Gone::Lost(std::io::ErrorKind::InvalidData.into()));
        }
        self.connection().write_element(&Element::new("proceed", ns::TLS));
        self.connection().flush().await?;
        self.encrypt().await?;
        Ok(Step::Restart)
    }

    /// Shakes hands; a connection on which that fails is cut.
    pub(super) async fn encrypt(&mut self) -> Result<(), Gone> {
        let connection = self
            .connection
            .take()
            .ok_or(std::io::ErrorKind::NotConnected)
            .map_err(std::io::Error::from)?;
        let host = self.host.as_ref().map(Jid::domain);
        let (io, facts) = self
            .server
            .tls
            .start_tls(connection.into_io(), &[], host)
            .await
            .map_err(|error| {
                tracing::debug!(target: "c2s", %error, "TLS handshake failed");
                std::io::Error::from(std::io::ErrorKind::ConnectionAborted)
            })?;
        self.peer.tls = Some(Box::new(facts));
        self.connection = Some(Connection::new(io, Limits::before_authentication()));
        Ok(())
    }

    /// `<auth/>` before TLS where TLS is required (RFC 6120 §6.5.4).
    pub(super) fn needs_encryption(&mut self) -> Result<Step, Gone> {
        let failure = Element::new("failure", ns::SASL).child(Element::new("encryption-required", ns::SASL));
        self.connection().write_element(&failure);
        Ok(Step::Continue)
    }
}
