//! What operators see of the cluster and do to it.

use std::{collections::HashMap, sync::Arc, time::Duration};

use cluster::{Asked, Cluster, NodeId, Stands};
use nix::sys::signal::{Signal, raise};
use ops::{CacheInfo, ClusterHere, ClusterLive, Drain, MemberHere};
use storage::Standing;

use super::{SESSIONS, host::ClusterHost, question};

/// A member answers at once that it will drain.
const PATIENCE: Duration = Duration::from_secs(10);

/// The running cluster.
pub(crate) struct ClusterDesk {
    pub(crate) cluster: Arc<Cluster>,
    pub(crate) host: Arc<ClusterHost>,
}

impl ClusterDesk {
    /// Sessions by their nodes.
    fn sessions(&self) -> HashMap<NodeId, u64> {
        let mut sessions = HashMap::new();
        if let Some(membership) = self.host.membership() {
            membership.look(|machine| {
                for owner in machine.entries(SESSIONS).filter_map(|(_, entry)| entry.owner) {
                    *sessions.entry(owner).or_default() += 1;
                }
            });
        }
        sessions
    }
}

impl ClusterLive for ClusterDesk {
    fn here(&self) -> ClusterHere {
        let (here, sessions) = (self.cluster.here(), self.sessions());
        let members = here.members.iter().map(|member| MemberHere {
            node: member.node.0,
            sessions: sessions.get(&member.node).copied().unwrap_or(0),
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
        let Some(membership) = self.host.membership() else {
            return Vec::new();
        };
        let size = membership.look(|machine| machine.size(SESSIONS));
        vec![CacheInfo {
            name: "sessions".to_owned(),
            entries: size.entries,
            bytes: size.bytes,
            hits: 0,
            misses: 0,
            evictions: 0,
            max_bytes: None,
        }]
    }

    fn drain(&self, node: u64) -> Drain<'_> {
        Box::pin(async move {
            let here = self.cluster.here();
            if here.node.0 == node {
                return raise(Signal::SIGTERM)
                    .map_err(|error| format!("this server could not be told to stop: {error}"));
            }
            let Some(membership) = self.host.membership() else {
                return Err("this server is in no cluster".to_owned());
            };
            let question = question::to(question::DRAIN, &[]);
            let answers = membership.ask(vec![NodeId(node)], question, PATIENCE).await;
            match answers.first().map(|(_, answer)| answer) {
                Some(Asked::Answered(_)) => Ok(()),
                Some(Asked::TooLate) => Err("it did not answer in time".to_owned()),
                Some(Asked::Gone) | None => Err("it is no member of the cluster".to_owned()),
            }
        })
    }
}
