//! Who a node is to the others: a short-lived certificate from the cluster's authority, and TLS 1.3 both ways.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use parking_lot::Mutex;
use rustls::client::{Resumption, verify_server_name};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{NoServerSessionStorage, ParsedCertificate, WebPkiClientVerifier};
use rustls::version::TLS13;
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, ServerName};

use super::authority::{Authority, COMMON_NAME, IdentityError, node_name};
use crate::NodeId;

/// A certificate is good for a day, and half a day old at most when a new connection shows it.
const CERTIFICATE_LIFETIME: Duration = Duration::from_secs(24 * 60 * 60);

/// Tells the time of day, by which certificates are dated.
pub type Clock = Arc<dyn Fn() -> SystemTime + Send + Sync>;

/// A node's identity. Renews its certificate by itself; connections that are open stay as they are.
pub struct Identity {
    node: NodeId,
    authority: Authority,
    roots: Arc<RootCertStore>,
    provider: Arc<CryptoProvider>,
    clock: Clock,
    current: Mutex<Arc<Papers>>,
}

/// What a connection needs: one certificate in both roles.
pub(crate) struct Papers {
    issued: SystemTime,
    certificate: CertificateDer<'static>,
    pub(crate) client: Arc<ClientConfig>,
    pub(crate) server: Arc<ServerConfig>,
}

impl Identity {
    /// The identity of this life of this process.
    pub fn new(authority: Authority, node: NodeId) -> Result<Self, IdentityError> {
        Self::with_clock(authority, node, Arc::new(SystemTime::now))
    }

    /// The same with a clock of the caller's.
    pub fn with_clock(authority: Authority, node: NodeId, clock: Clock) -> Result<Self, IdentityError> {
        let roots = authority.roots()?;
        let provider = Arc::new(aws_lc_rs::default_provider());
        let papers = issue(&authority, &roots, &provider, node, clock())?;
        Ok(Self {
            node,
            authority,
            roots,
            provider,
            clock,
            current: Mutex::new(Arc::new(papers)),
        })
    }

    /// Whose identity this is.
    pub fn node(&self) -> NodeId {
        self.node
    }

    /// The certificate that the next connection shows.
    pub fn certificate(&self) -> CertificateDer<'static> {
        self.papers().certificate.clone()
    }

    /// The papers for a new connection; new ones if half the lifetime of the old ones is over. If making them fails,
    /// the old ones serve as long as they are good.
    pub(crate) fn papers(&self) -> Arc<Papers> {
        let now = (self.clock)();
        let mut current = self.current.lock();
        let age = now.duration_since(current.issued).unwrap_or_default();
        if age >= CERTIFICATE_LIFETIME / 2 {
            match issue(&self.authority, &self.roots, &self.provider, self.node, now) {
                Ok(papers) => *current = Arc::new(papers),
                Err(error) => tracing::error!(target: "cluster", "{error}"),
            }
        }
        Arc::clone(&current)
    }
}

/// Whether the certificate that the other side showed is `node`'s.
pub(crate) fn is_of(certificate: Option<&CertificateDer<'_>>, node: NodeId) -> bool {
    let Some(certificate) = certificate else {
        return false;
    };
    let (Ok(parsed), Ok(name)) = (
        ParsedCertificate::try_from(certificate),
        ServerName::try_from(node_name(node)),
    ) else {
        return false;
    };
    verify_server_name(&parsed, &name).is_ok()
}

/// The name that a dialling node asks TLS for. Which node answers is checked after the greeting.
pub(crate) fn common_name() -> ServerName<'static> {
    ServerName::try_from(COMMON_NAME).expect("a constant name")
}

fn issue(
    authority: &Authority,
    roots: &Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
    node: NodeId,
    now: SystemTime,
) -> Result<Papers, IdentityError> {
    let (certificate, key) = authority.issue(node, now, CERTIFICATE_LIFETIME)?;
    let chain = vec![certificate.clone()];
    let mut client = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&[&TLS13])?
        .with_root_certificates(Arc::clone(roots))
        .with_client_auth_cert(chain.clone(), key.clone_key())?;
    // A resumed session would carry an old certificate over; links are few and long, so nothing is lost.
    client.resumption = Resumption::disabled();
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(provider))
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))?;
    let mut server = ServerConfig::builder_with_provider(Arc::clone(provider))
        .with_protocol_versions(&[&TLS13])?
        .with_client_cert_verifier(verifier)
        .with_single_cert(chain, key)?;
    server.session_storage = Arc::new(NoServerSessionStorage {});
    server.send_tls13_tickets = 0;
    Ok(Papers {
        issued: now,
        certificate,
        client: Arc::new(client),
        server: Arc::new(server),
    })
}
