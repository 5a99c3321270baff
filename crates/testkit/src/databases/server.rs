//! A private database server, which ends with its owner.

use std::io::{BufRead, BufReader, Write};
use std::net::IpAddr;
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use super::{Kind, mariadb, postgres};

/// Starting takes a second or two on an idle machine.
const START_TIMEOUT: Duration = Duration::from_secs(120);

/// Whether commits reach the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// As in production: for measurements.
    Full,
    /// They survive the death of any process but not of the machine: for tests, which it makes faster.
    Relaxed,
}

/// A running server of one kind.
pub struct Server {
    kind: Kind,
    place: Place,
    keeper: Child,
    commands: Option<ChildStdin>,
    answers: BufReader<ChildStdout>,
}

/// A network in which a server can be reached, besides by its socket, without a password.
pub struct Network {
    /// The command that runs another one there, in its own place.
    pub entrance: Vec<String>,
    /// The server's address there.
    pub address: IpAddr,
}

/// Where a server keeps its things, and as whom it runs.
pub(super) struct Place {
    /// Goes with the server.
    pub(super) directory: PathBuf,
    /// In it, or somewhere else, where it stays.
    pub(super) data: PathBuf,
    /// A user to drop to, when we are root: these servers refuse to run as root.
    user: Option<User>,
    pub(super) network: Option<Network>,
}

struct User {
    uid: u32,
    gid: u32,
}

/// Keeps the server: starts and stops it on command, and when the pipe closes, because the owner is
/// done or dead, ends it and removes its directory. `$1` is the directory, the rest the command.
const KEEPER: &str = r#"
directory=$1; shift
signal() { [ -n "$server" ] && kill -"$1" "$server" $(cat "/proc/$server/task/$server/children") 2>/dev/null; }
stop() { signal CONT; [ -n "$server" ] && kill -"$HEARTH_STOP_SIGNAL" "$server" 2>/dev/null; wait "$server" 2>/dev/null; server=; }
while read -r command; do
  case $command in
    start) "$@" >>"$directory/log" 2>&1 & server=$!; echo started ;;
    stop) stop; echo stopped ;;
    freeze) signal STOP; echo frozen ;;
    thaw) signal CONT; echo thawed ;;
  esac
done
stop
rm -rf "$directory"
"#;

impl Server {
    /// Makes and starts a new, empty server. Takes seconds.
    pub fn start(kind: Kind, durability: Durability) -> Result<Self> {
        Self::start_on(kind, durability, None, None)
    }

    /// A PostgreSQL that can be reached in a network of the test's own, too.
    pub fn start_in_network(durability: Durability, network: Network) -> Result<Self> {
        Self::start_on(Kind::Postgres, durability, None, Some(network))
    }

    /// The same on what an earlier server left in this directory, if anything. It stays there.
    pub fn start_in(kind: Kind, durability: Durability, data: &Path) -> Result<Self> {
        Self::start_on(kind, durability, Some(data), None)
    }

    fn start_on(kind: Kind, durability: Durability, data: Option<&Path>, network: Option<Network>) -> Result<Self> {
        let (user, stop_signal) = match kind {
            Kind::Sqlite => bail!("SQLite has no server"),
            Kind::Postgres => ("postgres", "QUIT"),
            Kind::Mysql => ("mysql", "KILL"),
        };
        let place = Place::new(user, data, network)?;
        let server = match kind {
            Kind::Postgres => postgres::prepare(&place, durability)?,
            _ => mariadb::prepare(&place, durability)?,
        };
        let mut keeper = Command::new("sh");
        keeper.args(["-c", KEEPER, "keeper"]).arg(&place.directory);
        let entrance = place.network.iter().flat_map(|network| &network.entrance);
        keeper.args(entrance).arg(server.get_program()).args(server.get_args());
        // Its own group: a signal to the tests' group must not end it before it has cleaned up.
        keeper.env("HEARTH_STOP_SIGNAL", stop_signal).process_group(0);
        let mut keeper = keeper
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting sh")?;
        let commands = keeper.stdin.take();
        let answers = BufReader::new(keeper.stdout.take().context("the keeper has no output")?);
        let mut server = Self {
            kind,
            place,
            keeper,
            commands,
            answers,
        };
        server.resume()?;
        Ok(server)
    }

