//! SASL (RFC 6120 §6): one exchange at a time, on an encrypted stream unless the operator says otherwise.

use auth::{Binding, ClientIdentity};
use protocol::{
    Element, StreamCondition, StreamError, ns,
    sasl::{Failure, FailureCondition, payload},
};
use transport::{ClientCertificate, TlsVersion, Verdict};

use super::{Negotiation, Step};
use crate::connection::Gone;

impl Negotiation {
    /// What is offered on this connection, and so accepted: mechanisms, and the channel bindings of XEP-0440.
    pub(super) fn sasl_features(&self) -> Vec<Element> {
        let binding = self.binding();
        let offered = self.server.authenticator.offered(&binding);
        let mechanism = |name: &str| Element::new("mechanism", ns::SASL).text(name);
        let mechanisms = offered.iter().map(|offered| mechanism(offered.as_str()));
        let mut features = vec![
            Element::new("mechanisms", ns::SASL).children_from(mechanisms),
            self.sasl2_feature(&offered),
        ];
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
        let initial = match payload::decode(&auth.own_text()) {
            Ok(initial) => initial,
            Err(failure) => return self.sasl_failed(&failure),
        };
        let mechanism = auth.get("mechanism").unwrap_or_default();
        let binding = self.binding();
        let begun = self
            .server
            .authenticator
            .clone()
            .start(&binding, mechanism, initial.as_deref())
            .await;
        match self.exchange(begun, ns::SASL).await? {
            Ok(authenticated) => {
                let data = authenticated.additional_data.as_deref().map(payload::encode);
                let success = Element::new("success", ns::SASL);
                let success = data.iter().fold(success, Element::text);
                self.connection().write_element(&success);
                self.connection().flush().await?;
                self.authenticated = Some(authenticated);
                Ok(Step::Restart)
            }
            Err(failure) => self.sasl_failed(&failure),
        }
    }

    fn sasl_failed(&mut self, failure: &Failure) -> Result<Step, Gone> {
        self.connection().write_element(&failure.to_sasl());
        self.count_failure()?;
        Ok(Step::Continue)
    }

    /// Counts a failed try; the stream ends after too many.
    pub(super) fn count_failure(&mut self) -> Result<(), StreamError> {
        metrics::counter!("c2s_sasl_failures").increment(1);
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
        self.sasl_failed(&failure)
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
