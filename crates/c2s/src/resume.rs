//! Resumption of streams (XEP-0198 §5): who waits for its client, and how a stream moves to another connection.

use std::{
    collections::{HashMap, VecDeque},
    future::poll_fn,
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use protocol::{Condition, Element, StreamError, ns};
use router::{Account, Delivery, Found, Session};
use storage::LogId;
use tokio::sync::oneshot;

use crate::{
    Server,
    session::Bound,
    stream_management::{Management, failed, too_high},
    token,
};

/// How long a resuming client waits for the task that has its stream, and for commits under way.
const MOVING: Duration = Duration::from_secs(5);

/// Streams that may be resumed, by id.
#[derive(Default)]
pub(crate) struct Resumptions {
    streams: Mutex<HashMap<String, Arc<Resumption>>>,
}

/// One stream that may be resumed.
pub(crate) struct Resumption {
    /// 128 random bits, known to the client alone.
    pub(crate) id: String,
    session: Arc<Session>,
    claim: Mutex<Option<Claim>>,
}

/// Where a stream is wanted.
pub(crate) struct Claim(oneshot::Sender<Bound>);

impl Claim {
    /// Moves the stream; it comes back where nobody waits for it any more.
    pub(crate) fn send(self, bound: Bound) -> Result<(), Box<Bound>> {
        self.0.send(bound).map_err(Box::new)
    }
}

impl Resumption {
    /// The claim, once.
    pub(crate) fn take_claim(&self) -> Option<Claim> {
        self.claim.lock().take()
    }
}

impl Resumptions {
    /// Makes a stream resumable.
    pub(crate) fn open(&self, session: &Arc<Session>) -> Arc<Resumption> {
        let resumption = Arc::new(Resumption {
            id: token(),
            session: session.clone(),
            claim: Mutex::default(),
        });
        self.streams.lock().insert(resumption.id.clone(), resumption.clone());
        resumption
    }

    /// The stream can not be resumed any more.
    pub(crate) fn forget(&self, management: &Management) {
        if let Some(resumption) = &management.resumption {
            self.streams.lock().remove(&resumption.id);
        }
    }

    /// The stream of this id, if it is the account's.
    fn find(&self, id: &str, account: &Account) -> Option<Arc<Resumption>> {
        self.streams
            .lock()
            .get(id)
            .filter(|found| found.session.account.jid == account.jid)
            .cloned()
    }
}

/// Waits for the client of a lost connection, gathering what is meant for it; `None` when it did not come in time,
/// when too much has gathered, or when the session was closed.
pub(crate) async fn wait(server: &Server, bound: &mut Bound) -> Option<Claim> {
    let settings = server.settings();
    let patience = Duration::from_secs(u64::from(settings.resume_secs));
    let session = bound.session.clone();
    let mut gathered = VecDeque::new();
    let waiting = async {
        loop {
            if let Some(claim) = bound.management.as_ref().and_then(Management::claimed) {
                return Some(claim);
            }
            if let Found::Close(_) = poll_fn(|cx| session.inbox.poll(cx, &mut gathered)).await {
                return None;
            }
            let management = bound.management.as_mut()?;
            for delivery in gathered.drain(..) {
                management.outbox.push(delivery);
            }
            if management
                .outbox
                .is_full(settings.unacked_stanzas, settings.unacked_bytes)
            {
                return None;
            }
        }
    };
    tokio::time::timeout(patience, waiting).await.ok().flatten()
}

/// A stream on its new connection: what to tell the client, and what to send again.
pub(crate) struct Resumed {
    pub(crate) bound: Bound,
    pub(crate) reply: Element,
    pub(crate) acknowledged: Vec<LogId>,
}

/// Why a stream was not resumed.
pub(crate) enum NotResumed {
    /// It is unknown, somebody else's, or did not come: `<failed/>`, and the client binds a resource instead.
    Failed(Element),
    /// The client counts stanzas that were never sent: nothing on this connection can be trusted either.
    Broken(StreamError),
}

/// Takes over the stream that `<resume/>` names.
pub(crate) async fn take_over(server: &Server, account: &Account, request: &Element) -> Result<Resumed, NotResumed> {
    let unknown = || NotResumed::Failed(failed(Condition::ItemNotFound));
    let h: u32 = request.get("h").and_then(|h| h.parse().ok()).ok_or_else(unknown)?;
    let id = request.get("previd").ok_or_else(unknown)?;
    let resumption = server.resumptions.find(id, account).ok_or_else(unknown)?;
    // Streams of a fenced node stand still; whoever waits too long comes again, here or elsewhere.
    server.house.acting().await;
    let mut bound = claim(&resumption).await.ok_or_else(unknown)?;
    let Some(management) = &mut bound.management else {
        return Err(unknown());
    };
    management.moved();
    let acknowledged = match management.outbox.acknowledge(h).map(rows) {
        Ok(rows) => rows,
        Err(error) => {
            server.resumptions.forget(management);
            server.house.end(&bound.session, management.outbox.take()).await;
            return Err(NotResumed::Broken(too_high(error)));
        }
    };
    let h = settled(&resumption.session, management.outbox.received()).await;
    management.outbox.rewind(h);
    let reply = Element::new("resumed", ns::STREAM_MANAGEMENT)
        .attr("previd", id)
        .attr("h", h.to_string());
    Ok(Resumed {
        bound,
        reply,
        acknowledged,
    })
}

fn rows(deliveries: impl Iterator<Item = Delivery>) -> Vec<LogId> {
    deliveries.filter_map(|delivery| delivery.log_id).collect()
}

async fn claim(resumption: &Resumption) -> Option<Bound> {
    let (sender, receiver) = oneshot::channel();
    {
        let mut claim = resumption.claim.lock();
        if claim.is_some() {
            return None;
        }
        *claim = Some(Claim(sender));
    }
    resumption.session.inbox.nudge();
    let bound = tokio::time::timeout(MOVING, receiver).await.ok().and_then(Result::ok);
    if bound.is_none() {
        resumption.claim.lock().take();
    }
    bound
}

/// How many stanzas are handled, after a short wait for commits under way: what is not counted, the client sends again.
async fn settled(session: &Session, received: u32) -> u32 {
    // Too late is no failure: the client repeats, and its recipient sees a duplicate.
    let _ = tokio::time::timeout(MOVING, session.handled.all()).await;
    session.handled.rewind(received)
}

/// What to send again after `<resumed/>`.
pub(crate) fn repeat(bound: &Bound) -> impl Iterator<Item = &Delivery> {
    bound
        .management
        .iter()
        .flat_map(|management| management.outbox.unacked())
}
