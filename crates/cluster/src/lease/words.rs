//! What goes in and out of a lease: messages, the row, what Raft knows, effects.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::{Group, NodeId};

/// Microseconds of one process's own monotonic clock, or a duration on it. Never compared between processes.
pub type Micros = i64;

/// Before anything that ever happened.
pub const NEVER: Micros = i64::MIN / 4;

/// One registered server: an address that lives on while its processes, each a [`NodeId`], come and go.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ServerId(pub u64);

/// What processes say to each other about leases.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Message {
    /// A member asks its leader for a lease.
    Ask(Ask),
    /// The leader's answer.
    Grant(Grant),
    /// A fenced process asks who acts.
    Ping {
        /// When, by its own clock.
        at: Micros,
    },
    /// "I act": in this group, under this leader.
    Pong {
        /// The group that the sender acts in.
        group: Group,
        /// Its leader, if the sender knows one.
        leader: Option<NodeId>,
    },
    /// A process in no group asks the leader to take it in.
    Join {
        /// The server that the process runs on.
        server: ServerId,
    },
    /// "You were declared dead in this group": the receiver has to start a new life.
    Gone {
        /// The group that no longer has the receiver.
        group: Group,
    },
    /// "I do not act, and belong to no group in which I could."
    Idle {
        /// The server that the process runs on.
        server: ServerId,
        /// From the question, however late the answer comes: it was so at some moment after that.
        asked_at: Micros,
    },
}

/// A member's question for a lease.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ask {
    /// Grows with every ask of this life.
    pub number: u64,
    /// The number of the newest grant that arrived; 0 for none.
    pub got: u64,
    /// A grant that had arrived before this member renewed the row for its leader; 0 for none.
    pub renewed_after: u64,
    /// Members that the sender cannot reach. At most [`super::MAX_SERVERS`] are looked at.
    pub links_down: BTreeSet<NodeId>,
}

/// A leader's answer to an [`Ask`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grant {
    /// The group that the lease is in.
    pub group: Group,
    /// The ask's number.
    pub number: u64,
    /// How long the lease lasts from the sending of the ask; 0 only wins a confirmation.
    pub lasts: Micros,
    /// How long ago the row was renewed, so that the limit of serving without the database outlives a leader.
    pub database_away: Micros,
}

/// The row `cluster` as one read found it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    /// The group that exists; none before the first.
    pub group: Option<Group>,
    /// Counts renewals and take-overs.
    pub lease_seq: u64,
    /// Whether `lease_until` is past by the database's clock.
    pub is_expired: bool,
    /// Whether nobody holds the lease: there was never a group, or its last member ended it in good order.
    pub is_released: bool,
    /// The listed members and their servers.
    pub members: BTreeMap<NodeId, ServerId>,
}

/// Why it is right to take over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Grounds {
    /// The lease is past, and nobody who could hold another is left.
    Expired,
    /// All members but this one are proven dead.
    AllDead,
    /// Nobody holds the lease.
    Released,
}

/// What a take-over expects to find unchanged in the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowKey {
    /// The group at the read.
    pub group: Option<Group>,
    /// The sequence number at the read.
    pub lease_seq: u64,
}

/// How a connection attempt to a server ended. Anything else (time-out, reset, TLS error) says nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// The address refused.
    Refused,
    /// This life answered.
    Lives(NodeId),
}

/// Those who were members once and are no more. Part of the replicated state: kept by the log, handed in by
/// [`RaftView`].
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Departed {
    recent: BTreeSet<NodeId>,
    floor: u64,
}

impl Departed {
    /// How many are remembered one by one; below them every absent id counts as departed, which costs a very
    /// late newcomer one more id.
    const RECENT: usize = 256;

    /// Remembers a node that was declared dead or left.
    pub fn insert(&mut self, node: NodeId) {
        self.recent.insert(node);
        if self.recent.len() > Self::RECENT
            && let Some(oldest) = self.recent.pop_first()
        {
            self.floor = self.floor.max(oldest.0 + 1);
        }
    }

    /// Whether the node, which is no member now, may never be one again.
    #[must_use]
    pub fn contains(&self, node: NodeId) -> bool {
        node.0 < self.floor || self.recent.contains(&node)
    }
}

/// What this process's Raft knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RaftView {
    /// The group whose log this is.
    pub group: Group,
    /// The current term.
    pub term: u64,
    /// The leader of the term.
    pub leader: Option<NodeId>,
    /// The newest member list in the log, committed or not.
    pub members: BTreeMap<NodeId, ServerId>,
    /// The newest voters, of both lists during a change.
    pub voters: BTreeSet<NodeId>,
    /// On the leader, when it sent the newest round that a majority (both, during a change) has acknowledged.
    pub quorum_round: Micros,
    /// Committed departures.
    pub departed: Departed,
}

/// Who a message goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Peer {
    /// This life only.
    Node(NodeId),
    /// Whoever lives on that server.
    Server(ServerId),
}

/// What the caller has to do. All are safe to lose and to repeat.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Send a message.
    Send(Peer, Message),
    /// Read the row and the registry; answer with `on_row` and `on_servers`.
    ReadRow,
    /// `lease_seq + 1`, `lease_until = now + group_lease` where the row has this group; list and unlist in the
    /// same statement. Answer with `on_renewed`.
    RenewRow {
        /// The group to renew.
        group: Group,
        /// Members that must be listed.
        list: BTreeMap<NodeId, ServerId>,
        /// Departed ones that must not be.
        unlist: BTreeSet<NodeId>,
    },
    /// List a newcomer where the row has this group; answer with `on_listed`.
    ListMember(Group, NodeId, ServerId),
    /// Add a learner to the Raft group.
    AddMember(NodeId, ServerId),
    /// Remove a member from the Raft group; it is dead once that is committed.
    DeclareDead(NodeId),
    /// Where the row is as expected and the grounds hold in the database: a new epoch, a new group id, a new node
    /// id, which is the only member. Answer with [`super::Lease::taken`].
    TakeOver {
        /// What the row has to be still.
        expected: RowKey,
        /// The lease must be past ([`Grounds::Expired`]), this member listed, or the row released.
        grounds: Grounds,
        /// Now, by the own clock: goes back with the answer.
        asked_at: Micros,
    },
    /// Connect to the server's cluster port; answer with `on_attempt`.
    TryProof(ServerId),
    /// This life is over: drop its Raft, take a new node id, go on with [`super::Lease::reborn`].
    Leave,
}
