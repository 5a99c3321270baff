//! What is wrong with what an operator sent, by the field that it stood in.

use std::{fmt::Display, time::SystemTime};

use ops::CertificateRefusal;
use transport::{CertificateDetails, CertificateError, Pair};

/// Whether this can be a host's name in DNS (RFC 1035 §2.3.4), once it is written in ASCII.
pub(super) fn is_domain(name: &str) -> bool {
    let ascii = idna::domain_to_ascii(name).unwrap_or_default();
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    ascii.len() <= 253 && ascii.split('.').all(is_label)
}

pub(super) fn is_of_key(error: &CertificateError) -> bool {
    matches!(
        error,
        CertificateError::NoKey { .. } | CertificateError::Mismatch { .. } | CertificateError::UnusableKey(..)
    )
}

pub(super) fn sent_wrong(error: CertificateError) -> CertificateRefusal {
    let field = if is_of_key(&error) { "key" } else { "chain" };
    match error {
        CertificateError::UnusableKey(_, why) => {
            let why = format!(
                "the key cannot be used: {why}; make it ECDSA (P-256, P-384), RSA (2048 bits or more) or Ed25519"
            );
            CertificateRefusal::of(field, why)
        }
        CertificateError::Mismatch { .. } => CertificateRefusal::of(
            field,
            "the key does not belong to the first certificate of the chain: the server's own must come first",
        ),
        CertificateError::Unreadable(_, why) => CertificateRefusal::of(
            field,
            format!("the first certificate of the chain cannot be understood: {why}"),
        ),
        CertificateError::Nameless(_) => {
            CertificateRefusal::of(field, "the first certificate of the chain names no domain")
        }
        error => CertificateRefusal::of(field, error.to_string()),
    }
}

pub(super) fn check_dates(pair: &Pair) -> Result<(), CertificateRefusal> {
    let now = SystemTime::now();
    for (place, certificate) in pair.chain().iter().enumerate() {
        let Ok(details) = CertificateDetails::of(certificate) else {
            continue;
        };
        let which = format!("certificate {} of the chain, {},", place + 1, details.subject);
        if now > details.not_after {
            return Err(CertificateRefusal::of(
                "chain",
                format!("{which} has run out: renew it"),
            ));
        }
        if now < details.not_before {
            let why = format!("{which} is not valid yet: is this machine's clock right?");
            return Err(CertificateRefusal::of("chain", why));
        }
    }
    Ok(())
}

pub(super) fn failed(why: impl Display) -> CertificateRefusal {
    CertificateRefusal::of("", why.to_string())
}
