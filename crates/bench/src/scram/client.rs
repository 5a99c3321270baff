//! The load generator's half of SCRAM.

use super::message::{decode, encode, field};
use super::{Hash, Keys};
use std::collections::HashMap;
use std::rc::Rc;

/// Keys derived so far. Stretching a password costs more than a whole login at the server, so
/// that each is done once for every (password, salt, rounds), whatever number of logins follow.
#[derive(Debug, Default)]
pub struct KeyCache(HashMap<(Hash, String, Vec<u8>, u32), Rc<Keys>>);

impl KeyCache {
    fn keys(&mut self, hash: Hash, password: &str, salt: Vec<u8>, rounds: u32) -> Rc<Keys> {
        self.0
            .entry((hash, password.to_owned(), salt, rounds))
            .or_insert_with_key(|(hash, password, salt, rounds)| {
                Rc::new(Keys::derive(*hash, password.as_bytes(), salt, *rounds))
            })
            .clone()
    }
}

/// One authentication in progress.
#[derive(Debug)]
pub struct Exchange {
    hash: Hash,
    first_bare: String,
}

/// What the client answers a challenge with, and what it will demand of the server.
#[derive(Debug)]
pub struct Answer {
    /// `client-final-message`.
    pub message: String,
    /// `server-final-message` of a server that knows the password.
    pub expected: String,
}

impl Exchange {
    /// Begins for `user` with a nonce that was never used before.
    #[must_use]
    pub fn new(hash: Hash, user: &str, nonce: &str) -> Self {
        Self {
            hash,
            first_bare: format!("n={user},r={nonce}"),
        }
    }

    /// `client-first-message`: the client supports no channel binding.
    #[must_use]
    pub fn first(&self) -> String {
        format!("n,,{}", self.first_bare)
    }

    /// Answers `server-first-message`; `None` when it is none.
    pub fn answer(&self, challenge: &str, password: &str, cache: &mut KeyCache) -> Option<Answer> {
        let nonce = field(challenge, 'r')?;
        let salt = decode(field(challenge, 's')?)?;
        let rounds = field(challenge, 'i')?.parse().ok()?;
        let keys = cache.keys(self.hash, password, salt, rounds);
        let unproven = format!("c=biws,r={nonce}");
        let auth_message = format!("{},{challenge},{unproven}", self.first_bare);
        let proof = keys.mask(&keys.client, auth_message.as_bytes());
        Some(Answer {
            message: format!("{unproven},p={}", encode(&proof)),
            expected: format!("v={}", encode(&keys.verifier(auth_message.as_bytes()))),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(hash: Hash, nonce: &str, challenge: &str, last: &str, verifier: &str) {
        let exchange = Exchange::new(hash, "user", nonce);
        assert_eq!(exchange.first(), format!("n,,n=user,r={nonce}"));
        let answer = exchange
            .answer(challenge, "pencil", &mut KeyCache::default())
            .expect("the challenge is complete");
        assert_eq!(answer.message, last);
        assert_eq!(answer.expected, verifier);
    }

    #[test]
    fn the_example_of_rfc_5802_comes_out() {
        check(
            Hash::Sha1,
            "fyko+d2lbbFgONRv9qkxdawL",
            "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
            "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,\
             p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
            "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
        );
    }

    #[test]
    fn the_example_of_rfc_7677_comes_out() {
        check(
            Hash::Sha256,
            "rOprNGfwEbeRWgbNEkqO",
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
             p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
            "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
        );
    }

    #[test]
    fn half_a_challenge_is_no_challenge() {
        let exchange = Exchange::new(Hash::Sha1, "user", "a");
        for challenge in ["", "r=ab", "r=ab,s=QQ==", "r=ab,s=?,i=1", "r=ab,s=QQ==,i=x"] {
            let answer = exchange.answer(challenge, "pencil", &mut KeyCache::default());
            assert!(answer.is_none(), "{challenge}");
        }
    }
}
