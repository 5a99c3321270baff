//! Bytes in, bytes out: listeners, TLS, the PROXY protocol, limits on connections and on bytes. Never knows a stanza.
//!
//! ```text
//! Gate ──────────── how many connections, from where, how fast
//! Listener ──────── accepts, reads a balancer's header, hands out Accepted { socket, peer, local, permit }
//! Certificates ──── which certificate for which name; reloaded under running connections
//! TlsServer ─────── shakes hands within a deadline, on a fresh socket or after STARTTLS
//! Io ────────────── the connection as a session sees it
//! RateLimit ─────── how long to wait before reading on
//! ```

mod gate;
mod io;
mod listener;
mod names;
mod network;
mod plain;
mod rate;
mod scratch;
mod settings;
mod tls;
mod unsent;

pub use gate::{ConnectionPermit, Gate, Refusal};
pub use io::Io;
pub use listener::{Accepted, BindError, Listener};
pub use network::{Network, NetworkError};
pub use plain::PlainStream;
pub use rate::{LONGEST_WAIT, Rate, RateLimit};
pub use settings::{GateSettings, ListenerSettings, TlsSettings, TlsVersion};
pub use tls::{
    CertificateDetails, CertificateError, CertificateFolder, CertificateInfo, Certificates, ChainEnd, ChainError,
    ChannelBindings, ClientCertificate, KeyKind, Pair, PairFiles, Requester, SigningRequest, TlsError, TlsFacts,
    TlsServer, TlsStream, TrustAnchors, Verdict, certificates_in, check_chain, end_of_chain, key_in, parse_pair,
    read_chain, tls_client_config, tls_server_config,
};
