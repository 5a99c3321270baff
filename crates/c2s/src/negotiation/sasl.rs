//! SASL (RFC 6120 §6): one exchange at a time, on an encrypted stream unless the operator says otherwise.

use auth::{Authenticated, Binding, ClientIdentity, Step as Exchanged};
use protocol::{
    Element, Stanza, StreamCondition, StreamError, ns,
    sasl::{Failure, FailureCondition, payload},
    stream::Frame,
};
use transport::{ClientCertificate, TlsVersion, Verdict};

use super::{Negotiation, Step, not_authorized, too_early};
use crate::connection::Gone;

impl Negotiation {
    /// What is offered on this connection, and so accepted: mechanisms, and the channel bindings of XEP-0440.
    pub(super) fn sasl_features(&self) -> Vec<Element> {
        let binding = self.binding();
        let offered = self.server.authenticator.offered(&binding);
        let mechanism = |name: &str| Element::new("mechanism", ns::SASL).text(name);
        let mechanisms = offered.iter().map(|offered| mechanism(offered.as_str()));
        let mut features = vec![Element::new("mechanisms", ns::SASL).children_from(mechanisms)];
        let types = self.server.authenticator.channel_binding_types(&binding);
        if !types.is_empty() {
            let bindings = types
                .iter()
                .map(|kind| Element::new("channel-binding", ns::CHANNEL_BINDING).attr("type", kind.as_str()));
            features.push(Element::new("sasl-channel-binding", ns::CHANNEL_BINDING).children_from(bindings));
        }
        features
    }

    /// `<auth/>` and everything up to `<success/>` or `<failure/>`.
    pub(super) async fn sasl(&mut self, auth: &Element) -> Result<Step, Gone> {
        match self.exchange(auth).await? {
            Ok(authenticated) => {
                let data = authenticated.additional_data.as_deref().map(payload::encode);
                let success = Element::new("success", ns::SASL);
                let success = data.iter().fold(success, |success, data| success.text(data));
                self.connection().write_element(&success);
                self.connection().flush().await?;
                self.authenticated = Some(authenticated);
                Ok(Step::Restart)
            }
            Err(failure) => {
                self.connection().write_element(&failure.to_sasl());
                self.count_failure()?;
                Ok(Step::Continue)
            }
        }
    }

    async fn exchange(&mut self, auth: &Element) -> Result<Result<Authenticated, Failure>, Gone> {
        let mechanism = auth.get("mechanism").unwrap_or_default();
        let initial = match payload::decode(&auth.own_text()) {
            Ok(initial) => initial,
            Err(failure) => return Ok(Err(failure)),
        };
        let binding = self.binding();
        let authenticator = self.server.authenticator.clone();
        let mut step = authenticator.start(&binding, mechanism, initial.as_deref()).await;
        loop {
            step = match step {
                Exchanged::Success(authenticated) => return Ok(Ok(*authenticated)),
                Exchanged::Failure(failure) => return Ok(Err(failure)),
                Exchanged::Challenge(data, exchange) => {
                    let challenge = Element::new("challenge", ns::SASL).text(payload::encode(&data));
                    self.connection().write_element(&challenge);
                    match self.response().await? {
                        Ok(response) => exchange.respond(&response).await,
                        Err(failure) => return Ok(Err(failure)),
                    }
                }
            }
        }
    }

    /// The client's next word in an exchange.
    async fn response(&mut self) -> Result<Result<Vec<u8>, Failure>, Gone> {
        match self.connection().next_frame().await? {
            Frame::Element(element) if element.is("response", ns::SASL) => {
                Ok(payload::decode(&element.own_text()).map(Option::unwrap_or_default))
            }
            Frame::Element(element) if element.is("abort", ns::SASL) => {
                Ok(Err(Failure::new(FailureCondition::Aborted, "you aborted the exchange")))
            }
            _ => Err(too_early("an authentication exchange is under way")),
        }
    }

    /// Counts a failed try; the stream ends after too many.
    pub(super) fn count_failure(&mut self) -> Result<(), StreamError> {
        self.sasl_failures += 1;
        if self.sasl_failures < self.settings.sasl_tries {
            return Ok(());
        }
        let text = "too many failed tries at authentication on one stream";
        Err(StreamError::with_text(StreamCondition::PolicyViolation, text))
    }

    /// `<response/>` or `<abort/>` with no exchange to belong to.
    pub(super) fn sasl_out_of_turn(&mut self, element: &Element) -> Result<Step, Gone> {
        let failure = match element.name.as_str() {
            "abort" => Failure::new(FailureCondition::Aborted, "no exchange is under way"),
            _ => Failure::malformed("no exchange is under way; begin with <auth/>"),
        };
        self.connection().write_element(&failure.to_sasl());
        self.count_failure()?;
        Ok(Step::Continue)
    }

    /// A stanza before authentication: nothing but registration is answered, and that where it is open.
    pub(super) async fn register(&mut self, _request: &Stanza) -> Result<Step, Gone> {
        Err(not_authorized())
    }

    /// The connection as authentication sees it.
    pub(super) fn binding(&self) -> Binding {
        let tls = self.peer.tls.as_deref();
        Binding {
            host: self.host().domain().to_owned(),
            encrypted: tls.is_some(),
            tls_version: tls.map(|tls| wire_version(tls.version)),
            tls_exporter: tls.and_then(|tls| tls.bindings.exporter),
            tls_server_end_point: tls.and_then(|tls| tls.bindings.server_end_point.as_deref().map(<[u8]>::to_vec)),
            client_certificate: tls.and_then(|tls| tls.client.as_deref()).and_then(identity),
            address: self.peer.address.ip(),
        }
    }
}

/// The identities of a client certificate that a trusted authority vouches for.
fn identity(certificate: &ClientCertificate) -> Option<ClientIdentity> {
    (certificate.verdict == Verdict::Client).then(|| ClientIdentity {
        xmpp_addresses: certificate.xmpp_addresses.clone(),
        fingerprint: certificate.fingerprint,
    })
}

/// The version's number on the wire (RFC 8446 §4.2.1).
fn wire_version(version: TlsVersion) -> u16 {
    match version {
        TlsVersion::Tls12 => 0x0303,
        TlsVersion::Tls13 => 0x0304,
    }
}
