//! Several processes, and the sudden death of one.

use std::collections::HashSet;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use storage::{LogId, Options, Storage};

use crate::Ground;

on_every_database!(
    a_look_at_a_database_changes_nothing,
    processes_that_start_at_once_migrate_once,
    a_killed_writer_loses_nothing_it_had_answered,
);

/// Kills the process when the story fails.
struct Guard(Child);

impl Drop for Guard {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn process(act: &str, url: &str) -> Guard {
    let mut command = Command::new(env!("CARGO_BIN_EXE_storage_process"));
    Guard(
        command
            .args([act, url])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap(),
    )
}

async fn a_look_at_a_database_changes_nothing(g: Ground) {
    let empty = testkit::databases::fresh(g.kind).await.unwrap();
    let options = Options::new(empty.url());
    for _ in 0..2 {
        let looked = Storage::inspect(&options).await.unwrap();
        assert!(looked.found == 0 && looked.known > 0, "{looked:?}");
    }
    Storage::open(&options).await.unwrap().close().await.unwrap();
    let looked = Storage::inspect(&options).await.unwrap();
    assert_eq!(looked.found, looked.known);
}

async fn processes_that_start_at_once_migrate_once(g: Ground) {
    // The ground itself has migrated already: take an empty one.
    let empty = testkit::databases::fresh(g.kind).await.unwrap();
    let processes: Vec<_> = (0..5).map(|_| process("open", empty.url())).collect();
    for mut process in processes {
        assert!(process.0.wait().unwrap().success());
    }
    assert!(process("open", empty.url()).0.wait().unwrap().success());
}

async fn a_killed_writer_loses_nothing_it_had_answered(g: Ground) {
    let mut answered = HashSet::new();
    let mut acknowledged = HashSet::new();
    for round in 1..=5_usize {
        let mut writer = process("write", g.fresh.url());
        let mut lines = BufReader::new(writer.0.stdout.take().unwrap()).lines();
        let mut heard = 0;
        while heard < round * 150 {
            heard += usize::from(hear(&lines.next().unwrap().unwrap(), &mut answered, &mut acknowledged));
        }
        writer.0.kill().unwrap();
        for line in lines {
            hear(&line.unwrap(), &mut answered, &mut acknowledged);
        }
        writer.0.wait().unwrap();

        let juliet = g.storage.accounts().find(g.host, "juliet").await.unwrap().unwrap().id;
        let kept: HashSet<LogId> = g.unacknowledged(juliet).await.iter().map(|row| row.id).collect();
        let missing: Vec<_> = answered
            .difference(&acknowledged)
            .filter(|id| !kept.contains(id))
            .collect();
        assert!(missing.is_empty(), "round {round}: {missing:?}");
    }
    assert!(answered.len() > 2_000, "{}", answered.len());
}

/// Takes note of a line; whether it tells of an answer.
fn hear(line: &str, answered: &mut HashSet<LogId>, acknowledged: &mut HashSet<LogId>) -> bool {
    let (what, id) = line.split_once(' ').unwrap();
    let id = id.parse().unwrap();
    match what {
        "answered" => answered.insert(id),
        _ => {
            acknowledged.insert(id);
            false
        }
    }
}
