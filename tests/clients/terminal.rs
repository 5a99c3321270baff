//! A terminal to type at and to read from: tmux in control mode, which tells us whenever something was
//! written to the screen.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

/// Wide and high enough that nothing wraps or scrolls away.
const COLUMNS: &str = "180";
const ROWS: &str = "100";
/// How long the terminal may take to answer us, and a program to show what is expected of it.
const PATIENCE: Duration = Duration::from_secs(20);
/// The session goes when we do, however we end: our end of the pipe is then closed.
const CONFIGURATION: &str = "set -g destroy-unattached on\nset -g escape-time 0\n";

/// A program in a terminal of its own.
pub(crate) struct Terminal {
    tmux: Child,
    commands: ChildStdin,
    notices: Receiver<String>,
}

impl Terminal {
    /// Starts a shell command in a new terminal; the directory is for the terminal's own files.
    pub(crate) fn open(directory: &Path, program: &str, environment: &[(&str, &Path)]) -> Result<Self> {
        let configuration = directory.join("tmux.conf");
        std::fs::write(&configuration, CONFIGURATION)?;
        let mut tmux = Command::new("tmux")
            .arg("-C")
            .arg("-S")
            .arg(directory.join("socket"))
            .arg("-f")
            .arg(configuration)
            .args(["new-session", "-x", COLUMNS, "-y", ROWS, program])
            .envs(environment.iter().copied())
            .env("LC_ALL", "C.UTF-8")
            .env_remove("TMUX")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start tmux: run `cargo xtask test`, which installs it")?;
        let commands = tmux.stdin.take().expect("the standard input was asked for");
        let output = tmux.stdout.take().expect("the standard output was asked for");
        let (sender, notices) = channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(output).lines().map_while(Result::ok);
            lines.map_while(|line| sender.send(line).ok()).for_each(drop);
        });
        let mut terminal = Self {
            tmux,
            commands,
            notices,
        };
        // The answer to `new-session` itself.
        terminal.answer()?;
        Ok(terminal)
    }

    /// Types a line.
    pub(crate) fn type_line(&mut self, line: &str) -> Result<()> {
        ensure!(!line.contains('\''), "tmux would need {line:?} quoted otherwise");
        self.command(&format!("send-keys -l -- '{line}'"))?;
        self.command("send-keys Enter")?;
        Ok(())
    }

    /// Waits until the screen shows this text.
    pub(crate) fn expect(&mut self, text: &str) -> Result<()> {
        self.expect_more(text, 0)
    }

    /// How often the screen shows this text.
    pub(crate) fn count(&mut self, text: &str) -> Result<usize> {
        Ok(self.screen()?.matches(text).count())
    }

    /// Waits until the screen shows this text more often than it did.
    pub(crate) fn expect_more(&mut self, text: &str, before: usize) -> Result<()> {
        self.wait_until(&format!("{text:?}, more than {before} times"), |screen| {
            screen.matches(text).count() > before
        })
    }

    /// Waits until this is true; it is asked again whenever something was written to the screen, and
    /// now and then for what can be seen elsewhere.
    pub(crate) fn wait_until(&mut self, what: &str, is_so: impl Fn(&str) -> bool) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen()?;
            if is_so(&screen) {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "waited for {what}; the screen shows:\n{screen}"
            );
            self.wait_for_output()?;
        }
    }

    /// Waits until the program has ended by itself, and its terminal with it.
    pub(crate) fn wait_for_end(&self) -> Result<()> {
        loop {
            match self.notices.recv_timeout(PATIENCE) {
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => bail!("the program in the terminal did not end"),
                Err(RecvTimeoutError::Disconnected) => return Ok(()),
            }
        }
    }

    /// What the screen shows, without its empty lines.
    fn screen(&mut self) -> Result<String> {
        let screen = self.command("capture-pane -p")?;
        let lines: Vec<&str> = screen.lines().filter(|line| !line.trim().is_empty()).collect();
        Ok(lines.join("\n"))
    }

    fn wait_for_output(&self) -> Result<()> {
        const NOW_AND_THEN: Duration = Duration::from_millis(200);
        loop {
            match self.notices.recv_timeout(NOW_AND_THEN) {
                Ok(notice) if notice.starts_with("%output") => return Ok(()),
                Ok(_) => {}
                Err(RecvTimeoutError::Timeout) => return Ok(()),
                Err(RecvTimeoutError::Disconnected) => bail!("the program in the terminal ended"),
            }
        }
    }

    fn command(&mut self, command: &str) -> Result<String> {
        writeln!(self.commands, "{command}").context("the terminal is gone")?;
        self.answer().with_context(|| format!("tmux, asked to {command}"))
    }

    /// What tmux says between `%begin` and `%end`.
    fn answer(&mut self) -> Result<String> {
        let mut lines = Vec::new();
        let mut began = false;
        loop {
            let line = self.notices.recv_timeout(PATIENCE).context("no answer from tmux")?;
            match line.split(' ').next() {
                Some("%begin") => began = true,
                Some("%end") => return Ok(lines.join("\n")),
                Some("%error") => bail!("{}", lines.join("\n")),
                _ if began => lines.push(line),
                _ => {}
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.commands.write_all(b"kill-server\n");
        let _ = self.tmux.kill();
        let _ = self.tmux.wait();
    }
}
