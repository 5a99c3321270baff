//! The client's side of SCRAM: for tests, probes and whatever logs in somewhere.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::message::{escaped, server_first};
use super::{DerivedKeys, Hash};
use crate::sasl::ChannelBinding;

/// One authentication in progress.
#[derive(Debug)]
pub struct Client {
    hash: Hash,
    header: String,
    data: Vec<u8>,
    bare: String,
    nonce: String,
}

/// Why a server's challenge cannot be answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ClientError {
    /// It does not follow the grammar.
    #[error("the server's challenge is malformed")]
    Malformed,
    /// It does not continue our nonce: it answers somebody else.
    #[error("the server's nonce does not begin with ours")]
    Nonce,
}

impl Client {
    /// Begins for a user, with a nonce that was never used before, without channel binding.
    #[must_use]
    pub fn new(hash: Hash, username: &str, nonce: &str) -> Self {
        Self {
            hash,
            header: "n,,".to_owned(),
            data: Vec::new(),
            bare: format!("n={},r={nonce}", escaped(username)),
            nonce: nonce.to_owned(),
        }
    }

    /// Bound to the channel: for the `-PLUS` forms.
    #[must_use]
    pub fn bound(mut self, binding: ChannelBinding, data: &[u8]) -> Self {
        self.header = format!("p={binding},,");
        self.data = data.to_vec();
        self
    }

    /// With another GS2 header: `y,,` for a client that was offered no channel binding, `n,a=…,` for one that
    /// wants to act as somebody.
    #[must_use]
    pub fn with_header(mut self, header: &str) -> Self {
        header.clone_into(&mut self.header);
        self
    }

    /// The client-first-message.
    #[must_use]
    pub fn first(&self) -> String {
        format!("{}{}", self.header, self.bare)
    }

    /// The client-final-message, and the server-final-message of a server that knows the password.
    ///
    /// # Errors
    /// Where the challenge is malformed or answers another client.
    pub fn answer(&self, challenge: &str, password: &str) -> Result<(String, String), ClientError> {
        let (nonce, salt, iterations) = server_first(challenge).map_err(|_| ClientError::Malformed)?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(ClientError::Nonce);
        }
        let salt = STANDARD.decode(salt).map_err(|_| ClientError::Malformed)?;
        let iterations = iterations.parse().map_err(|_| ClientError::Malformed)?;
        let keys = DerivedKeys::from_password(self.hash, password, &salt, iterations);
        let binding = STANDARD.encode([self.header.as_bytes(), &self.data].concat());
        let without_proof = format!("c={binding},r={nonce}");
        let auth_message = format!("{},{challenge},{without_proof}", self.bare);
        let signature = self.hash.hmac(&keys.stored_key, &[auth_message.as_bytes()]);
        let proof = STANDARD.encode(&*keys.client_key.xor(&signature));
        let verifier = self.hash.hmac(&keys.server_key, &[auth_message.as_bytes()]);
        Ok((
            format!("{without_proof},p={proof}"),
            format!("v={}", STANDARD.encode(&*verifier)),
        ))
    }
}
