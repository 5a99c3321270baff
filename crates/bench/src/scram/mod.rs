//! SCRAM (RFC 5802, RFC 7677) from both sides, without channel binding: the relay's half that
//! knows one password, and the load generator's half that remembers what it has derived.

pub mod client;
mod hash;
mod message;
pub mod server;

pub use hash::Hash;

/// What both sides derive from a password, a salt and a number of rounds.
#[derive(Debug)]
pub struct Keys {
    hash: Hash,
    client: Vec<u8>,
    stored: Vec<u8>,
    server: Vec<u8>,
}

impl Keys {
    /// RFC 5802 §3: `SaltedPassword` and the keys below it.
    #[must_use]
    pub fn derive(hash: Hash, password: &[u8], salt: &[u8], rounds: u32) -> Self {
        let salted = hash.stretch(password, salt, rounds);
        let client = hash.sign(&salted, b"Client Key");
        Self {
            stored: hash.digest(&client),
            server: hash.sign(&salted, b"Server Key"),
            client,
            hash,
        }
    }

    /// `ClientKey XOR ClientSignature`: undoes itself, so both sides use it.
    fn mask(&self, key: &[u8], auth_message: &[u8]) -> Vec<u8> {
        let signature = self.hash.sign(&self.stored, auth_message);
        key.iter().zip(signature).map(|(k, s)| k ^ s).collect()
    }

    /// `ServerSignature`.
    fn verifier(&self, auth_message: &[u8]) -> Vec<u8> {
        self.hash.sign(&self.server, auth_message)
    }
}
