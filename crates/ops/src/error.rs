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
    /// The account has no power.
    #[error("{0} is no administrator")]
    NoAdministrator(String),
    /// Nobody would be left who may do everything.
    #[error("{0} is the only owner: make another one first")]
    LastOwner(String),
    /// No such token.
    #[error("there is no token {0}")]
    NoToken(String),
    /// The name of a token is taken.
    #[error("there is a token {0} already")]
    TokenExists(String),
    /// The name of a token cannot be one.
    #[error("a token's name is of 1 to 64 letters a to z, digits, and - _ .")]
    TokenName,
    /// A token was to outlive the one that makes it.
    #[error("a token cannot make one that lives longer than itself: log in at the console for that")]
    TokenOutlives,
    /// It is not known on whose behalf a token is to act.
    #[error("say on behalf of which administrator the token is to act")]
    TokenWithoutOwner,
    /// There are too many tokens.
    #[error("there are {0} tokens already: revoke those that nobody uses")]
    TooManyTokens(i64),
    /// Something that was filled in cannot be used.
    #[error("{0}")]
    Field(&'static str),
    /// The first administrator is there.
    #[error("this server has an administrator already")]
    SetUp,
    /// Not what the terminal shows.
    #[error("this is not the token that the server's terminal shows; a restart shows a new one")]
    WrongToken,
    /// A place in a list that is none.
    #[error("this place in the list is none: begin with its first page")]
    BadCursor,
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
    /// The property means nothing with a value of one server alone.
    #[error("{0} holds for every server that shares the database: it has no value for one of them")]
    Everywhere(&'static str),
    /// The database cannot do what the value would need: why, and what to do.
    #[error("{0}")]
    Impossible(&'static str),
    /// The act needs a running server.
    #[error("no server runs on this data directory")]
    NoServer,
    /// No server has this number or name.
    #[error("no server that shares this database has the number or name {0}")]
    NoNode(String),
    /// More than one has this name.
    #[error("several servers are called {name}: say which by its number, one of {numbers}")]
    ManyNodes {
        /// The name.
        name: String,
        /// Their numbers.
        numbers: String,
    },
    /// What was asked for is decided, and has not come to pass.
    #[error("{done}, but this server has not {missing} the cluster within {secs} s: {why}")]
    NotYet {
        /// What is decided.
        done: &'static str,
        /// What this server should have done.
        missing: &'static str,
        /// How long that was waited for.
        secs: u64,
        /// What is known.
        why: String,
    },
    /// Another server does not say.
    #[error("server {node} does not answer: {why}")]
    NoAnswer {
        /// Its number.
        node: u64,
        /// Why.
        why: String,
    },
    /// The server cannot be drained.
    #[error("{name} is not drained: {why}")]
    NotDrained {
        /// The server.
        name: String,
        /// Why.
        why: String,
    },
    /// Nobody is connected there.
    #[error("there is no session {0}")]
    NoSession(Jid),
    /// The database failed.
    #[error("{0}")]
    Storage(#[from] StorageError),
}

impl OpsError {
    /// Whether the database does not answer, or not as it should; `false` where it refuses what it was asked for.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        let is_refusal = |error: &StorageError| matches!(error, StorageError::Nul | StorageError::TooLarge { .. });
        matches!(self, Self::Storage(error) if !is_refusal(error))
    }
}
