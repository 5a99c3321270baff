//! What all nodes of a cluster agree on: who belongs to it, and the entries of the clustered caches.
//!
//! Pure: commands in, outcomes and changes out. Every node applies the same commands in the same order and comes to
//! the same state; nothing here looks at a clock, draws a number or waits.
//!
//! | to find | look in |
//! |---|---|
//! | what can be asked, and what comes of it | `command` |
//! | who does it | `machine` |
//! | one cache: what it takes, who makes room, who vanishes when | `contents`, `order` |
//! | copying all of it without stopping | `shards` |
//! | an entry in its place | `record` |
//! | the state as bytes, for a node that joins | `image` |

mod command;
mod contents;
mod image;
mod machine;
mod order;
mod record;
mod shards;

#[cfg(test)]
mod random_tests;

pub use command::{Batch, Bound, CacheId, Change, Claim, Command, Entry, Expect, Member, Outcome, Put, Remove};
pub(crate) use command::{MAX_BATCH_BYTES, MAX_BATCH_COMMANDS};
pub use contents::Size;
pub(crate) use image::{Image, ImageReader};
pub use machine::Machine;
pub use record::Seen;
