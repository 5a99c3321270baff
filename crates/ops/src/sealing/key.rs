//! The key that secrets in the database are encrypted with, and what is encrypted with it.

use std::fmt::Write as _;

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use sha2::{Digest, Sha256};

/// A key of AES-256-GCM (NIST SP 800-38D). It shows itself to nobody but who takes it out.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey([u8; 32]);

/// What names a key without giving it away: a part of its hash.
pub type KeyId = [u8; 4];

/// The form of what is written: this byte, the key's name, the nonce, the ciphertext with its tag.
const FORM: u8 = 1;
const ID_BYTES: usize = 4;
const HEAD_BYTES: usize = 1 + ID_BYTES + NONCE_LEN;
const TAG_BYTES: usize = 16;

/// Why something cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closed {
    /// It was encrypted with another key.
    OtherKey(KeyId),
    /// It was changed, belongs elsewhere, or is of a form that this version does not know.
    Damaged,
}

impl SecretKey {
    /// A new one.
    #[must_use]
    pub fn generate() -> Self {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).expect("the system's random source works");
        Self(bytes)
    }

    /// From 64 hexadecimal digits, as `openssl rand -hex 32` prints them; none where the text is something else.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let mut bytes = [0; 32];
        if text.len() != 64 || !text.is_ascii() {
            return None;
        }
        for (byte, place) in bytes.iter_mut().zip((0..64).step_by(2)) {
            *byte = u8::from_str_radix(&text[place..place + 2], 16).ok()?;
        }
        Some(Self(bytes))
    }

    /// The digits.
    #[must_use]
    pub fn reveal(&self) -> String {
        hex(&self.0)
    }

    /// What names it.
    #[must_use]
    pub fn id(&self) -> KeyId {
        let hash = Sha256::digest([b"hearth secret key\0".as_slice(), &self.0].concat());
        [hash[0], hash[1], hash[2], hash[3]]
    }

    fn aead(&self) -> RandomizedNonceKey {
        RandomizedNonceKey::new(&AES_256_GCM, &self.0).expect("the key is as long as the cipher wants it")
    }

    /// Encrypts, for this place and no other.
    pub(super) fn seal(&self, place: &str, text: &[u8]) -> Vec<u8> {
        let mut body = text.to_vec();
        let nonce = self
            .aead()
            .seal_in_place_append_tag(Aad::from(place.as_bytes()), &mut body)
            .expect("what is sealed is shorter than the cipher's bound");
        let mut sealed = vec![FORM];
        sealed.extend(self.id());
        sealed.extend(nonce.as_ref());
        sealed.extend(body);
        sealed
    }

    /// Decrypts what was encrypted for this place.
    pub(super) fn open(&self, place: &str, sealed: &[u8]) -> Result<Vec<u8>, Closed> {
        let id = id_of(sealed).ok_or(Closed::Damaged)?;
        if id != self.id() {
            return Err(Closed::OtherKey(id));
        }
        let (head, body) = sealed.split_at(HEAD_BYTES);
        let nonce = Nonce::try_assume_unique_for_key(&head[1 + ID_BYTES..]).map_err(|_| Closed::Damaged)?;
        let mut body = body.to_vec();
        let opened = self
            .aead()
            .open_in_place(nonce, Aad::from(place.as_bytes()), &mut body)
            .map_err(|_| Closed::Damaged)?;
        Ok(opened.to_vec())
    }
}

/// The name of the key that something was encrypted with; none where it is not encrypted.
pub(super) fn id_of(sealed: &[u8]) -> Option<KeyId> {
    let is_long_enough = sealed.len() >= HEAD_BYTES + TAG_BYTES;
    let id = sealed.get(1..=ID_BYTES)?.try_into().ok()?;
    (is_long_enough && sealed[0] == FORM).then_some(id)
}

pub(super) fn hex(bytes: &[u8]) -> String {
    let mut text = String::new();
    for byte in bytes {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sealed_opens_in_its_place_with_its_key_and_not_otherwise() {
        let (key, other) = (SecretKey::generate(), SecretKey::generate());
        for text in ["", "p", "open sesame", &"x".repeat(40_000)] {
            let sealed = key.seal("property ldap.password", text.as_bytes());
            assert_eq!(
                key.open("property ldap.password", &sealed).as_deref(),
                Ok(text.as_bytes())
            );
            assert_ne!(
                sealed,
                key.seal("property ldap.password", text.as_bytes()),
                "no nonce is used twice"
            );
            assert_eq!(key.open("property ldap.user", &sealed), Err(Closed::Damaged));
            assert_eq!(
                other.open("property ldap.password", &sealed),
                Err(Closed::OtherKey(key.id()))
            );
            for place in [0, 1, 5, 17, sealed.len() - 1] {
                let mut changed = sealed.clone();
                changed[place] ^= 1;
                assert!(key.open("property ldap.password", &changed).is_err(), "{place}");
            }
            assert!(key.open("property ldap.password", &sealed[..sealed.len() - 1]).is_err());
        }
        assert_eq!(key.open("", b""), Err(Closed::Damaged));
        assert_eq!(id_of(b"12345678901234567890"), None, "what was written before");
    }

    #[test]
    fn a_key_is_sixty_four_digits() {
        let key = SecretKey::generate();
        let text = key.reveal();
        assert!(SecretKey::parse(&format!(" {text}\n")) == Some(key));
        for text in [
            "",
            "00",
            &text[1..],
            &format!("{text}0"),
            &format!("x{}", &text[1..]),
            &"ä".repeat(32),
        ] {
            assert!(SecretKey::parse(text).is_none(), "{text}");
        }
    }
}
