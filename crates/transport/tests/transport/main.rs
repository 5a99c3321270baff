//! The whole crate over real sockets on loopback.
#![allow(clippy::unwrap_used, missing_docs)]

mod certificates;
mod client_certificate;
mod descriptors;
mod figures;
mod handshake;
mod hostile;
mod io;
mod limits;
mod proxy;
mod support;
