//! Many connections on one thread: what the relay and the load generator have in common.
//!
//! A round of the [`Hub`] waits for events, reads whatever there is from every socket that has
//! something, hands over stanza by stanza, and at its end writes once to every socket that
//! somebody had something to say to. Nothing else: no task, no channel, no lock.

mod hub;
mod inlet;
mod outlet;
mod scratch;
pub mod tls;

pub use hub::{Handler, Hub, Next};
pub use outlet::Outlets;
