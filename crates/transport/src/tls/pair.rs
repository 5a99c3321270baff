//! A certificate chain and its key, read from PEM files, with errors that name the file and what is wrong with it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use rustls::crypto::aws_lc_rs;
use rustls::sign::CertifiedKey;
use rustls_pki_types::pem::{self, PemObject, SectionKind};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::certificates::ascii;
use super::info::CertificateInfo;

/// No chain or key is longer; a file that is cannot be one.
const LONGEST_FILE: u64 = 1 << 20;

/// Where a certificate chain and its key are kept. Both may be the same file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairFiles {
    /// PEM: our certificate first, then the intermediates that lead to a root.
    pub chain: PathBuf,
    /// PEM: the private key, not encrypted; PKCS #8, PKCS #1 or SEC 1.
    pub key: PathBuf,
    /// The domain that they are for before all others, if they are for one.
    pub host: Option<String>,
}

/// A certificate chain with its key, found to belong together.
#[derive(Debug, Clone)]
pub struct Pair {
    pub(super) key: Arc<CertifiedKey>,
    pub(super) info: CertificateInfo,
    pub(super) chain_file: PathBuf,
    /// The domain that it was put in for, as certificates write it: there it goes before all others.
    pub(super) host: Option<String>,
}

/// What is wrong with a certificate file.
#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    /// It cannot be read.
    #[error("cannot read {0}: {1}")]
    Read(PathBuf, #[source] io::Error),
    /// It cannot be written.
    #[error("cannot write {0}: {1}")]
    Write(PathBuf, #[source] io::Error),
    /// It is too long to be what it should be.
    #[error("{0} is longer than 1 MiB: that is no certificate chain or key")]
    TooLong(PathBuf),
    /// A block is damaged.
    #[error("{0} holds a damaged PEM block: {1}")]
    Pem(PathBuf, String),
    /// There is no certificate in it.
    #[error("{file} holds no CERTIFICATE block{hint}")]
    NoCertificate {
        /// The file.
        file: PathBuf,
        /// What it holds instead.
        hint: &'static str,
    },
    /// There is no key in it.
    #[error("{file} holds no PRIVATE KEY block{hint}")]
    NoKey {
        /// The file.
        file: PathBuf,
        /// What it holds instead.
        hint: &'static str,
    },
    /// Its certificate cannot be understood.
    #[error("the certificate in {0} cannot be understood: {1}")]
    Unreadable(PathBuf, String),
    /// Its certificate names no host.
    #[error("the certificate in {0} names no domain, neither as subject alternative name nor as common name")]
    Nameless(PathBuf),
    /// Its key is of a kind that we cannot use.
    #[error("the key in {0} cannot be used: {1}; make it ECDSA (P-256, P-384), RSA (2048 bits or more) or Ed25519")]
    UnusableKey(PathBuf, String),
    /// The two do not belong together.
    #[error("the key in {key} does not belong to the first certificate in {chain}")]
    Mismatch {
        /// Where the certificate is.
        chain: PathBuf,
        /// Where the key is.
        key: PathBuf,
    },
    /// It has run out.
    #[error("the certificate in {0} has expired; renew it")]
    Expired(PathBuf),
    /// It is not valid yet.
    #[error("the certificate in {0} is not valid yet; is this machine's clock right?")]
    NotYetValid(PathBuf),
    /// Nothing to serve at all.
    #[error("no certificate is configured")]
    None,
    /// A self-signed one could not be made.
    #[error("cannot make a certificate for {0}: {1}")]
    Making(String, String),
}

impl PairFiles {
    /// Names the two files.
    pub fn new(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        Self {
            chain: chain.into(),
            key: key.into(),
            host: None,
        }
    }

    /// The same, for this domain before all others.
    #[must_use]
    pub fn of_host(self, domain: &str) -> Self {
        Self {
            host: Some(ascii(domain)),
            ..self
        }
    }

    /// Reads both and checks that they belong together. Dates are for the caller to judge, see [`Pair::check_dates`].
    pub fn read(&self) -> Result<Pair, CertificateError> {
        self.parse(&read(&self.chain)?, &read(&self.key)?)
    }

    /// The same with what was read already; errors name the files.
    pub(super) fn parse(&self, chain: &[u8], key: &[u8]) -> Result<Pair, CertificateError> {
        let chain = parse_chain(&self.chain, chain)?;
        let key = parse_key(&self.key, key)?;
        let info = CertificateInfo::of(&chain[0])
            .map_err(|reason| CertificateError::Unreadable(self.chain.clone(), reason))?;
        if info.subject_names.is_empty() {
            return Err(CertificateError::Nameless(self.chain.clone()));
        }
        let key = aws_lc_rs::sign::any_supported_type(&key)
            .map_err(|error| CertificateError::UnusableKey(self.key.clone(), error.to_string()))?;
        let certified = CertifiedKey::new(chain, key);
        certified.keys_match().map_err(|error| self.mismatch(&error))?;
        Ok(Pair {
            key: Arc::new(certified),
            info,
            chain_file: self.chain.clone(),
            host: self.host.clone(),
        })
    }

    fn mismatch(&self, error: &rustls::Error) -> CertificateError {
        match error {
            rustls::Error::InconsistentKeys(_) => CertificateError::Mismatch {
                chain: self.chain.clone(),
                key: self.key.clone(),
            },
            other => CertificateError::Unreadable(self.chain.clone(), other.to_string()),
        }
    }
}

impl Pair {
    /// Names, dates and issuer of the certificate.
    pub fn info(&self) -> &CertificateInfo {
        &self.info
    }

    /// Whether the certificate is for `domain`, however that is written.
    pub fn is_for(&self, domain: &str) -> bool {
        self.info.covers(&ascii(domain))
    }

    /// The certificates as they are shown: ours first.
    pub fn chain(&self) -> &[CertificateDer<'static>] {
        &self.key.cert
    }

    /// The file that the chain was read from.
    pub fn chain_file(&self) -> &Path {
        &self.chain_file
    }

    /// Whether the certificate is valid now.
    pub fn check_dates(&self, now: SystemTime) -> Result<(), CertificateError> {
        if now < self.info.not_before {
            return Err(CertificateError::NotYetValid(self.chain_file.clone()));
        }
        if now > self.info.not_after {
            return Err(CertificateError::Expired(self.chain_file.clone()));
        }
        Ok(())
    }
}

/// All certificates of a PEM file, of which there is at least one.
pub(super) fn read_chain(file: &Path) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    parse_chain(file, &read(file)?)
}

