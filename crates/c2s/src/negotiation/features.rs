//! What a stream offers at each moment (RFC 6120 §4.3.2).

use protocol::{Element, ns, stream::writer};

use super::Negotiation;

impl Negotiation {
    /// Writes `<stream:features/>` for the state that the stream is in.
    pub(super) fn write_features(&mut self) {
        let features = self.features();
        self.write_all_features(features);
    }

    /// Writes what is left to be offered on a stream that was bound, or resumed, with its login (XEP-0386 §5): no
    /// resource, or clients would ask for a second.
    pub(super) fn write_features_once_bound(&mut self) {
        let mut features = self.after_authentication();
        features.retain(|feature| !matches!(feature.ns.as_str(), ns::BIND | ns::SESSION));
        self.write_all_features(features);
    }

    fn features(&self) -> Vec<Element> {
        match (&self.authenticated, &self.peer.tls) {
            (Some(_), _) => self.after_authentication(),
            (None, None) if self.settings.is_tls_required => vec![starttls(true)],
            (None, None) => {
                let mut features = vec![starttls(false)];
                features.extend(self.before_authentication());
                features
            }
            (None, Some(_)) => self.before_authentication(),
        }
    }

    fn write_all_features(&mut self, mut features: Vec<Element>) {
        features.push(self.limits());
        let features = Element::new("features", ns::STREAM).children_from(features);
        writer::features(self.connection().out(), &features);
    }

    fn before_authentication(&self) -> Vec<Element> {
        let mut features = self.sasl_features();
        if self.is_registration_open() {
            features.push(Element::new("register", ns::REGISTER_FEATURE));
        }
        features
    }

    /// Offered once the client is known, on a new stream or with SASL2's success.
    pub(super) fn after_authentication(&self) -> Vec<Element> {
        let optional = || Element::new("optional", ns::SESSION);
        let mut features = vec![
            Element::new("bind", ns::BIND),
            Element::new("session", ns::SESSION).child(optional()),
            Element::new("sm", ns::STREAM_MANAGEMENT),
            Element::new("csi", ns::CLIENT_STATE),
        ];
        let host = self.host().domain();
        let announced = &self.server.house.hooks().announced().stream_features;
        features.extend(announced.iter().filter_map(|feature| feature(host)));
        features
    }

    /// XEP-0478: the limits that the tokenizer and the clock enforce.
    fn limits(&self) -> Element {
        let settings = &self.settings;
        let max_bytes = match self.authenticated {
            Some(_) => settings.limits.stanza_bytes,
            None => protocol::stream::Limits::before_authentication().stanza_bytes,
        };
        Element::new("limits", ns::STREAM_LIMITS)
            .child(Element::new("max-bytes", ns::STREAM_LIMITS).text(max_bytes.to_string()))
            .child(
                Element::new("idle-seconds", ns::STREAM_LIMITS)
                    .text((settings.idle_timeout_secs + settings.ping_timeout_secs).to_string()),
            )
    }
}

fn starttls(is_required: bool) -> Element {
    let element = Element::new("starttls", ns::TLS);
    if is_required {
        element.child(Element::new("required", ns::TLS))
    } else {
        element
    }
}
