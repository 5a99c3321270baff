//! What comes in from other nodes. Frames of one node are handed in one after another, in their order; whatever may
//! wait for the database or for other nodes goes on beside them.

use std::{borrow::Cow, sync::Arc};

use bytes::Bytes;
use protocol::{Jid, Kind, PresenceType, Stanza, StreamCondition, StreamError};
use storage::LogId;

use super::{
    SessionEntry,
    frame::{self, Frame, HOPS_MAX, Landing, Target},
};
use crate::{Account, Delivery, Flow, Router, Session, Waiting, presence};

/// Where a stanza stands among those of its account's log.
struct Place {
    row: Option<LogId>,
    /// What waits there, and is to be delivered before.
    behind: Option<LogId>,
}

impl Router {
    /// Another node's session has begun, or there is something new about it.
    pub fn on_remote_session(&self, entry: SessionEntry) {
        let node = entry.node;
        let before = match node == self.mesh().me() {
            true => self.mesh().elsewhere.remove_predecessor(&entry.jid),
            false => self.mesh().elsewhere.put(entry),
        };
        if let Some(before) = before
            && before.node != node
        {
            self.flushed(&before);
        }
    }

    /// Another node's session has ended. Its node has told whom it concerns.
    pub fn on_remote_session_ended(&self, full: &Jid, node: u64, generation: u64) {
        self.mesh().elsewhere.remove(full, node, generation);
    }

    /// A frame of another node. The next one of the same node is handed in when this returns.
    pub async fn on_message(self: &Arc<Self>, node: u64, bytes: Bytes) {
        let Some(frame) = frame::decode(node, &bytes) else {
            return;
        };
        match frame {
            Frame::Deliver {
                to,
                log_id,
                behind,
                hops,
                stanza,
            } => {
                let Some(stanza) = frame::stanza(node, stanza) else {
                    return;
                };
                let place = Place {
                    row: log_id.map(LogId::from_raw),
                    behind: behind.map(LogId::from_raw),
                };
                self.deliver(node, &to, place, hops, &stanza).await;
            }
            Frame::Handed { to, log_id, stanza } => {
                if let Some(waiting) = handed(node, log_id.map(LogId::from_raw), stanza) {
                    self.handed(node, &to, waiting).await;
                }
            }
            Frame::HandedAll { to } => self.handed_all(node, &to),
            Frame::Moved { generation, entry } => self.moved(node, generation, entry),
            Frame::Flushed { jid, generation } => self.has_flushed(node, jid, generation),
            Frame::Spread { to, stanza } => {
                let Some(stanza) = frame::stanza(node, stanza) else {
                    return;
                };
                if self.is_overtaken(node, &stanza) {
                    return;
                }
                if let (Kind::Presence(PresenceType::Unavailable), Some(from)) = (stanza.kind, &stanza.from) {
                    self.mesh().elsewhere.has_said_goodbye(from, node);
                }
                for to in to.iter().filter_map(|to| to.parse::<Jid>().ok()) {
                    let mut flow = Flow::new(stanza.clone().to(to), None, None);
                    flow.stays = true;
                    // Who sent it was told where it was sent.
                    let _ = presence::received(self, &mut flow).await;
                }
            }
            Frame::Told { what, accounts, stanza } => {
                let Some(stanza) = frame::stanza(node, stanza) else {
                    return;
                };
                self.told(what, &accounts, &stanza).await;
            }
            Frame::Landed {
                account,
                rows,
                generation,
                landing,
            } => self.landed(node, generation, account, &rows, landing),
            Frame::Waiting { account } => self.waiting(account),
            Frame::Changed { account } => {
                if let Some(account) = self.accounts().known(account) {
                    account.has_changed();
                }
            }
            Frame::Forget { account } => {
                if let Some(account) = self.accounts().known(account) {
                    self.accounts().forget(&account.jid);
                }
            }
            Frame::Close {
                account,
                condition,
                text,
                is_removed,
            } => {
                self.close_for(account, condition, text, is_removed);
            }
        }
    }

    /// Whether it is the end of a session whose successor, with the same full JID on another node, is available. Frames of
    /// two nodes come in any order, and the end of the old must not hide the new.
    fn is_overtaken(&self, node: u64, stanza: &Stanza) -> bool {
        let (Kind::Presence(PresenceType::Unavailable), Some(from)) = (stanza.kind, &stanza.from) else {
            return false;
        };
        let is_available_there = || {
            let successor = self.mesh().elsewhere.find(from);
            successor.is_some_and(|entry| entry.node != node && entry.priority.is_some())
        };
        let is_available_here = || {
            let successor = self.directory().find(from);
            successor.is_some_and(|session| session.priority().is_some())
        };
        is_available_here() || is_available_there()
    }

