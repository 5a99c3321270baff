//! One file for each page.

pub(crate) mod account;
pub(crate) mod accounts;
pub(crate) mod administrators;
pub(crate) mod audit;
pub(crate) mod cluster;
pub(crate) mod events;
pub(crate) mod login;
pub(crate) mod node;
pub(crate) mod overview;
pub(crate) mod properties;
pub(crate) mod property;
pub(crate) mod sessions;
pub(crate) mod setup;
pub(crate) mod tokens;
