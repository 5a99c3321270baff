//! Leaving the cluster in good order: because it is switched off, or because this process ends.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use tokio::time::sleep;

use super::driver::Driver;
use super::effects::group_id;
use super::input::Input;
use crate::link::{Links, Purpose};
use crate::raft::Consensus;
use crate::{NodeId, kind};

/// A leader that leaves because clustering is switched off waits so long for the others to do the same, so that the last
/// one ends the group.
const OTHERS_LEAVE: Duration = Duration::from_millis(2_500);
/// For the leader to hear that this node leaves; where that is this one, for another to be elected.
const TELLING: Duration = Duration::from_millis(3_500);
/// For the leader to let this node go.
const LETTING_GO: Duration = Duration::from_millis(1_500);
const STEP: Duration = Duration::from_millis(25);

impl Driver {
    /// Begins to leave; [`Input::Left`] tells of the end.
    pub(super) fn leave(&mut self) {
        if self.life.is_none() && !self.is_inside || std::mem::replace(&mut self.attempts.is_leaving, true) {
            return;
        }
        let was_inside = std::mem::take(&mut self.is_inside);
        let taking_part = self.life.as_ref().and_then(|life| {
            life.close_entrance();
            Some((life.consensus.clone()?, Arc::clone(&life.links)))
        });
        if was_inside {
            // At once, so that nobody finds caches of which nobody takes care.
            self.above.caches.leave();
        }
        let (registry, inbox, above) = (self.registry.clone(), self.inbox.clone(), self.above.clone());
        let (me, events, fence) = (self.lease.me(), Arc::clone(&self.events), Arc::clone(&self.fence));
        // Others stay where only this process ends.
        let patience = if self.settings.is_enabled {
            Duration::ZERO
        } else {
            OTHERS_LEAVE
        };
        tokio::spawn(async move {
            if was_inside {
                above.host.left(fence).await;
                events.left();
            }
            if let Some((consensus, links)) = taking_part {
                part(&consensus, &links, &registry, patience).await;
            }
            // A driver that is gone has left.
            let _ = inbox.send(Input::Left(me)).await;
        });
    }
}

async fn part(consensus: &Consensus, links: &Links, registry: &storage::Cluster, patience: Duration) {
    let (me, group) = (links.node(), group_id(consensus.group()));
    let deadline = Instant::now() + patience;
    while consensus.leader() == Some(me) && !is_last(consensus) && Instant::now() < deadline {
        sleep(STEP).await;
    }
    if consensus.leader() == Some(me) && is_last(consensus) {
        let released = async {
            for member in registry.read().await?.members {
                if member.id != me.0 {
                    registry.unlist(group, member.id).await?;
                }
            }
            registry.release(group, me.0).await
        };
        return match released.await {
            Ok(_) => {}
            Err(error) => tracing::warn!(target: "cluster", %error, "the group was not ended: its lease runs out"),
        };
    }
    if tell(consensus, links).await {
        // Whoever is not listed is not waited for.
        if let Err(error) = registry.unlist(group, me.0).await {
            tracing::debug!(target: "cluster", %error, "this node stays listed until the group finds out");
        }
    } else {
        tracing::warn!(target: "cluster", "nobody could be told that this node leaves: it will be declared dead");
    }
}

/// Whether all others have left.
fn is_last(consensus: &Consensus) -> bool {
    consensus.machine().members().len() <= 1
}

/// Has the cluster know that this node has left. A leader first hands over.
async fn tell(consensus: &Consensus, links: &Links) -> bool {
    let (me, deadline) = (links.node(), Instant::now() + TELLING);
    while Instant::now() < deadline {
        let is_told = match consensus.leader() {
            Some(leader) if leader == me => {
                if let Some(heir) = consensus.hand_over().await {
                    // One that does not hear it stands for election a little later.
                    let _ = links.call(heir, kind::STAND, Bytes::new(), deadline).await;
                }
                false
            }
            Some(leader) => {
                let is_told = links.call(leader, kind::LEAVE, Bytes::new(), deadline).await.is_ok();
                if is_told {
                    be_let_go(consensus, links, leader).await;
                }
                is_told
            }
            None => false,
        };
        if is_told {
            return true;
        }
        sleep(STEP).await;
    }
    false
}

/// Goes on voting until the leader needs no more of this node: it forgets whom it has let go.
async fn be_let_go(consensus: &Consensus, links: &Links, leader: NodeId) {
    let deadline = Instant::now() + LETTING_GO;
    let is_member = || consensus.machine().members().contains_key(&links.node());
    while is_member() && links.is_up(leader, Purpose::Control) && Instant::now() < deadline {
        sleep(STEP).await;
    }
}
