//! The cluster as the server that runs here sees it, while an act is done.

use std::pin::Pin;

use serde::{Deserialize, Serialize};
use storage::Standing;

use super::{EntriesPage, EntriesQuestion, NodeReport};
use crate::{
    Announcement, CertificateAnswer, CertificateRefusal, CertificateWish, Inspected, Inspection, LevelWish, LogPage,
    LogQuestion, SessionAnswer, SessionQuestion,
};

/// What acts need to know of, and do to, the running cluster. Without a running server there is none.
pub trait ClusterLive: Send + Sync {
    /// How this server stands now.
    fn here(&self) -> ClusterHere;

    /// The clustered caches as this server has them, in no order.
    fn caches(&self) -> Vec<CacheInfo>;

    /// The caches as a server of this cluster has them. The error is a clause for the operator: why it does not say.
    fn caches_of(&self, node: u64) -> Asked<'_, Result<Vec<CacheInfo>, String>>;

    /// How every server of this cluster fares, this one among them, or the one with this number; what each says, by its
    /// number, in time. `is_recent`: what it used and did lately, too.
    fn reports(&self, node: Option<u64>, is_recent: bool) -> Said<'_, NodeReport>;

    /// Entries of a cache as a server has them; none where it has no such cache. The error is a clause for the operator.
    fn entries(&self, node: u64, question: EntriesQuestion) -> Asked<'_, Result<Option<EntriesPage>, String>>;

    /// Takes every entry out of a cache, on all servers; how many there were. The error is a clause for the operator.
    fn clear(&self, cache: String) -> Asked<'_, Result<u64, String>>;

    /// Has every server of this cluster, or the one with this number, say something to its sessions; how many of them took
    /// it.
    fn announce(&self, node: Option<u64>, what: Announcement) -> Said<'_, u64>;

    /// Looks into a session wherever it is: what the servers say that have it.
    fn inspect(&self, inspection: Inspection) -> Said<'_, Option<Inspected>>;

    /// Asks every server of this cluster for sessions, this one among them, or the one with this number; what each says,
    /// by its number, in time.
    fn sessions(
        &self,
        node: Option<u64>,
        question: SessionQuestion,
    ) -> Asked<'_, Vec<(u64, Result<SessionAnswer, String>)>>;

    /// Has another server do something with its certificates. The outer error is a clause for the operator: why it does
    /// not answer.
    fn certify(
        &self,
        node: u64,
        wish: CertificateWish,
    ) -> Asked<'_, Result<Result<CertificateAnswer, CertificateRefusal>, String>>;

    /// The last lines of a server's log. The error is a clause for the operator.
    fn log(&self, node: u64, question: LogQuestion) -> Asked<'_, Result<LogPage, String>>;

    /// Has a server log a part of itself otherwise for a while. The error is a clause for the operator.
    fn switch_level(&self, node: u64, wish: LevelWish) -> Asked<'_, Result<(), String>>;

    /// Ends when how this server stands, or who is a member, is not any more what it is now.
    fn changed(&self) -> Asked<'_, ()>;

    /// Has a server of this cluster hand over what it has and end; ends when that is on its way. The error is a
    /// clause for the operator: why it is not.
    fn drain(&self, node: u64) -> Drain<'_>;
}

/// Ends when other servers have answered, or have been silent for too long.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What servers say, by their numbers; the error of one is a clause for the operator.
pub type Said<'a, T> = Asked<'a, Vec<(u64, Result<T, String>)>>;

/// Ends when a server is draining, or cannot.
pub type Drain<'a> = Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>>;

/// How this server stands now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClusterHere {
    /// What it is in the cluster.
    pub standing: Standing,
    /// The number of its present life; none where no server runs.
    pub node: Option<u64>,
    /// The cluster it belongs to: a text that no other one had or will have.
    pub group: Option<String>,
    /// The server that does what only one may do.
    pub senior: Option<u64>,
    /// Why it is not in the cluster although it should be.
    pub problem: Option<String>,
    /// Those who are, this one among them; empty where it is not.
    pub members: Vec<MemberHere>,
}

