//! The keys of a password (RFC 5802 §3).

use protocol::sasl::{
    BadPassword, saslprep,
    scram::{DerivedKeys, Hash},
};
use storage::{Credentials, ScramKeys};

/// XEP-0438 §3.2 asks for 16 bytes at least.
const SALT_BYTES: usize = 16;

/// Makes the keys of a password for both hashes, stretched `iterations` times; for accounts in
/// bulk, away from a running server. This takes milliseconds of a processor, on purpose.
///
/// # Errors
/// Where this cannot be a password.
pub fn password_keys(password: &str, iterations: u32) -> Result<Credentials, BadPassword> {
    let prepared = saslprep(password)?;
    let keys = |hash| {
        let mut salt = vec![0; SALT_BYTES];
        getrandom::fill(&mut salt).expect("the system's random source works");
        let derived = DerivedKeys::from_password(hash, &prepared, &salt, iterations);
        ScramKeys {
            salt,
            iterations,
            stored_key: derived.stored_key.to_vec(),
            server_key: derived.server_key.to_vec(),
        }
    };
    Ok(Credentials {
        sha1: Some(keys(Hash::Sha1)),
        sha256: Some(keys(Hash::Sha256)),
    })
}
