//! Servers, their lives and where they are, as far as this process has heard of them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::SocketAddr;

use sha2::{Digest, Sha256};
use storage::{ArbiterRow, Server, Standing};

use super::finder::Located;
use crate::Group;
use crate::NodeId;
use crate::lease::{Row, ServerId};

/// Lives that are remembered: a few for each of the servers that a cluster may have.
const MAX_LIVES: usize = 1_024;
/// Every server speaks in the registry every other second.
const SILENT_MILLIS: i64 = 3_000;

/// The number of a server, from its key.
pub(super) fn server_id(key: &str) -> ServerId {
    let digest = Sha256::digest(key.as_bytes());
    let (first, _) = digest.split_first_chunk::<8>().expect("a digest has 32 bytes");
    ServerId(u64::from_be_bytes(*first))
}

/// What is known.
#[derive(Debug, Default)]
pub(super) struct Known {
    /// On which server a life is, or was.
    servers: BTreeMap<NodeId, ServerId>,
    /// The newest life of each registered server.
    lives: BTreeMap<ServerId, NodeId>,
    located: Located,
    /// Lives that say that they are members, with their servers' names.
    members: BTreeMap<NodeId, String>,
    /// Where a server was last found.
    addresses: BTreeMap<ServerId, BTreeSet<SocketAddr>>,
}

impl Known {
    /// The registry and the row as read.
    pub(super) fn read(&mut self, row: &ArbiterRow, servers: &[Server]) {
        for member in &row.members {
            self.servers.insert(NodeId(member.id), ServerId(member.server));
        }
        self.lives.clear();
        let says_so = servers.iter().filter(|server| is_living_member(server));
        self.members = says_so.map(|server| (NodeId(server.id), server.name.clone())).collect();
        for server in servers {
            let (id, node) = (server_id(&server.server_key), NodeId(server.id));
            self.servers.insert(node, id);
            self.lives.insert(id, node);
        }
        while self.servers.len() > MAX_LIVES {
            self.servers.pop_first();
        }
        self.place();
    }

    /// Where nodes were found.
    pub(super) fn found(&mut self, located: Located) {
        self.located = located;
        self.place();
    }

    fn place(&mut self) {
        for (node, addresses) in &self.located {
            if let Some(server) = self.servers.get(node) {
                self.addresses.insert(*server, addresses.iter().copied().collect());
            }
        }
    }

    /// All registered servers.
    pub(super) fn registered(&self) -> impl Iterator<Item = ServerId> + '_ {
        self.lives.keys().copied()
    }

    /// The newest life on a server.
    pub(super) fn life(&self, server: ServerId) -> Option<NodeId> {
        self.lives.get(&server).copied()
    }

    /// On which server a life is, or was.
    pub(super) fn server(&self, node: NodeId) -> Option<ServerId> {
        self.servers.get(&node).copied()
    }

    /// Where a server was last found.
    pub(super) fn addresses(&self, server: ServerId) -> Vec<SocketAddr> {
        self.addresses.get(&server).into_iter().flatten().copied().collect()
    }

    /// Members by their own word, with their servers' names.
    pub(super) fn members(&self) -> impl Iterator<Item = (NodeId, &str)> {
        self.members.iter().map(|(node, name)| (*node, name.as_str()))
    }

    /// All lives that anything is known of.
    pub(super) fn nodes(&self) -> impl Iterator<Item = NodeId> + '_ {
        self.servers.keys().copied()
    }
}

/// Whether it has said not long ago that it is a member. Who dies or is cut off says so no more.
fn is_living_member(server: &Server) -> bool {
    server.state.standing == Standing::Member && server.silent_millis < SILENT_MILLIS
}

/// The row in the words of the lease.
pub(super) fn row(read: &ArbiterRow) -> Row {
    let members = read
        .members
        .iter()
        .map(|member| (NodeId(member.id), ServerId(member.server)));
    Row {
        group: group(read),
        lease_seq: read.lease_seq,
        is_expired: read.lease_left_millis < 0,
        is_released: read.is_released,
        members: members.collect(),
    }
}

/// The group in the row; none before the first.
pub(super) fn group(read: &ArbiterRow) -> Option<Group> {
    (read.group.epoch > 0).then_some(Group {
        epoch: read.group.epoch,
        id: read.group.id,
    })
}
