//! What tests need from Debian: database servers, a balancer, a browser, networks, a terminal and a
//! client for it.

use std::io::IsTerminal as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::command;

/// Programs and the packages they come in.
const NEEDED: &[(&str, &str)] = &[
    ("chromedriver", "chromium-driver"),
    ("chromium", "chromium"),
    ("haproxy", "haproxy"),
    ("ip", "iproute2"),
    ("mariadbd", "mariadb-server"),
    ("pebble", "pebble"),
    ("profanity", "profanity"),
    ("python3", "python3"),
    ("setpriv", "util-linux"),
    ("tmux", "tmux"),
];

/// Installs packages without starting what they would like to run: `invoke-rc.d` and systemd ask
/// policy-rc.d, and meanwhile it says no. One of the system's own is put back afterwards.
const INSTALL: &str = r#"
set -eu
exec 9>/run/lock/hearth-test-packages
flock 9
policy=/usr/sbin/policy-rc.d
kept=$policy.kept-by-hearth
restore() { rm -f "$policy"; [ ! -e "$kept" ] || mv "$kept" "$policy"; }
[ -e "$kept" ] || [ ! -e "$policy" ] || mv "$policy" "$kept"
trap restore EXIT
trap 'exit 1' HUP INT TERM
printf '#!/bin/sh\nexit 101\n' >"$policy"
chmod 755 "$policy"
export DEBIAN_FRONTEND=noninteractive
apt-get -o DPkg::Lock::Timeout=600 -qq update
apt-get -o DPkg::Lock::Timeout=600 -qq --yes --no-install-recommends install "$@" >/dev/null
"#;

/// Installs what is missing, or says what it is: the tests that need it then fail and say so, too.
pub(super) fn install() {
    let missing = missing();
    if missing.is_empty() {
        return;
    }
    println!("installing {}", missing.join(", "));
    let Some(mut shell) = root_shell() else {
        println!("cannot install them: that takes apt-get, and root or sudo. Please install them yourself.");
        return;
    };
    match shell.args(["-c", INSTALL, "install"]).args(&missing).status() {
        Ok(status) if status.success() => {}
        Ok(status) => println!("apt-get ended with {status}; missing: {}", self::missing().join(", ")),
        Err(error) => println!("cannot start a shell as root: {error}; missing: {}", missing.join(", ")),
    }
}

fn missing() -> Vec<&'static str> {
    let mut missing: Vec<&str> = NEEDED
        .iter()
        .filter(|(program, _)| !is_installed(program))
        .map(|(_, package)| *package)
        .collect();
    if !has_postgresql() {
        missing.push("postgresql");
    }
    if !has_python_venv() {
        missing.push("python3-venv");
    }
    missing
}

/// Servers lie where only root's PATH looks.
fn is_installed(program: &str) -> bool {
    command::on_path(program).is_some() || Path::new("/usr/sbin").join(program).is_file()
}

/// Debian keeps each version in a directory of its own and none of them on the PATH.
fn has_postgresql() -> bool {
    let versions = Path::new("/usr/lib/postgresql")
        .read_dir()
        .into_iter()
        .flatten()
        .flatten();
    versions
        .into_iter()
        .any(|version| version.path().join("bin/initdb").is_file())
}

/// Debian's python3 has the module without what it needs.
fn has_python_venv() -> bool {
    let mut python = Command::new("python3");
    python
        .args(["-c", "import venv, ensurepip"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    python.status().is_ok_and(|status| status.success())
}

/// A shell as root, without a question unless there is somebody to answer it.
fn root_shell() -> Option<Command> {
    command::on_path("apt-get")?;
    if command::output(Command::new("id").arg("-u")).ok()?.trim() == "0" {
        return Some(Command::new("sh"));
    }
    let mut sudo = Command::new(command::on_path("sudo")?);
    if !std::io::stdin().is_terminal() {
        sudo.arg("-n");
    }
    sudo.arg("sh");
    Some(sudo)
}
