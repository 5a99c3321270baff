//! The table.

use super::judge::{Row, Target};
use super::results::Results;
use crate::report::Report;
use std::fmt::Write as _;

const NAME: usize = 26;
const FIGURE: usize = 12;

/// A trial, as the table tells of it.
pub(crate) struct Line<'a> {
    pub(crate) name: &'a str,
    pub(crate) rows: &'a [Row],
}

/// All trials, contender beside contender; the targets are those of the contender called `whose`.
pub(crate) fn render(trials: &[Line<'_>], contenders: &[&str], whose: &str, results: &Results) -> String {
    let mut text = format!("{:NAME$}", "");
    for name in contenders {
        let _ = write!(text, "{name:>FIGURE$}");
        if *name != contenders[0] {
            let _ = write!(text, "{:>8}", "ratio");
        }
    }
    text.push_str("  target\n");
    let whose = contenders.iter().position(|name| *name == whose);
    for (number, trial) in trials.iter().enumerate() {
        let _ = writeln!(text, "{}", trial.name);
        for row in trial.rows {
            judged(&mut text, number, *row, contenders.len(), whose, results);
        }
        let is_told = |name: &str| trial.rows.iter().any(|row| row.measure.name() == name);
        for (name, figure) in BESIDE.iter().filter(|(name, _)| !is_told(name)) {
            beside(&mut text, number, name, *figure, contenders.len(), results);
        }
        fates(&mut text, number, contenders.len(), results);
    }
    for (trial, contender, why) in &results.failures {
        let (trial, contender) = (trials[*trial].name, contenders[*contender]);
        let _ = writeln!(text, "{contender} failed: {trial}: {why}");
    }
    text
}

/// A figure with ratios, and a target if there is one.
fn judged(text: &mut String, trial: usize, row: Row, contenders: usize, whose: Option<usize>, results: &Results) {
    let _ = write!(text, "  {:1$}", row.measure.name(), NAME - 2);
    let floor = results.value(trial, 0, row.measure);
    for contender in 0..contenders {
        cell(text, results.value(trial, contender, row.measure));
        if contender > 0 {
            match results.ratio(trial, contender, row.measure) {
                Some(ratio) => _ = write!(text, "{ratio:>8.2}"),
                None => _ = write!(text, "{:>8}", ""),
            }
        }
    }
    if let Some(whose) = whose
        && row.target != Target::None
    {
        let met = results
            .value(trial, whose, row.measure)
            .zip(results.ratio(trial, whose, row.measure))
            .zip(floor)
            .and_then(|((value, ratio), floor)| row.target.is_met(value, floor, ratio));
        let verdict = match met {
            Some(true) => ": met",
            Some(false) => ": MISSED",
            None => "",
        };
        let _ = write!(text, "  {}{verdict}", row.target.text());
    }
    text.push('\n');
}

type Figure = fn(&Report) -> Option<f64>;

/// What is told beside the figures with targets.
const BESIDE: &[(&str, Figure)] = &[
    ("each second", |report| report.unit.map(|_| report.rate())),
    ("p50 µs", |report| report.latency.micros_at(500)),
    ("p99.9 µs", |report| report.latency.micros_at(999)),
    ("generator's CPU µs", |report| {
        let is_apart = !report.own_cpu.is_zero();
        report.unit.filter(|_| is_apart).map(|_| report.own_cpu_each())
    }),
];

fn beside(text: &mut String, trial: usize, name: &str, figure: Figure, contenders: usize, results: &Results) {
    let values: Vec<_> = (0..contenders)
        .map(|contender| results.figure(trial, contender, figure))
        .collect();
    if values.iter().all(Option::is_none) {
        return;
    }
    let _ = write!(text, "  {name:0$}", NAME - 2);
    for (contender, value) in values.into_iter().enumerate() {
        cell(text, value);
        if contender > 0 {
            let _ = write!(text, "{:>8}", "");
        }
    }
    text.push('\n');
}

/// Whether every message arrived once and in order.
fn fates(text: &mut String, trial: usize, contenders: usize, results: &Results) {
    let all: Vec<_> = (0..contenders)
        .map(|contender| results.fates(trial, contender))
        .collect();
    if all.iter().all(Option::is_none) {
        return;
    }
    let _ = write!(text, "  {:1$}", "lost/twice/disordered", NAME - 2);
    for (contender, fates) in all.into_iter().enumerate() {
        let fates = fates.map(|f| format!("{}/{}/{}", f.lost, f.duplicated, f.disordered));
        let _ = write!(text, "{:>FIGURE$}", fates.unwrap_or_default());
        if contender > 0 {
            let _ = write!(text, "{:>8}", "");
        }
    }
    text.push('\n');
}

fn cell(text: &mut String, value: Option<f64>) {
    let _ = match value {
        None => write!(text, "{:>FIGURE$}", "-"),
        Some(value) if value < 100.0 => write!(text, "{value:>FIGURE$.2}"),
        Some(value) => write!(text, "{value:>FIGURE$.0}"),
    };
}
