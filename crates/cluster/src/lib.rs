//! Other nodes. Knows no stanza: it carries bytes.
//!
//! | to find | look in |
//! |---|---|
//! | what the server above uses, and what it is told | `engine` ([`Cluster`], [`Membership`], [`Host`]) |
//! | caches that all nodes share, and locks | `cache` ([`Caches`], [`Cache`], [`Lock`]) |
//! | who has joined, has left, leads | `events` ([`Event`]) |
//! | requests to one, some or all nodes | `tasks` ([`Tasks`], [`Task`]) |
//! | what all nodes agree on: members, entries of caches | `state` |
//! | how they come to agree | `raft` |
//! | who may act, and until when | `lease`, and this crate's README |
//! | who votes | `voters` |
//! | connections between nodes, encrypted and ordered | `link` |
//! | who might be another node | `discovery` |

mod cache;
mod clock;
pub mod discovery;
mod engine;
mod events;
mod ids;
mod kind;
pub mod lease;
pub mod link;
mod raft;
mod settings;
pub mod state;
mod tasks;
pub mod voters;

pub use cache::{
    Belongs, Cache, Caches, Definition, Face, Found, Held, InWords, Info, Lasts, Lock, NotCleared, Search, Written,
};
pub use engine::{
    Above, Asked, Cluster, Fence, Figures, Here, Host, MemberHere, Membership, NotDone, Options, Stands, StartError,
};
pub use events::{Event, Heard};
pub use ids::{Group, NodeId};
pub use settings::Settings;
pub use tasks::{Task, TaskError, Tasks, Whom};