    /// The URL of a database of this server, by default one that is always there.
    #[must_use]
    pub fn url(&self) -> String {
        match self.kind {
            Kind::Postgres => postgres::url(&self.place),
            _ => mariadb::url(&self.place),
        }
    }

    /// Kills the server: its database is away until [`Server::resume`].
    pub fn pause(&mut self) -> Result<()> {
        self.command("stop", "stopped")
    }

    /// Starts it again with what it had committed.
    pub fn resume(&mut self) -> Result<()> {
        self.command("start", "started")?;
        let deadline = Instant::now() + START_TIMEOUT;
        while !self.is_ready() {
            ensure!(
                Instant::now() < deadline,
                "{} does not start: see {}",
                self.kind,
                self.log()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Has it do nothing, and refuse nothing, until [`Server::thaw`]: whoever asks it something waits.
    pub fn freeze(&mut self) -> Result<()> {
        self.command("freeze", "frozen")
    }

    /// Has it go on where it was.
    pub fn thaw(&mut self) -> Result<()> {
        self.command("thaw", "thawed")
    }

    fn command(&mut self, command: &str, expected: &str) -> Result<()> {
        let commands = self.commands.as_mut().context("the keeper is gone")?;
        writeln!(commands, "{command}").context("the keeper is gone")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).context("the keeper is gone")?;
        ensure!(answer.trim() == expected, "the keeper of {} says {answer:?}", self.kind);
        Ok(())
    }

    fn is_ready(&self) -> bool {
        let mut question = match self.kind {
            Kind::Postgres => postgres::question(&self.place),
            _ => mariadb::question(&self.place),
        };
        question.stdout(Stdio::null()).stderr(Stdio::null());
        question.status().is_ok_and(|status| status.success())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.place.directory.join("log")).unwrap_or_default()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.commands.take());
        let _ = self.keeper.wait();
    }
}

impl Place {
    fn new(user: &str, data: Option<&Path>, network: Option<Network>) -> Result<Self> {
        let user = if is_root()? { Some(User::find(user)?) } else { None };
        // In the one place whose path is short enough for a socket, whatever TMPDIR says.
        let directory = tempfile::Builder::new().prefix("hearth-db-").tempdir_in("/tmp")?.keep();
        if let Some(data) = data {
            std::fs::create_dir_all(data).with_context(|| format!("making {}", data.display()))?;
        }
        if let Some(user) = &user {
            for path in [Some(directory.as_path()), data].into_iter().flatten() {
                chown(path, Some(user.uid), Some(user.gid)).context("handing the directory over")?;
            }
        }
        Ok(Self {
            data: data.map_or_else(|| directory.join("data"), Path::to_path_buf),
            directory,
            user,
            network,
        })
    }

    /// Whether there is this file in the data directory, which a server made earlier.
    pub(super) fn has(&self, file: &str) -> bool {
        self.data.join(file).exists()
    }

    /// A command that runs as the server's user.
    pub(super) fn command(&self, program: &Path) -> Command {
        let Some(user) = &self.user else {
            return Command::new(program);
        };
        let mut command = Command::new("setpriv");
        command
            .arg(format!("--reuid={}", user.uid))
            .arg(format!("--regid={}", user.gid));
        command.args(["--clear-groups", "--"]).arg(program);
        command
    }

    /// Runs a command to its end.
    pub(super) fn run(mut command: Command) -> Result<()> {
        let output = command
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("running {command:?}"))?;
        ensure!(
            output.status.success(),
            "{command:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(())
    }
}

fn is_root() -> Result<bool> {
    Ok(id(&["-u"])? == 0)
}

impl User {
    fn find(name: &str) -> Result<Self> {
        Ok(Self {
            uid: id(&["-u", name])?,
            gid: id(&["-g", name])?,
        })
    }
}

fn id(args: &[&str]) -> Result<u32> {
    let output = Command::new("id").args(args).output().context("running id")?;
    let text = String::from_utf8_lossy(&output.stdout);
    text.trim()
        .parse()
        .with_context(|| format!("there is no such user: id {args:?}"))
}
