//! One of the servers.

use std::{
    ffi::OsString,
    fmt,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use tokio::{
    io::AsyncWriteExt,
    process::{Child, Command},
};

/// How long a start may take.
const START: Duration = Duration::from_secs(60);
/// How long a server may take to hand over what it has.
const STOP: Duration = Duration::from_secs(30);
/// The ready file makes no noise when it appears.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A server, running or not.
pub(crate) struct Node {
    number: u16,
    hearth: PathBuf,
    directory: PathBuf,
    database: String,
    life: Option<Life>,
}

struct Life {
    process: Child,
    /// Ends the process when we have ended, however that came.
    lifeline: Child,
    pid: u32,
}

impl Node {
    pub(crate) fn new(number: u16, hearth: &Path, directory: &Path, database: &str) -> Self {
        Self {
            number,
            hearth: hearth.to_owned(),
            directory: directory.to_owned(),
            database: database.to_owned(),
            life: None,
        }
    }

    pub(crate) fn name(&self) -> String {
        format!("n{}", self.number)
    }

    pub(crate) fn program(&self) -> &Path {
        &self.hearth
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.directory.join(self.name())
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.directory.join(self.name()).with_extension("log")
    }

    /// Of its process, while it runs.
    pub(crate) fn pid(&self) -> Option<u32> {
        self.life.as_ref().map(|life| life.pid)
    }

    /// Starts it, and waits until clients may come.
    pub(crate) async fn start(&mut self) -> Result<()> {
        let ready = self.directory.join(self.name()).with_extension("ready");
        if ready.exists() {
            fs::remove_file(&ready)?;
        }
        let log = File::options().create(true).append(true).open(self.log())?;
        let mut command = self.command();
        command.arg("run").arg("--ready-file").arg(&ready);
        // A group of its own: Ctrl-C is for us, and we end it in our own time.
        command.process_group(0).kill_on_drop(true);
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let process = command.spawn().context("cannot start hearth")?;
        let pid = process.id().context("a process that was just started has a number")?;
        let lifeline = Command::new("sh")
            .args(["-c", r#"read -r line; kill -TERM "$0""#, &pid.to_string()])
            .process_group(0)
            .stdin(Stdio::piped())
            .kill_on_drop(false)
            .spawn()
            .context("cannot start sh")?;
        self.life = Some(Life { process, lifeline, pid });
        let began = Instant::now();
        while !ready.exists() {
            if let Some(status) = self.has_ended() {
                bail!("{} has ended: {status}; see {}", self.name(), self.log().display());
            }
            ensure!(
                began.elapsed() < START,
                "{} is not ready: see {}",
                self.name(),
                self.log().display()
            );
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    /// How it ended, if it has since this was asked last.
    pub(crate) fn has_ended(&mut self) -> Option<ExitStatus> {
        let life = self.life.as_mut()?;
        let status = life.process.try_wait().ok()??;
        // Its number may soon be somebody else's.
        let _ = life.lifeline.start_kill();
        self.life = None;
        Some(status)
    }

    /// Asks it to hand over what it has and end.
    pub(crate) fn ask_to_end(&mut self) {
        if let Some(life) = &mut self.life {
            drop(life.lifeline.stdin.take());
        }
    }

    /// Waits until it has ended.
    pub(crate) async fn end(&mut self) {
        if let Some(mut life) = self.life.take()
            && tokio::time::timeout(STOP, life.process.wait()).await.is_err()
        {
            println!("{} did not end in {STOP:?} and is killed", self.name());
            let _ = life.process.kill().await;
        }
    }

    /// Runs another command on its data directory; what it printed.
    pub(crate) async fn hearth(&self, arguments: &[&str], input: &str) -> Result<String> {
        let mut command = self.command();
        command.args(arguments).kill_on_drop(true);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn().context("cannot start hearth")?;
        let mut stdin = child.stdin.take().context("the standard input was asked for")?;
        // A command that does not read has its reasons; its exit status says whether they were good.
        let _ = stdin.write_all(input.as_bytes()).await;
        drop(stdin);
        let output = child.wait_with_output().await?;
        ensure!(
            output.status.success(),
            "hearth {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim_end()
        );
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// `hearth` with this server's settings and nobody else's.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.hearth);
        let is_ours = |key: &OsString| key.to_string_lossy().starts_with("HEARTH_");
        for (key, _) in std::env::vars_os().filter(|(key, _)| is_ours(key)) {
            command.env_remove(key);
        }
        let [starttls, direct_tls, admin, admin_tls, cluster] = self.ports();
        command
            .current_dir(&self.directory)
            .env("HEARTH_DATA_DIR", self.data())
            .env("HEARTH_NODE_NAME", self.name())
            .env("HEARTH_DATABASE__URL", &self.database)
            .env("HEARTH_C2S__LISTEN", format!("127.0.0.1:{starttls}"))
            .env("HEARTH_C2S__TLS_LISTEN", format!("127.0.0.1:{direct_tls}"))
            .env("HEARTH_ADMIN__LISTEN", format!("127.0.0.1:{admin}"))
            .env("HEARTH_ADMIN__TLS_LISTEN", format!("127.0.0.1:{admin_tls}"))
            .env("HEARTH_CLUSTER__INTERFACES", "127.0.0.1")
            .env("HEARTH_CLUSTER__PORTS", cluster.to_string());
        command
    }

    /// STARTTLS, direct TLS, console and monitoring, the console with TLS, cluster.
    fn ports(&self) -> [u16; 5] {
        let place = self.number - 1;
        let console = 9090 + 100 * place;
        [
            5222 + 100 * place,
            5223 + 100 * place,
            console,
            console + 1,
            5701 + place,
        ]
    }
}

impl fmt::Display for Node {
    /// A row of the table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [starttls, direct_tls, admin, _, cluster] = self.ports().map(|port| format!("127.0.0.1:{port}"));
        let pid = self.pid().map_or_else(|| "-".to_owned(), |pid| pid.to_string());
        let name = self.name();
        write!(
            f,
            "{name:6}  {starttls:14}  {direct_tls:14}  http://{admin:14}  {cluster:14}  {pid}"
        )
    }
}
