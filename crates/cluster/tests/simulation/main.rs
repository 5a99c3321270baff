//! The lease rules in thousands of hostile worlds. The real code runs; network, database, clocks and Raft are
//! simulated.
//!
//! `HEARTH_SIM_SEED=17 HEARTH_SIM_WORLDS=1 HEARTH_SIM_TRACE=1` tells one world.

#![allow(clippy::cast_possible_truncation, clippy::unwrap_used)]

mod database;
mod faults;
mod network;
mod one_group;
#[cfg(feature = "planted-bugs")]
mod planted;
mod process;
mod raft;
mod random;
mod service_returns;
mod the_dead;
mod world;
mod worlds;
