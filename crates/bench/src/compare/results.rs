//! Reports by trial, contender and round, and what is in the middle of them.

use super::judge::Measure;
use crate::report::{Fates, Report};
use std::collections::BTreeMap;

/// Everything that came out.
#[derive(Debug, Default)]
pub(crate) struct Results {
    reports: BTreeMap<(usize, usize, usize), Report>,
    /// What went wrong: trial, contender, words.
    pub(crate) failures: Vec<(usize, usize, String)>,
}

impl Results {
    /// Takes what came of a round, if anything did.
    pub(crate) fn add(&mut self, trial: usize, contender: usize, round: usize, report: anyhow::Result<Option<Report>>) {
        match report {
            Ok(Some(report)) => {
                if let Some(failure) = &report.failure {
                    let words = format!("{} sessions: {failure}", report.failed);
                    self.failures.push((trial, contender, words));
                }
                self.reports.insert((trial, contender, round), report);
            }
            Ok(None) => {}
            Err(error) => self.failures.push((trial, contender, format!("{error:#}"))),
        }
    }

    /// All reports of a contender in a trial, with those of the trial before.
    fn rounds(&self, trial: usize, contender: usize) -> impl Iterator<Item = (usize, &Report, Option<&Report>)> {
        self.reports
            .range((trial, contender, 0)..=(trial, contender, usize::MAX))
            .map(move |((_, _, round), report)| {
                let before = trial.checked_sub(1);
                let before = before.and_then(|b| self.reports.get(&(b, contender, *round)));
                (*round, report, before)
            })
    }

    /// The middle figure.
    pub(crate) fn value(&self, trial: usize, contender: usize, measure: Measure) -> Option<f64> {
        let values = self.rounds(trial, contender);
        median(values.filter_map(|(_, report, before)| measure.of(report, before)))
    }

    /// The middle of the ratios to contender 0, each within its round.
    pub(crate) fn ratio(&self, trial: usize, contender: usize, measure: Measure) -> Option<f64> {
        let floor: BTreeMap<usize, f64> = self
            .rounds(trial, 0)
            .filter_map(|(round, report, before)| Some((round, measure.of(report, before)?)))
            .collect();
        let rounds = self.rounds(trial, contender);
        median(rounds.filter_map(|(round, report, before)| Some(measure.of(report, before)? / floor.get(&round)?)))
    }

    /// The middle of any other figure.
    pub(crate) fn figure(
        &self,
        trial: usize,
        contender: usize,
        figure: impl Fn(&Report) -> Option<f64>,
    ) -> Option<f64> {
        median(
            self.rounds(trial, contender)
                .filter_map(|(_, report, _)| figure(report)),
        )
    }

    /// What became of all messages of all rounds.
    pub(crate) fn fates(&self, trial: usize, contender: usize) -> Option<Fates> {
        let mut fates = self.rounds(trial, contender).filter_map(|(_, report, _)| report.fates);
        let first = fates.next()?;
        Some(std::iter::once(first).chain(fates).sum())
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    let middle = values.len() / 2;
    if values.len().is_multiple_of(2) {
        let lower = values.get(middle.checked_sub(1)?)?;
        return Some(f64::midpoint(*lower, values[middle]));
    }
    values.get(middle).copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn report(micros: u64) -> anyhow::Result<Option<Report>> {
        Ok(Some(Report {
            count: 1,
            cpu: Some(Duration::from_micros(micros)),
            ..Report::default()
        }))
    }

    #[test]
    fn the_median_is_in_the_middle() {
        for (values, expected) in [
            (vec![], None),
            (vec![3.0], Some(3.0)),
            (vec![3.0, 1.0], Some(2.0)),
            (vec![9.0, 1.0, 2.0], Some(2.0)),
        ] {
            assert_eq!(median(values.into_iter()), expected);
        }
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let mut results = Results::default();
        // The machine was twice as slow in the second round, for everybody.
        for (round, slow) in [(0, 1), (1, 2), (2, 1)] {
            results.add(0, 0, round, report(10 * slow));
            results.add(0, 1, round, report(20 * slow));
        }
        assert_eq!(results.value(0, 1, Measure::Cpu), Some(20.0));
        assert_eq!(results.ratio(0, 1, Measure::Cpu), Some(2.0));
        assert_eq!(results.ratio(0, 2, Measure::Cpu), None);
    }

    #[test]
    fn growth_is_against_the_trial_before() {
        let mut results = Results::default();
        results.add(0, 0, 0, report(10));
        results.add(1, 0, 0, report(15));
        assert_eq!(results.value(1, 0, Measure::Growth), Some(1.5));
    }
}
