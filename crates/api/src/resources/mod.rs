//! The resources, one file each.

pub(crate) mod accounts;
pub(crate) mod administrators;
pub(crate) mod audit;
pub(crate) mod certificates;
pub(crate) mod cluster;
pub(crate) mod properties;
pub(crate) mod server;
pub(crate) mod sessions;
pub(crate) mod tokens;
