//! The cluster's own certificate authority: made once, kept in the database as bytes, trusted by every node.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::pbkdf2::{self, PBKDF2_HMAC_SHA256};
use aws_lc_rs::rand;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::RootCertStore;
use rustls_pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::{Deserialize, Serialize};

use crate::NodeId;

/// The name in every node's certificate; which node it is stands beside it.
pub(crate) const COMMON_NAME: &str = "node.hearth";
/// Clocks of nodes may differ by this much: certificates are valid from so long ago.
const BACKDATED: Duration = Duration::from_secs(24 * 60 * 60);
/// The authority lives as long as the database; who can read its key could make a new one anyway.
const AUTHORITY_LIFETIME: Duration = Duration::from_secs(50 * 365 * 24 * 60 * 60);
/// What OWASP asks of PBKDF2 with HMAC-SHA-256: `cluster.secret` may be a phrase that somebody thought up.
const STRETCHING: NonZeroU32 = NonZeroU32::new(600_000).expect("not zero");
const SALT_BYTES: usize = 16;
const OPEN: u8 = 0;
const SEALED: u8 = 1;

/// Why there is no authority or no certificate.
#[derive(Debug, thiserror::Error)]
pub enum IdentityError {
    /// Making a key or a certificate failed.
    #[error("the cluster's certificate could not be made: {0}")]
    Making(#[from] rcgen::Error),
    /// rustls refuses what was made.
    #[error("the cluster's certificate cannot be used: {0}")]
    Using(#[from] rustls::Error),
    /// The bytes are not those of an authority.
    #[error("what the database holds is not a certificate authority")]
    NotAnAuthority,
    /// The bytes are sealed and no secret was given.
    #[error("the cluster's keys are sealed; set `cluster.secret` to what the other nodes have")]
    SecretMissing,
    /// The secret is another one, or the bytes were changed.
    #[error("`cluster.secret` does not open the cluster's keys; it must be the same on every node")]
    SecretWrong,
    /// The operating system gave no random bytes, or the seal could not be made.
    #[error("the cluster's keys could not be sealed")]
    Sealing,
}

/// The authority: a certificate that every node trusts, and the key with which every node vouches for itself.
pub struct Authority {
    certificate: CertificateDer<'static>,
    issuer: Issuer<'static, KeyPair>,
}

#[derive(Serialize, Deserialize)]
struct Kept {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Authority {
    /// A new authority, for a database that has none.
    pub fn make() -> Result<Self, IdentityError> {
        let made = CertifiedIssuer::self_signed(authority_parameters()?, KeyPair::generate()?)?;
        Ok(Self {
            certificate: made.der().clone(),
            issuer: Issuer::new(authority_parameters()?, KeyPair::try_from(made.key().serialize_der())?),
        })
    }

    /// The authority as bytes for the database, sealed if there is a secret. Takes a moment then: the secret is
    /// stretched.
    pub fn to_bytes(&self, secret: Option<&str>) -> Result<Vec<u8>, IdentityError> {
        let kept = Kept {
            certificate: self.certificate.to_vec(),
            key: self.issuer.key().serialize_der(),
        };
        let plain = postcard::to_allocvec(&kept).map_err(|_| IdentityError::NotAnAuthority)?;
        match secret {
            Some(secret) => seal(secret, plain),
            None => Ok([&[OPEN], plain.as_slice()].concat()),
        }
    }

    /// The authority that [`Authority::to_bytes`] wrote.
    pub fn from_bytes(bytes: &[u8], secret: Option<&str>) -> Result<Self, IdentityError> {
        let plain = match (bytes.split_first(), secret) {
            (Some((&OPEN, rest)), _) => rest.to_vec(),
            (Some((&SEALED, rest)), Some(secret)) => open(secret, rest)?,
            (Some((&SEALED, _)), None) => return Err(IdentityError::SecretMissing),
            _ => return Err(IdentityError::NotAnAuthority),
        };
        let kept: Kept = postcard::from_bytes(&plain).map_err(|_| IdentityError::NotAnAuthority)?;
        let key = KeyPair::try_from(kept.key).map_err(|_| IdentityError::NotAnAuthority)?;
        Ok(Self {
            certificate: CertificateDer::from(kept.certificate),
            issuer: Issuer::new(authority_parameters()?, key),
        })
    }

    /// The one root that links trust.
    pub(crate) fn roots(&self) -> Result<Arc<RootCertStore>, IdentityError> {
        let mut roots = RootCertStore::empty();
        roots.add(self.certificate.clone())?;
        Ok(Arc::new(roots))
    }

    /// A certificate for a node, and its key.
    pub(crate) fn issue(
        &self,
        node: NodeId,
        now: SystemTime,
        lifetime: Duration,
    ) -> Result<(CertificateDer<'static>, PrivateKeyDer<'static>), IdentityError> {
        let key = KeyPair::generate()?;
        let mut parameters = CertificateParams::new(vec![COMMON_NAME.to_owned(), node_name(node)])?;
        parameters.not_before = (now - BACKDATED).into();
        parameters.not_after = (now + lifetime).into();
        parameters.distinguished_name.push(DnType::CommonName, node_name(node));
        parameters.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        parameters.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        let certificate = parameters.signed_by(&key, &self.issuer)?;
        let key = PrivatePkcs8KeyDer::from(key.serialize_der());
        Ok((certificate.der().clone(), PrivateKeyDer::Pkcs8(key)))
    }
}

/// How a node is named in its certificate.
pub(crate) fn node_name(node: NodeId) -> String {
    format!("n{node}.{COMMON_NAME}")
}

fn authority_parameters() -> Result<CertificateParams, rcgen::Error> {
    let mut parameters = CertificateParams::new(Vec::<String>::new())?;
    let now = SystemTime::now();
    parameters.not_before = (now - BACKDATED).into();
    parameters.not_after = (now + AUTHORITY_LIFETIME).into();
    parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters.distinguished_name.push(DnType::CommonName, "hearth cluster");
    Ok(parameters)
}

fn key_from(secret: &str, salt: &[u8]) -> Result<LessSafeKey, IdentityError> {
    let mut key = [0; 32];
    pbkdf2::derive(PBKDF2_HMAC_SHA256, STRETCHING, salt, secret.as_bytes(), &mut key);
    let key = UnboundKey::new(&AES_256_GCM, &key).map_err(|_| IdentityError::Sealing)?;
    Ok(LessSafeKey::new(key))
}

/// `SEALED`, salt, nonce, sealed bytes. The key is used once: every seal has a new salt.
fn seal(secret: &str, mut bytes: Vec<u8>) -> Result<Vec<u8>, IdentityError> {
    let mut head = [0; 1 + SALT_BYTES + NONCE_LEN];
    rand::fill(&mut head).map_err(|_| IdentityError::Sealing)?;
    head[0] = SEALED;
    let (salt, nonce) = head[1..].split_at(SALT_BYTES);
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| IdentityError::Sealing)?;
    key_from(secret, salt)?
        .seal_in_place_append_tag(nonce, Aad::empty(), &mut bytes)
        .map_err(|_| IdentityError::Sealing)?;
    Ok([head.as_slice(), bytes.as_slice()].concat())
}

fn open(secret: &str, bytes: &[u8]) -> Result<Vec<u8>, IdentityError> {
    if bytes.len() < SALT_BYTES + NONCE_LEN {
        return Err(IdentityError::NotAnAuthority);
    }
    let (salt, rest) = bytes.split_at(SALT_BYTES);
    let (nonce, sealed) = rest.split_at(NONCE_LEN);
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| IdentityError::NotAnAuthority)?;
    let mut sealed = sealed.to_vec();
    let plain = key_from(secret, salt)?
        .open_in_place(nonce, Aad::empty(), &mut sealed)
        .map_err(|_| IdentityError::SecretWrong)?;
    Ok(plain.to_vec())
}
