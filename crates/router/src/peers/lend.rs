//! The old node of a session that moves: lends it, and hands on what still comes for it.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    future::poll_fn,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use parking_lot::Mutex;
use protocol::{Jid, StreamCondition, StreamError};
use storage::LogId;

use super::{
    SessionEntry,
    frame::{self, Frame, Landing, Target},
    moving::{GivenUp, HandOver, Lent, Moving},
};
use crate::{Account, Delivery, Found, Router, Session, Waiting, inbox};

/// How long the new node has to put its session in this one's place. It is longer than the new node waits for the cluster,
/// so that only one that is in trouble meets its end.
const LENT_FOR: Duration = Duration::from_secs(10);
/// How long other nodes have to say that nothing more comes. From one that takes longer, what is on its way may be
/// overtaken by what follows.
const FLUSHING: Duration = Duration::from_secs(1);
/// How long the database has to take what the client has acknowledged.
const WRITING: Duration = Duration::from_millis(300);
/// An answer that a link takes for sure.
const ANSWER_MAX_BYTES: usize = 1000 * 1024;

/// Own sessions that are on their way to other nodes, by their generations: one full JID may leave once more before all has
/// followed it the first time.
#[derive(Default)]
pub(crate) struct Loans(Mutex<HashMap<u64, Loan>>);

struct Loan {
    session: Arc<Session>,
    /// The node that asked for it.
    to: u64,
    /// What the client does not have, before what waits in the inbox.
    undelivered: VecDeque<Delivery>,
    /// Nodes from which nothing more comes.
    flushed: HashSet<u64>,
    /// Once it has moved.
    gone: Option<Gone>,
}

#[derive(Clone)]
struct Gone {
    /// Of the session on the new node.
    generation: u64,
    /// Nodes that have to flush.
    awaited: HashSet<u64>,
}

impl Loans {
    /// A session that has moved, while stanzas for it may yet come.
    pub(super) fn session(&self, full: &Jid, generation: u64) -> Option<Arc<Session>> {
        let loans = self.0.lock();
        let loan = loans.get(&generation)?;
        (loan.session.jid == *full).then(|| loan.session.clone())
    }

    /// Takes back one that has not moved.
    fn take_back(&self, session: &Session) -> Option<Loan> {
        let mut loans = self.0.lock();
        let is_here = |loan: &Loan| loan.gone.is_none();
        loans
            .get(&session.generation)
            .is_some_and(is_here)
            .then(|| loans.remove(&session.generation))?
    }
}

impl Router {
    /// Whether the session of a full JID is on its way to another node.
    #[must_use]
    pub fn is_lent(&self, full: &Jid) -> bool {
        let loans = self.mesh().loans.0.lock();
        loans.values().any(|loan| loan.session.jid == *full)
    }

    /// Whether something may yet follow a session that has moved from here to another node.
    #[must_use]
    pub fn is_handing_on(&self) -> bool {
        !self.mesh().loans.0.lock().is_empty()
    }

    /// Another node's client wants to resume a stream that may be here.
    pub(super) async fn hand_over(self: &Arc<Self>, node: u64, request: Bytes) -> Bytes {
        let unknown = || frame::encode(&HandOver::Unknown);
        let Some(streams) = self.streams().filter(|_| self.is_acting()) else {
            return unknown();
        };
        match streams.give_up(request).await {
            GivenUp::Unknown => unknown(),
            GivenUp::Refused(words) => frame::encode(&HandOver::Refused(words)),
            GivenUp::Stream(moving) => self.lend(node, moving).await.unwrap_or_else(unknown),
        }
    }

