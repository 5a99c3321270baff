//! TLS: who we are ([`Certificates`]), how we shake hands ([`TlsServer`]), and what was agreed ([`TlsFacts`]).

mod certificates;
mod client;
mod config;
mod exporter;
mod facts;
mod handshake;
mod info;
mod judge;
mod pair;
mod self_signed;
mod sending;
mod server;
mod stream;
mod tickets;
mod trust;
mod witness;

pub use certificates::Certificates;
pub use client::{ClientCertificate, Verdict};
pub use config::tls_server_config;
pub use facts::{ChannelBindings, TlsFacts};
pub use info::CertificateInfo;
pub use pair::{CertificateError, Pair, PairFiles};
pub use self_signed::ensure_self_signed;
pub use server::{TlsError, TlsServer};
pub use stream::TlsStream;
pub use trust::TrustAnchors;
