//! Servers and databases for tests.

pub mod client;
pub mod databases;
pub mod groups;
pub mod house;
pub mod managed;
pub mod server;
pub mod street;
pub mod town;
pub mod wire;
