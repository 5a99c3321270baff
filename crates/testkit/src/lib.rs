//! Servers and databases for tests.

pub mod databases;
pub mod client;
pub mod wire;
