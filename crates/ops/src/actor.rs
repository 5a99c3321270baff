//! Who acts, and how far that reaches.

use std::{collections::BTreeSet, fmt};

use protocol::Jid;

use crate::OpsError;

/// Somebody who asks for an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A user of this machine who can reach the control socket or the database file: may do
    /// everything, and could do it without us.
    Local {
        /// Their name, for the record of changes.
        user: String,
    },
    /// An account that was given power.
    Account {
        /// Bare JID.
        jid: Jid,
        /// Where.
        reach: Reach,
    },
}

/// Where an account has power.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reach {
    /// Over the whole server.
    Server,
    /// Over these hosts only.
    Hosts(BTreeSet<String>),
}

impl Actor {
    /// Checks an act on one host and what belongs to it.
    ///
    /// # Errors
    /// Where the actor's power does not reach there.
    pub fn require_host(&self, domain: &str) -> Result<(), OpsError> {
        match self {
            Self::Account {
                reach: Reach::Hosts(hosts),
                ..
            } if !hosts.contains(domain) => Err(OpsError::Denied {
                actor: self.to_string(),
                what: domain.to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Checks an act on the server as a whole.
    ///
    /// # Errors
    /// Where the actor's power ends at some hosts.
    pub fn require_server(&self) -> Result<(), OpsError> {
        match self {
            Self::Account {
                reach: Reach::Hosts(_), ..
            } => Err(OpsError::Denied {
                actor: self.to_string(),
                what: "the server".to_owned(),
            }),
            _ => Ok(()),
        }
    }

    /// Whether the actor's power reaches this host.
    #[must_use]
    pub fn reaches(&self, domain: &str) -> bool {
        self.require_host(domain).is_ok()
    }
}

impl fmt::Display for Actor {
    /// As it stands in the record of changes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { user } => write!(f, "local:{user}"),
            Self::Account { jid, .. } => jid.fmt(f),
        }
    }
}
