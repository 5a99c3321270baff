//! Certificates and signing requests of our own making, as PEM.

use std::time::{Duration, SystemTime};

use rcgen::{
    CertificateParams, DnType, ExtendedKeyUsagePurpose, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, PKCS_RSA_SHA256, RsaKeySize,
};

use super::certificates::ascii;
use super::pair::CertificateError;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// Ten years: nobody's trust depends on the date of a certificate that vouches for itself.
const LIFETIME: Duration = Duration::from_secs(3650 * 24 * 60 * 60);

/// Kinds of keys that are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum KeyKind {
    /// ECDSA on P-256: small, and known to everybody.
    #[default]
    P256,
    /// ECDSA on P-384.
    P384,
    /// RSA of 3072 bits, for authorities that sign nothing else.
    Rsa3072,
}

/// What a signing request says of who asks (RFC 2986 §4.1); empty parts are left out.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Requester {
    /// O.
    pub organization: String,
    /// OU.
    pub unit: String,
    /// L.
    pub city: String,
    /// ST.
    pub state: String,
    /// C: two letters.
    pub country: String,
}

/// A certificate or a request, and the key that belongs to it; both PEM.
pub(super) struct Made {
    pub(super) public: String,
    pub(super) key: String,
}

/// A certificate that vouches for itself.
pub(super) fn self_signed(domain: &str) -> Result<Made, CertificateError> {
    let name = ascii(domain);
    let failed = |error: rcgen::Error| CertificateError::Making(name.clone(), error.to_string());
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(failed)?;
    let mut parameters = parameters(std::slice::from_ref(&name)).map_err(failed)?;
    let now = SystemTime::now();
    // A day back, for clients whose clock is behind.
    parameters.not_before = (now - DAY).into();
    parameters.not_after = (now + LIFETIME).into();
    let certificate = parameters.self_signed(&key).map_err(failed)?;
    Ok(Made {
        public: certificate.pem(),
        key: key.serialize_pem(),
    })
}

/// A request for a certificate for these domains, the first of which it is called after.
pub(super) fn request(domains: &[String], kind: KeyKind, who: &Requester) -> Result<Made, CertificateError> {
    let names: Vec<String> = domains.iter().map(|domain| ascii(domain)).collect();
    let failed = |error: rcgen::Error| CertificateError::Making(names.join(", "), error.to_string());
    let key = match kind {
        KeyKind::P256 => KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256),
        KeyKind::P384 => KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384),
        KeyKind::Rsa3072 => KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_3072),
    };
    let key = key.map_err(failed)?;
    let mut parameters = parameters(&names).map_err(failed)?;
    for (part, value) in [
        (DnType::OrganizationName, &who.organization),
        (DnType::OrganizationalUnitName, &who.unit),
        (DnType::LocalityName, &who.city),
        (DnType::StateOrProvinceName, &who.state),
        (DnType::CountryName, &who.country),
    ] {
        if !value.is_empty() {
            parameters.distinguished_name.push(part, value.as_str());
        }
    }
    let request = parameters.serialize_request(&key).map_err(failed)?;
    Ok(Made {
        public: request.pem().map_err(failed)?,
        key: key.serialize_pem(),
    })
}

fn parameters(names: &[String]) -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(names.to_vec())?;
    if let Some(first) = names.first() {
        parameters.distinguished_name.push(DnType::CommonName, first.as_str());
    }
    parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    Ok(parameters)
}
