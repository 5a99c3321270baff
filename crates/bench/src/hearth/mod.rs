//! How Hearth is started and how it gets thousands of accounts. Everything that this program
//! knows of Hearth's outside is in this folder.

mod control;

pub(crate) use control::Control;

use crate::child::{self, Child};
use crate::client::{Accounts, SOURCES, Security, Target};
use crate::ports::{answers, free_address};
use crate::scram::server::Password;
use anyhow::{Context as _, ensure};
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

const DOMAIN: &str = "localhost";

/// A data directory and a configuration: what a server has while it does not run.
pub(crate) struct House {
    program: PathBuf,
    directory: TempDir,
    configuration: PathBuf,
    starttls: SocketAddr,
    tls: SocketAddr,
}

impl House {
    /// A server on SQLite, or on another database; `name` is what its peers call it.
    pub(crate) fn build(program: &Path, name: &str, database: Option<&str>) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let house = Self {
            program: program.to_owned(),
            configuration: directory.path().join("hearth.toml"),
            starttls: free_address()?,
            tls: free_address()?,
            directory,
        };
        let peers = free_address()?;
        std::fs::write(&house.configuration, house.configuration_text(name, peers, database))?;
        Ok(house)
    }

    fn configuration_text(&self, name: &str, peers: SocketAddr, database: Option<&str>) -> String {
        let mut text = format!(
            "domain = {DOMAIN:?}\ndata_dir = {:?}\nnode_name = {name:?}\n\
             [c2s]\nlisten = [\"{}\"]\ntls_listen = [\"{}\"]\n\
             [cluster]\nports = \"{}\"\ninterfaces = [\"{}\"]\n\
             [admin]\nlisten = []\ntls_listen = []\n[log]\nlevel = \"warn\"\n",
            self.data(),
            self.starttls,
            self.tls,
            peers.port(),
            peers.ip(),
        );
        if let Some(url) = database {
            let _ = writeln!(text, "[database]\nurl = {url:?}");
        }
        text
    }

    /// Has the server answer operators' browsers, from its next start on; where.
    pub(crate) fn open_console(&mut self) -> anyhow::Result<SocketAddr> {
        let address = free_address()?;
        let text = std::fs::read_to_string(&self.configuration)?;
        let open = text.replace("[admin]\nlisten = []", &format!("[admin]\nlisten = [\"{address}\"]"));
        ensure!(open != text, "the configuration has no console to open");
        std::fs::write(&self.configuration, open)?;
        Ok(address)
    }

    /// Runs a command to its end.
    pub(crate) fn act(&self, words: &[&str]) -> anyhow::Result<()> {
        let status = self.command(&words.join(" "))?.status()?;
        ensure!(status.success(), "`hearth {}` failed: {status}", words.join(" "));
        Ok(())
    }

    fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// Starts the server and waits until clients can connect.
    pub(crate) fn start(&self) -> anyhow::Result<Child> {
        let mut child = self.begin()?;
        self.wait_for(&mut child)?;
        Ok(child)
    }

    /// Starts the server.
    pub(crate) fn begin(&self) -> anyhow::Result<Child> {
        Child::start(&mut self.command("run")?)
    }

    /// Waits until clients can connect.
    pub(crate) fn wait_for(&self, child: &mut Child) -> anyhow::Result<()> {
        child
            .wait_until(|| answers(self.starttls) && answers(self.tls))
            .context("hearth did not start")
    }

    /// Where clients find it.
    pub(crate) fn address(&self, security: Security) -> SocketAddr {
        match security {
            Security::Direct => self.tls,
            Security::Plain | Security::Starttls => self.starttls,
        }
    }

    /// An operator's connection to the running server.
    pub(crate) fn control(&self) -> anyhow::Result<Control> {
        Control::connect(&self.data().join("control.sock"))
    }

    /// `hearth ACT` in its surroundings: our settings and nobody else's.
    fn command(&self, act: &str) -> anyhow::Result<Command> {
        let mut command = child::command(&self.program, None)?;
        let foreign = std::env::vars_os().map(|(name, _)| name);
        for name in foreign.filter(|name| name.to_string_lossy().starts_with("HEARTH_")) {
            command.env_remove(name);
        }
        command
            .args(act.split(' '))
            .env("HEARTH_CONFIG", &self.configuration)
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        Ok(command)
    }

    /// Makes the accounts, while no server runs, with keys that are derived already.
    pub(crate) fn import(&self, accounts: usize) -> anyhow::Result<()> {
        let mut command = self.command("account import")?;
        command.stdin(Stdio::piped());
        let mut child = command.spawn().context("cannot start hearth")?;
        let mut input = child.stdin.take().context("its input was asked for")?;
        let written = input.write_all(records(accounts).as_bytes());
        drop(input);
        let status = child.wait()?;
        ensure!(status.success(), "`hearth account import` failed: {status}");
        Ok(written?)
    }
}

/// The accounts that [`House::import`] makes, at servers that listen at these addresses.
pub(crate) fn target(addresses: Vec<SocketAddr>, security: Security) -> Target {
    Target {
        domain: DOMAIN.to_owned(),
        addresses,
        security,
        accounts: Accounts::default(),
        sources: SOURCES,
    }
}

/// The server that was built beside this program, where no other is given.
pub(crate) fn program(given: Option<&Path>) -> std::io::Result<PathBuf> {
    match given {
        Some(given) => Ok(given.to_owned()),
        None => Ok(std::env::current_exe()?.with_file_name("hearth")),
    }
}

/// Accounts as lines of JSON. All have one salt, so that the load generator need not derive
/// keys for each of them.
fn records(accounts: usize) -> String {
    let names = Accounts::default();
    let keys = Password::new(&names.password).to_json();
    (0..accounts)
        .map(|number| format!("{{\"jid\":\"{}@{DOMAIN}\",{keys}}}\n", names.user(number)))
        .collect()
}