/// A member of the cluster.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MemberHere {
    /// The number of its present life.
    pub node: u64,
    /// Clients' sessions on it.
    pub sessions: u64,
    /// When it joined, in microseconds since 1970.
    pub joined_at_micros: Option<i64>,
    /// Whether it has a vote.
    pub is_voter: bool,
}

/// A clustered cache, as this server has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct CacheInfo {
    /// Its name.
    pub name: String,
    /// Entries in it.
    pub entries: u64,
    /// What they take, keys included.
    pub bytes: u64,
    /// Questions that it had the answer to, since this server started.
    pub hits: u64,
    /// Questions that it did not.
    pub misses: u64,
    /// Entries that had to go to make room.
    pub evictions: u64,
    /// What its entries may take; none where that is not bounded.
    pub max_bytes: Option<u64>,
    /// How many there may be; none where that is not bounded.
    pub max_entries: Option<u64>,
    /// How long an entry lasts, in words.
    pub lifetime: String,
    /// Why it is not to be cleared, in a clause; none where that does no harm.
    pub kept: Option<String>,
}

/// Why nothing is known of sessions and caches.
const NOBODY: &str = "no server runs on this data directory";

/// No server runs here.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoCluster;

impl ClusterLive for NoCluster {
    fn here(&self) -> ClusterHere {
        ClusterHere::alone(None)
    }

    fn caches(&self) -> Vec<CacheInfo> {
        Vec::new()
    }

    fn caches_of(&self, _node: u64) -> Asked<'_, Result<Vec<CacheInfo>, String>> {
        Box::pin(std::future::ready(Err(NOBODY.to_owned())))
    }

    fn reports(&self, _node: Option<u64>, _is_recent: bool) -> Said<'_, NodeReport> {
        Box::pin(std::future::ready(Vec::new()))
    }

    fn entries(&self, _node: u64, _question: EntriesQuestion) -> Asked<'_, Result<Option<EntriesPage>, String>> {
        Box::pin(std::future::ready(Err(NOBODY.to_owned())))
    }

    fn clear(&self, _cache: String) -> Asked<'_, Result<u64, String>> {
        Box::pin(std::future::ready(Err(NOBODY.to_owned())))
    }

    fn announce(&self, _node: Option<u64>, _what: Announcement) -> Said<'_, u64> {
        Box::pin(std::future::ready(Vec::new()))
    }

    fn inspect(&self, _inspection: Inspection) -> Said<'_, Option<Inspected>> {
        Box::pin(std::future::ready(Vec::new()))
    }

    fn sessions(
        &self,
        _node: Option<u64>,
        _question: SessionQuestion,
    ) -> Asked<'_, Vec<(u64, Result<SessionAnswer, String>)>> {
        Box::pin(std::future::ready(Vec::new()))
    }

    fn certify(
        &self,
        _node: u64,
        _wish: CertificateWish,
    ) -> Asked<'_, Result<Result<CertificateAnswer, CertificateRefusal>, String>> {
        Box::pin(std::future::ready(Err(NOBODY.to_owned())))
    }

    fn log(&self, _node: u64, _question: LogQuestion) -> Asked<'_, Result<LogPage, String>> {
        Box::pin(std::future::ready(Err(NOBODY.to_owned())))
    }

    fn switch_level(&self, _node: u64, _wish: LevelWish) -> Asked<'_, Result<(), String>> {
        Box::pin(std::future::ready(Err(NOBODY.to_owned())))
    }

    fn changed(&self) -> Asked<'_, ()> {
        Box::pin(std::future::pending())
    }

    fn drain(&self, _node: u64) -> Drain<'_> {
        let why = "no server runs on this data directory; ask where one does";
        Box::pin(std::future::ready(Err(why.to_owned())))
    }
}

impl ClusterHere {
    /// A server that is in no cluster, and has no reason to be.
    #[must_use]
    pub fn alone(node: Option<u64>) -> Self {
        Self {
            standing: Standing::Alone,
            node,
            group: None,
            senior: None,
            problem: None,
            members: Vec::new(),
        }
    }

    /// Whether a server runs here.
    pub(crate) fn is_running(&self) -> bool {
        self.node.is_some()
    }

    pub(crate) fn member(&self, node: u64) -> Option<&MemberHere> {
        self.members.iter().find(|member| member.node == node)
    }
}
