//! XEP-0474 (0.5.0): SASL SCRAM Downgrade Protection, and XEP-0515 (0.1.0): TLS Channel-Binding Downgrade
//! Protection. What we offered goes into the server-first-message, so that the proof covers it and nobody
//! between us can have taken anything away unnoticed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::scram::Hash;

/// What was offered on a connection.
#[derive(Debug, Clone, Copy)]
pub struct Offer<'a> {
    /// The mechanisms of the SASL profile in use, in any order.
    pub mechanisms: &'a [&'a str],
    /// The channel-binding types of XEP-0440; `None` when none were announced.
    pub channel_bindings: Option<&'a [&'a str]>,
    /// The TLS version on the wire, for example `0x0304`; `None` without TLS or where it is not known.
    pub tls_version: Option<u16>,
}

/// The attributes `h` and `t` of a server-first-message, each with a comma before it.
#[must_use]
pub fn attributes(hash: Hash, offer: Offer<'_>) -> String {
    let digest = hash.digest(offer.text().as_bytes());
    let mut attributes = format!(",h={}", STANDARD.encode(&*digest));
    if let Some(version) = offer.tls_version {
        attributes.push_str(&format!(",t={version:04x}"));
    }
    attributes
}

impl Offer<'_> {
    /// XEP-0474 §5.1: both lists sorted by octets, their items separated by U+001E, the lists by U+001F.
    fn text(self) -> String {
        let mut text = sorted(self.mechanisms);
        if let Some(channel_bindings) = self.channel_bindings {
            text.push('\x1f');
            text.push_str(&sorted(channel_bindings));
        }
        text
    }
}

fn sorted(names: &[&str]) -> String {
    let mut names = names.to_vec();
    names.sort_unstable();
    names.join("\x1e")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_xep_0474_and_xep_0515_comes_out() {
        let offer = Offer {
            mechanisms: &["SCRAM-SHA-1-PLUS", "SCRAM-SHA-1"],
            channel_bindings: Some(&["tls-server-end-point", "tls-exporter"]),
            tls_version: Some(0x0304),
        };
        assert_eq!(attributes(Hash::Sha1, offer), ",h=G6k/rBLDqgOhRRaCuuatSDFkJ08=,t=0304");
    }

    #[test]
    fn an_offer_without_channel_binding_has_one_list() {
        let offer = Offer {
            mechanisms: &["PLAIN", "EXTERNAL"],
            channel_bindings: None,
            tls_version: None,
        };
        assert_eq!(offer.text(), "EXTERNAL\u{1e}PLAIN");
        assert!(!attributes(Hash::Sha256, offer).contains(",t="));
    }
}
