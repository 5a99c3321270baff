//! The relay's half of SCRAM: everybody has the same password, and its keys lie ready.

use super::message::{decode, encode, field};
use super::{Hash, Keys};

/// Rounds of key stretching; only the client ever pays for them.
const ROUNDS: u32 = 4096;
const SALT: &[u8] = b"no secret at all";

/// The one password, ready for both mechanisms.
#[derive(Debug)]
pub struct Password {
    sha1: Keys,
    sha256: Keys,
    salt: String,
}

impl Password {
    /// Derives the keys of `password` once.
    #[must_use]
    pub fn new(password: &str) -> Self {
        let keys = |hash| Keys::derive(hash, password.as_bytes(), SALT, ROUNDS);
        Self {
            sha1: keys(Hash::Sha1),
            sha256: keys(Hash::Sha256),
            salt: encode(SALT),
        }
    }

    /// The keys as members of a JSON object, for servers that take accounts so.
    #[must_use]
    pub fn to_json(&self) -> String {
        let member = |name: &str, keys: &Keys| {
            format!(
                "\"{name}\":{{\"salt\":\"{}\",\"iterations\":{ROUNDS},\
                 \"stored_key\":\"{}\",\"server_key\":\"{}\"}}",
                self.salt,
                encode(&keys.stored),
                encode(&keys.server)
            )
        };
        format!(
            "{},{}",
            member("scram-sha-1", &self.sha1),
            member("scram-sha-256", &self.sha256)
        )
    }

    fn keys(&self, hash: Hash) -> &Keys {
        match hash {
            Hash::Sha1 => &self.sha1,
            Hash::Sha256 => &self.sha256,
        }
    }
}

/// One authentication in progress.
#[derive(Debug)]
pub struct Exchange {
    hash: Hash,
    user: String,
    /// `client-first-message-bare` "," `server-first-message`.
    transcript: String,
    /// Where `server-first-message` begins in it.
    challenge: usize,
}

impl Exchange {
    /// Takes `client-first-message`; `nonce` is the server's part of the nonce.
    #[must_use]
    pub fn new(hash: Hash, first: &str, nonce: &str, password: &Password) -> Option<Self> {
        let bare = first.splitn(3, ',').nth(2)?;
        let user = field(bare, 'n')?.to_owned();
        let client_nonce = field(bare, 'r')?;
        let salt = &password.salt;
        let transcript = format!("{bare},r={client_nonce}{nonce},s={salt},i={ROUNDS}");
        Some(Self {
            hash,
            user,
            challenge: bare.len() + 1,
            transcript,
        })
    }

    /// `server-first-message`.
    #[must_use]
    pub fn challenge(&self) -> &str {
        &self.transcript[self.challenge..]
    }

    /// Checks `client-final-message`: the user's name and `server-final-message`, or `None` for
    /// a wrong password.
    #[must_use]
    pub fn finish(self, last: &str, password: &Password) -> Option<(String, String)> {
        let keys = password.keys(self.hash);
        let unproven = &last[..last.rfind(",p=")?];
        let auth_message = format!("{},{unproven}", self.transcript);
        let proof = decode(field(last, 'p')?)?;
        let client_key = keys.mask(&proof, auth_message.as_bytes());
        if keys.hash.digest(&client_key) != keys.stored {
            return None;
        }
        let verifier = encode(&keys.verifier(auth_message.as_bytes()));
        Some((self.user, format!("v={verifier}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scram::client;

    fn log_in(hash: Hash, typed: &str) -> Option<(String, bool)> {
        let password = Password::new("pencil");
        let client = client::Exchange::new(hash, "juliet", "abc");
        let server = Exchange::new(hash, &client.first(), "xyz", &password)?;
        let mut cache = client::KeyCache::default();
        let answer = client.answer(server.challenge(), typed, &mut cache)?;
        let (user, last) = server.finish(&answer.message, &password)?;
        Some((user, last == answer.expected))
    }

    #[test]
    fn both_halves_understand_each_other() {
        for hash in Hash::ALL {
            assert_eq!(log_in(hash, "pencil"), Some(("juliet".to_owned(), true)));
            assert_eq!(log_in(hash, "pencils"), None);
        }
    }
}
