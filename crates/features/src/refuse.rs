//! Saying no: what several features answer alike.

use std::sync::Arc;

use protocol::{Condition, StanzaError};
use router::{Account, Request, Router};
use storage::StorageError;

/// The account of a request about its own things. A guest has none: nothing of it is remembered.
pub(crate) fn owner(request: &Request) -> Result<&Arc<Account>, StanzaError> {
    match &request.account {
        Some(account) if !account.is_anonymous => Ok(account),
        _ => Err(StanzaError::with_text(
            Condition::NotAllowed,
            "guests have no account in which this could be kept",
        )),
    }
}

/// Something was not stored: it is too large, which `too_large` names, or the database does not answer.
pub(crate) fn storage(house: &Router, what: &str, error: &StorageError, too_large: Condition) -> StanzaError {
    match error {
        StorageError::TooLarge { .. } => StanzaError::with_text(too_large, error.to_string()),
        StorageError::Nul => StanzaError::new(Condition::NotAcceptable),
        _ => house.unavailable(what, error),
    }
}

/// A question that can only be asked, not set, or the other way round.
pub(crate) fn wrong_type() -> StanzaError {
    StanzaError::with_text(Condition::BadRequest, "the IQ has the wrong type for its payload")
}

/// What a stranger hears, and everybody who asks for an account that does not exist.
pub(crate) fn stranger(request: &Request) -> StanzaError {
    let condition = if request.is_set() {
        Condition::Forbidden
    } else {
        Condition::ServiceUnavailable
    };
    condition.into()
}
