//! Child processes that end: by their deadline, or with whoever started them.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{PipeReader, Read as _, Write as _};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long a child that was killed at its deadline has to obey before it is killed for good.
const KILL_AFTER_SECS: u64 = 5;

/// A command that is ended at its deadline, by coreutils' `timeout`, whatever becomes of us meanwhile.
///
/// It stays in our process group, so that whoever ends the group ends it too.
pub fn bounded(program: impl AsRef<OsStr>, deadline: Duration) -> Command {
    let mut command = Command::new("timeout");
    command
        .arg("--foreground")
        .arg(format!("--kill-after={KILL_AFTER_SECS}"))
        .arg(deadline.as_secs().to_string())
        .arg(program);
    command
}

/// Runs a command to its end with this on its standard input; what it printed, or an error that shows it.
pub fn run(command: &mut Command, input: &str) -> Result<String> {
    let name = format!("{command:?}");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {name}"))?;
    let mut stdin = child.stdin.take().expect("the standard input was asked for");
    // A child that does not read has its reasons; its exit status says whether they were good.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let output = child.wait_with_output()?;
    let printed = String::from_utf8_lossy(&output.stdout).into_owned();
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("{name} ended with {}\n{printed}{errors}", output.status);
    }
    Ok(printed)
}

/// A child that lives as long as this value, and not a moment longer than our process.
#[derive(Debug)]
pub struct Guarded {
    child: Child,
    lifeline: Child,
    /// Behind a lock, so that tasks can share the child.
    output: Mutex<Receiver<()>>,
}

impl Guarded {
    /// Starts the command, and beside it a watcher that kills it when our end of a pipe closes, which
    /// the kernel sees to however we end. What the child prints is added to the log.
    pub fn spawn(command: &mut Command, log: &Path) -> Result<Self> {
        let name = format!("{command:?}");
        let log = File::options().create(true).append(true).open(log)?;
        let (reader, writer) = std::io::pipe()?;
        let spawned = command
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .spawn();
        // The command keeps its ends of the pipe open; without them, its end is the child's.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let mut child = spawned.with_context(|| format!("cannot start {name}"))?;
        let lifeline = match lifeline(child.id()) {
            Ok(lifeline) => lifeline,
            Err(error) => {
                child.kill()?;
                child.wait()?;
                return Err(error);
            }
        };
        Ok(Self {
            child,
            lifeline,
            output: Mutex::new(copy_output(reader, log)),
        })
    }

    /// The child's process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until the child prints something, or this time is over. False: it has ended.
    pub fn wait_for_output(&self, patience: Duration) -> bool {
        let output = self.output.lock().unwrap_or_else(PoisonError::into_inner);
        output.recv_timeout(patience) != Err(RecvTimeoutError::Disconnected)
    }

    /// Asks the child to end (SIGTERM) and waits for its exit status; a child that is late is killed.
    pub fn terminate(self, patience: Duration) -> Result<ExitStatus> {
        let pid = i32::try_from(self.child.id()).context("a process id is a positive number of 31 bits")?;
        kill(Pid::from_raw(pid), Signal::SIGTERM)?;
        self.wait(patience)
    }

    /// Waits for the exit status of a child that is about to end; one that is late is killed.
    pub fn wait(mut self, patience: Duration) -> Result<ExitStatus> {
        let deadline = Instant::now() + patience;
        while self.wait_for_output(deadline.saturating_duration_since(Instant::now())) {
            ensure!(Instant::now() < deadline, "the process runs on after {patience:?}");
        }
        Ok(self.child.wait()?)
    }
}

impl Drop for Guarded {
    fn drop(&mut self) {
        // The watcher first: once the child is reaped, its number may be given to somebody else.
        let _ = self.lifeline.kill();
        let _ = self.lifeline.wait();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn lifeline(pid: u32) -> Result<Child> {
    Command::new("sh")
        .args(["-c", r#"read -r line; kill -KILL "$0""#, &pid.to_string()])
        .stdin(Stdio::piped())
        .spawn()
        .context("cannot start sh")
}

/// Copies until the child's end of the pipe is closed, and says each time that something came.
fn copy_output(mut reader: PipeReader, mut log: File) -> Receiver<()> {
    // One notice is enough: it says "look again", not how much there is.
    let (notice, output) = sync_channel(1);
    std::thread::spawn(move || {
        let mut buffer = [0; 8192];
        while let Ok(read @ 1..) = reader.read(&mut buffer) {
            let _ = log.write_all(&buffer[..read]);
            let _ = notice.try_send(());
        }
    });
    output
}

/// The end of a log file, for a message about what went wrong.
pub fn last_lines(path: &Path, count: usize) -> String {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(count)..].join("\n")
}
