//! Why an act failed.

use auth::PasswordError;
use protocol::Jid;
use storage::StorageError;

/// Why an act failed, and what to do.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum OpsError {
    /// The actor's power does not reach so far.
    #[error("{actor} may not do this on {what}")]
    Denied {
        /// Who asked.
        actor: String,
        /// On what.
        what: String,
    },
    /// The address cannot name an account.
    #[error("{0:?} is no account's address: it must look like user@host")]
    NoAccountAddress(String),
    /// No such host here.
    #[error("this server has no host {domain}; its hosts are {hosts}")]
    NoHost {
        /// What was asked for.
        domain: String,
        /// What there is.
        hosts: String,
    },
    /// No such account.
    #[error("there is no account {0}")]
    NoAccount(Jid),
    /// The name is taken.
    #[error("there is an account {0} already")]
    Exists(Jid),
    /// The password cannot be used.
    #[error(transparent)]
    Password(#[from] PasswordError),
    /// A record to be imported cannot be used.
    #[error("{0}")]
    Record(&'static str),
    /// No such property.
    #[error("there is no property {name}{hint}")]
    NoProperty {
        /// What was asked for.
        name: String,
        /// What may have been meant.
        hint: String,
    },
    /// The property does not allow this value.
    #[error("{name} = {value:?} is not allowed: allowed are {allowed}")]
    BadValue {
        /// The property.
        name: &'static str,
        /// The value.
        value: String,
        /// What it should be.
        allowed: String,
    },
    /// The configuration holds the property fast.
    #[error("{name} is pinned by {by}: change it there")]
    Pinned {
        /// The property.
        name: &'static str,
        /// File and line, or variable.
        by: String,
    },
    /// Nobody is connected there.
    #[error("there is no session {0}")]
    NoSession(Jid),
    /// The database failed.
    #[error("{0}")]
    Storage(#[from] StorageError),
}
