//! What operators see of the cluster and do to it.

use std::{sync::Arc, time::Duration};

use cluster::{Caches, Cluster, NodeId, Stands, TaskError, Whom};
use ops::{Asked, CacheInfo, ClusterHere, ClusterLive, MemberHere, SessionAnswer, SessionQuestion};
use storage::Standing;

use super::{
    SESSIONS,
    ask::{AskCaches, AskSessions, infos},
    drain::Drain,
    host::ClusterHost,
};

/// A member answers at once that it will drain.
const PATIENCE: Duration = Duration::from_secs(10);
/// Nobody waits longer to see a page.
const LOOK_PATIENCE: Duration = Duration::from_secs(1);

/// The running cluster.
pub(crate) struct ClusterDesk {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) host: Arc<ClusterHost>,
    pub(crate) caches: Caches,
}

impl ClusterDesk {
    /// Sessions of a node.
    fn sessions(&self, node: NodeId) -> u64 {
        let membership = self.host.membership();
        membership.map_or(0, |membership| {
            membership.look(|machine| machine.owned_by(SESSIONS, node))
        })
    }
}

impl ClusterLive for ClusterDesk {
    fn here(&self) -> ClusterHere {
        let here = self.cluster.here();
        let members = here.members.iter().map(|member| MemberHere {
            node: member.node.0,
            sessions: self.sessions(member.node),
            joined_at_micros: Some(member.joined_at_micros),
            is_voter: member.is_voter,
        });
        ClusterHere {
            standing: match here.stands {
                Stands::Alone => Standing::Alone,
                Stands::Joining => Standing::Joining,
                Stands::Member => Standing::Member,
                Stands::Fenced => Standing::Fenced,
                Stands::Leaving => Standing::Draining,
            },
            node: Some(here.node.0),
            group: here.group,
            senior: here.senior.map(|senior| senior.0),
            problem: here.problem,
            members: members.collect(),
        }
    }

    fn caches(&self) -> Vec<CacheInfo> {
        infos(&self.caches)
    }

    fn caches_of(&self, node: u64) -> Asked<'_, Result<Vec<CacheInfo>, String>> {
        Box::pin(async move {
            let node = Whom::These(vec![NodeId(node)]);
            let results = self.cluster.ask(node, &AskCaches, Some(LOOK_PATIENCE)).await;
            match results.into_iter().next() {
                Some((_, result)) => result.map_err(|error| error.to_string()),
                None => Err(TaskError::Gone.to_string()),
            }
        })
    }

    fn sessions(&self, question: SessionQuestion) -> Asked<'_, Vec<(u64, Result<SessionAnswer, String>)>> {
        Box::pin(async move {
            let task = AskSessions(question);
            let results = self.cluster.ask(Whom::All, &task, Some(LOOK_PATIENCE)).await;
            let said = results.into_iter();
            said.map(|(node, result)| (node.0, result.map_err(|error| error.to_string())))
                .collect()
        })
    }

    fn changed(&self) -> Asked<'_, ()> {
        let mut here = self.cluster.watch();
        here.mark_unchanged();
        Box::pin(async move {
            // Without anybody who tells, nothing changes any more.
            if here.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        })
    }

    fn drain(&self, node: u64) -> ops::Drain<'_> {
        Box::pin(async move {
            let node = Whom::These(vec![NodeId(node)]);
            let results = self.cluster.ask(node, &Drain, Some(PATIENCE)).await;
            match results.into_iter().next() {
                Some((_, result)) => result.map_err(|error| error.to_string()),
                None => Err(TaskError::Gone.to_string()),
            }
        })
    }
}
