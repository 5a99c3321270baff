//! MariaDB from Debian's package `mariadb-server`.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

use super::Durability;
use super::server::Place;

const SERVER: &str = "/usr/sbin/mariadbd";

/// Makes the data directory; returns the command that runs the server.
pub(super) fn prepare(place: &Place, durability: Durability) -> Result<Command> {
    ensure!(
        Path::new(SERVER).exists(),
        "MariaDB is not installed: apt-get install mariadb-server"
    );
    let data = format!("--datadir={}", place.data.display());
    if !place.has("mysql") {
        let mut install = place.command(Path::new("mariadb-install-db"));
        install.args([
            "--no-defaults",
            "--auth-root-authentication-method=normal",
            "--skip-test-db",
        ]);
        install
            .args(["--skip-name-resolve", "--innodb-flush-log-at-trx-commit=0"])
            .arg(&data);
        Place::run(install)?;
    }
    let mut server = place.command(Path::new(SERVER));
    server
        .args([
            "--no-defaults",
            "--skip-networking",
            "--skip-log-bin",
            "--max-connections=300",
        ])
        .arg(&data);
    server.arg(format!("--socket={}", socket(place)));
    server.arg(format!("--pid-file={}", place.directory.join("pid").display()));
    if durability == Durability::Relaxed {
        // 2: written with every commit, synced once a second.
        server.arg("--innodb-flush-log-at-trx-commit=2");
    }
    Ok(server)
}

/// Asks the server whether it takes connections.
pub(super) fn question(place: &Place) -> Command {
    let mut question = Command::new("mariadb-admin");
    question
        .args(["--no-defaults", "--user=root", "ping"])
        .arg(format!("--socket={}", socket(place)));
    question
}

pub(super) fn url(place: &Place) -> String {
    format!("mysql://root@localhost/mysql?socket={}", socket(place))
}

fn socket(place: &Place) -> String {
    place.directory.join("socket").display().to_string()
}
