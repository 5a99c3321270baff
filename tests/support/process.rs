//! A `hearth` process, as an operator starts it: on free ports, with a data directory of its own.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use serde_json::Value;
use tempfile::TempDir;

use super::child::{self, Guarded};
use super::tools;

/// The domain every such server serves, and for which it makes itself a certificate.
pub const DOMAIN: &str = "localhost";

/// How long a start may take: an unoptimised build, migrations, a busy machine.
const START: Duration = Duration::from_secs(60);
/// How long one command may take.
const COMMAND: Duration = Duration::from_secs(60);
/// How long a server that drains may take to end.
const STOP: Duration = Duration::from_secs(60);
/// The ready file makes no noise when it appears: how often to look for it between two lines of log.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How much of the log is shown when a server does not start.
const LOG_LINES: usize = 40;

/// What a server keeps from one life to the next: its data directory and its configuration.
#[derive(Debug)]
pub struct Home {
    directory: TempDir,
    environment: Vec<(String, String)>,
    entrance: Vec<String>,
}

impl Home {
    /// An empty data directory and SQLite in it.
    pub fn new() -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("hearth-test.").tempdir()?;
        let url = format!("sqlite:{}", directory.path().join("data/hearth.db").display());
        let mut home = Self {
            directory,
            environment: Vec::new(),
            entrance: Vec::new(),
        };
        let data = home.data().display().to_string();
        for (key, value) in [
            ("HEARTH_DATA_DIR", data.as_str()),
            ("HEARTH_DOMAIN", DOMAIN),
            ("HEARTH_DATABASE__URL", &url),
            ("HEARTH_C2S__LISTEN", "127.0.0.1:0"),
            ("HEARTH_C2S__TLS_LISTEN", "127.0.0.1:0"),
            ("HEARTH_ADMIN__LISTEN", "127.0.0.1:0"),
            ("HEARTH_ADMIN__TLS_LISTEN", "127.0.0.1:0"),
        ] {
            home = home.with(key, value);
        }
        Ok(home)
    }

    /// The same with this setting: `HEARTH_DATABASE__URL` for another database, and so on.
    #[must_use]
    pub fn with(mut self, key: &str, value: &str) -> Self {
        self.environment.retain(|(known, _)| known != key);
        self.environment.push((key.to_owned(), value.to_owned()));
        self
    }

    /// The same without this setting.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.environment.retain(|(known, _)| known != key);
        self
    }

    /// The same, where the server, but no other command, runs by way of this one, which takes its place: `nsenter …`.
    #[must_use]
    pub fn through(mut self, entrance: Vec<String>) -> Self {
        self.entrance = entrance;
        self
    }

    /// The data directory.
    pub fn data(&self) -> PathBuf {
        self.directory.path().join("data")
    }

    /// The end of what the server printed, in all its lives.
    pub fn log(&self) -> String {
        child::last_lines(&self.log_file(), LOG_LINES)
    }

    /// Starts the server and waits until it listens.
    pub fn start(self) -> Result<Server> {
        let ready = self.directory.path().join("ready.json");
        if ready.exists() {
            fs::remove_file(&ready)?;
        }
        let hearth = tools::hearth()?;
        let mut words = self.entrance.iter().map(AsRef::as_ref).chain([hearth.as_os_str()]);
        let mut command = Command::new(words.next().expect("hearth at least"));
        command.args(words).arg("run").arg("--ready-file").arg(&ready);
        let process = Guarded::spawn(self.prepare(&mut command), &self.log_file())?;
        let listening = wait_for(&ready, &process);
        let addresses = listening.with_context(|| format!("hearth did not start; it printed:\n{}", self.log()))?;
        Ok(Server {
            home: self,
            process,
            addresses,
        })
    }

    /// Runs another `hearth` command on this data directory; what it printed.
    pub fn hearth(&self, arguments: &[&str], input: &str) -> Result<String> {
        let mut command = child::bounded(tools::hearth()?, COMMAND);
        child::run(self.prepare(command.args(arguments)), input)
    }

    /// Makes an account.
    pub fn add_account(&self, name: &str, password: &str) -> Result<()> {
        let address = format!("{name}@{DOMAIN}");
        self.hearth(
            &["account", "add", &address, "--password-stdin"],
            &format!("{password}\n"),
        )?;
        Ok(())
    }

    /// All that the server printed, in all its lives.
    pub fn log_file(&self) -> PathBuf {
        self.directory.path().join("hearth.log")
    }

    /// Our settings and nobody else's: what is not known to hearth under this prefix is an error to it.
    fn prepare<'command>(&self, command: &'command mut Command) -> &'command mut Command {
        for (key, _) in std::env::vars_os() {
            if key.to_string_lossy().starts_with("HEARTH_") {
                command.env_remove(key);
            }
        }
        command
            .current_dir(self.directory.path())
            .envs(self.environment.iter().cloned())
    }
}

