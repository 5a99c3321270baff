//! HT-SHA-256-… (draft-schmaus-kitten-sasl-ht-09, the version XEP-0484 names): a token is proven, in one round trip.

use super::Failure;
use super::scram::{Hash, Output};

const HASH: Hash = Hash::Sha256;

/// `authcid NUL initiator-hashed-token`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// Who the client is.
    pub authcid: &'a str,
    hashed_token: &'a [u8],
}

impl<'a> Message<'a> {
    /// Reads the client's only message.
    ///
    /// # Errors
    /// `malformed-request` unless it is a name, a NUL and a hash.
    pub fn parse(message: &'a [u8]) -> Result<Self, Failure> {
        const BAD: &str = "the message is not a name, a NUL and a hashed token";
        let end = message
            .iter()
            .position(|byte| *byte == 0)
            .ok_or_else(|| Failure::malformed(BAD))?;
        let (authcid, hashed_token) = (&message[..end], &message[end + 1..]);
        let authcid = std::str::from_utf8(authcid).map_err(|_| Failure::malformed(BAD))?;
        if authcid.is_empty() || hashed_token.is_empty() {
            return Err(Failure::malformed(BAD));
        }
        Ok(Self { authcid, hashed_token })
    }

    /// Whether the client has this token. Takes the same time for every wrong one.
    #[must_use]
    pub fn proves(&self, token: &str, channel_data: &[u8]) -> bool {
        HASH.hmac(token.as_bytes(), &[b"Initiator", channel_data])
            .is(self.hashed_token)
    }
}

/// What the server answers, to prove that it has the token too.
#[must_use]
pub fn responder(token: &str, channel_data: &[u8]) -> Output {
    HASH.hmac(token.as_bytes(), &[b"Responder", channel_data])
}

/// What a client sends.
#[must_use]
pub fn initiator(authcid: &str, token: &str, channel_data: &[u8]) -> Vec<u8> {
    let hashed_token = HASH.hmac(token.as_bytes(), &[b"Initiator", channel_data]);
    [authcid.as_bytes(), b"\0", &hashed_token].concat()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn only_the_same_token_on_the_same_channel_proves_anything() {
        let sent = initiator("juliet", "secret-token:a", b"channel");
        let message = Message::parse(&sent).unwrap();
        assert_eq!(message.authcid, "juliet");
        assert!(message.proves("secret-token:a", b"channel"));
        assert!(!message.proves("secret-token:b", b"channel"));
        assert!(!message.proves("secret-token:a", b"another"));
        assert!(
            !Message::parse(&sent[..sent.len() - 1])
                .unwrap()
                .proves("secret-token:a", b"channel")
        );
        assert!(
            !responder("secret-token:a", b"channel").is(message.hashed_token),
            "an echo is no answer"
        );
    }

    #[test]
    fn the_hash_is_an_hmac_over_a_word_and_the_channel() {
        // By Python's hmac module.
        let initiated = initiator("j", "secret-token:a", b"");
        assert_eq!(
            hex(&initiated[2..]),
            "55156d9745f87547f960e5a0409e375c7742a8b23a66357daaa49efdf3a8f608"
        );
        let answered = responder("secret-token:a", &[1, 2]);
        assert_eq!(
            hex(&answered),
            "886f0cbbd9a9220b7156402004fb8238e60927fb37c15af8a93406727a68d3f2"
        );
    }

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[test]
    fn messages_without_name_or_hash_are_malformed() {
        for message in [&b""[..], b"\0", b"juliet", b"juliet\0", b"\0abc", b"\xff\0abc"] {
            assert!(Message::parse(message).is_err(), "{message:?}");
        }
    }
}
