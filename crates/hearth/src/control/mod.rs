//! The control socket: how commands reach the server that runs on the same data directory.
//!
//! A request is one line of JSON, an answer another. Only the data directory's owner (and root) is
//! heard. The same requests are answered by `desk` without a server, on the database.

mod acme;
mod client;
mod desk;
mod frame;
mod group;
mod message;
mod server;

pub(crate) use acme::AcmeRequest;
pub(crate) use client::{Client, ClientError};
pub(crate) use desk::Desk;
pub(crate) use group::GroupRequest;
pub(crate) use message::{Answer, Reply, Request, Status};
pub(crate) use server::{ControlServer, local};
