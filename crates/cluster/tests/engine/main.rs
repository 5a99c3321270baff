//! Whole clusters in one process, on one database: what their users see of caches, events and tasks.
#![allow(clippy::unwrap_used, missing_docs)]

mod agreement;
mod caches;
mod events;
mod locks;
mod nodes;
mod switching;
mod tasks;
