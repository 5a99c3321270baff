//! The new node of a session that moves: asks for it, takes its place, and keeps its order.

use std::{collections::HashMap, sync::Arc, time::Duration};

use bytes::Bytes;
use futures_util::stream::{FuturesUnordered, StreamExt};
use parking_lot::Mutex;
use protocol::Jid;
use tokio::sync::oneshot;

use super::{
    SessionEntry, Unpublished,
    frame::{self, Frame, Landing, Question, Target},
    moving::{HandOver, Lent, NotAdopted},
};
use crate::{Account, Facts, Inbox, Router, Session, Waiting, inbox};

/// How long the other nodes have to say whether they have the session: a client whose stream is nowhere binds a resource
/// after that.
const ASKING: Duration = Duration::from_secs(1);
/// How long the old node has to hand on everything. It waits for others for a shorter time.
const FOLLOWING: Duration = Duration::from_secs(3);

/// Sessions, by their generations, that have come from another node, whose number is here, and what waited for them there
/// has not.
#[derive(Default)]
pub(crate) struct Arrivals(Mutex<HashMap<u64, (u64, Arc<Session>)>>);

impl Arrivals {
    /// Whether something may yet come for a session by way of the node that it comes from.
    pub(super) fn awaits(&self, session: &Session) -> bool {
        self.0.lock().contains_key(&session.generation)
    }

    /// Takes out a session that has everything now; `None` where it had before.
    fn take(&self, generation: u64) -> Option<Arc<Session>> {
        self.0.lock().remove(&generation).map(|(_, session)| session)
    }
}

impl Router {
    /// Takes over a session of another node, whose client is here now and asks for it in words that the streams of the
    /// node that has it understand. Gives back the session, and what its streams said there.
    ///
    /// # Errors
    /// Where no node has it, or the one that has it keeps it.
    pub async fn adopt(
        self: &Arc<Self>,
        account: &Arc<Account>,
        facts: Facts,
        request: Bytes,
    ) -> Result<(Arc<Session>, Vec<u8>), NotAdopted> {
        let (tell, adopted) = oneshot::channel();
        let (house, account) = (self.clone(), account.clone());
        // Whoever asks may be gone at any moment, and a session must not be left between two nodes.
        tokio::spawn(async move {
            let adopted = house.ask_for_session(&account, facts, request).await;
            if let Err(Ok((session, _))) = tell.send(adopted) {
                house.end(&session, [].into()).await;
            }
        });
        adopted.await.unwrap_or(Err(NotAdopted::Unknown))
    }

    async fn ask_for_session(
        self: &Arc<Self>,
        account: &Arc<Account>,
        facts: Facts,
        request: Bytes,
    ) -> Result<(Arc<Session>, Vec<u8>), NotAdopted> {
        let peers = self.mesh().peers();
        let question = frame::encode(&Question::TakeSession { request: &request });
        // All at the same time: a node that is silent keeps nobody from finding the session on another.
        let asking = peers.nodes().into_iter();
        let mut asking: FuturesUnordered<_> = asking
            .map(|node| peers.ask(vec![node], question.clone(), ASKING))
            .collect();
        while let Some(answers) = asking.next().await {
            for (node, answer) in answers {
                match answer.ok().and_then(|bytes| frame::decode(node, &bytes)) {
                    Some(HandOver::Session(lent)) => return self.settle_in(account, facts, *lent).await,
                    Some(HandOver::Refused(words)) => return Err(NotAdopted::Refused(words)),
                    Some(HandOver::Unknown) | None => {}
                }
            }
        }
        Err(NotAdopted::Unknown)
    }

    /// Makes a lent session this node's.
    async fn settle_in(
        self: &Arc<Self>,
        account: &Arc<Account>,
        facts: Facts,
        lent: Lent,
    ) -> Result<(Arc<Session>, Vec<u8>), NotAdopted> {
        let Lent { entry, packed, state } = lent;
        // The old node has seen to it; a node never takes what is not its client's.
        if (entry.jid.bare_str(), entry.account) != (account.jid.as_str(), account.id.get()) {
            return Err(NotAdopted::Unknown);
        }
        let inbox = Inbox::behind_another(self.settings().inbox_stanzas);
        let facts = Facts {
            bound_at_micros: entry.bound_at_micros,
            ..facts
        };
        let generation = self.next_generation();
        let session = Session::new(
            generation,
            entry.jid.clone(),
            account.clone(),
            facts,
            inbox,
            self.mesh().clone(),
        );
        session.unpack(&entry, packed);
        // It is one of the account's sessions already, so it is not one too many.
        if self.directory().insert(&session, usize::MAX).is_err() {
            return Err(NotAdopted::Unknown);
        }
        match self.mesh().peers().replace(&entry, session.entry()).await {
            Ok(()) => {
                self.follow(&entry, &session);
                Ok((session, state))
            }
            Err(obstacle) => {
                self.give_up(&session, obstacle).await;
                Err(NotAdopted::Unknown)
            }
        }
    }

