//! What makes codes from a secret, as an app on a phone does (RFC 6238).

use std::time::{SystemTime, UNIX_EPOCH};

use protocol::sasl::scram::Hash;

/// An app with one secret.
pub(crate) struct App(Vec<u8>);

impl App {
    /// Takes the secret as it stands on a page: base 32 in groups.
    pub(crate) fn of(written: &str) -> Self {
        let (mut bits, mut count, mut secret) = (0_u64, 0, Vec::new());
        for letter in written.bytes().filter(|byte| *byte != b' ') {
            let value = match letter {
                b'A'..=b'Z' => letter - b'A',
                b'2'..=b'7' => letter - b'2' + 26,
                other => panic!("{other} is no letter of base 32"),
            };
            bits = (bits << 5) | u64::from(value);
            count += 5;
            if count >= 8 {
                count -= 8;
                secret.push(u8::try_from((bits >> count) & 0xff).unwrap());
            }
        }
        Self(secret)
    }

    /// The code that is shown now, or so many steps later.
    pub(crate) fn code(&self, later: u64) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let hash = Hash::Sha1.hmac(&self.0, &[&(now / 30 + later).to_be_bytes()]);
        let at = usize::from(hash[19] & 15);
        let word = u32::from_be_bytes([hash[at], hash[at + 1], hash[at + 2], hash[at + 3]]);
        format!("{:06}", (word & 0x7fff_ffff) % 1_000_000)
    }
}
