//! The null relay, in a process of its own.

use super::contender::{Contender, Started};
use super::trials::Trial;
use crate::child::{self, Child};
use crate::client::{Accounts, SOURCES, Security, Target};
use crate::process::Server;
use crate::scram::client::KeyCache;
use anyhow::Context as _;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

/// What the others are measured against.
pub(super) struct Floor;

impl Contender for Floor {
    fn name(&self) -> &'static str {
        "floor"
    }

    fn start(&mut self, trial: &Trial, _keys: &mut KeyCache) -> anyhow::Result<Option<Started>> {
        let accounts = Accounts::default();
        let mut command = child::command(&std::env::current_exe()?, None)?;
        command
            .args(["relay", "--listen", "127.0.0.1:0", "--tls-listen", "127.0.0.1:0"])
            .args(["--password", &accounts.password])
            .stdout(Stdio::piped());
        let mut child = Child::start(&mut command)?;
        let output = child.output().context("its output was asked for")?;
        let mut lines = BufReader::new(output).lines();
        let mut address = || {
            lines
                .next()
                .context("the relay ended at once")?
                .map_err(anyhow::Error::from)
        };
        let (starttls, tls) = (address()?, address()?);
        let address = match trial.security {
            Security::Direct => tls,
            Security::Plain | Security::Starttls => starttls,
        };
        Ok(Some(Started {
            target: Target {
                domain: "localhost".to_owned(),
                addresses: vec![address.parse()?],
                security: trial.security,
                accounts,
                sources: SOURCES,
            },
            server: Server {
                pids: vec![child.pid()],
            },
            _child: Some(child),
        }))
    }
}
