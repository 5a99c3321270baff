//! Other nodes. Knows no stanza: it carries bytes.
//!
//! | to find | look in |
//! |---|---|
//! | who might be another node | `discovery` |
//! | who may act, and until when | `lease`, and this crate's README |
//! | who votes | `voters` |
//! | connections between nodes, encrypted and ordered | `link` |
//!
//! The consensus that will hold the caches, and what drives all this, are not here yet: the binary does not use it.

pub mod discovery;
mod ids;
pub mod lease;
pub mod link;
mod settings;
pub mod voters;

pub use ids::{Group, NodeId};
pub use settings::Settings;
