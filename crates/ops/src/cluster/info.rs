//! The cluster as an operator sees it.

use serde::{Deserialize, Serialize};
use storage::{Server, Standing};

use super::ClusterHere;

/// Whether clustering is on, how this server stands, and what there is around it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterStatus {
    /// Whether the servers that share the database are to be one cluster.
    pub enabled: bool,
    /// How this server stands; none where no server runs.
    pub state: Option<NodeState>,
    /// The number of its present life.
    pub node: Option<u64>,
    /// The cluster it belongs to.
    pub group: Option<String>,
    /// The server that does what only one may do.
    pub senior: Option<u64>,
    /// How many the cluster has.
    pub members: usize,
    /// How many share the database; none while that does not answer.
    pub servers: Option<usize>,
    /// The database: sqlite, postgres or mysql.
    pub database: String,
    /// Whether clustering could be enabled here.
    pub can_enable: bool,
    /// Why not.
    pub reason: Option<String>,
    /// Why this server is not in the cluster although it should be.
    pub problem: Option<String>,
}

/// A server that shares the database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NodeInfo {
    /// The number of its present life.
    pub id: u64,
    /// Its name.
    pub name: String,
    /// Where the others reach it; none while it does not listen for them.
    pub address: Option<String>,
    /// All such places.
    pub addresses: Vec<String>,
    /// Its version.
    pub version: String,
    /// How it stands.
    pub state: NodeState,
    /// Whether it does what only one may do.
    pub senior: bool,
    /// Clients' sessions on it, as far as the cluster knows.
    pub sessions: Option<u64>,
    /// When it joined the cluster, in microseconds since 1970.
    pub joined_at: Option<i64>,
    /// Whether it has a vote in the cluster; none where it is no member.
    pub voter: Option<bool>,
    /// Seconds since its present life began, by the database's clock.
    pub up_secs: u64,
    /// Seconds since it last said that it lives, by the database's clock.
    pub silent_secs: u64,
}

/// What the cluster is doing, in a few words for everybody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headline {
    /// How this server stands.
    pub state: NodeState,
    /// How many members the cluster has.
    pub members: usize,
    /// The name of the server that does what only one may do; its number where the name is unknown just now.
    pub senior: Option<String>,
    /// Why this server is not in the cluster although it should be.
    pub problem: Option<String>,
}

/// How a server stands, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NodeState {
    /// It is in no cluster.
    Alone,
    /// It looks for the cluster, or waits to be let in.
    Joining,
    /// It belongs to the cluster.
    Member,
    /// It was cut off, and does nothing until it is let in again.
    Fenced,
    /// It hands over what it has, and then ends.
    Draining,
    /// It has not been heard of for a while.
    Silent,
    /// Something that a newer version knows.
    Unknown,
}

/// Servers say every second that they live: what is silent for so long is dead, or without its database.
const SILENT_AFTER_MILLIS: i64 = 10_000;

impl NodeInfo {
    pub(super) fn of(server: Server, here: &ClusterHere) -> Self {
        let member = here.member(server.id);
        Self {
            state: state(&server, here),
            senior: here.senior == Some(server.id),
            sessions: member.map(|member| member.sessions),
            joined_at: member.and_then(|member| member.joined_at_micros),
            id: server.id,
            name: server.name,
            address: server.state.addresses.first().cloned(),
            addresses: server.state.addresses,
            voter: member.map(|member| member.is_voter),
            up_secs: secs(server.known_millis),
            silent_secs: secs(server.silent_millis),
            version: server.version,
        }
    }
}

fn secs(millis: i64) -> u64 {
    u64::try_from(millis / 1000).unwrap_or(0)
}

/// Of itself a server knows better than the database does.
fn state(server: &Server, here: &ClusterHere) -> NodeState {
    if here.node == Some(server.id) {
        here.standing.into()
    } else if server.silent_millis > SILENT_AFTER_MILLIS {
        NodeState::Silent
    } else {
        server.state.standing.into()
    }
}

impl From<Standing> for NodeState {
    fn from(standing: Standing) -> Self {
        match standing {
            Standing::Alone => Self::Alone,
            Standing::Joining => Self::Joining,
            Standing::Member => Self::Member,
            Standing::Fenced => Self::Fenced,
            Standing::Draining => Self::Draining,
            Standing::Unknown => Self::Unknown,
        }
    }
}

impl std::fmt::Display for NodeState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Alone => "alone",
            Self::Joining => "joining",
            Self::Member => "member",
            Self::Fenced => "fenced",
            Self::Draining => "draining",
            Self::Silent => "silent",
            Self::Unknown => "unknown",
        })
    }
}

#[cfg(test)]
mod tests {
    use storage::ServerState;

    use super::*;

    fn server(id: u64, standing: Standing, silent_millis: i64) -> Server {
        Server {
            id,
            server_key: String::new(),
            name: String::new(),
            version: String::new(),
            protocol_min: 1,
            protocol_max: 1,
            state: ServerState {
                standing,
                addresses: Vec::new(),
            },
            known_millis: 0,
            silent_millis,
        }
    }

    fn check(server: &Server, expected: NodeState) {
        let here = ClusterHere {
            standing: Standing::Fenced,
            ..ClusterHere::alone(Some(1))
        };
        assert_eq!(state(server, &here), expected, "{server:?}");
    }

    #[test]
    fn a_server_is_what_it_last_said_until_it_has_been_silent_for_long() {
        check(&server(2, Standing::Member, 0), NodeState::Member);
        check(&server(2, Standing::Member, SILENT_AFTER_MILLIS), NodeState::Member);
        check(&server(2, Standing::Member, SILENT_AFTER_MILLIS + 1), NodeState::Silent);
        check(&server(2, Standing::Unknown, 0), NodeState::Unknown);
    }

    #[test]
    fn of_itself_a_server_says_what_it_is_and_not_what_the_database_remembers() {
        check(&server(1, Standing::Member, 0), NodeState::Fenced);
        check(&server(1, Standing::Member, SILENT_AFTER_MILLIS + 1), NodeState::Fenced);
    }
}
