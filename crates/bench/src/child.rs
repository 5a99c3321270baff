//! Processes that end when this one does, however it ends.

use anyhow::{Context as _, bail};
use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Gid, Pid, Uid, User, getppid, setgid, setgroups, setuid};
use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

/// The subcommand that [`command`] goes through.
pub const UNDER: &str = "under";
/// A process that has not ended so long after it was asked to is killed.
const GRACE: Duration = Duration::from_secs(20);

/// A running process; dropping it ends it.
#[derive(Debug)]
pub struct Child {
    process: std::process::Child,
    /// It was asked to end; who asks twice is in a hurry.
    is_dismissed: bool,
}

impl Child {
    /// Starts what [`command`] has prepared.
    pub fn start(command: &mut Command) -> anyhow::Result<Self> {
        let started = command.spawn();
        Ok(Self {
            process: started.with_context(|| format!("cannot start {command:?}"))?,
            is_dismissed: false,
        })
    }

    /// The number of the process.
    #[must_use]
    pub fn pid(&self) -> i32 {
        i32::try_from(self.process.id()).expect("process numbers are positive")
    }

    /// Its standard output, where it was asked for.
    pub fn output(&mut self) -> Option<std::process::ChildStdout> {
        self.process.stdout.take()
    }

    /// Ends it from one instruction to the next.
    pub fn kill(&mut self) -> std::io::Result<()> {
        self.process.kill()
    }

    /// Asks it to end, and does not wait for that.
    pub fn dismiss(&mut self) {
        if !std::mem::replace(&mut self.is_dismissed, true) {
            // It may be gone already, which is what is wanted.
            let _ = kill(Pid::from_raw(self.pid()), Signal::SIGTERM);
        }
    }

    /// Waits until `ready` says yes; an error when the process ends before that.
    pub fn wait_until(&mut self, mut ready: impl FnMut() -> bool) -> anyhow::Result<()> {
        let end = Instant::now() + GRACE;
        while !ready() {
            if let Some(status) = self.process.try_wait()? {
                bail!("it ended at once: {status}");
            }
            if Instant::now() > end {
                bail!("it is not ready after {} s", GRACE.as_secs());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        let end = Instant::now() + GRACE;
        self.dismiss();
        while matches!(self.process.try_wait(), Ok(None)) && Instant::now() < end {
            std::thread::sleep(Duration::from_millis(5));
        }
        // Both fail when the process is gone, which is what they are for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Prepares to run `program`, as `user` if this process may choose: by way of this program,
/// which becomes the other one, so that the process keeps its number.
pub fn command(program: &Path, user: Option<&str>) -> anyhow::Result<Command> {
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(UNDER);
    if let Some(user) = user.filter(|_| Uid::effective().is_root()) {
        command.arg("--user").arg(user);
    }
    command.arg("--").arg(program);
    Ok(command)
}

/// The other half of [`command`]: becomes `program`, to be ended when the parent ends.
pub fn become_program(user: Option<&str>, program: &[OsString]) -> anyhow::Result<()> {
    let parent = getppid();
    let (program, arguments) = program.split_first().context("no program is given")?;
    if let Some(name) = user {
        let user = User::from_name(name)?.with_context(|| format!("there is no user {name}"))?;
        leave_root(user.uid, user.gid)?;
    }
    prctl::set_pdeathsig(Signal::SIGTERM)?;
    if getppid() != parent {
        bail!("the parent has ended already");
    }
    let error = Command::new(program).args(arguments).exec();
    Err(error).with_context(|| format!("cannot run {}", program.display()))
}

fn leave_root(user: Uid, group: Gid) -> nix::Result<()> {
    setgroups(&[])?;
    setgid(group)?;
    setuid(user)
}
