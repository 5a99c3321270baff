//! `cargo xtask cluster`: builds the server and the program that runs several of it as a cluster, and becomes that.

use std::io::ErrorKind;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::command::{self, cargo};
use crate::metadata::Metadata;

/// How many servers, and what of it.
#[derive(Debug, PartialEq)]
pub(crate) struct Options {
    nodes: u16,
    /// Goes on with what the last run left.
    keeps_data: bool,
    /// Builds in less time what runs in more.
    is_debug: bool,
}

impl Options {
    /// From the command line; none where it is not understood.
    pub(crate) fn read(words: &[&str]) -> Option<Self> {
        let mut options = Self {
            nodes: 3,
            keeps_data: false,
            is_debug: false,
        };
        let mut words = words.iter();
        while let Some(word) = words.next() {
            match *word {
                "--keep" => options.keeps_data = true,
                "--debug" => options.is_debug = true,
                "--nodes" => options.nodes = words.next()?.parse().ok().filter(|nodes| (1..=9).contains(nodes))?,
                _ => return None,
            }
        }
        Some(options)
    }
}

/// Runs the cluster until it is interrupted; false where it could not be built.
pub(crate) fn cluster(options: &Options) -> Result<bool> {
    let target = Metadata::read(&[])?.target_directory;
    let mut build = cargo([
        "build",
        "-p",
        "hearth",
        "-p",
        "testkit",
        "--bin",
        "hearth",
        "--bin",
        "local_cluster",
    ]);
    if !options.is_debug {
        build.arg("--release");
    }
    if !command::succeeds(&mut build)? {
        return Ok(false);
    }
    let built = target.join(if options.is_debug { "debug" } else { "release" });
    let data = target.join("cluster");
    if !options.keeps_data {
        remove(&data)?;
    }
    std::fs::create_dir_all(&data).with_context(|| format!("cannot make {}", data.display()))?;
    let mut cluster = Command::new(built.join("local_cluster"));
    cluster
        .arg(built.join("hearth"))
        .arg(&data)
        .arg(options.nodes.to_string());
    // What it is told, it is told by the terminal: we need not stand between them.
    bail!("cannot start the cluster: {}", cluster.exec())
}

fn remove(data: &Path) -> Result<()> {
    match std::fs::remove_dir_all(data) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", data.display()))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::Options;

    #[test]
    fn options_are_read() {
        let options = |nodes, keeps_data, is_debug| {
            Some(Options {
                nodes,
                keeps_data,
                is_debug,
            })
        };
        for (words, expected) in [
            (&[][..], options(3, false, false)),
            (&["--nodes", "5", "--keep"], options(5, true, false)),
            (&["--debug"], options(3, false, true)),
            (&["--nodes"], None),
            (&["--nodes", "0"], None),
            (&["--nodes", "10"], None),
            (&["--hurry"], None),
        ] {
            assert_eq!(Options::read(words), expected, "{words:?}");
        }
    }
}
