//! Links between nodes, over real sockets on the loopback.
#![allow(clippy::unwrap_used, missing_docs)]

mod calls;
mod death;
mod meeting;
mod proxy;
mod strangers;
mod stream;
mod support;
