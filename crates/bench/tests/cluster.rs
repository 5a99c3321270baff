//! `bench cluster` from end to end, small, with real servers on a real PostgreSQL. What is
//! checked is that every figure is there, never how large it is.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::path::PathBuf;
use std::process::Command;

const BENCH: &str = env!("CARGO_BIN_EXE_bench");

/// Every part of the table, and the figures that have a value for each column.
const PARTS: &[(&str, &[(&str, usize)])] = &[
    ("idle", &[("CPU µs a second", 2)]),
    ("chat over TLS between nodes, acknowledged", CHAT),
    ("chat over TLS between nodes, saturated", CHAT),
    (
        "login over TLS",
        &[("each second", 2), ("bind p50 µs", 2), ("bind p99 µs", 2)],
    ),
    ("session changes in the log, one", LOG),
    ("session changes in the log, 64", LOG),
    ("directory", &[("bytes each", 1)]),
    ("kill -9 of a junior", KILLED),
    ("kill -9 of the senior", KILLED),
];
const CHAT: &[(&str, usize)] = &[
    ("CPU µs each", 2),
    ("p50 µs", 2),
    ("p99 µs", 2),
    ("lost/twice/disordered", 2),
];
const LOG: &[(&str, usize)] = &[("each second", 2), ("CPU µs each", 2), ("p50 µs", 2), ("p99 µs", 2)];
const KILLED: &[(&str, usize)] = &[("directories ms", 1), ("last one ms", 1)];

/// The server: HEARTH_BIN, or what was last built beside `bench`.
fn server() -> PathBuf {
    let beside = || PathBuf::from(BENCH).with_file_name("hearth");
    let server = std::env::var_os("HEARTH_BIN").map_or_else(beside, PathBuf::from);
    let what_to_do = "run `cargo build -p hearth`, or everything by `cargo xtask test`";
    assert!(server.exists(), "{} is not there: {what_to_do}", server.display());
    server
}

/// The lines under the part's name, up to the next part's.
fn lines_of<'a>(table: &'a str, part: &str) -> Vec<&'a str> {
    let lines = table.lines().skip_while(|line| !line.starts_with(part)).skip(1);
    lines.take_while(|line| line.starts_with("  ")).collect()
}

/// How many columns have a value for a figure: the first and the second, without the ratio and the target.
fn values(lines: &[&str], figure: &str) -> usize {
    let line = lines.iter().find_map(|line| line.trim_start().strip_prefix(figure));
    let words = line.unwrap_or_default().split_whitespace();
    words.take(2).filter(|word| *word != "-").count()
}

#[test]
fn every_figure_of_a_cluster_is_there_and_no_message_is_lost() {
    let sizes = ["--nodes", "2", "--seconds", "0.5", "--sessions", "8", "--rate", "100"];
    let more = ["--entries", "20", "--ghosts", "10", "--server-bin"];
    let mut bench = Command::new(BENCH);
    let output = bench
        .arg("cluster")
        .args(sizes)
        .args(more)
        .arg(server())
        .output()
        .unwrap();
    let table = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{table}{errors}");
    assert!(!table.contains("failed"), "{table}{errors}");
    for (part, figures) in PARTS {
        let lines = lines_of(&table, part);
        for (figure, count) in *figures {
            assert_eq!(values(&lines, figure), *count, "{part}: {figure}\n{table}");
        }
        for fates in lines.iter().filter_map(|line| line.trim().strip_prefix("lost")) {
            assert_eq!(fates.matches("0/0/0").count(), 2, "{part}\n{table}");
        }
    }
}
