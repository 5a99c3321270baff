//! SASL as a story speaks it: messages in base64, in the words of SASL or of SASL2.

use protocol::{
    Element,
    sasl::{
        ChannelBinding, payload,
        scram::{Client, Hash},
    },
};
use testkit::wire::Wire;

/// A SCRAM client for the mechanism of this name, bound to the wire's TLS where it is a `-PLUS` one.
pub(crate) fn client(mechanism: &str, user: &str, wire: &Wire) -> Client {
    let hash = if mechanism.starts_with("SCRAM-SHA-256") {
        Hash::Sha256
    } else {
        Hash::Sha1
    };
    let scram = Client::new(hash, user, "fyko+d2lbbFgONRv9qkxdawL");
    match wire.tls_exporter() {
        Some(exporter) if mechanism.ends_with("-PLUS") => scram.bound(ChannelBinding::TlsExporter, &exporter),
        _ => scram,
    }
}

/// Answers the challenge that comes next; what came instead of one, or the server's proof that is to come.
pub(crate) async fn answer(wire: &mut Wire, ns: &str, scram: &Client, password: &str) -> Result<String, Element> {
    let challenge = wire.element().await;
    if !challenge.is("challenge", ns) {
        return Err(challenge);
    }
    let (response, proof) = scram.answer(&text(&challenge), password).expect("it answers us");
    let response = payload::encode(response.as_bytes());
    wire.send(format!("<response xmlns='{ns}'>{response}</response>")).await;
    Ok(proof)
}

/// What an element says in base64.
pub(crate) fn text(element: &Element) -> String {
    let bytes = bytes(element);
    String::from_utf8(bytes).expect("SASL messages of these mechanisms are text")
}

/// What an element says in base64, as bytes.
pub(crate) fn bytes(element: &Element) -> Vec<u8> {
    let decoded = payload::decode(&element.own_text()).expect("SASL speaks base64");
    decoded.unwrap_or_default()
}
