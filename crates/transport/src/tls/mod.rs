//! TLS: who we are ([`Certificates`]), how we shake hands ([`TlsServer`]), and what was agreed ([`TlsFacts`]).

mod certificates;
mod chain;
mod client;
mod config;
mod details;
mod exporter;
mod facts;
mod folder;
mod handshake;
mod info;
mod judge;
mod making;
mod pair;
mod sending;
mod server;
mod stream;
mod tickets;
mod trust;
mod witness;

pub use certificates::Certificates;
pub use chain::{ChainEnd, ChainError, check_chain, end_of_chain};
pub use client::{ClientCertificate, Verdict};
pub use config::{tls_client_config, tls_server_config};
pub use details::CertificateDetails;
pub use facts::{ChannelBindings, TlsFacts};
pub use folder::{CertificateFolder, SigningRequest, certificates_in, key_in, parse_pair, read_chain};
pub use info::CertificateInfo;
pub use making::{KeyKind, Requester};
pub use pair::{CertificateError, Pair, PairFiles};
pub use server::{TlsError, TlsServer};
pub use stream::TlsStream;
pub use trust::TrustAnchors;
