//! All that operators want to see of one certificate (RFC 5280 §4.1).

use std::fmt::Write as _;
use std::time::SystemTime;

use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::FromDer;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::info::CertificateInfo;

/// What stands in a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateDetails {
    /// Whose it is: a distinguished name.
    pub subject: String,
    /// Who has signed it: a distinguished name.
    pub issuer: String,
    /// Its number at the issuer, in hexadecimal.
    pub serial: String,
    /// The names it is for: domains, and whatever else it has, with its kind before it.
    pub names: Vec<String>,
    /// Valid from.
    pub not_before: SystemTime,
    /// Valid until.
    pub not_after: SystemTime,
    /// Kind and size of its key, as in `ECDSA P-256`.
    pub key: String,
    /// How it is signed: a name, or the number of an algorithm that has none here.
    pub signature: String,
    /// SHA-256 over all of it, as browsers and clients show it.
    pub fingerprint: String,
    /// Whether its subject and issuer are the same.
    pub self_signed: bool,
}

impl CertificateDetails {
    /// Reads it from a certificate; the error is the parser's words.
    pub fn of(certificate: &CertificateDer<'_>) -> Result<Self, String> {
        let (_, parsed) = X509Certificate::from_der(certificate).map_err(|error| error.to_string())?;
        let info = CertificateInfo::of(certificate)?;
        Ok(Self {
            subject: parsed.subject().to_string(),
            issuer: parsed.issuer().to_string(),
            serial: parsed.raw_serial_as_string(),
            names: names(&parsed, info.subject_names),
            not_before: info.not_before,
            not_after: info.not_after,
            key: kind_of_key(parsed.public_key()),
            signature: signature(&parsed.signature_algorithm.algorithm.to_id_string()),
            fingerprint: fingerprint(certificate),
            self_signed: info.self_signed,
        })
    }
}

/// SHA-256 of a certificate, in pairs of digits.
pub(super) fn fingerprint(certificate: &[u8]) -> String {
    let mut text = String::new();
    for (place, byte) in Sha256::digest(certificate).iter().enumerate() {
        let colon = if place == 0 { "" } else { ":" };
        let _ = write!(text, "{colon}{byte:02X}");
    }
    text
}

fn names(certificate: &X509Certificate<'_>, domains: Vec<String>) -> Vec<String> {
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let others = alternatives.iter().flat_map(|extension| &extension.value.general_names);
    let others = others.filter_map(|name| match name {
        GeneralName::IPAddress([a, b, c, d]) => Some(format!("IP {a}.{b}.{c}.{d}")),
        GeneralName::IPAddress(bytes) => {
            let octets: [u8; 16] = (*bytes).try_into().ok()?;
            Some(format!("IP {}", std::net::Ipv6Addr::from(octets)))
        }
        GeneralName::RFC822Name(address) => Some(format!("mail {address}")),
        GeneralName::URI(uri) => Some(format!("URI {uri}")),
        _ => None,
    });
    let others: Vec<String> = others.collect();
    domains.into_iter().chain(others).collect()
}

fn kind_of_key(key: &SubjectPublicKeyInfo<'_>) -> String {
    let curve = key.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
    match (key.parsed(), curve.map(|oid| oid.to_id_string()).as_deref()) {
        (Ok(PublicKey::RSA(key)), _) => format!("RSA {}", key.key_size()),
        (Ok(PublicKey::EC(_)), Some("1.2.840.10045.3.1.7")) => "ECDSA P-256".to_owned(),
        (Ok(PublicKey::EC(_)), Some("1.3.132.0.34")) => "ECDSA P-384".to_owned(),
        (Ok(PublicKey::EC(_)), Some("1.3.132.0.35")) => "ECDSA P-521".to_owned(),
        _ if key.algorithm.algorithm.to_id_string() == "1.3.101.112" => "Ed25519".to_owned(),
        _ => format!("of kind {}", key.algorithm.algorithm.to_id_string()),
    }
}

fn signature(oid: &str) -> String {
    let name = match oid {
        "1.2.840.113549.1.1.5" => "RSA with SHA-1",
        "1.2.840.113549.1.1.10" => "RSA-PSS",
        "1.2.840.113549.1.1.11" => "RSA with SHA-256",
        "1.2.840.113549.1.1.12" => "RSA with SHA-384",
        "1.2.840.113549.1.1.13" => "RSA with SHA-512",
        "1.2.840.10045.4.3.2" => "ECDSA with SHA-256",
        "1.2.840.10045.4.3.3" => "ECDSA with SHA-384",
        "1.2.840.10045.4.3.4" => "ECDSA with SHA-512",
        "1.3.101.112" => "Ed25519",
        other => return format!("algorithm {other}"),
    };
    name.to_owned()
}
