//! What a certificate says about itself, for operators and for channel binding.

use std::time::{Duration, SystemTime};

use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha224, Sha256, Sha384, Sha512};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{ASN1Time, FromDer};
use x509_parser::signature_algorithm::SignatureAlgorithm;

/// Names, dates and issuer of a certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateInfo {
    /// The domains it is for, lower case; with a leading `*.` for one label of any name.
    pub subject_names: Vec<String>,
    /// Valid from.
    pub not_before: SystemTime,
    /// Valid until.
    pub not_after: SystemTime,
    /// Whether it vouches for itself, so that no client trusts it unasked.
    pub self_signed: bool,
    /// RFC 5929 §4.1: what `tls-server-end-point` binds to; none where the RFC leaves it undefined.
    pub end_point: Option<Box<[u8]>>,
}

impl CertificateInfo {
    /// Reads it from a certificate; the error is the parser's words.
    pub fn of(certificate: &CertificateDer<'_>) -> Result<Self, String> {
        let (_, parsed) = X509Certificate::from_der(certificate).map_err(|error| error.to_string())?;
        Ok(Self {
            subject_names: subject_names(&parsed),
            not_before: system_time(parsed.validity().not_before),
            not_after: system_time(parsed.validity().not_after),
            self_signed: parsed.subject() == parsed.issuer(),
            end_point: end_point(&parsed, certificate),
        })
    }

    /// Whether it is for `domain`, given lower case and in ASCII.
    pub fn covers(&self, domain: &str) -> bool {
        self.subject_names.iter().any(|name| match name.strip_prefix("*.") {
            // RFC 9525 §6.3: the wildcard stands for exactly one whole label.
            Some(parent) => domain
                .split_once('.')
                .is_some_and(|(label, rest)| !label.is_empty() && rest == parent),
            None => name == domain,
        })
    }
}

/// The alternative names; only where there are none, the common name, as certificates of old had it.
fn subject_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let alternatives = certificate.subject_alternative_name().ok().flatten();
    let names: Vec<String> = alternatives
        .iter()
        .flat_map(|extension| &extension.value.general_names)
        .filter_map(|name| match name {
            GeneralName::DNSName(name) => Some(name.to_ascii_lowercase()),
            _ => None,
        })
        .collect();
    if !names.is_empty() {
        return names;
    }
    let common = certificate
        .subject()
        .iter_common_name()
        .filter_map(|name| name.as_str().ok());
    common
        .map(str::to_ascii_lowercase)
        .filter(|name| !name.contains(' '))
        .collect()
}

fn system_time(time: ASN1Time) -> SystemTime {
    let seconds = Duration::from_secs(time.timestamp().unsigned_abs());
    let moved = if time.timestamp() < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(seconds)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(seconds)
    };
    moved.unwrap_or(SystemTime::UNIX_EPOCH)
}

/// The hash of the certificate by the hash of its own signature, but never by MD5 or SHA-1 (RFC 5929 §4.1).
fn end_point(parsed: &X509Certificate<'_>, der: &[u8]) -> Option<Box<[u8]>> {
    let algorithm = &parsed.signature_algorithm;
    let oid = match SignatureAlgorithm::try_from(algorithm) {
        Ok(SignatureAlgorithm::RSASSA_PSS(parameters)) => parameters.hash_algorithm_oid().to_id_string(),
        _ => algorithm.algorithm.to_id_string(),
    };
    hash_by_oid(&oid, der)
}

fn hash_by_oid(oid: &str, der: &[u8]) -> Option<Box<[u8]>> {
    let hash = match oid {
        // MD5 and SHA-1, alone or with RSA or ECDSA, are replaced by SHA-256.
        "1.2.840.113549.2.5" | "1.2.840.113549.1.1.4" => Sha256::digest(der).to_vec(),
        "1.3.14.3.2.26" | "1.2.840.113549.1.1.5" | "1.2.840.10045.4.1" => Sha256::digest(der).to_vec(),
        "2.16.840.1.101.3.4.2.1" | "1.2.840.113549.1.1.11" | "1.2.840.10045.4.3.2" => Sha256::digest(der).to_vec(),
        "2.16.840.1.101.3.4.2.2" | "1.2.840.113549.1.1.12" | "1.2.840.10045.4.3.3" => Sha384::digest(der).to_vec(),
        "2.16.840.1.101.3.4.2.3" | "1.2.840.113549.1.1.13" | "1.2.840.10045.4.3.4" => Sha512::digest(der).to_vec(),
        "2.16.840.1.101.3.4.2.4" | "1.2.840.113549.1.1.14" | "1.2.840.10045.4.3.1" => Sha224::digest(der).to_vec(),
        _ => return None,
    };
    Some(hash.into())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn covering(names: &[&str]) -> CertificateInfo {
        CertificateInfo {
            subject_names: names.iter().map(|name| (*name).to_owned()).collect(),
            not_before: SystemTime::UNIX_EPOCH,
            not_after: SystemTime::UNIX_EPOCH,
            self_signed: false,
            end_point: None,
        }
    }

    fn check(name: &str, domain: &str, covered: bool) {
        assert_eq!(covering(&[name]).covers(domain), covered, "{name} for {domain}");
    }

    #[test]
    fn a_wildcard_stands_for_one_label_and_no_more() {
        check("example.org", "example.org", true);
        check("example.org", "chat.example.org", false);
        check("*.example.org", "chat.example.org", true);
        check("*.example.org", "example.org", false);
        check("*.example.org", "a.chat.example.org", false);
        check("*.example.org", ".example.org", false);
        check("*.example.org", "evilexample.org", false);
        check("*.example.org", "example.org.evil.test", false);
        check("c*.example.org", "chat.example.org", false);
        check("chat.*.org", "chat.example.org", false);
        check("*", "org", false);
    }

    proptest! {
        #[test]
        fn a_wildcard_ends_at_label_boundaries(
            labels in proptest::collection::vec("[a-z0-9-]{0,4}", 1..6),
            parent in proptest::collection::vec("[a-z0-9-]{1,4}", 1..4),
        ) {
            let parent = parent.join(".");
            let info = covering(&[&format!("*.{parent}")]);
            let under = format!("{}.{parent}", labels.join("."));
            let one_whole_label = labels.len() == 1 && !labels[0].is_empty();
            prop_assert_eq!(info.covers(&under), one_whole_label);
            let beside = format!("{}{parent}", labels.join("."));
            let ends_in_parent = beside
                .strip_suffix(&parent)
                .and_then(|rest| rest.strip_suffix('.'))
                .is_some_and(|label| !label.is_empty() && !label.contains('.'));
            prop_assert_eq!(info.covers(&beside), ends_in_parent);
        }
    }
}
