//! The cluster changes: a node goes, this one joins or leaves. Own sessions stay throughout.

use std::{collections::HashSet, sync::Arc, time::Duration};

use futures_util::stream::{self, StreamExt};
use protocol::Jid;

use super::{Peers, SessionEntry, Unpublished, ask::taken_over, frame::Landing};
use crate::{ConflictPolicy, Router, Session};

/// A session that is to be published and always meets another gives up after so many.
const TRIES: usize = 8;
/// Sessions that are published at a time: they fill a batch of the cluster's log.
const PUBLISHED_AT_A_TIME: usize = 256;

/// Until a session is offered again to a cluster that did not decide.
const AGAIN: Duration = Duration::from_millis(250);

/// What came of publishing an own session.
enum Published {
    Yes,
    /// Another session has its full JID.
    TakenOver,
    /// This node has left, or come to another group, meanwhile.
    Superseded,
}

impl Router {
    /// Whether this node may act; false while it is fenced. One atomic load, for the doors of every stream.
    #[must_use]
    pub fn is_acting(&self) -> bool {
        self.mesh().is_acting()
    }

    /// Waits until this node may act again.
    pub async fn acting(&self) {
        self.mesh().peers().acting().await;
    }

    /// The node is fenced: gives it this long to come back, then closes all streams, so that clients go elsewhere.
    pub async fn on_fenced(&self, grace: Duration) {
        if tokio::time::timeout(grace, self.acting()).await.is_err() {
            self.close_all(&protocol::StreamError::with_text(
                protocol::StreamCondition::SystemShutdown,
                "the server is cut off from its cluster",
            ));
        }
    }

    /// A node is dead, or no member any more. Each node tells its own users that its sessions are gone; what they had not
    /// acknowledged goes to others, or waits.
    pub async fn on_node_gone(self: &Arc<Self>, node: u64) {
        let lost = self.mesh().elsewhere.take(|entry| entry.node == node);
        self.on_sessions_lost(lost, |other| other == node).await;
    }

    /// Takes out the sessions of other nodes that have ended while this node did not hear of it: for one that has come to
    /// another group of the cluster. [`Router::on_sessions_lost`] tells whom it concerns.
    #[must_use]
    pub fn take_sessions(&self, has_ended: impl Fn(&SessionEntry) -> bool) -> Vec<Arc<SessionEntry>> {
        self.mesh().elsewhere.take(has_ended)
    }

    /// Sessions of other nodes are gone, and so are the nodes that `is_gone` names: what [`Router::on_node_gone`] does for
    /// one node.
    pub async fn on_sessions_lost(
        self: &Arc<Self>,
        lost: Vec<Arc<SessionEntry>>,
        is_gone: impl Fn(u64) -> bool + Copy,
    ) {
        self.loans_lost(&lost, is_gone);
        self.arrivals_lost(is_gone);
        let lost: Arc<[Arc<SessionEntry>]> = lost.into();
        if !lost.is_empty() {
            for hook in self.hooks().sessions_lost_hooks() {
                hook(self.clone(), lost.clone()).await;
            }
        }
        let mut waiting = self.free_flights(is_gone);
        waiting.extend(lost.iter().map(|entry| entry.jid.to_bare()));
        self.look_for(waiting);
    }

    /// Rows that nobody has but nodes that are gone wait again. The accounts whose they are.
    fn free_flights(&self, is_gone: impl Fn(u64) -> bool + Copy) -> HashSet<Jid> {
        let mut freed_of = HashSet::new();
        for account in self.accounts().all() {
            let freed = account.in_flight().forget(is_gone);
            for (row, origins) in &freed {
                account.is_waiting(*row);
                self.send_landed(&account, origins, *row, Landing::GivenBack);
            }
            if !freed.is_empty() {
                freed_of.insert(account.jid.clone());
            }
        }
        freed_of
    }

    fn look_for(self: &Arc<Self>, waiting: HashSet<Jid>) {
        for jid in waiting {
            if let Some(account) = self.accounts().known(jid.as_str()) {
                self.spawn_look(account);
            }
        }
    }

    /// Joins a cluster, or another one: own sessions are published there. Of two with the same full JID the newer stays,
    /// the other is told `conflict`.
    pub async fn join(self: &Arc<Self>, peers: Arc<dyn Peers>) {
        let joined = self.mesh().replace(peers);
        // Other nodes tell this one only of the end of rows that it sent them under its present number. What they have of
        // those before they say when they are asked. Freed one after another, later ones would go before earlier ones.
        let waiting = self.free_flights(|_| true);
        self.loans_lost(&[], |_| true);
        self.arrivals_lost(|_| true);
        stream::iter(self.directory().all())
            .for_each_concurrent(PUBLISHED_AT_A_TIME, |session| async move {
                match self.publish_again(&session, joined).await {
                    Published::Yes => {
                        for hook in self.hooks().session_joined_hooks() {
                            hook(self.clone(), session.clone()).await;
                        }
                    }
                    Published::TakenOver => session.close(taken_over()),
                    Published::Superseded => {}
                }
            })
            .await;
        self.look_for(waiting);
    }

    async fn publish_again(&self, session: &Arc<Session>, joined: u64) -> Published {
        let mut tries = 0;
        while tries < TRIES {
            let entry = session.entry();
            match self.mesh().peers().publish(entry.clone()).await {
                _ if !self.mesh().are_still(joined) => return Published::Superseded,
                Ok(()) => {
                    self.is_published(session, &entry).await;
                    return Published::Yes;
                }
                Err(Unpublished::Taken(other)) if other.is_same(&entry) => return Published::Yes,
                Err(Unpublished::Taken(other)) if is_newer(&entry, &other) => {
                    tries += 1;
                    if self.displace_there(&other, ConflictPolicy::Kick).await.is_err() {
                        return Published::TakenOver;
                    }
                }
                Err(Unpublished::Taken(_) | Unpublished::Ended) => return Published::TakenOver,
                // The cluster has no leader, or this node is about to leave it. That costs nobody a session.
                Err(Unpublished::Undecided) => tokio::time::sleep(AGAIN).await,
            }
        }
        Published::TakenOver
    }

    /// A session was entered as it was a moment ago.
    async fn is_published(&self, session: &Arc<Session>, entry: &SessionEntry) {
        let there = self.directory().find(&session.jid);
        if there.is_none_or(|found| found.generation != session.generation) {
            // It has ended meanwhile, before there was anything to withdraw.
            let peers = self.mesh().peers();
            peers.withdraw(session.jid.clone(), session.generation).await;
        } else if session.entry() != *entry {
            self.mesh().peers().update(session.entry());
        }
    }

    /// Leaves the cluster, and is alone from now on, with these peers, who are none. Sessions of other nodes are out of
    /// reach.
    pub async fn leave(self: &Arc<Self>, alone: Arc<dyn Peers>) {
        self.mesh().replace(alone);
        let lost = self.mesh().elsewhere.take(|_| true);
        self.on_sessions_lost(lost, |_| true).await;
    }

    /// Waits until everything has happened that follows from what other nodes said: for tests, and for a node that
    /// drains.
    pub async fn settled(&self) {
        self.mesh().settled().await;
    }

    /// Whether something is still being done for other nodes.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        !self.mesh().is_busy()
    }
}

/// Newer by the clock; of two that are as old the one on the higher node, so that both nodes decide alike.
fn is_newer(one: &SessionEntry, other: &SessionEntry) -> bool {
    (one.bound_at_micros, one.node) > (other.bound_at_micros, other.node)
}
