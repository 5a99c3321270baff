//! Consensus: one log for all nodes of a group. The only folder that sees openraft.
//!
//! Log and state are in memory: a life that ends takes its number with it, so whoever comes back is a new learner and
//! never a forgetful voter.
//!
//! | to find | look in |
//! |---|---|
//! | what the rest of the cluster calls | `consensus` |
//! | who belongs to openraft's configuration, brought in line with the members | `reconcile` |
//! | the log | `log` |
//! | applying it | `store` |
//! | calls between nodes, over the links | `wire`, `message`, `answer`, `carrier` |
//! | what the log promises, over a network that is made up | `simulation_tests` |
//! | what a majority has acknowledged, and when | `rounds` |

mod answer;
mod carrier;
mod consensus;
mod log;
mod message;
mod reconcile;
mod rounds;
#[cfg(test)]
mod simulation_tests;
mod store;
mod wire;

use crate::state::{Batch, Image, Outcome};

pub(crate) use consensus::{Consensus, LEADER_HOLDS, NotProposed};
pub(crate) use message::group_of;
pub(crate) use store::Watcher;

openraft::declare_raft_types!(
    /// What openraft is made of here.
    pub(crate) Types:
        D = Batch,
        R = Vec<Outcome>,
        Node = openraft::EmptyNode,
        SnapshotData = Image,
);

type Raft = openraft::Raft<Types>;
type LogId = openraft::LogId<u64>;
type Vote = openraft::Vote<u64>;
type Entry = openraft::Entry<Types>;
type Membership = openraft::StoredMembership<u64, openraft::EmptyNode>;
type StorageError = openraft::StorageError<u64>;
