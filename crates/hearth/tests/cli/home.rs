//! A fresh directory to run the program in, and servers that end with their tests.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use tempfile::TempDir;

/// A test that hangs must not keep a server for longer than this, not even when it is killed itself.
const SECONDS: &str = "120";

/// A directory of its own.
pub(crate) struct Home {
    directory: TempDir,
}

/// What a command left behind.
#[derive(Debug)]
pub(crate) struct Outcome {
    pub(crate) status: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// A running server.
pub(crate) struct Server<'a> {
    home: &'a Home,
    child: Child,
    pub(crate) greeting: String,
    pub(crate) ready: Value,
}

impl Home {
    pub(crate) fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        std::fs::write(self.path(name), text).unwrap();
        self.path(name)
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        // Stretching passwords as in earnest would take most of the tests' time.
        let quick = ("HEARTH_PROPERTIES__SASL__SCRAM_ITERATIONS", "4096");
        command
            .current_dir(self.directory.path())
            .env_clear()
            .env(quick.0, quick.1);
        command
    }

    /// Runs a command to its end.
    pub(crate) fn hearth(&self, arguments: &[&str]) -> Outcome {
        self.hearth_with(arguments, &[], "")
    }

    pub(crate) fn hearth_with(&self, arguments: &[&str], environment: &[(&str, &str)], input: &str) -> Outcome {
        let mut command = self.command(env!("CARGO_BIN_EXE_hearth"));
        command.args(arguments).envs(environment.iter().copied());
        finish(&mut command, input)
    }

    /// Runs a line as a shell does.
    pub(crate) fn shell(&self, line: &str, input: &str) -> Outcome {
        finish(self.command("/bin/sh").args(["-c", line]), input)
    }

    /// Starts a server on ports of its own choice and waits until it is ready.
    pub(crate) fn start(&self, arguments: &[&str]) -> Server<'_> {
        self.start_on(["127.0.0.1:0"; 3], arguments)
    }

    pub(crate) fn start_with(&self, environment: &[(&str, &str)]) -> Server<'_> {
        self.spawn(["127.0.0.1:0"; 3], &[], environment)
    }

    /// Starts a server on these addresses: for STARTTLS, direct TLS and machines.
    pub(crate) fn start_on(&self, addresses: [&str; 3], arguments: &[&str]) -> Server<'_> {
        self.spawn(addresses, arguments, &[])
    }

    fn spawn(&self, addresses: [&str; 3], arguments: &[&str], environment: &[(&str, &str)]) -> Server<'_> {
        let mut command = self.command("timeout");
        command.args([
            "--foreground",
            "-s",
            "KILL",
            SECONDS,
            env!("CARGO_BIN_EXE_hearth"),
            "run",
        ]);
        command.args(["--admin-tls-listen", "127.0.0.1:0"]);
        for (flag, address) in ["--c2s-listen", "--c2s-tls-listen", "--admin-listen"]
            .iter()
            .zip(addresses)
        {
            command.args([flag, address]);
        }
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.path("log"))
            .unwrap();
        command
            .args(["--ready-file", "ready.json"])
            .args(arguments)
            .envs(environment.iter().copied());
        let mut child = command
            .stdout(Stdio::piped())
            .stderr(log)
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        // The greeting comes last; it ends with an empty line where there are no accounts yet.
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut greeting = String::new();
        while !greeting.contains("\n  certificate ") {
            let Some(line) = lines.next() else {
                panic!("the server did not start: {}", self.read("log"))
            };
            greeting.push_str(&(line.unwrap() + "\n"));
        }
        let ready = serde_json::from_str(&self.read("ready.json")).unwrap();
        let mut server = Server {
            home: self,
            child,
            greeting,
            ready,
        };
        if server.has_no_accounts() {
            // Then there is no administrator either: how to make one comes first, in four lines.
            for line in lines.by_ref().take(4 + 3) {
                server.greeting.push_str(&(line.unwrap() + "\n"));
            }
        }
        std::mem::forget(lines);
        server
    }
}

fn finish(command: &mut Command, input: &str) -> Outcome {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that does not read its input closes it: that is its right.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    Outcome {
        status: output.status.code().unwrap_or(-1),
        out: String::from_utf8(output.stdout).unwrap(),
        err: String::from_utf8(output.stderr).unwrap(),
    }
}

impl Outcome {
    /// Its output, after it has done what it should.
    #[track_caller]
    pub(crate) fn done(self) -> String {
        assert_eq!(self.status, 0, "{self:?}");
        self.out
    }

    #[track_caller]
    pub(crate) fn json(self) -> Value {
        serde_json::from_str(&self.done()).unwrap()
    }

    /// Checks that it failed so, and said so.
    #[track_caller]
    pub(crate) fn failed(&self, status: i32, words: &str) {
        assert_eq!(self.status, status, "{self:?}");
        assert!(self.err.contains(words), "{self:?} does not say {words:?}");
    }
}

impl Server<'_> {
    fn has_no_accounts(&self) -> bool {
        let listed = self.home.hearth(&["account", "list", "--json"]).json();
        listed.as_array().unwrap().is_empty()
    }

    pub(crate) fn address(&self, listener: &str) -> SocketAddr {
        self.ready[listener][0].as_str().unwrap().parse().unwrap()
    }

    pub(crate) fn pid(&self) -> i32 {
        self.ready["pid"].as_i64().unwrap().try_into().unwrap()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.pid()), signal).unwrap();
    }

    /// What the admin listener answers.
    pub(crate) fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(self.address("admin")).unwrap();
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        )
        .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    /// Waits for its end; gives back the exit status.
    pub(crate) fn end(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// Stops it as a service manager does.
    pub(crate) fn stop(self) {
        self.signal(Signal::SIGTERM);
        let home = self.home;
        assert_eq!(self.end(), Some(0), "{}", home.read("log"));
    }
}

impl Drop for Server<'_> {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            let _ = kill(Pid::from_raw(self.pid()), Signal::SIGKILL);
            let _ = self.child.wait();
        }
    }
}
