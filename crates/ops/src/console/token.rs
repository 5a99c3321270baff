//! What a browser holds of a login, or a program of its power.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use sha2::{Digest, Sha256};

/// 256 random bits; who has them is let in.
#[derive(Clone, PartialEq, Eq)]
pub struct Token([u8; 32]);

impl Token {
    pub(crate) fn new() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system's random source works");
        Self(bytes)
    }

    /// From a cookie or header; none where it can be no token.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let bytes = URL_SAFE_NO_PAD.decode(text).ok()?;
        Some(Self(bytes.try_into().ok()?))
    }

    /// For a cookie, and for nobody else.
    #[must_use]
    pub fn reveal(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.0)
    }

    /// What forms of this login carry, so that no other site can make one up. It leads back to no token.
    #[must_use]
    pub fn csrf(&self) -> String {
        URL_SAFE_NO_PAD.encode(self.derived(b"csrf"))
    }

    /// What the database keeps.
    pub(super) fn hash(&self) -> [u8; 32] {
        self.derived(b"session")
    }

    /// What the database keeps of a token for the API.
    pub(crate) fn api_hash(&self) -> [u8; 32] {
        self.derived(b"api")
    }

    fn derived(&self, purpose: &[u8]) -> [u8; 32] {
        let mut hash = Sha256::new();
        hash.update(purpose);
        hash.update(self.0);
        hash.finalize().into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(••••••)")
    }
}

#[cfg(test)]
mod tests {
    use super::Token;

    #[test]
    fn a_token_survives_its_cookie_and_nothing_else_is_one() {
        let token = Token::new();
        assert_eq!(Token::read(&token.reveal()).as_ref(), Some(&token));
        assert_ne!(Token::new(), token);
        for text in [
            "",
            "x",
            &token.reveal()[1..],
            &format!("{}A", token.reveal()),
            &"ä".repeat(43),
        ] {
            assert_eq!(Token::read(text), None, "{text}");
        }
    }

    #[test]
    fn what_is_derived_differs_by_purpose_and_is_not_the_token() {
        let token = Token::new();
        assert_ne!(token.csrf(), token.reveal());
        assert_ne!(token.derived(b"csrf"), token.hash());
        assert_eq!(token.csrf(), token.csrf());
        assert!(!format!("{token:?}").contains(&token.reveal()));
    }
}