    /// What waits on the old node is to follow.
    fn follow(self: &Arc<Self>, before: &SessionEntry, session: &Arc<Session>) {
        // The table says so too, perhaps a little later.
        self.mesh()
            .elsewhere
            .remove(&before.jid, before.node, before.generation);
        self.mesh().elsewhere.pass(before.jid.bare_str());
        let arrival = (before.node, session.clone());
        self.mesh().arrivals.0.lock().insert(session.generation, arrival);
        let frame = Frame::Moved {
            generation: before.generation,
            entry: session.entry(),
        };
        if self.mesh().peers().send(before.node, frame::encode(&frame)).is_err() {
            return self.go_on_without(session);
        }
        let (house, session) = (self.clone(), session.clone());
        tokio::spawn(async move {
            tokio::time::sleep(FOLLOWING).await;
            house.go_on_without(&session);
        });
    }

    /// The session did not get its place. What came for it meanwhile goes to where it is.
    async fn give_up(self: &Arc<Self>, session: &Arc<Session>, obstacle: Unpublished) {
        if obstacle == Unpublished::Undecided {
            // It may have got it, and people believe that it is here.
            return self.end(session, [].into()).await;
        }
        self.directory().remove(session);
        session.set_over();
        self.find_others(&session.account, session.inbox.shut(), 0).await;
    }

    /// Something that waited on the old node.
    pub(super) async fn handed(self: &Arc<Self>, node: u64, to: &Target<'_>, waiting: Waiting) {
        let Ok(full) = to.jid.parse::<Jid>() else { return };
        let Some(session) = self.session_of(to.generation, &full) else {
            return self.was_handed_in_vain(node, to, &full, waiting).await;
        };
        if let Some(row) = waiting.log_id() {
            self.storage().log().observe(row);
            let flights = session.account.in_flight();
            if flights.arrive_handed(row, &full, node, to.generation) {
                self.send_landed(&session.account, &[(node, to.generation)], row, Landing::CameBack);
            }
        }
        if let Err(refused) = session.inbox.push_handed(waiting) {
            self.find_others(&session.account, [refused], 1).await;
        }
    }

    /// Another way for what a session did not get that is not there any more.
    async fn find_others(self: &Arc<Self>, account: &Account, waiting: impl IntoIterator<Item = Waiting>, hops: u8) {
        let (rows, others) = inbox::sort(waiting);
        if !rows.is_empty() {
            self.give_back(account, &rows).await;
        }
        for stanza in others {
            self.again(stanza, hops).await;
        }
    }

    /// The session has ended meanwhile.
    async fn was_handed_in_vain(self: &Arc<Self>, node: u64, to: &Target<'_>, full: &Jid, waiting: Waiting) {
        let (rows, others) = inbox::sort([waiting]);
        for row in rows {
            self.not_taken(node, to.generation, full, row);
        }
        for stanza in others {
            self.again(stanza, 1).await;
        }
    }

    /// Everything that waited on the old node is here.
    pub(super) fn handed_all(self: &Arc<Self>, node: u64, to: &Target<'_>) {
        let comes_from = |(from, session): &(u64, Arc<Session>)| *from == node && session.jid.as_str() == to.jid;
        let arrivals = &self.mesh().arrivals;
        let is_awaited = arrivals.0.lock().get(&to.generation).is_some_and(comes_from);
        if is_awaited && let Some(session) = arrivals.take(to.generation) {
            self.open(&session);
        }
    }

    /// The old node is gone, or takes too long: what it did not hand on is in the log, or lost.
    fn go_on_without(self: &Arc<Self>, session: &Arc<Session>) {
        if let Some(session) = self.mesh().arrivals.take(session.generation) {
            self.open(&session);
        }
    }

    /// What came here directly follows; the session may have moved on, and it follows there. What the old node had no
    /// time to send from the log comes last.
    fn open(self: &Arc<Self>, session: &Arc<Session>) {
        session.inbox.open();
        self.hand_on(session, false);
        self.spawn_look(session.account.clone());
    }

    /// Nodes are gone.
    pub(super) fn arrivals_lost(self: &Arc<Self>, is_gone: impl Fn(u64) -> bool) {
        let arrivals = self.mesh().arrivals.0.lock();
        let orphans: Vec<_> = arrivals
            .values()
            .filter(|(from, _)| is_gone(*from))
            .map(|(_, session)| session.clone())
            .collect();
        drop(arrivals);
        for session in orphans {
            self.go_on_without(&session);
        }
    }
}
