//! What all nodes of a cluster agree on: who belongs to it, and the entries of the clustered caches.
//!
//! Pure: commands in, outcomes and changes out. Every node applies the same commands in the same order and comes to
//! the same state; nothing here looks at a clock, draws a number or waits.
//!
//! | to find | look in |
//! |---|---|
//! | what can be asked, and what comes of it | `command` |
//! | who does it | `machine` |
//! | copying all of it without stopping | `shards` |
//! | the state as bytes, for a node that joins | `image` |

mod command;
mod image;
mod machine;
mod shards;

pub use command::{Batch, CacheId, Change, Command, Entry, Expect, Member, Outcome, Put, Remove};
pub(crate) use command::{MAX_BATCH_BYTES, MAX_BATCH_COMMANDS};
pub(crate) use image::{Image, ImageReader};
pub use machine::Machine;
