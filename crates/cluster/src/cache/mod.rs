//! Caches that all nodes share, and that work the same on a server that is alone.
//!
//! A handle stays the same for the life of the process; what is under it changes when clustering is switched on or off,
//! or this process is cut off and comes to another group. Reads never wait and never ask another node. Writes end when
//! the cluster has decided and this node knows it.
//!
//! | to find | look in |
//! |---|---|
//! | what a cache is made with, and how it fares | `definition` |
//! | reading and writing, and what comes of it | `handle`, `held` |
//! | locks | `lock` |
//! | a cache in words, and clearing it | `browse` |
//! | all caches of a process, by name | `registry` |
//! | where the entries are: here, or in the cluster; from one to the other | `place`, `publish` |

mod browse;
mod definition;
mod handle;
mod held;
mod lock;
mod place;
mod publish;
mod registry;

#[cfg(test)]
mod tests;

pub use browse::{Found, InWords, NotCleared, Search};
pub use definition::{Belongs, Definition, Face, Info, Lasts};
pub use handle::Cache;
pub use held::{Held, Written};
pub use lock::Lock;
pub use registry::Caches;
