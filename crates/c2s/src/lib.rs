//! Client streams: from an accepted socket to a bound session and back to nothing.
//!
//! | to find | look in |
//! |---|---|
//! | what happens before a resource is bound | `negotiation/`, one file for each step |
//! | the task that owns a bound stream | `session` |
//! | what outlives its connection, and how it ends | `bound` |
//! | bytes and frames | `connection` |
//! | acknowledgements and resumption (XEP-0198) | `stream_management`, `outbox`, `resume` |
//! | streams that are resumed at another node of the cluster | `elsewhere` |
//! | clients that nobody looks at (XEP-0352) | `client_state` |
//! | time-outs and rates | `watch` |
//! | a node that may not act | `fence` |
//! | the end of a server | `stopping` |

mod bound;
mod client_state;
mod connection;
mod elsewhere;
mod fence;
mod negotiation;
mod outbox;
mod resume;
mod session;
mod settings;
mod stopping;
mod stream_management;
mod watch;

use std::sync::{Arc, Weak, atomic::AtomicBool};

use arc_swap::ArcSwap;
use auth::Authenticator;
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use connection::Connection;
use protocol::stream::Limits;
use router::{Router, Session};
use storage::LogId;
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use transport::{Accepted, Io, Listener, TlsServer};

pub use settings::Settings;

use negotiation::{Negotiation, Peer};
use resume::Resumptions;

/// How a listener's connections begin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// In the clear, with STARTTLS offered (RFC 6120 §5).
    StartTls,
    /// With a TLS handshake (XEP-0368).
    DirectTls,
}

/// Serves client streams.
pub struct Server {
    myself: Weak<Self>,
    house: Arc<Router>,
    authenticator: Authenticator,
    tls: TlsServer,
    settings: Arc<ArcSwap<Settings>>,
    resumptions: Resumptions,
    streams: TaskTracker,
    stopping: CancellationToken,
    /// Other servers of the cluster go on: see `stopping`.
    is_leaving: AtomicBool,
}

impl Server {
    /// A server that listens nowhere yet. `settings` may be swapped at any time and holds for new connections.
    #[must_use]
    pub fn new(
        house: Arc<Router>,
        authenticator: Authenticator,
        tls: TlsServer,
        settings: Arc<ArcSwap<Settings>>,
    ) -> Arc<Self> {
        let server = Arc::new_cyclic(|myself| Self {
            myself: Weak::clone(myself),
            house,
            authenticator,
            tls,
            settings,
            resumptions: Resumptions::default(),
            streams: TaskTracker::new(),
            stopping: CancellationToken::new(),
            is_leaving: AtomicBool::new(false),
        });
        server.house.set_streams(server.myself.clone());
        server
    }

    /// Accepts connections until the server stops.
    pub async fn serve(self: &Arc<Self>, listener: Listener, begin: Begin) {
        let server = self.clone();
        let take = move |accepted| {
            let stream = server.clone().stream(accepted, begin);
            server.streams.spawn(stream);
        };
        listener.serve(self.stopping.clone(), take).await;
    }

    async fn stream(self: Arc<Self>, accepted: Accepted, begin: Begin) {
        let Accepted {
            socket, peer, permit, ..
        } = accepted;
        let io = Io::from(socket);
        let connection = Connection::new(io, Limits::before_authentication());
        let peer = Peer {
            address: peer,
            tls: None,
        };
        // The negotiation needs much that a session does not: its memory goes when it is done.
        let negotiated = Box::pin(Negotiation::new(self.clone(), connection, peer).run(begin)).await;
        if let Some((bound, connection)) = negotiated {
            session::run(self, bound, connection).await;
        }
        drop(permit);
    }

    fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }

    /// These rows have reached the client.
    fn acknowledge(&self, session: &Session, rows: Vec<LogId>) {
        if rows.is_empty() {
            return;
        }
        self.house
            .storage()
            .log()
            .acknowledge(session.account.id, rows.iter().copied());
        for row in rows {
            session.account.set_landed(row);
        }
    }
}

/// 128 random bits as text.
fn token() -> String {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).expect("the system's random source works");
    URL_SAFE_NO_PAD.encode(bytes)
}
