//! How Hearth is started and how it gets thousands of accounts. Everything that this program
//! knows of Hearth's outside is in this file.

use super::contender::{Contender, SOURCES, Started, answers, free_address};
use super::postgres::Postgres;
use super::trials::{Database, Trial};
use crate::child::{self, Child};
use crate::client::{Accounts, Security, Target};
use crate::process::Server;
use crate::scram::client::KeyCache;
use crate::scram::server::Password;
use anyhow::{Context as _, ensure};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// Its column in the table.
pub(super) const NAME: &str = "hearth";
const DOMAIN: &str = "localhost";

/// Hearth, with one data directory for each database.
pub(super) struct Hearth {
    program: PathBuf,
    accounts: usize,
    postgres_url: Option<String>,
    sqlite: Option<House>,
    postgres: Option<House>,
}

/// A data directory with accounts, and where the database is.
struct House {
    directory: TempDir,
    configuration: PathBuf,
    starttls: SocketAddr,
    tls: SocketAddr,
    /// Ends after the server.
    _postgres: Option<Postgres>,
}

impl Hearth {
    /// Nothing is done before the first trial.
    pub(super) fn new(program: PathBuf, accounts: usize, postgres_url: Option<String>) -> Self {
        Self {
            program,
            accounts,
            postgres_url,
            sqlite: None,
            postgres: None,
        }
    }

    fn house(&mut self, database: Database) -> anyhow::Result<&House> {
        let (program, accounts) = (&self.program, self.accounts);
        match database {
            Database::Sqlite => {
                if self.sqlite.is_none() {
                    self.sqlite = Some(House::build(program, accounts, None, None)?);
                }
                Ok(self.sqlite.as_ref().expect("it was built above"))
            }
            Database::Postgres => {
                if self.postgres.is_none() {
                    let (url, server) = match self.postgres_url.clone() {
                        Some(url) => (url, None),
                        None => {
                            let server = Postgres::start()?;
                            (server.url(), Some(server))
                        }
                    };
                    self.postgres = Some(House::build(program, accounts, Some(&url), server)?);
                }
                Ok(self.postgres.as_ref().expect("it was built above"))
            }
        }
    }
}

impl Contender for Hearth {
    fn name(&self) -> &'static str {
        NAME
    }

    fn start(&mut self, trial: &Trial, _keys: &mut KeyCache) -> anyhow::Result<Option<Started>> {
        if trial.security == Security::Plain {
            return Ok(None);
        }
        let program = self.program.clone();
        let house = self.house(trial.database)?;
        let mut command = child::command(&program, None)?;
        house.prepare(&mut command, "run");
        let mut child = Child::start(&mut command)?;
        let (starttls, tls) = (house.starttls, house.tls);
        child
            .wait_until(|| answers(starttls) && answers(tls))
            .context("hearth did not start")?;
        Ok(Some(Started {
            target: Target {
                domain: DOMAIN.to_owned(),
                address: if trial.security == Security::Direct {
                    tls
                } else {
                    starttls
                },
                security: trial.security,
                accounts: Accounts::default(),
                sources: SOURCES,
            },
            server: Server {
                pids: vec![child.pid()],
            },
            _child: Some(child),
        }))
    }
}

impl House {
    fn build(
        program: &Path,
        accounts: usize,
        database: Option<&str>,
        postgres: Option<Postgres>,
    ) -> anyhow::Result<Self> {
        let directory = tempfile::tempdir()?;
        let (starttls, tls) = (free_address()?, free_address()?);
        let configuration = directory.path().join("hearth.toml");
        let house = Self {
            configuration,
            starttls,
            tls,
            _postgres: postgres,
            directory,
        };
        std::fs::write(&house.configuration, house.configuration_text(database))?;
        house.import(program, accounts)?;
        Ok(house)
    }

    fn configuration_text(&self, database: Option<&str>) -> String {
        let data = self.directory.path().join("data");
        let url = database.map(|url| format!("[database]\nurl = {url:?}\n"));
        format!(
            "domain = {DOMAIN:?}\ndata_dir = {data:?}\n\
             [c2s]\nlisten = [\"{}\"]\ntls_listen = [\"{}\"]\n\
             [admin]\nlisten = []\n[log]\nlevel = \"warn\"\n{}",
            self.starttls,
            self.tls,
            url.unwrap_or_default()
        )
    }

    /// Sets the surroundings of `hearth ACT`.
    fn prepare(&self, command: &mut Command, act: &str) {
        command
            .args(act.split(' '))
            .env("HEARTH_CONFIG", &self.configuration)
            .current_dir(self.directory.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
    }

    /// Makes the accounts, while no server runs, with keys that are derived already.
    fn import(&self, program: &Path, accounts: usize) -> anyhow::Result<()> {
        let mut command = child::command(program, None)?;
        self.prepare(&mut command, "account import");
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

/// Accounts as lines of JSON. All have one salt, so that the load generator need not derive
/// keys for each of them.
fn records(accounts: usize) -> String {
    let names = Accounts::default();
    let keys = Password::new(&names.password).to_json();
    (0..accounts)
        .map(|number| format!("{{\"jid\":\"{}@{DOMAIN}\",{keys}}}\n", names.user(number)))
        .collect()
}