    /// The answer with the session. `None` where it is too much for one: directed presence at very long addresses; then
    /// the session ends.
    async fn lend(self: &Arc<Self>, node: u64, moving: Moving) -> Option<Bytes> {
        let Moving {
            session,
            undelivered,
            state,
        } = moving;
        let lent = Lent {
            entry: session.entry(),
            packed: session.pack(),
            state,
        };
        let answer = frame::encode(&HandOver::Session(Box::new(lent)));
        if answer.len() > ANSWER_MAX_BYTES {
            self.end(&session, undelivered).await;
            return None;
        }
        // What the client has must not come again from the log, should this node die next.
        let _ = tokio::time::timeout(WRITING, self.storage().log().flush()).await;
        let loan = Loan {
            session: session.clone(),
            to: node,
            undelivered,
            flushed: HashSet::new(),
            gone: None,
        };
        self.mesh().loans.0.lock().insert(session.generation, loan);
        tokio::spawn(self.clone().watch_loan(session));
        Some(answer)
    }

    /// Ends a lent session that did not move, in time or before it was told to close.
    async fn watch_loan(self: Arc<Self>, session: Arc<Session>) {
        let closed = async { while let Found::Stanzas = poll_fn(|cx| session.inbox.poll_news(cx)).await {} };
        // Either way it is time to see what has become of it.
        let _ = tokio::time::timeout(LENT_FOR, closed).await;
        if self.mesh().loans.session(&session.jid, session.generation).is_none() {
            return;
        }
        // Where this is done before the new node's compare-and-set, that fails.
        let peers = self.mesh().peers();
        peers.withdraw(session.jid.clone(), session.generation).await;
        if let Some(successor) = self.successor(&session) {
            self.moved(successor.node, session.generation, SessionEntry::clone(&successor));
            return;
        }
        if let Some(loan) = self.mesh().loans.take_back(&session) {
            self.end(&session, loan.undelivered).await;
        }
    }

    /// The session on the node that it was lent to, where it is there.
    fn successor(&self, session: &Session) -> Option<Arc<SessionEntry>> {
        let entry = self.mesh().elsewhere.find(&session.jid)?;
        let loans = self.mesh().loans.0.lock();
        loans
            .get(&session.generation)
            .is_some_and(|loan| loan.to == entry.node)
            .then_some(entry)
    }