/// A running server.
#[derive(Debug)]
pub struct Server {
    home: Home,
    process: Guarded,
    addresses: Addresses,
}

/// Where a server really listens.
#[derive(Debug, Clone, Copy)]
pub struct Addresses {
    /// Clients, by STARTTLS.
    pub c2s: SocketAddr,
    /// Clients, by direct TLS.
    pub c2s_tls: SocketAddr,
    /// Health, metrics and the console, when that listener is on.
    pub admin: Option<SocketAddr>,
    /// The console behind TLS, when that listener is on.
    pub admin_tls: Option<SocketAddr>,
}

impl Server {
    /// A new server with SQLite.
    pub fn start() -> Result<Self> {
        Home::new()?.start()
    }

    /// Where it listens.
    pub fn addresses(&self) -> Addresses {
        self.addresses
    }

    /// Its data directory and its commands.
    pub fn home(&self) -> &Home {
        &self.home
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The certificate it made for itself.
    pub fn certificate(&self) -> Result<PathBuf> {
        let directory = self.home.data().join("certs");
        let listing = fs::read_dir(&directory).with_context(|| format!("cannot list {}", directory.display()))?;
        for entry in listing {
            let path = entry?.path();
            if fs::read_to_string(&path).is_ok_and(|text| text.contains("BEGIN CERTIFICATE")) {
                return Ok(path);
            }
        }
        bail!("no certificate in {}", directory.display())
    }

    /// Ends it as SIGKILL does, from one instruction to the next; its home remains.
    pub fn kill(self) -> Home {
        drop(self.process);
        self.home
    }

    /// Waits until it has ended, because somebody else asked it to.
    pub fn wait(self) -> Result<(Home, ExitStatus)> {
        let status = self.process.wait(STOP)?;
        Ok((self.home, status))
    }

    /// Asks it to end (SIGTERM) and waits until it has.
    pub fn stop(self) -> Result<(Home, ExitStatus)> {
        let status = self.process.terminate(STOP)?;
        Ok((self.home, status))
    }
}

fn wait_for(ready: &Path, process: &Guarded) -> Result<Addresses> {
    let deadline = Instant::now() + START;
    loop {
        // The file may be seen before all of it is written.
        if let Some(listening) = fs::read(ready).ok().and_then(|text| serde_json::from_slice(&text).ok()) {
            return addresses(&listening);
        }
        ensure!(process.wait_for_output(LOOK_AGAIN), "the process ended");
        ensure!(Instant::now() < deadline, "not listening after {START:?}");
    }
}

fn addresses(listening: &Value) -> Result<Addresses> {
    let first = |name: &str| {
        let address = listening[name][0].as_str()?;
        address.parse().ok()
    };
    Ok(Addresses {
        c2s: first("c2s").with_context(|| format!("no address for c2s in {listening}"))?,
        c2s_tls: first("c2s_tls").with_context(|| format!("no address for c2s_tls in {listening}"))?,
        admin: first("admin"),
        admin_tls: first("admin_tls"),
    })
}
