//! Codes that are good once, for whoever has lost what makes the others.

use data_encoding::BASE32_NOPAD;
use sha2::{Digest, Sha256};

/// 80 bits: nobody finds one from its hash, so the hash needs no stretching.
const CODE_BYTES: usize = 10;
/// Codes made at a time.
pub(super) const CODES: usize = 10;

/// New ones.
pub(super) fn codes() -> Vec<String> {
    (0..CODES).map(|_| code()).collect()
}

/// What the database keeps of one, however it is typed.
pub(super) fn hash(code: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update(b"recovery");
    for byte in code.bytes().filter(u8::is_ascii_alphanumeric) {
        hash.update([byte.to_ascii_lowercase()]);
    }
    hash.finalize().into()
}

fn code() -> String {
    let mut bytes = [0; CODE_BYTES];
    getrandom::fill(&mut bytes).expect("the system's random source works");
    let text = BASE32_NOPAD.encode(&bytes).to_lowercase();
    let groups = text.as_bytes().chunks(4).map(String::from_utf8_lossy);
    groups.collect::<Vec<_>>().join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_known_however_it_is_typed() {
        let codes = codes();
        assert_eq!(codes.len(), CODES);
        let code = &codes[0];
        assert_eq!(code.len(), 19, "{code}");
        assert_eq!(hash(code), hash(&code.to_uppercase().replace('-', " ")));
        assert_ne!(hash(code), hash(&codes[1]));
    }
}
