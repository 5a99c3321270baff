//! What a chat server costs, measured against the least that the work can cost.
//!
//! [`relay`] is the floor: a program that carries stanzas and does nothing else. [`client`] is
//! the load generator, which speaks XMPP to the relay, to Hearth or to any other server;
//! [`scenario`] says what it does there. [`compare`] starts the servers in turn and
//! prints one table; [`console`] asks for an operator's pages; [`cluster`] does so with several servers of a cluster beside one alone.

pub mod child;
pub mod client;
pub mod cluster;
pub mod command;
pub mod compare;
pub mod console;
pub mod descriptors;
mod hearth;
pub mod histogram;
mod machine;
mod ports;
mod postgres;
pub mod process;
pub mod relay;
pub mod report;
pub mod scan;
pub mod scenario;
pub mod scram;
pub mod wire;
