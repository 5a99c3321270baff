//! The server's side of SCRAM.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::message::{Final, First, Gs2Flag};
use super::{Hash, Keys, Output};
use crate::sasl::{Channel, ChannelBinding, Failure, FailureCondition};

/// What was agreed before the first message.
#[derive(Debug, Clone, Copy)]
pub struct Terms<'a> {
    /// Whether the mechanism is a `-PLUS` form.
    pub plus: bool,
    /// Whether any `-PLUS` form was offered on this connection.
    pub plus_offered: bool,
    /// The connection to bind to.
    pub channel: Channel<'a>,
}

/// A client-first-message that was understood.
#[derive(Debug)]
pub struct ClientFirst {
    /// Who the client is.
    pub username: String,
    /// Who it wants to act as.
    pub authzid: Option<String>,
    nonce: String,
    bare: String,
    /// What the client-final-message must bind: the GS2 header and the channel's data.
    binding: Vec<u8>,
}

impl ClientFirst {
    /// Reads the client's first message.
    ///
    /// # Errors
    /// `malformed-request` where the message does not follow the grammar, `not-authorized` where its
    /// channel-binding flag shows that somebody has changed what we offered.
    pub fn parse(message: &[u8], terms: Terms<'_>) -> Result<Self, Failure> {
        let message = std::str::from_utf8(message).map_err(|_| Failure::malformed("the message is not UTF-8"))?;
        let first = First::parse(message)?;
        let data = terms.data(first.flag)?;
        let (header, bare) = message.split_at(first.header_bytes);
        Ok(Self {
            username: first.username.into_owned(),
            authzid: first.authzid.map(std::borrow::Cow::into_owned),
            nonce: first.nonce.to_owned(),
            bare: bare.to_owned(),
            binding: [header.as_bytes(), data].concat(),
        })
    }

    /// The server-first-message for an account's keys, and what will judge the answer to it.
    ///
    /// `nonce` is ours: printable, without comma, never used before. `attributes` are extensions with the comma
    /// before each, as [`downgrade::attributes`](crate::sasl::downgrade::attributes) makes them.
    #[must_use]
    pub fn challenge(self, hash: Hash, keys: &Keys<'_>, nonce: &str, attributes: &str) -> (String, Exchange) {
        let Self {
            nonce: client_nonce,
            bare,
            binding,
            ..
        } = self;
        let nonce = client_nonce + nonce;
        let salt = STANDARD.encode(keys.salt);
        let message = format!("r={nonce},s={salt},i={}{attributes}", keys.iterations);
        let exchange = Exchange {
            hash,
            messages: format!("{bare},{message},"),
            nonce,
            binding,
            stored_key: keys.stored_key.to_vec(),
            server_key: keys.server_key.to_vec(),
        };
        (message, exchange)
    }
}

impl<'a> Terms<'a> {
    /// The channel's data that goes with a flag.
    fn data(self, flag: Gs2Flag<'_>) -> Result<&'a [u8], Failure> {
        match flag {
            Gs2Flag::Bound(_) if !self.plus => Err(Failure::malformed(
                "this mechanism has no channel binding; its -PLUS form does",
            )),
            Gs2Flag::Bound(name) => ChannelBinding::ALL
                .into_iter()
                .find(|binding| binding.as_str() == name)
                .and_then(|binding| self.channel.data(binding))
                .ok_or_else(|| Failure::malformed("this connection is not bound by this type of channel binding")),
            _ if self.plus => Err(Failure::malformed("a -PLUS mechanism needs channel binding")),
            // RFC 5802 §6: we did offer it, so somebody between us took it away.
            Gs2Flag::NotOffered if self.plus_offered => Err(Failure::new(
                FailureCondition::NotAuthorized,
                "channel binding was offered, and the client did not see it",
            )),
            Gs2Flag::NotOffered | Gs2Flag::Unsupported => Ok(b""),
        }
    }
}

/// A challenge that waits for its answer.
pub struct Exchange {
    hash: Hash,
    /// `client-first-message-bare "," server-first-message ","`, the beginning of `AuthMessage`.
    messages: String,
    nonce: String,
    binding: Vec<u8>,
    stored_key: Vec<u8>,
    server_key: Vec<u8>,
}

impl Exchange {
    /// Judges the client-final-message; the server-final-message when the client knows the password.
    ///
    /// # Errors
    /// `malformed-request` where the message does not follow the grammar, otherwise `not-authorized`.
    pub fn finish(self, message: &[u8]) -> Result<String, Failure> {
        let message = std::str::from_utf8(message).map_err(|_| Failure::malformed("the message is not UTF-8"))?;
        let last = Final::parse(message)?;
        let binding = STANDARD
            .decode(last.binding)
            .map_err(|_| Failure::malformed("the channel binding is not base64"))?;
        let auth_message: [&[u8]; 2] = [self.messages.as_bytes(), last.without_proof.as_bytes()];
        let is_proven = self.is_proven(last.proof, &auth_message);
        if !is_proven || last.nonce != self.nonce || binding != self.binding {
            return Err(Failure::not_authorized());
        }
        let signature = self.hash.hmac(&self.server_key, &auth_message);
        Ok(format!("v={}", STANDARD.encode(&*signature)))
    }

    /// RFC 5802 §3: `H(ClientProof XOR ClientSignature) = StoredKey`.
    fn is_proven(&self, proof: &str, auth_message: &[&[u8]]) -> bool {
        let Ok(proof) = STANDARD.decode(proof) else {
            return false;
        };
        if proof.len() != self.hash.output_bytes() {
            return false;
        }
        let client_key: Output = self.hash.hmac(&self.stored_key, auth_message).xor(&proof);
        self.hash.digest(&client_key).is(&self.stored_key)
    }
}

impl std::fmt::Debug for Exchange {
    /// Keys do not belong in logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Exchange")
            .field("hash", &self.hash)
            .finish_non_exhaustive()
    }
}
