//! What there is to know of certificates. All of it is written to links: append, never reorder. Times are microseconds
//! since 1970.

use serde::{Deserialize, Serialize};

use crate::Password;

/// What a server shows to those who ask for one of its hosts.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostCertificate {
    /// The host.
    pub host: String,
    /// Where it comes from.
    pub source: CertificateSource,
    /// The certificate, and after it those that vouch for it; empty where nothing is shown that is for the host.
    pub chain: Vec<CertificateFacts>,
    /// Whether it is for the host: that is what clients and other servers compare (RFC 6120 §13.7.2).
    pub covers_host: bool,
    /// Where the chain leads.
    pub trust: ChainTrust,
    /// Signing requests that wait for their certificate: when it was made, and the request as PEM.
    pub request: Option<RequestInfo>,
}

/// Where a certificate comes from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CertificateSource {
    /// The server made it, at its first start.
    #[default]
    Made,
    /// An operator had it made or put it in.
    PutIn,
    /// The configuration names its file: only there it can be changed. File and line, variable or flag.
    Configuration(String),
    /// An authority signed it, by an order that needed nobody (RFC 8555). No server says so of its own: it is seen in the
    /// database.
    Acme,
}

/// Where a chain leads.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ChainTrust {
    /// It is not known: this machine has no list of authorities.
    #[default]
    Unknown,
    /// The certificate vouches for itself.
    SelfSigned,
    /// To an authority that this machine believes.
    Complete,
    /// To nobody that this machine believes: who signed its last certificate.
    Incomplete(String),
}

/// One certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateFacts {
    /// Whose it is.
    pub subject: String,
    /// Who has signed it.
    pub issuer: String,
    /// Its number at the issuer, in hexadecimal.
    pub serial: String,
    /// The names it is for.
    pub names: Vec<String>,
    /// Valid from.
    pub not_before: i64,
    /// Valid until.
    pub not_after: i64,
    /// Kind and size of its key.
    pub key: String,
    /// How it is signed.
    pub signature: String,
    /// SHA-256 over all of it.
    pub fingerprint: String,
    /// Whether it vouches for itself.
    pub is_self_signed: bool,
}

/// A signing request that waits for its certificate.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestInfo {
    /// PEM (RFC 2986), to be sent to an authority.
    pub pem: String,
    /// When it was made.
    pub made_at: i64,
}

/// What a signing request asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RequestWish {
    /// The host that the certificate will be for.
    pub host: String,
    /// Other names that it should have, as a server's own name in DNS.
    #[serde(default)]
    pub names: Vec<String>,
    /// Kind of the key that is made for it.
    #[serde(default)]
    pub key: KeyWish,
    /// Organization; empty parts are left out.
    #[serde(default)]
    pub organization: String,
    /// Its unit.
    #[serde(default)]
    pub unit: String,
    /// City.
    #[serde(default)]
    pub city: String,
    /// State or province.
    #[serde(default)]
    pub state: String,
    /// Country, in two letters.
    #[serde(default)]
    pub country: String,
}

/// Kinds of keys that are made.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum KeyWish {
    /// ECDSA on P-256.
    #[default]
    EcdsaP256,
    /// ECDSA on P-384.
    EcdsaP384,
    /// RSA of 3072 bits.
    Rsa3072,
}

/// A chain that is to be put in force.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportWish {
    /// The host that it is for; none: every host that it names.
    pub host: Option<String>,
    /// PEM: the server's certificate first, after each the one that signed it.
    pub chain: String,
    /// PEM: its key; none: that of the signing request that waits, or that in use.
    pub key: Option<Password>,
}

/// What a server is asked to do with its certificates.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum CertificateWish {
    /// Say which there are.
    List,
    /// Put one in force.
    Import(ImportWish),
    /// Make one that vouches for itself, for this host, and put it in force.
    SelfSigned(String),
    /// Make a signing request.
    Request(RequestWish),
}

/// What came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum CertificateAnswer {
    /// What each host is served with.
    Hosts(Vec<HostCertificate>),
    /// For which hosts one was put in force, and its fingerprint.
    Installed {
        /// The hosts.
        hosts: Vec<String>,
        /// SHA-256 of the certificate.
        fingerprint: String,
    },
    /// The request, PEM.
    Request(String),
}

/// Why it did not.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CertificateRefusal {
    /// The field that is wrong: `host`, `names`, `country`, `chain` or `key`; empty where none is.
    pub field: String,
    /// What is wrong with it and what to do, in a clause.
    pub why: String,
}

impl CertificateRefusal {
    /// Something is wrong with a field.
    #[must_use]
    pub fn of(field: &str, why: impl Into<String>) -> Self {
        Self {
            field: field.to_owned(),
            why: why.into(),
        }
    }
}
