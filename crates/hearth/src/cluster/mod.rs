//! The cluster and the switchboard, put together.
//!
//! | to find | look in |
//! |---|---|
//! | what the switchboard wants of other nodes, done by the cluster | `peers` |
//! | what the cluster says, told to the switchboard | `host` |
//! | what operators see and do | `desk` |
//! | what the cluster is started with | `options` |

mod desk;
mod host;
mod options;
mod peers;
mod question;

pub(crate) use desk::ClusterDesk;
pub(crate) use host::{ClusterHost, stand_apart};
pub(crate) use options::options;

use cluster::state::CacheId;

/// Sessions by their full JIDs, each its node's.
const SESSIONS: CacheId = CacheId(1);
