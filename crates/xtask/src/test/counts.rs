//! How many tests ran, and how they ended.

use std::fmt;

/// The figures of one run.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Counts {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            passed,
            failed,
            skipped,
        } = self;
        write!(
            f,
            "{} run, {passed} passed, {failed} failed, {skipped} skipped",
            passed + failed
        )
    }
}

impl Counts {
    /// From the first element of a JUnit report.
    pub(super) fn from_report(report: &str) -> Option<Self> {
        let element = report.split_once("<testsuites ")?.1.split('>').next()?;
        let figure = |name: &str| {
            let value = element.split_once(&format!(" {name}=\""))?.1.split('"').next()?;
            value.parse::<u64>().ok()
        };
        let skipped = figure("skipped").unwrap_or(0);
        let failed = figure("failures")? + figure("errors")?;
        let passed = figure("tests")?.checked_sub(failed + skipped)?;
        Some(Self {
            passed,
            failed,
            skipped,
        })
    }

    /// From the lines that cargo's own test runner prints, one for each test binary:
    /// `test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 2 filtered out; finished in 0.01s`.
    pub(super) fn from_lines(printed: &str) -> Self {
        let mut counts = Self::default();
        for line in printed.lines().filter_map(|line| line.strip_prefix("test result: ")) {
            for part in line.split("; ") {
                let mut words = part.rsplit(' ');
                let (word, figure) = (words.next(), words.next().and_then(|figure| figure.parse::<u64>().ok()));
                match (word, figure) {
                    (Some("passed"), Some(figure)) => counts.passed += figure,
                    (Some("failed"), Some(figure)) => counts.failed += figure,
                    (Some("ignored"), Some(figure)) => counts.skipped += figure,
                    _ => {}
                }
            }
        }
        counts
    }
}

#[cfg(test)]
mod tests {
    use super::Counts;

    #[test]
    fn a_report_is_counted() {
        let counts = |report: &str| Counts::from_report(report).map(|counts| counts.to_string());
        let head = r#"<?xml version="1.0"?><testsuites name="nextest-run""#;
        assert_eq!(
            counts(&format!(
                r#"{head} tests="9" skipped="1" failures="2" errors="1" uuid="x" time="2.5"><testsuite/>"#
            )),
            Some("8 run, 5 passed, 3 failed, 1 skipped".to_owned())
        );
        assert_eq!(counts(&format!(r#"{head} tests="9""#)), None);
        assert_eq!(counts("<html>"), None);
    }

    #[test]
    fn lines_are_counted() {
        let printed = "\
running 3 tests
test result: ok. 2 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.01s
test result: FAILED. 4 passed; 5 failed; 0 ignored; 0 measured; 6 filtered out; finished in 1.20s
";
        assert_eq!(
            Counts::from_lines(printed).to_string(),
            "11 run, 6 passed, 5 failed, 1 skipped"
        );
    }
}
