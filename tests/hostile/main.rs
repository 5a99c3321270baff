//! Hostile clients: the checklist of what they try, item by item, over plain TCP, STARTTLS and direct TLS.
//!
//! A row of a table is one thing that a client does at one moment of its stream, and what must come of it. Through all of them two
//! people chat, and lose nothing; see `stage` for what else is watched.

#![allow(clippy::unwrap_used, reason = "a test that can not go on ends")]

mod bind_and_acks;
mod cycles;
mod floods;
mod sasl;
mod stage;
mod stanzas;
mod streams;
mod xml;
