//! The database servers of a run: one of each kind for all tests.

use std::ffi::OsString;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

/// The process that holds the servers: an example of the package `tests`, which says their addresses and
/// ends them when its standard input is closed.
const PROGRAM: &str = "examples/test_databases";

/// The running servers. They end when this is dropped, and when we are killed.
pub(super) struct Databases {
    holder: Option<Child>,
    urls: Vec<(String, OsString)>,
}

/// Starts the servers. One that does not start is missed by the tests that need it: they say why.
pub(super) fn start(built: &Path) -> Databases {
    let holder = Command::new(built.join(PROGRAM))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn();
    let mut databases = Databases {
        holder: None,
        urls: Vec::new(),
    };
    match holder {
        Ok(mut holder) => {
            let lines = holder.stdout.take().map(BufReader::new);
            // It prints `NAME=URL` lines and then an empty one.
            let lines = lines.into_iter().flat_map(BufReader::lines).map_while(Result::ok);
            let named = lines.take_while(|line| !line.is_empty());
            let pairs = named.filter_map(|line| line.split_once('=').map(|(name, url)| (name.to_owned(), url.into())));
            databases.urls = pairs.collect();
            databases.holder = Some(holder);
        }
        Err(error) => println!("no databases: cannot start {PROGRAM}: {error}"),
    }
    databases
}

impl Databases {
    /// What tests read from their environment.
    pub(super) fn urls(&self) -> Vec<(String, OsString)> {
        self.urls.clone()
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        if let Some(holder) = &mut self.holder {
            drop(holder.stdin.take());
            let _ = holder.wait();
        }
    }
}
