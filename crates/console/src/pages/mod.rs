//! One file for each page.

pub(crate) mod account;
pub(crate) mod accounts;
pub(crate) mod administrators;
pub(crate) mod audit;
pub(crate) mod blocked;
pub(crate) mod cluster;
pub(crate) mod contacts;
pub(crate) mod events;
pub(crate) mod group;
pub(crate) mod groups;
pub(crate) mod login;
pub(crate) mod node;
pub(crate) mod offline;
pub(crate) mod overview;
pub(crate) mod people;
pub(crate) mod portable;
pub(crate) mod properties;
pub(crate) mod property;
pub(crate) mod sessions;
pub(crate) mod setup;
pub(crate) mod vcard;
