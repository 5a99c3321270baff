//! What a client's certificate says about its owner.

use sha2::{Digest, Sha256};
use x509_parser::asn1_rs::{Any, Class, Tag, oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;

/// Names of each kind that we read.
const MOST_NAMES: usize = 100;
/// The longest name that can be a JID.
const LONGEST_NAME: usize = 3071;

/// A certificate that a client has shown, and proven to hold the key of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientCertificate {
    /// Whether somebody we trust vouches for it.
    pub verdict: Verdict,
    /// SHA-256 of the certificate, to recognise it by.
    pub fingerprint: [u8; 32],
    /// Alternative names of the type id-on-xmppAddr (RFC 6120 §13.7.1.4): JIDs as the certificate writes them.
    pub xmpp_addresses: Vec<String>,
    /// Alternative names of the type dNSName, lower case.
    pub dns_names: Vec<String>,
    /// Alternative names of the type SRVName (RFC 4985), as `_xmpp-server.example.org`.
    pub srv_names: Vec<String>,
}

/// What became of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// A trust anchor vouches for it as a client.
    Client,
    /// A trust anchor vouches for it, as a server only. Public authorities issue no others any more, so between
    /// servers it must do; a user it is not.
    ServerOnly,
    /// Nobody vouches for it, or it is out of date; the reason is for the log.
    Untrusted(String),
}

impl ClientCertificate {
    pub(super) fn nameless(leaf: &[u8], verdict: Verdict) -> Self {
        Self {
            verdict,
            fingerprint: Sha256::digest(leaf).into(),
            xmpp_addresses: Vec::new(),
            dns_names: Vec::new(),
            srv_names: Vec::new(),
        }
    }

    /// Reads the alternative names; from a certificate that cannot be understood, none.
    pub(super) fn read_names(&mut self, leaf: &[u8]) {
        let Ok((_, parsed)) = X509Certificate::from_der(leaf) else {
            return;
        };
        let Ok(Some(names)) = parsed.subject_alternative_name() else {
            return;
        };
        for name in &names.value.general_names {
            match name {
                GeneralName::DNSName(name) => keep(&mut self.dns_names, &name.to_ascii_lowercase()),
                // id-on-xmppAddr: UTF8String
                GeneralName::OtherName(kind, value) if *kind == oid!(1.3.6.1.5.5.7.8.5) => {
                    text(value, Tag::Utf8String)
                        .iter()
                        .for_each(|jid| keep(&mut self.xmpp_addresses, jid));
                }
                // id-on-dnsSRV: IA5String
                GeneralName::OtherName(kind, value) if *kind == oid!(1.3.6.1.5.5.7.8.7) => {
                    text(value, Tag::Ia5String)
                        .iter()
                        .for_each(|name| keep(&mut self.srv_names, &name.to_ascii_lowercase()));
                }
                _ => {}
            }
        }
    }
}

fn keep(names: &mut Vec<String>, name: &str) {
    if names.len() < MOST_NAMES && !name.is_empty() && name.len() <= LONGEST_NAME {
        names.push(name.to_owned());
    }
}

/// The string inside `[0] EXPLICIT`, if it is of the kind that its type demands and nothing follows it.
fn text(value: &[u8], kind: Tag) -> Option<&str> {
    let (after, explicit) = Any::from_der(value).ok()?;
    let (behind, string) = Any::from_der(explicit.data).ok()?;
    let good = explicit.class() == Class::ContextSpecific && explicit.tag() == Tag(0) && string.tag() == kind;
    let whole = after.is_empty() && behind.is_empty();
    std::str::from_utf8(string.data).ok().filter(|_| good && whole)
}
