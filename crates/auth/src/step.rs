//! How far a message has brought an exchange.

use std::fmt;

use protocol::Jid;
use protocol::sasl::scram::Hash;
use protocol::sasl::{Failure, Mechanism};
use storage::AccountId;

use crate::exchange::Exchange;
use crate::token::UsedToken;
use crate::upgrade::Upgrade;

/// What to send next.
#[derive(Debug)]
pub enum Step {
    /// `<challenge/>`, perhaps of no bytes; the answer goes to [`Exchange::respond`].
    Challenge(Vec<u8>, Box<Exchange>),
    /// `<success/>`.
    Success(Box<Authenticated>),
    /// `<failure/>`.
    Failure(Failure),
}

/// Somebody who has proven who they are.
#[derive(Clone)]
pub struct Authenticated {
    /// The account; `None` for a guest by ANONYMOUS, who has nothing that is remembered.
    pub account_id: Option<AccountId>,
    /// The bare JID.
    pub jid: Jid,
    /// The mechanism that was used.
    pub mechanism: Mechanism,
    /// What goes into `<success/>`.
    pub additional_data: Option<Vec<u8>>,
    /// XEP-0480: keys that the account lacks, and that the client could bring.
    pub upgrades: Vec<Upgrade>,
    /// The keys that the client has proven to know.
    pub(crate) proven: Option<Proven>,
    pub(crate) used_token: Option<UsedToken>,
}

/// The key of the password that was right.
#[derive(Clone)]
pub(crate) struct Proven {
    pub(crate) hash: Hash,
    pub(crate) stored_key: Vec<u8>,
}

impl fmt::Debug for Authenticated {
    /// Proofs do not belong in logs.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authenticated")
            .field("account_id", &self.account_id)
            .field("jid", &self.jid)
            .field("mechanism", &self.mechanism)
            .finish_non_exhaustive()
    }
}

impl From<Failure> for Step {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}
