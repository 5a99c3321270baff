//! The hash functions of SCRAM, and what RFC 5802 §2.2 builds from them.

use std::fmt;
use std::ops::Deref;

use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// The hash function of a SCRAM mechanism.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Hash {
    /// SCRAM-SHA-1: for old clients.
    Sha1,
    /// SCRAM-SHA-256.
    Sha256,
}

/// What a hash function puts out: 20 or 32 bytes.
#[derive(Clone, Copy)]
pub struct Output {
    bytes: [u8; Self::MAX_BYTES],
    len: usize,
}

impl Output {
    /// The longest output of the functions we have.
    pub const MAX_BYTES: usize = 32;

    fn new(output: &[u8]) -> Self {
        let mut bytes = [0; Self::MAX_BYTES];
        bytes[..output.len()].copy_from_slice(output);
        Self {
            bytes,
            len: output.len(),
        }
    }

    /// Bit by bit exclusive or with something of the same length.
    pub(super) fn xor(mut self, other: &[u8]) -> Self {
        debug_assert_eq!(self.len, other.len(), "both come from the same hash function");
        for (byte, other) in self.bytes.iter_mut().zip(other) {
            *byte ^= other;
        }
        self
    }

    /// Whether both are the same, in a time that does not tell where they differ.
    pub(crate) fn is(&self, other: &[u8]) -> bool {
        self.ct_eq(other).into()
    }
}

impl Deref for Output {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[..self.len]
    }
}

impl fmt::Debug for Output {
    /// Keys and proofs do not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Output({} bytes)", self.len)
    }
}

impl Hash {
    /// How long its output is.
    #[must_use]
    pub const fn output_bytes(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }

    /// `H(str)`.
    #[must_use]
    pub fn digest(self, data: &[u8]) -> Output {
        match self {
            Self::Sha1 => Output::new(&Sha1::digest(data)),
            Self::Sha256 => Output::new(&Sha256::digest(data)),
        }
    }

    /// `HMAC(key, str)`, of a str that may come in pieces.
    #[must_use]
    pub fn hmac(self, key: &[u8], data: &[&[u8]]) -> Output {
        match self {
            Self::Sha1 => hmac::<Hmac<Sha1>>(key, data),
            Self::Sha256 => hmac::<Hmac<Sha256>>(key, data),
        }
    }

    /// `Hi(str, salt, i)`: PBKDF2. Takes milliseconds, on purpose.
    #[must_use]
    pub fn stretch(self, password: &[u8], salt: &[u8], iterations: u32) -> Output {
        match self {
            Self::Sha1 => Output::new(&pbkdf2::pbkdf2_hmac_array::<Sha1, 20>(password, salt, iterations)),
            Self::Sha256 => Output::new(&pbkdf2::pbkdf2_hmac_array::<Sha256, 32>(password, salt, iterations)),
        }
    }
}

fn hmac<M: Mac + KeyInit>(key: &[u8], data: &[&[u8]]) -> Output {
    let mut mac = <M as KeyInit>::new_from_slice(key).expect("HMAC takes keys of any length");
    for piece in data {
        mac.update(piece);
    }
    Output::new(&mac.finalize().into_bytes())
}
