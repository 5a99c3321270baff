//! A server that somebody else has started.

use super::contender::{Contender, Started};
use super::trials::{Database, Trial};
use crate::client::{Accounts, SOURCES, Security, Target};
use crate::process::Server;
use crate::scenario::{self, Scenario, Stage};
use crate::scram::client::KeyCache;
use anyhow::Context as _;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::str::FromStr;

/// `NAME=HOST:PORT,PID[,register]`.
#[derive(Clone, Debug)]
pub(super) struct Other {
    name: String,
    address: SocketAddr,
    pid: i32,
    /// Accounts are made in-band, so many have been.
    register: Option<usize>,
    /// Its memory was looked at. It is not started anew, so a second look would find the
    /// memory that it took before the first.
    has_idled: bool,
}

impl FromStr for Other {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, rest) = text.split_once('=').context("NAME=HOST:PORT,PID is expected")?;
        let mut parts = rest.split(',');
        let address = parts.next().unwrap_or_default();
        let mut addresses = address
            .to_socket_addrs()
            .with_context(|| format!("{address:?} is not HOST:PORT"))?;
        let pid = parts.next().context("its process number is missing")?;
        let register = match parts.next() {
            None => None,
            Some("register") => Some(0),
            Some(word) => anyhow::bail!("{word:?} is not known here; only \"register\" is"),
        };
        Ok(Self {
            name: name.to_owned(),
            address: addresses.next().context("the host has no address")?,
            pid: pid
                .parse()
                .with_context(|| format!("{pid:?} is not a process number"))?,
            register,
            has_idled: false,
        })
    }
}

impl Contender for Other {
    fn name(&self) -> &str {
        &self.name
    }

    fn start(&mut self, trial: &Trial, keys: &mut KeyCache) -> anyhow::Result<Option<Started>> {
        // One address is all that is known of it, and its database is its own.
        if trial.security != Security::Direct || trial.database != Database::Sqlite {
            return Ok(None);
        }
        if matches!(trial.scenario, Scenario::Idle(_)) && std::mem::replace(&mut self.has_idled, true) {
            return Ok(None);
        }
        let target = Target {
            domain: "localhost".to_owned(),
            addresses: vec![self.address],
            security: Security::Direct,
            accounts: Accounts::default(),
            sources: SOURCES,
        };
        let server = Server { pids: vec![self.pid] };
        let wanted = trial.scenario.accounts();
        if self.register.is_some_and(|made| made < wanted) {
            let mut stage = Stage {
                target: &target,
                server: &server,
                keys,
            };
            scenario::register(&mut stage, wanted)?;
            self.register = Some(wanted);
        }
        Ok(Some(Started {
            target,
            server,
            _child: None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_server_is_described_in_one_word() {
        let other: Other = "prosody=127.0.0.1:5223,42,register".parse().expect("complete");
        assert_eq!(other.name, "prosody");
        assert_eq!(other.address, SocketAddr::from(([127, 0, 0, 1], 5223)));
        assert_eq!((other.pid, other.register), (42, Some(0)));
        for wrong in [
            "prosody",
            "p=127.0.0.1:5223",
            "p=127.0.0.1,1",
            "p=127.0.0.1:1,x",
            "p=127.0.0.1:1,1,y",
        ] {
            assert!(wrong.parse::<Other>().is_err(), "{wrong}");
        }
    }
}
