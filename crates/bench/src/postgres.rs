//! A private PostgreSQL, with its usual promises about durability.

use crate::child::{self, Child};
use crate::ports::free_address;
use anyhow::{Context as _, ensure};
use std::net::SocketAddr;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use tempfile::TempDir;

/// PostgreSQL refuses to run as root; its package brings this user.
const USER: &str = "postgres";
const PROGRAMS: &str = "/usr/lib/postgresql";

/// A server in a temporary directory.
pub(crate) struct Postgres {
    address: SocketAddr,
    programs: PathBuf,
    // Dropped in this order: the server, then its files.
    _child: Child,
    directory: TempDir,
}

impl Postgres {
    /// Makes it and waits until it can be used.
    pub(crate) fn start() -> anyhow::Result<Self> {
        let programs = programs()?;
        let directory = tempfile::tempdir()?;
        give_away(directory.path())?;
        let data = directory.path().join("data");
        let mut initdb = command(&programs, "initdb", directory.path())?;
        initdb
            .arg("-D")
            .arg(&data)
            .args(["-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C"])
            .stdout(Stdio::null());
        let status = initdb.status()?;
        ensure!(status.success(), "initdb failed: {status}");

        let address = free_address()?;
        let mut server = command(&programs, "postgres", directory.path())?;
        server
            .arg("-D")
            .arg(&data)
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200"])
            .arg("-p")
            .arg(address.port().to_string())
            .arg("-k")
            .arg(directory.path())
            .stderr(Stdio::null());
        let mut child = Child::start(&mut server)?;
        child
            .wait_until(|| is_ready(&programs, address))
            .context("PostgreSQL did not start")?;
        Ok(Self {
            address,
            programs,
            _child: child,
            directory,
        })
    }

    /// The database that is there from the start.
    pub(crate) fn url(&self) -> String {
        self.url_of(USER)
    }

    /// Another database, empty.
    pub(crate) fn create(&self, name: &str) -> anyhow::Result<String> {
        let mut createdb = command(&self.programs, "createdb", self.directory.path())?;
        createdb
            .args(["-h", "127.0.0.1", "-U", USER, "-p"])
            .arg(self.address.port().to_string())
            .arg(name);
        let status = createdb.status()?;
        ensure!(status.success(), "createdb failed: {status}");
        Ok(self.url_of(name))
    }

    fn url_of(&self, name: &str) -> String {
        format!("postgres://{USER}@{}/{name}", self.address)
    }
}

/// Where the newest installed version has its programs.
fn programs() -> anyhow::Result<PathBuf> {
    let versions = std::fs::read_dir(PROGRAMS).into_iter().flatten().flatten();
    let number = |name: &std::ffi::OsStr| name.to_str()?.parse::<u32>().ok();
    let newest = versions.filter_map(|entry| number(&entry.file_name())).max();
    let newest = newest.context(
        "PostgreSQL is not installed: install it, name another by --postgres, or leave the \
         trial out by --without-postgres",
    )?;
    Ok(Path::new(PROGRAMS).join(newest.to_string()).join("bin"))
}

fn command(programs: &Path, name: &str, directory: &Path) -> anyhow::Result<Command> {
    let mut command = child::command(&programs.join(name), Some(USER))?;
    command.current_dir(directory).stdin(Stdio::null());
    Ok(command)
}

fn is_ready(programs: &Path, address: SocketAddr) -> bool {
    let port = address.port().to_string();
    Command::new(programs.join("pg_isready"))
        .args(["-q", "-h", "127.0.0.1", "-U", USER, "-p", &port])
        .status()
        .is_ok_and(|status| status.success())
}

/// Lets the user of PostgreSQL have the directory, where we are not that user ourselves.
fn give_away(directory: &Path) -> anyhow::Result<()> {
    if nix::unistd::Uid::effective().is_root() {
        let user = nix::unistd::User::from_name(USER)?.with_context(|| format!("there is no user {USER}"))?;
        chown(directory, Some(user.uid.as_raw()), Some(user.gid.as_raw()))?;
    }
    Ok(())
}
