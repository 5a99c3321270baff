//! `cargo xtask verify`, which writes nothing, and `cargo xtask fix`, which writes.

use std::process::Command;

use anyhow::Result;

use crate::command::{self, cargo};
use crate::floors;
use crate::metadata::Metadata;
use crate::test::tools;

/// Runs every check, so that all complaints come at once; true when there are none.
pub(crate) fn verify() -> Result<bool> {
    let metadata = Metadata::read(&["--locked"])?;
    let mut failed = Vec::new();
    let mut check = |name: &'static str, outcome: Result<bool>| -> Result<()> {
        if !outcome? {
            failed.push(name);
        }
        Ok(())
    };
    check("format", run("format", &mut cargo(["fmt", "--all", "--", "--check"])))?;
    check("floors", house(&metadata))?;
    check("dependencies", dependencies(&metadata))?;
    check("lints", run("lints", &mut lints(&["--locked", "--", "-D", "warnings"])))?;
    let mut documentation = cargo([
        "doc",
        "--workspace",
        "--no-deps",
        "--document-private-items",
        "--locked",
    ]);
    check(
        "documentation",
        run("documentation", documentation.env("RUSTDOCFLAGS", "-D warnings")),
    )?;
    match failed.as_slice() {
        [] => println!("verify: all is well"),
        _ => println!("verify: not well: {}", failed.join(", ")),
    }
    Ok(failed.is_empty())
}

/// Formats, and mends what lints can mend by themselves.
pub(crate) fn fix() -> Result<bool> {
    let mended = run("lints", &mut lints(&["--fix", "--allow-dirty", "--allow-staged"]))?;
    let formatted = run("format", &mut cargo(["fmt", "--all"]))?;
    Ok(mended && formatted)
}

fn lints(arguments: &[&str]) -> Command {
    let mut clippy = cargo(["clippy", "--workspace", "--all-targets"]);
    clippy.args(arguments);
    clippy
}

fn run(name: &str, command: &mut Command) -> Result<bool> {
    println!("== {name}");
    command::succeeds(command)
}

fn house(metadata: &Metadata) -> Result<bool> {
    println!("== floors");
    let complaints = floors::complaints(metadata);
    for complaint in &complaints {
        println!("{complaint}");
    }
    Ok(complaints.is_empty())
}

/// Licences, banned crates and sources; advisories where their database has been fetched before.
fn dependencies(metadata: &Metadata) -> Result<bool> {
    println!("== dependencies");
    let Some(program) = tools::cargo_deny(&metadata.target_directory) else {
        println!("left out: cargo-deny is not here (`cargo xtask test` installs it)");
        return Ok(true);
    };
    let mut deny = Command::new(program);
    deny.args([
        "--offline",
        "--locked",
        "check",
        "--hide-inclusion-graph",
        "licenses",
        "bans",
        "sources",
    ]);
    if has_advisories() {
        deny.arg("advisories");
    } else {
        println!("left out: advisories, whose database is not here (`cargo deny fetch`)");
    }
    command::succeeds(deny.current_dir(command::root()))
}

/// Whether cargo-deny's database of known vulnerabilities is there, a folder of its own. An attempt to fetch it leaves a lock
/// file behind.
fn has_advisories() -> bool {
    let home = std::env::var_os("CARGO_HOME").map(Into::into);
    let home = home.or_else(|| std::env::home_dir().map(|home| home.join(".cargo")));
    let databases = home.map(|home| home.join("advisory-dbs"));
    databases
        .and_then(|path| path.read_dir().ok())
        .is_some_and(|entries| entries.flatten().any(|entry| entry.path().is_dir()))
}
