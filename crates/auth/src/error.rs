//! Why a password could not be set.

use protocol::sasl::BadPassword;
use storage::StorageError;

/// Why a password could not be taken.
#[derive(Debug, Clone, thiserror::Error)]
pub enum PasswordError {
    /// It cannot be a password.
    #[error(transparent)]
    Bad(#[from] BadPassword),
    /// Too many passwords are being stretched: try again later.
    #[error("the server is busy with other passwords; try again later")]
    Busy,
    /// There is no such account, or not any more.
    #[error("there is no such account")]
    NoAccount,
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] StorageError),
}
