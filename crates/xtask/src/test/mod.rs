//! `cargo xtask test`: installs what tests need, builds, starts the databases once, runs everything and
//! says how it went.

mod counts;
mod databases;
mod system;
pub(crate) mod tools;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result};

use self::counts::Counts;
use crate::command::{self, cargo};
use crate::metadata::{Crate, Metadata};

/// Where nextest leaves its report: `.config/nextest.toml`.
const REPORT: &str = "target/nextest/default/junit.xml";

/// What is told once more on each of the other databases.
const STORIES: &str = "package(tests) & binary(stories)";

/// Runs the tests, all or those a filter names; true when none failed.
pub(crate) fn test(filters: &[&str]) -> Result<bool> {
    let started = Instant::now();
    let metadata = Metadata::read(&[])?;
    system::install();
    let tools = tools::install(&metadata.target_directory);
    if !command::succeeds(&mut cargo([
        "build",
        "--workspace",
        "--lib",
        "--bins",
        "--examples",
        "--tests",
    ]))? {
        println!("not built, not tested");
        return Ok(false);
    }
    let built = metadata.target_directory.join("debug");
    let databases = databases::start(&built);
    let mut environment = vec![
        ("HEARTH_BIN".to_owned(), built.join("hearth").into_os_string()),
        (
            "HEARTH_TEST_TOOLS".to_owned(),
            metadata.target_directory.join("tools").into_os_string(),
        ),
    ];
    environment.extend(databases.urls());
    let wanted = expression(filters, &metadata.crates);
    let tests = match &tools.nextest {
        Some(nextest) => by_nextest(nextest, &wanted, &environment)?,
        None => by_cargo(&["test", "--workspace", "--no-fail-fast"], filters, &environment)?,
    };
    let mut all_is_well = tests.succeeded;
    let mut line = format!("tests: {}", tests.counts);
    // On SQLite they were among the others.
    for database in ["postgres", "mysql"] {
        let mut environment = environment.clone();
        environment.push(("HEARTH_STORY_DATABASE".to_owned(), database.into()));
        let stories = match &tools.nextest {
            Some(nextest) => by_nextest(nextest, &format!("({STORIES}) & ({wanted})"), &environment)?,
            None => by_cargo(&["test", "-p", "tests", "--test", "stories"], filters, &environment)?,
        };
        all_is_well &= stories.succeeded;
        line += &format!("; stories on {database}: {}", stories.counts);
    }
    drop(databases);
    // With nextest they run apart, and a filter is for the others.
    if tools.nextest.is_some() && filters.is_empty() && documentation_has_tests() {
        let documented = by_cargo(&["test", "--doc", "--workspace", "--no-fail-fast"], &[], &environment)?;
        all_is_well &= documented.succeeded;
        line += &format!("; documentation tests: {}", documented.counts);
    }
    let verdict = if all_is_well { "ok" } else { "FAILED" };
    println!("\n{verdict}: {line}; {} s", started.elapsed().as_secs());
    Ok(all_is_well)
}

/// How a run of tests went.
struct Run {
    succeeded: bool,
    counts: Counts,
}

type Environment = [(String, std::ffi::OsString)];

fn by_nextest(nextest: &Path, expression: &str, environment: &Environment) -> Result<Run> {
    let report = command::root().join(REPORT);
    if report.exists() {
        std::fs::remove_file(&report).with_context(|| format!("cannot remove {}", report.display()))?;
    }
    let mut run = Command::new(nextest);
    run.args(["nextest", "run", "--workspace", "--no-tests", "pass", "-E", expression])
        .current_dir(command::root());
    let succeeded = command::succeeds(run.envs(environment.iter().cloned()))?;
    // No report: it came to no test.
    let counts = std::fs::read_to_string(&report)
        .ok()
        .and_then(|report| Counts::from_report(&report));
    Ok(Run {
        succeeded,
        counts: counts.unwrap_or_default(),
    })
}

/// Tests whose name, file or crate holds one of the filters; all where there is none.
fn expression(filters: &[&str], crates: &[Crate]) -> String {
    if filters.is_empty() {
        return "all()".to_owned();
    }
    let each = filters.iter().map(|filter| {
        // nextest takes a part that can match nothing for a slip of the pen.
        let is_crate = crates.iter().any(|it| it.name.contains(filter));
        let is_file = crates.iter().flat_map(|it| &it.targets).any(|it| it.contains(filter));
        let package = is_crate.then(|| format!(" | package(~{filter})"));
        let binary = is_file.then(|| format!(" | binary(~{filter})"));
        format!(
            "test(~{filter}){}{}",
            binary.unwrap_or_default(),
            package.unwrap_or_default()
        )
    });
    each.collect::<Vec<_>>().join(" | ")
}

/// Counts what cargo's own test runner prints, having shown it.
fn by_cargo(arguments: &[&str], filters: &[&str], environment: &Environment) -> Result<Run> {
    let mut run = cargo(arguments);
    run.arg("--").args(filters).envs(environment.iter().cloned());
    let (succeeded, printed) = command::succeeds_and_prints(&mut run)?;
    Ok(Run {
        succeeded,
        counts: Counts::from_lines(&printed),
    })
}

/// Whether any crate of ours has an example in its documentation.
fn documentation_has_tests() -> bool {
    let mut open = vec![command::root().join("crates")];
    while let Some(path) = open.pop() {
        if let Ok(entries) = path.read_dir() {
            open.extend(entries.flatten().map(|entry| entry.path()));
        } else if is_source_with_example(&path) {
            return true;
        }
    }
    false
}

fn is_source_with_example(path: &PathBuf) -> bool {
    if path.extension().is_none_or(|extension| extension != "rs") {
        return false;
    }
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines()
        .map(str::trim_start)
        .any(|line| line.starts_with("/// ```") || line.starts_with("//! ```"))
}