    /// A node has put a session in the place of one that was lent to it.
    pub(super) fn moved(self: &Arc<Self>, node: u64, generation: u64, entry: SessionEntry) {
        let awaited: HashSet<u64> = self.mesh().peers().nodes().into_iter().collect();
        let session = {
            let mut loans = self.mesh().loans.0.lock();
            let Some(loan) = loans.get_mut(&generation) else { return };
            if loan.session.jid != entry.jid || loan.to != node || loan.gone.is_some() {
                return;
            }
            // It sent nothing here after it said so.
            loan.flushed.insert(node);
            loan.gone = Some(Gone {
                generation: entry.generation,
                awaited,
            });
            loan.session.clone()
        };
        // Nobody here finds neither of them.
        let is_known = self
            .mesh()
            .elsewhere
            .find(&entry.jid)
            .is_some_and(|it| it.is_same(&entry));
        if !is_known {
            self.mesh().elsewhere.put(entry);
        }
        // In this order: who still found it, and sees that it is gone, finds it nowhere but there when looking again.
        self.directory().remove(&session);
        session.retire();
        if !self.hand_on(&session, false) {
            let house = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(FLUSHING).await;
                house.hand_on(&session, true);
            });
        }
    }

    /// Nothing more goes from here to a session that was in the table before another took its place.
    pub(super) fn flushed(&self, before: &SessionEntry) {
        self.mesh().elsewhere.pass(before.jid.bare_str());
        let frame = Frame::Flushed {
            jid: before.jid.as_str(),
            generation: before.generation,
        };
        self.mesh().send(before.node, &frame);
    }

    /// Nothing more comes from a node for a session that moves, or has moved.
    pub(super) fn has_flushed(self: &Arc<Self>, node: u64, full: &str, generation: u64) {
        let Ok(full) = full.parse::<Jid>() else { return };
        let Some(session) = self.mesh().loans.session(&full, generation) else {
            return;
        };
        if let Some(loan) = self.mesh().loans.0.lock().get_mut(&generation) {
            loan.flushed.insert(node);
        }
        self.hand_on(&session, false);
    }

    /// Hands on what there is, once the session has moved; says whether nothing more will come. `is_all` where nobody is
    /// waited for any longer.
    pub(super) fn hand_on(self: &Arc<Self>, session: &Session, is_all: bool) -> bool {
        let mut loans = self.mesh().loans.0.lock();
        let Some(loan) = loans.get_mut(&session.generation) else {
            return true;
        };
        let Some(gone) = loan.gone.clone() else { return false };
        let is_flushed = gone.awaited.is_subset(&loan.flushed) && !self.mesh().arrivals.awaits(session);
        let is_all = is_all || is_flushed;
        let (to, undelivered) = (loan.to, std::mem::take(&mut loan.undelivered));
        let waiting = match is_all {
            true => session.inbox.shut(),
            false => session.inbox.take(),
        };
        let mut waiting: VecDeque<_> = undelivered.into_iter().map(Waiting::Whole).chain(waiting).collect();
        waiting.retain(|one| !self.send_handed(session, to, gone.generation, one));
        if is_all {
            loans.remove(&session.generation);
            let to_session = target(session, gone.generation);
            self.mesh().send(to, &Frame::HandedAll { to: to_session });
            session.set_over();
        }
        drop(loans);
        if !waiting.is_empty() {
            let (house, account) = (self.clone(), session.account.clone());
            let there = (to, gone.generation);
            self.mesh()
                .spawn(async move { house.take_back(&account, there, waiting).await });
        }
        is_all
    }

    /// False where the node is dead. What waits in the log is read from there.
    fn send_handed(&self, session: &Session, to: u64, generation: u64, waiting: &Waiting) -> bool {
        if let Some(row) = waiting.log_id() {
            let flights = session.account.in_flight();
            flights.hand_on(row, &session.jid, to, generation);
        }
        let stanza = match waiting {
            Waiting::Whole(delivery) => frame::bytes(&delivery.stanza),
            Waiting::Row(_) => Vec::new(),
        };
        let frame = Frame::Handed {
            to: target(session, generation),
            log_id: waiting.log_id().map(LogId::raw),
            stanza: &stanza,
        };
        self.mesh().peers().send(to, frame::encode(&frame)).is_ok()
    }

    /// What could not be handed on goes another way.
    async fn take_back(self: &Arc<Self>, account: &Account, there: (u64, u64), waiting: VecDeque<Waiting>) {
        let (rows, others) = inbox::sort(waiting);
        for row in rows {
            let origins = account.in_flight().land_there(row, there.0, there.1);
            self.send_landed(account, &origins.unwrap_or_default(), row, Landing::GivenBack);
        }
        for stanza in others {
            self.again(stanza, 0).await;
        }
        self.look_again(account).await;
    }

    /// Nodes are gone, and with them the sessions of theirs that are lost.
    pub(super) fn loans_lost(self: &Arc<Self>, lost: &[Arc<SessionEntry>], is_gone: impl Fn(u64) -> bool) {
        let mut moved = Vec::new();
        {
            let mut loans = self.mesh().loans.0.lock();
            for loan in loans.values_mut().filter(|loan| is_gone(loan.to)) {
                let session = &loan.session;
                if let Some(entry) = lost.iter().find(|it| it.jid == session.jid && it.node == loan.to) {
                    loan.gone.get_or_insert(Gone {
                        generation: entry.generation,
                        awaited: HashSet::new(),
                    });
                }
                match loan.gone {
                    Some(_) => moved.push(session.clone()),
                    // The session is still this node's, and its client is nobody's.
                    None => session.close(lost_on_its_way()),
                }
            }
        }
        for session in moved {
            self.directory().remove(&session);
            session.retire();
            self.hand_on(&session, true);
        }
    }
}

fn target(session: &Session, generation: u64) -> Target<'_> {
    Target {
        jid: session.jid.as_str(),
        generation,
    }
}

fn lost_on_its_way() -> StreamError {
    StreamError::with_text(
        StreamCondition::InternalServerError,
        "the node where the stream was to go on is gone",
    )
}
