//! Keys for accounts that do not exist: who asks for one cannot tell it from one that does.

use protocol::sasl::scram::{Hash, Keys, Output};

/// Makes up salts and keys, the same for the same name every time, on every node.
pub(crate) struct Decoys {
    secret: Vec<u8>,
}

/// How long the salts of new accounts are. XEP-0438 §3.2 asks for 16 bytes at least.
pub(crate) const SALT_BYTES: usize = 16;

/// The made-up keys of one name.
pub(crate) struct Decoy {
    salt: Output,
    key: Output,
    iterations: u32,
    hash: Hash,
}

impl Decoys {
    /// With this deployment's secret.
    pub(crate) fn new(secret: Vec<u8>) -> Self {
        Self { secret }
    }

    pub(crate) fn keys(&self, hash: Hash, host: &str, username: &str, iterations: u32) -> Decoy {
        let mechanism: &[u8] = match hash {
            Hash::Sha1 => b"sha1",
            Hash::Sha256 => b"sha256",
        };
        let name: [&[u8]; 5] = [mechanism, b"\0", host.as_bytes(), b"\0", username.as_bytes()];
        let salt = Hash::Sha256.hmac(&self.secret, &name);
        // No password leads to this key: it is no hash of anything.
        let key = Hash::Sha256.hmac(&self.secret, &[b"key", &salt]);
        Decoy {
            salt,
            key,
            iterations,
            hash,
        }
    }
}

impl Decoy {
    pub(crate) fn as_keys(&self) -> Keys<'_> {
        let key = &self.key[..self.hash.output_bytes()];
        Keys {
            salt: &self.salt[..SALT_BYTES],
            iterations: self.iterations,
            stored_key: key,
            server_key: key,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_one_salt_per_hash_and_secret_and_no_two_names_share_it() {
        let salt = |secret: &[u8], hash, host, name| {
            let decoy = Decoys::new(secret.to_vec()).keys(hash, host, name, 4096);
            decoy.as_keys().salt.to_vec()
        };
        let first = salt(b"a", Hash::Sha256, "example.org", "romeo");
        assert_eq!(first, salt(b"a", Hash::Sha256, "example.org", "romeo"));
        assert_eq!(first.len(), SALT_BYTES);
        for other in [
            salt(b"b", Hash::Sha256, "example.org", "romeo"),
            salt(b"a", Hash::Sha1, "example.org", "romeo"),
            salt(b"a", Hash::Sha256, "example.net", "romeo"),
            salt(b"a", Hash::Sha256, "example.org", "juliet"),
        ] {
            assert_ne!(first, other);
        }
    }

    #[test]
    fn keys_have_the_length_of_their_hash() {
        let decoys = Decoys::new(b"secret".to_vec());
        for hash in [Hash::Sha1, Hash::Sha256] {
            let decoy = decoys.keys(hash, "example.org", "romeo", 4096);
            assert_eq!(decoy.as_keys().stored_key.len(), hash.output_bytes());
        }
    }
}
