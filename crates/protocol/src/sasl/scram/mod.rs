//! SCRAM (RFC 5802; RFC 7677 for SHA-256): the password is proven, never sent, and the server keeps only keys.
//!
//! A server reads [`ClientFirst`], looks up the account's [`Keys`], sends the [`ClientFirst::challenge`] and
//! judges the answer with [`Exchange::finish`]: two HMACs and one hash, whatever the iteration count is.

mod client;
mod hash;
mod keys;
mod message;
mod server;

pub use client::{Client, ClientError};
pub use hash::{Hash, Output};
pub use keys::{DerivedKeys, Keys};
pub use message::GS2_NONCE_MAX_BYTES;
pub use server::{ClientFirst, Exchange, Terms};

#[cfg(test)]
mod tests;
