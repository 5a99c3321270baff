//! PostgreSQL from Debian's package `postgresql`.

use std::fs::File;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::Durability;
use super::server::Place;

/// Makes the data directory; returns the command that runs the server.
pub(super) fn prepare(place: &Place, durability: Durability) -> Result<Command> {
    if !place.has("PG_VERSION") {
        let mut initdb = place.command(&program("initdb")?);
        initdb
            .arg("-D")
            .arg(&place.data)
            .args(["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8"]);
        initdb.args(["--no-sync", "--no-instructions"]);
        Place::run(initdb)?;
        if place.network.is_some() {
            let rules = File::options().append(true).open(place.data.join("pg_hba.conf"));
            writeln!(rules?, "host all all samenet trust")?;
        }
    }
    let mut server = place.command(&program("postgres")?);
    server.arg("-D").arg(&place.data).arg("-k").arg(&place.directory);
    let address = place.network.as_ref().map(|network| network.address.to_string());
    let addresses = format!("listen_addresses={}", address.unwrap_or_default());
    let mut settings = vec![addresses.as_str(), "max_connections=300", "shared_buffers=64MB"];
    if durability == Durability::Relaxed {
        settings.extend(["fsync=off", "full_page_writes=off"]);
    }
    for setting in settings {
        server.args(["-c", setting]);
    }
    Ok(server)
}

/// Asks the server whether it takes connections.
pub(super) fn question(place: &Place) -> Command {
    let mut question = Command::new(program("pg_isready").unwrap_or_default());
    question
        .arg("-h")
        .arg(&place.directory)
        .args(["-U", "postgres", "-d", "postgres"]);
    question
}

pub(super) fn url(place: &Place) -> String {
    if let Some(network) = &place.network {
        return format!("postgres://postgres@{}/postgres", network.address);
    }
    format!(
        "postgres://postgres@localhost/postgres?host={}",
        place.directory.display()
    )
}

/// A program of the newest version that is installed.
fn program(name: &str) -> Result<PathBuf> {
    let newest = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let newest = newest
        .filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok())
        .max();
    let version = newest.context("PostgreSQL is not installed: apt-get install postgresql")?;
    Ok(Path::new("/usr/lib/postgresql")
        .join(version.to_string())
        .join("bin")
        .join(name))
}
