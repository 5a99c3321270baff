//! Payloads, one file per XEP: what an [`crate::Element`] says, as a type, and back.

pub mod commands;
pub mod data_forms;
pub mod datetime;
pub mod delay;
pub mod disco;
pub mod hints;
pub mod register;
pub mod stanza_id;
