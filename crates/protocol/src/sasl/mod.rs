//! SASL (RFC 4422) as XMPP uses it (RFC 6120 §6, XEP-0388): mechanisms as state machines from bytes to bytes.
//!
//! Nothing here asks a database or makes a random number: who runs an exchange brings the account's keys, a
//! nonce and what is known of the TLS channel.
//!
//! | to find | look in |
//! |---|---|
//! | names of mechanisms, and which are bound to the channel | [`Mechanism`] |
//! | SCRAM, both sides, and its keys | [`scram`] |
//! | PLAIN, EXTERNAL, ANONYMOUS | [`plain`], [`external`], [`anonymous`] |
//! | HT-SHA-256-…, the tokens of XEP-0484 | [`hashed_token`] |
//! | what to answer when it does not work | [`Failure`] |

pub mod anonymous;
mod channel_binding;
pub mod downgrade;
pub mod external;
mod failure;
pub mod hashed_token;
mod mechanism;
pub mod payload;
pub mod plain;
mod prepare;
pub mod scram;

pub use channel_binding::{Channel, ChannelBinding};
pub use failure::{Failure, FailureCondition};
pub use mechanism::{Mechanism, UnknownMechanism};
pub use prepare::{BadPassword, PASSWORD_MAX_BYTES, saslprep};
