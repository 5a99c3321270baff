//! Why an act failed.

use auth::PasswordError;
use protocol::Jid;
use storage::StorageError;

use crate::CertificateRefusal;

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
    /// The domain is served.
    #[error("{0} is a host of this server already")]
    HostExists(String),
    /// Nothing would be served any more.
    #[error("{0} is the only host that is served: add or enable another one first")]
    LastHost(String),
    /// All owners are of this host.
    #[error("every owner is an account of {0}: make an account of another host an owner first")]
    LastOwnerHost(String),
    /// No such account.
    #[error("there is no account {0}")]
    NoAccount(Jid),
    /// The name is taken.
    #[error("there is an account {0} already")]
    Exists(Jid),
    /// The name looks like another's.
    #[error(
        "this name looks like {other}, which is there already: choose another one, or say that names that look alike \
         are meant"
    )]
    LooksLike {
        /// What there is.
        other: Jid,
    },
    /// No such group.
    #[error("there is no group {0}")]
    NoGroup(String),
    /// The name of the group is taken.
    #[error("there is a group {0} already")]
    GroupExists(String),
    /// What cannot be a group's name.
    #[error("a group's name must have a letter, no space around it and no control character")]
    BadGroupName,
    /// Not in the group.
    #[error("{0} is no member of this group")]
    NoMember(String),
    /// More lines than are taken in at a time.
    #[error("{count} lines are too many: add at most {limit} at a time")]
    TooManyLines {
        /// How many there are.
        count: usize,
        /// How many there may be.
        limit: usize,
    },
    /// The account's own rules refuse what was to be changed in it.
    #[error("{0}")]
    Refused(String),
    /// No such message waits.
    #[error("no message of this number waits")]
    NoMessage,
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
    /// What set-up was asked for is decided elsewhere.
    #[error("{what} is set by {by}: change it there")]
    Fixed {
        /// What.
        what: &'static str,
        /// File and line, variable or flag.
        by: String,
    },
    /// This names no domain.
    #[error("{0:?} is no domain: it must look like example.org, or be localhost")]
    NoDomain(String),
    /// This names no database.
    #[error("this is no database of ours: those are sqlite:, postgres:// and mysql://")]
    NoDatabase,
    /// Not what the app shows now.
    #[error("this code is wrong: the app's clock and the server's may differ by half a minute")]
    WrongCode,
    /// Too many codes were wrong.
    #[error("too many codes were wrong; another one is looked at in a quarter of an hour")]
    TooManyCodes,
    /// There is nothing to confirm or to take away.
    #[error("{0} has no second factor")]
    NoSecondFactor(String),
    /// There is one.
    #[error("there is a second factor already: remove it first")]
    HasSecondFactor,
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
    /// No change of a property has this number.
    #[error("no change of a property has the number {0}, or it has been forgotten")]
    NoChange(i64),
    /// A change that is to be undone is not the last one.
    #[error("{0} has been changed since: undo the later change first, or set the value by hand")]
    ChangedSince(&'static str),
    /// What a secret was before is not known.
    #[error("{0} is a secret, and what it was before is in no record: set it by hand")]
    SecretChange(&'static str),
    /// Whoever makes the change would not be answered any more.
    #[error("this would shut you out: {0}, from where you ask, is in none of these networks")]
    ShutOut(std::net::IpAddr),
    /// More than fits.
    #[error("there are more than {max} {what}")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// How many would fit.
        max: usize,
    },
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
    /// The server is no dead one.
    #[error("{name} is not removed: {why}")]
    StillLives {
        /// The server.
        name: String,
        /// How that is known.
        why: String,
    },
    /// No such cache.
    #[error("there is no cache {0}")]
    NoCache(String),
    /// The cache must not be cleared.
    #[error("{name} cannot be cleared: {why}")]
    NotCleared {
        /// The cache.
        name: String,
        /// Why not.
        why: String,
    },
    /// What was sent in cannot be used: where, and why.
    #[error("{what} {why}")]
    Unusable {
        /// The field.
        what: &'static str,
        /// What is wrong with it.
        why: String,
    },
    /// A secret in the database cannot be read or written: why, and what to do.
    #[error("{0}")]
    Sealed(String),
    /// What stands for a secret on pages is not one.
    #[error("this is only what stands for {0}, whose value is shown nowhere: type the value itself")]
    Mask(&'static str),
    /// There is nothing to encrypt.
    #[error("{0} is not set, so there is nothing to encrypt: set it first")]
    NothingToSeal(&'static str),
    /// A certificate is refused.
    #[error("{}", .0.why)]
    Certificate(CertificateRefusal),
    /// The address cannot name a session.
    #[error("{0:?} is no session's address: it must look like user@host/resource")]
    NoSessionAddress(String),
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
