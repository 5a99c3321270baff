//! What a server keeps of a password (RFC 5802 §3).

use std::fmt;

use super::{Hash, Output};

/// An account's keys for one hash function, wherever they are kept.
#[derive(Clone, Copy)]
pub struct Keys<'a> {
    /// The salt.
    pub salt: &'a [u8],
    /// The iteration count.
    pub iterations: u32,
    /// `StoredKey`.
    pub stored_key: &'a [u8],
    /// `ServerKey`.
    pub server_key: &'a [u8],
}

impl Keys<'_> {
    /// Whether these are the keys of a `SaltedPassword`. Takes the same time for every wrong one.
    #[must_use]
    pub fn match_salted(&self, hash: Hash, salted_password: &[u8]) -> bool {
        DerivedKeys::from_salted(hash, salted_password)
            .stored_key
            .is(self.stored_key)
    }
}

impl fmt::Debug for Keys<'_> {
    /// Keys do not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("iterations", &self.iterations)
            .finish_non_exhaustive()
    }
}

/// The keys of a password.
#[derive(Debug, Clone, Copy)]
pub struct DerivedKeys {
    /// `H(ClientKey)`.
    pub stored_key: Output,
    /// `HMAC(SaltedPassword, "Server Key")`.
    pub server_key: Output,
    pub(super) client_key: Output,
}

impl DerivedKeys {
    /// From a password that [`saslprep`](crate::sasl::saslprep) has prepared. Takes milliseconds, on purpose.
    #[must_use]
    pub fn from_password(hash: Hash, password: &str, salt: &[u8], iterations: u32) -> Self {
        Self::from_salted(hash, &hash.stretch(password.as_bytes(), salt, iterations))
    }

    /// From the `SaltedPassword`, which is what the stretching makes.
    #[must_use]
    pub fn from_salted(hash: Hash, salted_password: &[u8]) -> Self {
        let client_key = hash.hmac(salted_password, &[b"Client Key"]);
        Self {
            stored_key: hash.digest(&client_key),
            server_key: hash.hmac(salted_password, &[b"Server Key"]),
            client_key,
        }
    }
}