    async fn deliver(self: &Arc<Self>, node: u64, to: &[Target<'_>], place: Place, hops: u8, stanza: &Stanza) {
        let log_id = place.row;
        let mut is_taken = false;
        let mut account = None;
        for target in to {
            let Ok(jid) = target.jid.parse::<Jid>() else { continue };
            account = account.or_else(|| Some(jid.clone()));
            let Some(session) = self.session_of(target.generation, &jid) else {
                continue;
            };
            if let Some(row) = log_id {
                self.storage().log().observe(row);
                session.account.in_flight().arrive(row, node);
            }
            let delivery = Delivery {
                stanza: Box::new(stanza.clone()),
                log_id,
            };
            match self.push_behind(node, &session, place.behind, delivery) {
                Ok(()) => is_taken = true,
                Err(_) => {
                    if let Some(row) = log_id {
                        session.account.in_flight().land(row);
                    }
                }
            }
        }
        if is_taken {
            return;
        }
        match (log_id, account) {
            (None, _) => self.again(stanza.clone(), hops + 1).await,
            (Some(row), Some(account)) => self.not_taken(node, 0, &account, row),
            (Some(_), None) => {}
        }
    }

    /// A row's session is gone. The sending node holds the row, so it looks for another taker.
    pub(super) fn not_taken(&self, node: u64, generation: u64, to: &Jid, row: LogId) {
        let frame = Frame::Landed {
            account: to.bare_str(),
            rows: vec![row.raw()],
            generation,
            landing: Landing::GivenBack,
        };
        self.mesh().send_after_commit(node, &frame);
    }

    /// This very session, if it is here: also one that has just moved and is not through with what was on its way to it.
    pub(super) fn session_of(&self, generation: u64, full: &Jid) -> Option<Arc<Session>> {
        let here = self.directory().find(full);
        here.filter(|session| session.generation == generation)
            .or_else(|| self.mesh().loans.session(full, generation))
    }

    /// Looks for another way for a stanza whose session was gone.
    pub(super) async fn again(self: &Arc<Self>, stanza: Stanza, hops: u8) {
        metrics::counter!("cluster_stanzas_rerouted").increment(1);
        self.route_after(stanza, hops.min(HOPS_MAX)).await;
    }

    async fn told(self: &Arc<Self>, what: &str, accounts: &[&str], stanza: &Stanza) {
        let Some(hook) = self.hooks().told_hook(what) else {
            return;
        };
        for account in accounts {
            let Some(session) = self.directory().sessions(account).into_iter().next() else {
                continue;
            };
            if session.account.profile(self.storage()).await.is_ok() {
                hook(self.clone(), session.account.clone(), stanza.clone()).await;
            }
        }
    }

    fn landed(self: &Arc<Self>, node: u64, generation: u64, account: &str, rows: &[i64], landing: Landing) {
        let Some(account) = self.accounts().known(account) else {
            return;
        };
        let rows = rows.iter().copied().map(LogId::from_raw);
        if landing == Landing::Acknowledged {
            // Where the row was not written yet, its acknowledgement found nothing on the other node. Here it comes behind.
            self.storage().log().acknowledge(account.id, rows.clone());
        }
        let mut is_freed = false;
        for row in rows {
            if let Some(origins) = account.in_flight().land_there(row, node, generation) {
                if landing == Landing::GivenBack {
                    account.is_waiting(row);
                }
                self.send_landed(&account, &origins, row, landing);
                is_freed = true;
            }
        }
        if is_freed && landing == Landing::GivenBack {
            self.spawn_look(account);
        }
    }

    /// Looks beside everything else for what waits for an account: here, and by a hint at other nodes.
    pub(crate) fn spawn_look(self: &Arc<Self>, account: Arc<Account>) {
        let house = self.clone();
        self.mesh().spawn(async move { house.look_again(&account).await });
    }

    fn waiting(self: &Arc<Self>, account: &str) {
        let Some(session) = self.directory().sessions(account).into_iter().next() else {
            return;
        };
        let house = self.clone();
        self.mesh().spawn(async move {
            let _turn = session.account.turn().await;
            house.replay_to_any(&session.account).await;
        });
    }

    fn close_for(&self, account: &str, condition: &str, text: &str, is_removed: bool) {
        let Ok(account) = account.parse::<Jid>() else { return };
        let condition = StreamCondition::ALL
            .iter()
            .find(|known| known.as_str() == condition)
            .copied()
            .unwrap_or(StreamCondition::UndefinedCondition);
        let reason = StreamError {
            text: (!text.is_empty()).then(|| Cow::Owned(text.to_owned())),
            ..StreamError::new(condition)
        };
        self.close_here(&account, &reason, None);
        if is_removed {
            self.accounts().forget(&account);
        }
    }
}

/// What another node hands on: a stanza, or the row that it has in the log.
fn handed(node: u64, row: Option<LogId>, stanza: &[u8]) -> Option<Waiting> {
    match (row, stanza.is_empty()) {
        (Some(row), true) => Some(Waiting::Row(row)),
        (log_id, _) => Some(Waiting::Whole(Delivery {
            stanza: Box::new(frame::stanza(node, stanza)?),
            log_id,
        })),
    }
}
