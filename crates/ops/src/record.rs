//! An account as one line of JSON, to be carried from one server to another or made in bulk.

use std::fmt;

use auth::PasswordError;
use base64::{Engine, engine::general_purpose::STANDARD};
use serde::{Deserialize, Serialize};
use storage::{Account, Credentials, ScramKeys};

use crate::{OpsError, password_keys};

/// An account on its way out or in. Coming in it has a password or keys.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Bare JID.
    pub jid: String,
    /// Only coming in: the password, of which keys are made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<Password>,
    /// RFC 5802 keys for SCRAM-SHA-1.
    #[serde(default, rename = "scram-sha-1", skip_serializing_if = "Option::is_none")]
    pub sha1: Option<Keys>,
    /// RFC 7677 keys for SCRAM-SHA-256.
    #[serde(default, rename = "scram-sha-256", skip_serializing_if = "Option::is_none")]
    pub sha256: Option<Keys>,
    /// Set while nobody may log in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Lock>,
}

/// A password; it shows itself to nobody but the one who takes it out.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Password(String);

/// What a server keeps of a password; bytes as base64.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Keys {
    /// The salt.
    pub salt: String,
    /// The iteration count.
    pub iterations: u32,
    /// `StoredKey`.
    pub stored_key: String,
    /// `ServerKey`.
    pub server_key: String,
}

/// Why and for how long an account is locked.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lock {
    /// For the operator to remember.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// When it ends by itself, in microseconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<i64>,
}

/// Salts longer than this, and iteration counts out of this range, are some mistake.
const SALT_MAX: usize = 1024;
const ITERATIONS: std::ops::RangeInclusive<u32> = 1..=10_000_000;

impl Record {
    /// The line that carries this account.
    #[must_use]
    pub fn of(jid: String, account: &Account, credentials: &Credentials) -> Self {
        Self {
            jid,
            password: None,
            sha1: credentials.sha1.as_ref().map(Keys::of),
            sha256: credentials.sha256.as_ref().map(Keys::of),
            lock: account.lock.as_ref().map(Lock::of),
        }
    }

    /// Makes keys of the password, stretched `iterations` times. This takes milliseconds of a
    /// processor, on purpose; afterwards the password is gone from the record.
    ///
    /// # Errors
    /// Where the password cannot be used, or there are keys besides it.
    pub fn derive(&mut self, iterations: u32) -> Result<(), OpsError> {
        let Some(password) = self.password.take() else {
            return Ok(());
        };
        if self.sha1.is_some() || self.sha256.is_some() {
            return Err(OpsError::Record("a password and keys: give only one of them"));
        }
        let credentials = password_keys(password.reveal(), iterations).map_err(PasswordError::from)?;
        self.sha1 = credentials.sha1.as_ref().map(Keys::of);
        self.sha256 = credentials.sha256.as_ref().map(Keys::of);
        Ok(())
    }

    /// The keys.
    ///
    /// # Errors
    /// Where there are none, or they are not such as these mechanisms have.
    pub fn credentials(&self) -> Result<Credentials, OpsError> {
        let sha1 = self.sha1.as_ref().map(|keys| keys.read(20)).transpose()?;
        let sha256 = self.sha256.as_ref().map(|keys| keys.read(32)).transpose()?;
        if sha1.is_none() && sha256.is_none() {
            return Err(OpsError::Record("neither a password nor keys"));
        }
        Ok(Credentials { sha1, sha256 })
    }
}

impl Keys {
    fn of(keys: &ScramKeys) -> Self {
        Self {
            salt: STANDARD.encode(&keys.salt),
            iterations: keys.iterations,
            stored_key: STANDARD.encode(&keys.stored_key),
            server_key: STANDARD.encode(&keys.server_key),
        }
    }

    fn read(&self, length: usize) -> Result<ScramKeys, OpsError> {
        let bytes = |text: &str| {
            STANDARD
                .decode(text)
                .map_err(|_| OpsError::Record("a key or salt is not base64"))
        };
        let (salt, stored_key, server_key) = (bytes(&self.salt)?, bytes(&self.stored_key)?, bytes(&self.server_key)?);
        if stored_key.len() != length || server_key.len() != length {
            return Err(OpsError::Record("a key has not the length that its mechanism has"));
        }
        if salt.is_empty() || salt.len() > SALT_MAX || !ITERATIONS.contains(&self.iterations) {
            return Err(OpsError::Record("a salt or an iteration count is out of range"));
        }
        Ok(ScramKeys {
            salt,
            iterations: self.iterations,
            stored_key,
            server_key,
        })
    }
}

impl Lock {
    fn of(lock: &storage::Lock) -> Self {
        Self {
            reason: lock.reason.clone(),
            until: lock.until,
        }
    }

    /// As it is remembered.
    #[must_use]
    pub fn to_stored(&self) -> storage::Lock {
        storage::Lock {
            reason: self.reason.clone(),
            until: self.until,
        }
    }
}

impl fmt::Display for Lock {
    /// As it stands in the record of what was done.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("locked")?;
        if let Some(until) = self.until {
            write!(f, " until {until} µs since 1970")?;
        }
        match &self.reason {
            Some(reason) => write!(f, ": {reason}"),
            None => Ok(()),
        }
    }
}

impl Password {
    /// Takes it in.
    #[must_use]
    pub fn new(password: String) -> Self {
        Self(password)
    }

    /// The password.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(••••••)")
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keys")
            .field("iterations", &self.iterations)
            .finish_non_exhaustive()
    }
}