/// The same with what was read already.
pub(super) fn parse_chain(file: &Path, text: &[u8]) -> Result<Vec<CertificateDer<'static>>, CertificateError> {
    let chain: Vec<_> = CertificateDer::pem_slice_iter(text)
        .collect::<Result<_, _>>()
        .map_err(|error| damaged(file, &error))?;
    if chain.is_empty() {
        let hint = if holds_key(text) {
            ", but a key: are chain and key the wrong way round?"
        } else {
            ""
        };
        return Err(CertificateError::NoCertificate {
            file: file.to_owned(),
            hint,
        });
    }
    Ok(chain)
}

fn parse_key(file: &Path, text: &[u8]) -> Result<PrivateKeyDer<'static>, CertificateError> {
    PrivateKeyDer::from_pem_slice(text).map_err(|error| match error {
        pem::Error::NoItemsFound => CertificateError::NoKey {
            file: file.to_owned(),
            hint: instead_of_key(text),
        },
        // The headers of keys that older programs encrypted (RFC 1421 §4.6.1.1) are no base64.
        _ if is_encrypted(text) => CertificateError::NoKey {
            file: file.to_owned(),
            hint: instead_of_key(text),
        },
        other => damaged(file, &other),
    })
}

fn damaged(file: &Path, error: &pem::Error) -> CertificateError {
    CertificateError::Pem(file.to_owned(), error.to_string())
}

pub(super) fn read(file: &Path) -> Result<Vec<u8>, CertificateError> {
    let failed = |error| CertificateError::Read(file.to_owned(), error);
    if fs::metadata(file).map_err(failed)?.len() > LONGEST_FILE {
        return Err(CertificateError::TooLong(file.to_owned()));
    }
    fs::read(file).map_err(failed)
}

fn holds_key(text: &[u8]) -> bool {
    PrivateKeyDer::from_pem_slice(text).is_ok()
}

fn is_encrypted(text: &[u8]) -> bool {
    let marks: [&[u8]; 2] = [b"-----BEGIN ENCRYPTED PRIVATE KEY-----", b"Proc-Type: 4,ENCRYPTED"];
    let has = |mark: &[u8]| text.windows(mark.len()).any(|window| window == mark);
    marks.into_iter().any(has)
}

fn instead_of_key(text: &[u8]) -> &'static str {
    if is_encrypted(text) {
        return ", but an encrypted one: decrypt it first (openssl pkey -in … -out …)";
    }
    let has_certificate = pem::SliceIter::<(SectionKind, Vec<u8>)>::new(text)
        .any(|block| matches!(block, Ok((SectionKind::Certificate, _))));
    if has_certificate {
        ", but a certificate: are chain and key the wrong way round?"
    } else {
        ""
    }
}
