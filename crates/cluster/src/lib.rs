//! Other nodes. Knows no stanza: it carries bytes.
//!
//! | to find | look in |
//! |---|---|
//! | what the server above uses, and what it is told | `engine` ([`Cluster`], [`Membership`], [`Host`]) |
//! | what all nodes agree on: members, entries of caches | `state` |
//! | how they come to agree | `raft` |
//! | who may act, and until when | `lease`, and this crate's README |
//! | who votes | `voters` |
//! | connections between nodes, encrypted and ordered | `link` |
//! | who might be another node | `discovery` |

mod clock;
pub mod discovery;
mod engine;
mod ids;
mod kind;
pub mod lease;
pub mod link;
mod raft;
mod settings;
pub mod state;
pub mod voters;

pub use engine::{Asked, Cluster, Fence, Here, Host, MemberHere, Membership, NotDone, Options, Stands, StartError};
pub use ids::{Group, NodeId};
pub use settings::Settings;
