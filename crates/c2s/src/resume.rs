//! Resumption of streams (XEP-0198 §5): who waits for its client, and how a stream moves to another connection.

use std::{
    collections::{HashMap, VecDeque},
    future::poll_fn,
    sync::Arc,
    time::Duration,
};

use parking_lot::Mutex;
use protocol::{Element, Jid, StreamError, ns};
use router::{Account, Delivery, Facts, Found, Session};
use storage::{AccountId, LogId};
use tokio::sync::oneshot;

use crate::{
    Server,
    bound::{Bound, end},
    elsewhere,
    outbox::TooHigh,
    stream_management::{Management, not_found, too_high},
    token,
};

/// How long a resuming client waits for the task that has its stream, and for commits under way.
const MOVING: Duration = Duration::from_secs(5);

/// Streams that have ended, and are remembered so that their clients hear what was handled of them.
const ENDED_MAX: usize = 1000;

/// Streams that may be resumed, by id, and those that lately could.
#[derive(Default)]
pub(crate) struct Resumptions {
    streams: Mutex<HashMap<String, Arc<Resumption>>>,
    ended: Mutex<VecDeque<Ended>>,
}

/// What is known of a stream that can not be resumed any more.
struct Ended {
    id: String,
    account: Jid,
    /// Stanzas of the client that were handled.
    h: u32,
}

/// One stream that may be resumed.
pub(crate) struct Resumption {
    /// 128 random bits, known to the client alone.
    pub(crate) id: String,
    pub(crate) session: Arc<Session>,
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
        self.enter(token(), session)
    }

    /// Makes a stream resumable by an id that its client has already.
    pub(crate) fn enter(&self, id: String, session: &Arc<Session>) -> Arc<Resumption> {
        let resumption = Arc::new(Resumption {
            id,
            session: session.clone(),
            claim: Mutex::default(),
        });
        self.streams.lock().insert(resumption.id.clone(), resumption.clone());
        resumption
    }

    /// The stream can not be resumed any more.
    pub(crate) fn forget(&self, management: &Management) {
        let Some(resumption) = &management.resumption else {
            return;
        };
        self.leave(resumption);
        let session = &resumption.session;
        let ended = Ended {
            id: resumption.id.clone(),
            account: session.account.jid.clone(),
            h: session.handled.count(management.outbox.received()),
        };
        let mut all = self.ended.lock();
        all.truncate(ENDED_MAX - 1);
        all.push_front(ended);
    }

    /// The stream is resumed elsewhere from now on.
    pub(crate) fn leave(&self, resumption: &Resumption) {
        self.streams.lock().remove(&resumption.id);
    }

    /// The stream of this id, if it is that account's.
    pub(crate) fn find(&self, id: &str, account: &Jid, number: AccountId) -> Option<Arc<Resumption>> {
        let is_theirs = |found: &Resumption| {
            let owner = &found.session.account;
            owner.jid == *account && owner.id == number
        };
        let streams = self.streams.lock();
        streams.get(id).filter(|found| is_theirs(found)).cloned()
    }

    /// How much was handled of a stream of that account's which has ended.
    pub(crate) fn handled(&self, id: &str, account: &Jid) -> Option<u32> {
        let ended = self.ended.lock();
        let found = ended.iter().find(|ended| ended.id == id && ended.account == *account);
        found.map(|ended| ended.h)
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
            match poll_fn(|cx| session.inbox.poll(cx, &mut gathered)).await {
                Found::Stanzas => {}
                Found::Rows => server.house.read_overflow(&session),
                Found::Close(_) => return None,
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

/// A stream on its new connection, and what to tell the client.
pub(crate) struct Resumed {
    pub(crate) bound: Bound,
    pub(crate) reply: Element,
}

/// Why a stream was not resumed.
pub(crate) enum NotResumed {
    /// It is unknown, somebody else's, or did not come: `<failed/>`, and the client binds a resource instead.
    Failed(Element),
    /// The client counts stanzas that were never sent: nothing on this connection can be trusted either.
    Broken(StreamError),
}

/// Takes over the stream that `<resume/>` names, from another connection here or from another node.
pub(crate) async fn take_over(
    server: &Server,
    account: &Arc<Account>,
    facts: Facts,
    request: &Element,
) -> Result<Resumed, NotResumed> {
    let unknown = || NotResumed::Failed(not_found(None));
    let h: u32 = request.get("h").and_then(|h| h.parse().ok()).ok_or_else(unknown)?;
    let id = request.get("previd").ok_or_else(unknown)?;
    // Streams of a fenced node stand still; whoever waits too long comes again, here or elsewhere.
    server.house.acting().await;
    let Some(resumption) = server.resumptions.find(id, &account.jid, account.id) else {
        return match server.resumptions.handled(id, &account.jid) {
            Some(h) => Err(NotResumed::Failed(not_found(Some(h)))),
            None => elsewhere::take_over(server, account, facts, id, h).await,
        };
    };
    let mut bound = claim(&resumption, MOVING).await.ok_or_else(unknown)?;
    match catch_up(server, &mut bound, h, MOVING).await {
        Ok(h) => Ok(Resumed {
            bound,
            reply: resumed(id, h),
        }),
        Err(error) => {
            end(server, bound).await;
            Err(NotResumed::Broken(too_high(error)))
        }
    }
}

/// `<resumed/>` for a client whose stanzas are handled up to `h`.
pub(crate) fn resumed(id: &str, h: u32) -> Element {
    Element::new("resumed", ns::STREAM_MANAGEMENT)
        .attr("previd", id)
        .attr("h", h.to_string())
}

/// Gets a stream from the task that has it.
pub(crate) async fn claim(resumption: &Resumption, patience: Duration) -> Option<Bound> {
    let (sender, receiver) = oneshot::channel();
    {
        let mut claim = resumption.claim.lock();
        if claim.is_some() {
            return None;
        }
        *claim = Some(Claim(sender));
    }
    resumption.session.inbox.nudge();
    let bound = tokio::time::timeout(patience, receiver).await.ok().and_then(Result::ok);
    if bound.is_none() {
        resumption.claim.lock().take();
    }
    bound
}

/// The client has `h` of what was sent; how many of its own stanzas are handled, after a wait for commits under way: what
/// is not counted, it sends again.
pub(crate) async fn catch_up(server: &Server, bound: &mut Bound, h: u32, patience: Duration) -> Result<u32, TooHigh> {
    let Bound {
        session, management, ..
    } = bound;
    let Some(management) = management else { return Ok(0) };
    management.moved();
    let rows = management.outbox.acknowledge(h)?.filter_map(|delivery| delivery.log_id);
    let rows: Vec<LogId> = rows.collect();
    server.acknowledge(session, rows);
    // Too late is no failure: the client repeats, and its recipient sees a duplicate.
    let _ = tokio::time::timeout(patience, session.handled.all()).await;
    let handled = session.handled.rewind(management.outbox.received());
    management.outbox.rewind(handled);
    Ok(handled)
}

/// What to send again after `<resumed/>`.
pub(crate) fn repeat(bound: &Bound) -> impl Iterator<Item = &Delivery> {
    bound
        .management
        .iter()
        .flat_map(|management| management.outbox.unacked())
}
