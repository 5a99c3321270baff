//! Runs many worlds once for all invariants.

use std::sync::OnceLock;

use cluster::lease::{Bug, Micros};

use crate::world::{Outcome, Violation, run};

/// Worlds of a default run: what two cores do in less than 20 s in the dev profile.
const WORLDS: u64 = 400;

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).map_or(default, |text| text.parse().expect("a number"))
}

/// The outcomes of the seeds from `HEARTH_SIM_SEED` (0) on, `HEARTH_SIM_WORLDS` of them.
pub(crate) fn outcomes() -> &'static [Outcome] {
    static OUTCOMES: OnceLock<Vec<Outcome>> = OnceLock::new();
    OUTCOMES.get_or_init(|| {
        let outcomes = many(number("HEARTH_SIM_SEED", 0), number("HEARTH_SIM_WORLDS", WORLDS), &[]);
        tell(&outcomes);
        outcomes
    })
}

pub(crate) fn many(first: u64, count: u64, bugs: &[Bug]) -> Vec<Outcome> {
    let half = |odd: u64| {
        move || {
            (first..first + count)
                .filter(|seed| seed % 2 == odd)
                .map(|seed| run(seed, bugs))
                .collect::<Vec<_>>()
        }
    };
    std::thread::scope(|scope| {
        let other = scope.spawn(half(1));
        let mut outcomes = half(0)();
        outcomes.extend(other.join().expect("a world does not panic"));
        outcomes
    })
}

/// Fails with the seeds of the worlds in which `is_wrong` happened.
#[track_caller]
pub(crate) fn never(is_wrong: impl Fn(&Violation) -> bool) {
    let wrong = |outcome: &&Outcome| {
        outcome
            .violation
            .as_ref()
            .is_some_and(|(_, violation)| is_wrong(violation))
    };
    let found: Vec<String> = outcomes()
        .iter()
        .filter(wrong)
        .map(|outcome| {
            format!(
                "HEARTH_SIM_SEED={} HEARTH_SIM_WORLDS=1: {:?}",
                outcome.seed, outcome.violation
            )
        })
        .collect();
    assert!(found.is_empty(), "{} worlds:\n{}", found.len(), found.join("\n"));
}

fn tell(outcomes: &[Outcome]) {
    let spread = |of: fn(&Outcome) -> Micros| {
        let mut all: Vec<(Micros, u64)> = outcomes.iter().map(|outcome| (of(outcome), outcome.seed)).collect();
        all.sort_unstable();
        let (worst, seed) = all[all.len() - 1];
        format!(
            "{:.1} and {:.1} (seed {seed})",
            all[all.len() / 2].0 as f64 / 1e6,
            worst as f64 / 1e6
        )
    };
    println!(
        "{} worlds, {} take-overs; median and worst, s: until all act again {}; nobody acted although a server had the database {}",
        outcomes.len(),
        outcomes.iter().map(|outcome| outcome.take_overs).sum::<u128>(),
        spread(|outcome| outcome.longest_recovery),
        spread(|outcome| outcome.longest_unserved),
    );
}
