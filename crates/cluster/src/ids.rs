//! Who is who: one life of a process, and the group it belongs to.

use std::fmt;

use serde::{Deserialize, Serialize};

/// One life of one server process. Taken from a locked database row and never used again, so that a process that
/// restarts with an empty log is a new voter and not a forgetful old one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct NodeId(pub u64);

/// Which cluster: a number that only grows, and a random name, so that a database failover that forgets the last
/// commit cannot hand out the same epoch twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Group {
    /// Counts take-overs.
    pub epoch: u64,
    /// 128 random bits.
    pub id: u128,
}

impl fmt::Display for NodeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{:032x}", self.epoch, self.id)
    }
}
