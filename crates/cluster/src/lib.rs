//! The Raft-backed clustered cache: membership, discovery, node links, cluster tasks, events.
//!
//! The only crate that sees openraft. Knows no stanza: it carries bytes.

pub mod discovery;
mod ids;
pub mod lease;
pub mod link;
pub mod voters;

pub use ids::{Group, NodeId};
