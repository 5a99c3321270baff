//! The resources, one file each.

pub(crate) mod accounts;
pub(crate) mod acme;
pub(crate) mod administrators;
pub(crate) mod audit;
pub(crate) mod certificates;
pub(crate) mod cluster;
pub(crate) mod contacts;
pub(crate) mod groups;
pub(crate) mod history;
pub(crate) mod hosts;
pub(crate) mod members;
pub(crate) mod nodes;
pub(crate) mod offline;
pub(crate) mod properties;
pub(crate) mod server;
pub(crate) mod sessions;
pub(crate) mod tokens;
pub(crate) mod vcards;
