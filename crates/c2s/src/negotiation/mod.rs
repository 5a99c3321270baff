//! From a socket to a bound resource, step by step (RFC 6120 §4–§7). What is legal when:
//!
//! | the stream is | legal |
//! |---|---|
//! | in the clear, TLS required | `<starttls/>` |
//! | encrypted | SASL, SASL2, registration where it is open |
//! | authenticated | binding a resource, or resuming a stream |

mod bind;
mod bind2;
mod exchange;
mod features;
mod header;
mod register;
mod sasl;
mod sasl2;
mod starttls;

use std::{net::SocketAddr, sync::Arc, time::Duration};

use auth::Authenticated;
use protocol::{Element, Jid, StreamCondition, StreamError, ns, stream::Frame};
use router::Account;
use transport::TlsFacts;

use crate::{
    Begin, Server, Settings,
    bound::Bound,
    connection::{Connection, Gone},
    stopping::shutting_down,
};

/// Who is at the other end.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) tls: Option<Box<TlsFacts>>,
}

/// A stream that is not bound yet.
pub(crate) struct Negotiation {
    server: Arc<Server>,
    settings: Arc<Settings>,
    /// Absent only while the TLS handshake has the socket.
    connection: Option<Connection>,
    peer: Peer,
    /// Whether our header went out on the current stream; an error needs one before it.
    is_open: bool,
    /// The domain that the client asked for; fixed by the first header.
    host: Option<Jid>,
    authenticated: Option<Authenticated>,
    /// What the client says that it is (XEP-0388 §2.4).
    software: Option<Box<str>>,
    sasl_failures: u32,
    has_registered: bool,
}

/// How far a step has brought the stream.
pub(crate) enum Step {
    /// The client may go on on this stream.
    Continue,
    /// A new stream header is due (RFC 6120 §4.3.3).
    Restart,
    /// The resource is bound.
    Bound(Box<Bound>),
}

impl Negotiation {
    pub(crate) fn new(server: Arc<Server>, connection: Connection, peer: Peer) -> Self {
        Self {
            settings: server.settings(),
            server,
            connection: Some(connection),
            peer,
            is_open: false,
            host: None,
            authenticated: None,
            software: None,
            sasl_failures: 0,
            has_registered: false,
        }
    }

    /// Negotiates within the deadline; `None` where the connection came to nothing, and is closed.
    pub(crate) async fn run(mut self, begin: Begin) -> Option<(Bound, Connection)> {
        let deadline = Duration::from_secs(self.settings.negotiation_secs);
        let stopping = self.server.stopping.clone();
        let outcome = tokio::select! {
            outcome = tokio::time::timeout(deadline, self.negotiate(begin)) => outcome,
            () = stopping.cancelled() => Ok(Err(Gone::Broken(shutting_down()))),
        };
        match outcome {
            Ok(Ok(bound)) => Some((bound, self.connection?)),
            Ok(Err(Gone::Broken(error))) => {
                metrics::counter!("c2s_negotiations_failed", "reason" => error.condition.as_str()).increment(1);
                self.close(&error).await;
                None
            }
            Ok(Err(Gone::Lost(error))) => {
                tracing::debug!(target: "c2s", %error, "a connection ended before it was bound");
                None
            }
            Err(_) => {
                // Whoever is this slow gets no more of our time, not even a word.
                metrics::counter!("c2s_negotiations_failed", "reason" => "deadline").increment(1);
                None
            }
        }
    }

    async fn close(mut self, error: &StreamError) {
        if !self.is_open && self.connection.is_some() {
            self.write_header(None);
        }
        if let Some(connection) = self.connection {
            connection.close(Some(error)).await;
        }
    }

    async fn negotiate(&mut self, begin: Begin) -> Result<Bound, Gone> {
        if begin == Begin::DirectTls {
            self.encrypt().await?;
        }
        loop {
            self.open().await?;
            match self.until_restart().await? {
                Some(bound) => return Ok(bound),
                None => {
                    self.connection().restart();
                    self.is_open = false;
                }
            }
        }
    }

    async fn until_restart(&mut self) -> Result<Option<Bound>, Gone> {
        loop {
            let frame = self.connection().next_frame().await?;
            match self.step(frame).await? {
                Step::Continue => {}
                Step::Restart => return Ok(None),
                Step::Bound(bound) => return Ok(Some(*bound)),
            }
        }
    }

    /// The one place that says what is legal now.
    async fn step(&mut self, frame: Frame) -> Result<Step, Gone> {
        match frame {
            Frame::Open(_) => Err(too_early("no new stream header is due")),
            Frame::Close => Err(self.goodbye().await),
            Frame::Element(element) => self.element(&element).await,
            Frame::Stanza(stanza) if self.authenticated.is_some() => self.bind(&stanza).await,
            Frame::Stanza(stanza) => self.register(&stanza).await,
            Frame::Malformed(_) => Err(not_authorized()),
        }
    }

    async fn element(&mut self, element: &Element) -> Result<Step, Gone> {
        let is_encrypted = self.peer.tls.is_some();
        let may_authenticate = self.authenticated.is_none() && (is_encrypted || !self.settings.is_tls_required);
        match (element.ns.as_str(), element.name.as_str()) {
            (ns::TLS, "starttls") if !is_encrypted && self.authenticated.is_none() => self.starttls().await,
            (ns::TLS, _) => Err(too_early("the stream is encrypted already")),
            (ns::SASL, "auth") if !may_authenticate && self.authenticated.is_none() => self.needs_encryption(),
            (ns::SASL, "auth") if may_authenticate => self.sasl(element).await,
            (ns::SASL2, "authenticate") if may_authenticate => self.sasl2(element).await,
            (ns::SASL, _) if may_authenticate => self.sasl_out_of_turn(element),
            (ns::STREAM_MANAGEMENT, "resume") if self.authenticated.is_some() => self.resume(element).await,
            (ns::STREAM_MANAGEMENT, _) if self.authenticated.is_some() => {
                let failed = crate::stream_management::failed(protocol::Condition::UnexpectedRequest);
                self.connection().write_element(&failed);
                Ok(Step::Continue)
            }
            (ns::SASL | ns::SASL2, _) => Err(too_early("no authentication is due")),
            _ => Err(not_authorized()),
        }
    }

    /// The client closes its stream: it gets our closing tag as well (RFC 6120 §4.4).
    async fn goodbye(&mut self) -> Gone {
        if let Some(connection) = self.connection.take() {
            connection.close(None).await;
        }
        Gone::Lost(std::io::ErrorKind::ConnectionAborted.into())
    }

    fn connection(&mut self) -> &mut Connection {
        self.connection
            .as_mut()
            .expect("only the TLS handshake takes the connection, and it puts it back or ends the stream")
    }

    fn host(&self) -> &Jid {
        self.host
            .as_ref()
            .expect("nothing but a header is read before there is a host")
    }

    /// The account that the client has proven to be.
    fn account(&self, authenticated: &Authenticated) -> Arc<Account> {
        match authenticated.account_id {
            Some(id) => self.server.house.accounts().enter(id, &authenticated.jid),
            None => Arc::new(Account::anonymous(authenticated.jid.clone())),
        }
    }
}

fn too_early(text: &'static str) -> Gone {
    Gone::Broken(StreamError::with_text(StreamCondition::PolicyViolation, text))
}

fn not_authorized() -> Gone {
    let text = "authenticate and bind a resource first";
    Gone::Broken(StreamError::with_text(StreamCondition::NotAuthorized, text))
}
