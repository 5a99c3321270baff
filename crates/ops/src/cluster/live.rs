//! The cluster as the server that runs here sees it, while an act is done.

use std::pin::Pin;

use serde::{Deserialize, Serialize};
use storage::Standing;

use crate::{SessionAnswer, SessionQuestion};

/// What acts need to know of, and do to, the running cluster. Without a running server there is none.
pub trait ClusterLive: Send + Sync {
    /// How this server stands now.
    fn here(&self) -> ClusterHere;

    /// The clustered caches as this server has them, in no order.
    fn caches(&self) -> Vec<CacheInfo>;

    /// The caches as a server of this cluster has them. The error is a clause for the operator: why it does not say.
    fn caches_of(&self, node: u64) -> Asked<'_, Result<Vec<CacheInfo>, String>>;

    /// Asks every server of this cluster for sessions, this one among them; what each says, by its number, in time.
    fn sessions(&self, question: SessionQuestion) -> Asked<'_, Vec<(u64, Result<SessionAnswer, String>)>>;

    /// Ends when how this server stands, or who is a member, is not any more what it is now.
    fn changed(&self) -> Asked<'_, ()>;

    /// Has a server of this cluster hand over what it has and end; ends when that is on its way. The error is a
    /// clause for the operator: why it is not.
    fn drain(&self, node: u64) -> Drain<'_>;
}

/// Ends when other servers have answered, or have been silent for too long.
pub type Asked<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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
    /// What its entries may take; none where nothing may go.
    pub max_bytes: Option<u64>,
}

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
        Box::pin(std::future::ready(Err(
            "no server runs on this data directory".to_owned()
        )))
    }

    fn sessions(&self, _question: SessionQuestion) -> Asked<'_, Vec<(u64, Result<SessionAnswer, String>)>> {
        Box::pin(std::future::ready(Vec::new()))
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
