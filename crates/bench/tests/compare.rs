//! `bench compare` from end to end, with a stand-in for Hearth that is the relay behind
//! Hearth's command line.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

const BENCH: &str = env!("CARGO_BIN_EXE_bench");

/// Takes accounts from its input, or serves where the configuration says.
fn stand_in(directory: &Path) -> String {
    let program = directory.join("hearth");
    let script = format!(
        r#"#!/bin/sh
value() {{ sed -n "s/^$1 = \[\"\(.*\)\"\]/\1/p" "$HEARTH_CONFIG"; }}
case "$*" in
"account import") cat > "{accounts}" ;;
run) echo $$ > "{pid}"; exec "{BENCH}" relay --listen "$(value listen)" --tls-listen "$(value tls_listen)" ;;
*) exit 2 ;;
esac
"#,
        accounts = directory.join("accounts").display(),
        pid = directory.join("pid").display(),
    );
    fs::write(&program, script).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    program.display().to_string()
}

#[test]
fn the_table_has_both_servers_and_no_process_is_left() {
    let directory = tempfile::tempdir().unwrap();
    let server = stand_in(directory.path());
    let arguments = ["compare", "--server-bin", &server, "--rounds", "2"];
    let more = ["--seconds", "0.1", "--only", "login over TLS"];
    let output = Command::new(BENCH).args(arguments).args(more).output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{table}{errors}");
    let first = table.lines().next().unwrap_or_default();
    let columns: Vec<_> = first.split_whitespace().collect();
    assert_eq!(columns, ["floor", "hearth", "ratio", "target"], "{table}");
    let cost = table.lines().find(|line| line.contains("CPU")).unwrap_or_default();
    assert!(cost.contains("≤ 1.5 ×: "), "{table}");
    assert!(!table.contains("failed"), "{table}");

    let accounts = fs::read_to_string(directory.path().join("accounts")).unwrap();
    assert_eq!(accounts.lines().count(), 100);
    assert!(accounts.starts_with(r#"{"jid":"user0@localhost","scram-sha-1":{"salt":""#));
    let pid = fs::read_to_string(directory.path().join("pid")).unwrap();
    assert!(!Path::new("/proc").join(pid.trim()).exists());
}

#[test]
fn a_server_that_does_not_start_is_told_of_in_the_table() {
    let arguments = ["compare", "--server-bin", "/bin/false", "--rounds", "1"];
    let more = ["--seconds", "0.1", "--only", "login over TLS"];
    let output = Command::new(BENCH).args(arguments).args(more).output().unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    assert!(
        table.contains("hearth failed: login over TLS: `hearth account import`"),
        "{table}"
    );
}
