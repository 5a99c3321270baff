//! Who may act: the lease rules as one state machine per process life.
//!
//! Knows no clock, socket or task. Every input carries `now`; what has to be done comes out as [`Effect`]s. The
//! rules, their reasons and what holds each are in this crate's README.

mod arbiter;
mod bugs;
mod leader;
mod life;
mod member;
mod proof;
mod reach;
mod settings;
mod words;

pub use bugs::Bug;
pub use life::{Lease, MAX_EFFECTS, MAX_SERVERS};
pub use settings::{SECOND, Settings};
pub use words::{
    Answer, Ask, Departed, Effect, Grant, Grounds, Message, Micros, NEVER, Peer, RaftView, Row, RowKey, ServerId,
};
