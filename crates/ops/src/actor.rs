//! Who acts, and how far that reaches.

use std::{fmt, net::IpAddr};

use protocol::Jid;
use serde::{Deserialize, Serialize};

use crate::OpsError;

/// Somebody who asks for an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A user of this machine who can reach the control socket or the database file: may do
    /// everything, and could do it without us.
    Local {
        /// Their name, for the record of what was done.
        user: String,
    },
    /// An account that was given power.
    Account {
        /// Bare JID.
        jid: Jid,
        /// What it may do.
        role: Role,
        /// Where it comes from, for the record of what was done.
        address: Option<IpAddr>,
    },
    /// A program, with a token that an administrator made.
    Token {
        /// What the token is called.
        name: String,
        /// On whose behalf it acts: a bare JID.
        jid: Jid,
        /// What it may do.
        role: Role,
        /// Where it comes from, for the record of what was done.
        address: Option<IpAddr>,
        /// When the token ends, in microseconds since 1970; none: never.
        ends_at: Option<i64>,
    },
}

/// What an account may do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Everything.
    Owner,
    /// Everything that concerns this host.
    Host(String),
    /// See everything, change nothing.
    ReadOnly,
    /// Add and remove members of the groups that it administers, and see nothing else. Nobody gives this role: an account
    /// without another one has it as long as a group notes it as its administrator.
    #[serde(skip)]
    GroupAdmin,
}

/// What somebody must be to reach a page or a resource. Which accounts and hosts they see and change there, each act
/// decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Any administrator; one of a group is none.
    Login,
    /// One who sees the whole server.
    Server,
    /// One who changes something: the whole server, or one host.
    Change,
    /// One who changes the members of some group.
    Members,
    /// One who may do everything.
    Owner,
}

impl Needs {
    /// Whether a role is enough.
    #[must_use]
    pub fn allows(self, role: &Role) -> bool {
        match self {
            Self::Login => !matches!(role, Role::GroupAdmin),
            Self::Server => matches!(role, Role::Owner | Role::ReadOnly),
            Self::Change => matches!(role, Role::Owner | Role::Host(_)),
            Self::Members => matches!(role, Role::Owner | Role::Host(_) | Role::GroupAdmin),
            Self::Owner => matches!(role, Role::Owner),
        }
    }
}

impl Actor {
    /// Checks whether what belongs to one host may be seen.
    ///
    /// # Errors
    /// Where the actor's power does not reach there.
    pub fn require_host(&self, domain: &str) -> Result<(), OpsError> {
        match self.role() {
            Role::Host(own) if own != domain => Err(self.denied(domain)),
            Role::GroupAdmin => Err(self.denied(domain)),
            Role::Owner | Role::Host(_) | Role::ReadOnly => Ok(()),
        }
    }

    /// Checks whether what belongs to the server as a whole may be seen.
    ///
    /// # Errors
    /// Where the actor's power ends at a host.
    pub fn require_server(&self) -> Result<(), OpsError> {
        match self.role() {
            Role::Host(_) | Role::GroupAdmin => Err(self.denied("the server")),
            Role::Owner | Role::ReadOnly => Ok(()),
        }
    }

    /// Checks a change of one host and what belongs to it.
    ///
    /// # Errors
    /// Where the actor may not change that.
    pub fn require_change(&self, domain: &str) -> Result<(), OpsError> {
        match self.role() {
            Role::ReadOnly | Role::GroupAdmin => Err(self.denied(domain)),
            Role::Owner | Role::Host(_) => self.require_host(domain),
        }
    }

    /// Checks a change of the server as a whole.
    ///
    /// # Errors
    /// Where the actor is no owner.
    pub fn require_owner(&self) -> Result<(), OpsError> {
        match self.role() {
            Role::Owner => Ok(()),
            Role::Host(_) | Role::ReadOnly | Role::GroupAdmin => Err(self.denied("the server")),
        }
    }

    /// Whether the actor may see this host.
    #[must_use]
    pub fn reaches(&self, domain: &str) -> bool {
        self.require_host(domain).is_ok()
    }

    /// What the actor may do.
    #[must_use]
    pub fn role(&self) -> &Role {
        match self {
            Self::Local { .. } => &Role::Owner,
            Self::Account { role, .. } | Self::Token { role, .. } => role,
        }
    }

    /// Where the actor comes from; nowhere for users of this machine.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        match self {
            Self::Local { .. } => None,
            Self::Account { address, .. } | Self::Token { address, .. } => *address,
        }
    }

    /// When the actor's power ends by itself, in microseconds since 1970.
    pub(crate) fn ends_at(&self) -> Option<i64> {
        match self {
            Self::Local { .. } | Self::Account { .. } => None,
            Self::Token { ends_at, .. } => *ends_at,
        }
    }

    pub(crate) fn denied(&self, what: &str) -> OpsError {
        OpsError::Denied {
            actor: self.to_string(),
            what: what.to_owned(),
        }
    }
}

impl fmt::Display for Actor {
    /// As it stands in the record of what was done.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Local { user } => write!(f, "local:{user}"),
            Self::Account { jid, .. } => jid.fmt(f),
            Self::Token { name, jid, .. } => write!(f, "token {name} of {jid}"),
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Owner => f.write_str("owner"),
            Self::Host(domain) => write!(f, "administrator of {domain}"),
            Self::ReadOnly => f.write_str("read-only"),
            Self::GroupAdmin => f.write_str("administrator of groups"),
        }
    }
}
