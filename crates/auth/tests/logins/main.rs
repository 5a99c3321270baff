//! Conversations with the door: every mechanism, honest clients and others, over a real database in memory.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod authzid;
mod enumeration;
mod guessing;
mod kept;
mod locked;
mod mechanisms;
mod offers;
mod passwords;
mod tokens;
mod upgrades;
mod world;
