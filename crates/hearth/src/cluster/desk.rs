//! What operators see of the cluster and do to it.

use std::{sync::Arc, time::Duration};

use cluster::{Caches, Cluster, NodeId, Stands, Task, TaskError, Whom};
use ops::{
    Announcement, Asked, CacheInfo, CertificateAnswer, CertificateRefusal, CertificateWish, ClusterHere, ClusterLive,
    EntriesPage, EntriesQuestion, Inspected, Inspection, LevelWish, LogPage, LogQuestion, MemberHere, NodeReport, Said,
    SessionAnswer, SessionQuestion,
};
use storage::Standing;

use super::{
    SESSIONS,
    ask::{Announce, AskCaches, AskEntries, AskLog, AskReport, AskSessions, Certify, Inspect, SwitchLevel, infos},
    drain::Drain,
    host::ClusterHost,
};

/// A member answers at once that it will drain.
const PATIENCE: Duration = Duration::from_secs(10);
/// Nobody waits longer to see a page.
const LOOK_PATIENCE: Duration = Duration::from_secs(1);
/// Many sessions are told a few at a time.
const ANNOUNCE_PATIENCE: Duration = Duration::from_secs(60);

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

impl ClusterDesk {
    /// Asks every server, this one too, or the one with this number.
    async fn ask<T: Task>(
        &self,
        node: Option<u64>,
        task: &T,
        patience: Duration,
    ) -> Vec<(u64, Result<T::Answer, String>)> {
        let whom = node.map_or(Whom::All, |node| Whom::These(vec![NodeId(node)]));
        let results = self.cluster.ask(whom, task, Some(patience)).await.into_iter();
        results
            .map(|(node, result)| (node.0, result.map_err(|error| error.to_string())))
            .collect()
    }

    async fn ask_one<T: Task>(&self, node: u64, task: &T, patience: Duration) -> Result<T::Answer, String> {
        let said = self.ask(Some(node), task, patience).await.into_iter().next();
        said.map_or_else(|| Err(TaskError::Gone.to_string()), |(_, said)| said)
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
        Box::pin(async move { self.ask_one(node, &AskCaches, LOOK_PATIENCE).await })
    }

    fn reports(&self, node: Option<u64>, is_recent: bool) -> Said<'_, NodeReport> {
        Box::pin(async move { self.ask(node, &AskReport { is_recent }, LOOK_PATIENCE).await })
    }

    fn entries(&self, node: u64, question: EntriesQuestion) -> Asked<'_, Result<Option<EntriesPage>, String>> {
        Box::pin(async move { self.ask_one(node, &AskEntries(question), LOOK_PATIENCE).await })
    }

    fn clear(&self, cache: String) -> Asked<'_, Result<u64, String>> {
        Box::pin(async move {
            let cleared = self.caches.clear(&cache).await;
            cleared.map(|count| count as u64).map_err(|error| error.to_string())
        })
    }

    fn announce(&self, node: Option<u64>, what: Announcement) -> Said<'_, u64> {
        Box::pin(async move { self.ask(node, &Announce(what), ANNOUNCE_PATIENCE).await })
    }

    fn inspect(&self, inspection: Inspection) -> Said<'_, Option<Inspected>> {
        Box::pin(async move { self.ask(None, &Inspect(inspection), LOOK_PATIENCE).await })
    }

    fn sessions(
        &self,
        node: Option<u64>,
        question: SessionQuestion,
    ) -> Asked<'_, Vec<(u64, Result<SessionAnswer, String>)>> {
        Box::pin(async move { self.ask(node, &AskSessions(question), LOOK_PATIENCE).await })
    }

    fn certify(
        &self,
        node: u64,
        wish: CertificateWish,
    ) -> Asked<'_, Result<Result<CertificateAnswer, CertificateRefusal>, String>> {
        Box::pin(async move { self.ask_one(node, &Certify(wish), PATIENCE).await })
    }

    fn log(&self, node: u64, question: LogQuestion) -> Asked<'_, Result<LogPage, String>> {
        Box::pin(async move { self.ask_one(node, &AskLog(question), LOOK_PATIENCE).await })
    }

    fn switch_level(&self, node: u64, wish: LevelWish) -> Asked<'_, Result<(), String>> {
        Box::pin(async move { self.ask_one(node, &SwitchLevel(wish), PATIENCE).await })
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
        Box::pin(async move { self.ask_one(node, &Drain, PATIENCE).await })
    }
}
