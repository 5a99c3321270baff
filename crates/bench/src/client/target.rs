//! The server that is put under load, and the accounts that exist there.

use std::net::SocketAddr;

/// Addresses that connections to a server on this machine come from.
pub(crate) const SOURCES: u16 = 64;

/// How a connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Security {
    /// Not at all.
    Plain,
    /// RFC 6120 §5.
    Starttls,
    /// XEP-0368: TLS from the first byte.
    Direct,
}

/// Account names and passwords, made from a number.
#[derive(Clone, Debug)]
pub struct Accounts {
    /// Where `{n}` stands, the number goes.
    pub user: String,
    /// Likewise; without `{n}` everybody has the same password.
    pub password: String,
    /// The resource that everybody binds.
    pub resource: String,
}

impl Default for Accounts {
    fn default() -> Self {
        Self {
            user: "user{n}".to_owned(),
            password: "bench".to_owned(),
            resource: "bench".to_owned(),
        }
    }
}

impl Accounts {
    /// The localpart of account `number`.
    #[must_use]
    pub fn user(&self, number: usize) -> String {
        self.user.replace("{n}", &number.to_string())
    }

    /// The password of account `number`.
    #[must_use]
    pub fn password(&self, number: usize) -> String {
        self.password.replace("{n}", &number.to_string())
    }
}

/// Where the server is and how to get in.
#[derive(Clone, Debug)]
pub struct Target {
    /// The XMPP domain.
    pub domain: String,
    /// Where it listens (for [`Security::Direct`], its direct TLS port). A cluster has several
    /// addresses: neighbouring accounts are at different ones. There is one at least.
    pub addresses: Vec<SocketAddr>,
    /// How connections are protected.
    pub security: Security,
    /// Who logs in.
    pub accounts: Accounts,
    /// So many loopback addresses are used as the near end of connections, because one has
    /// ports for some 28,000 only, and because servers count connections by address.
    pub sources: u16,
}

impl Target {
    /// Where account `number` connects.
    #[must_use]
    pub fn address(&self, number: usize) -> SocketAddr {
        self.addresses[number % self.addresses.len()]
    }

    /// The bare JID of account `number`.
    #[must_use]
    pub fn bare_jid(&self, number: usize) -> String {
        format!("{}@{}", self.accounts.user(number), self.domain)
    }
}
