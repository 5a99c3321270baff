//! Small charts, drawn on the server: a line over time that a page can show without a script.

use askama::Template;
use ops::Vitals;

use crate::{
    language::{Text, filters, t, t1, t2, t3},
    words,
};

/// A chart of one figure.
#[derive(Template)]
#[template(path = "chart.html")]
pub(crate) struct Chart {
    id: String,
    label: Text,
    /// Over what time, in words.
    span: Text,
    now: String,
    most: String,
    /// Lines, each a list of points; between them nothing is known.
    lines: Vec<String>,
    has_points: bool,
}

/// A figure that is drawn.
struct Figure {
    id: &'static str,
    label: Text,
    value: fn(&Vitals) -> u64,
    in_words: fn(u64) -> String,
}

const WIDTH: i64 = 240;
const HEIGHT: u64 = 44;

const FIGURES: [Figure; 8] = [
    Figure {
        id: "cpu",
        label: Text("Processor"),
        value: |vitals| vitals.cpu_permille,
        in_words: |permille| t1("{0} of a core", words::cpu(&permille)),
    },
    Figure {
        id: "memory",
        label: Text("Memory"),
        value: |vitals| vitals.memory_bytes,
        in_words: |bytes| words::bytes(&bytes),
    },
    Figure {
        id: "sessions",
        label: Text("Sessions"),
        value: |vitals| vitals.sessions,
        in_words: |count| count.to_string(),
    },
    Figure {
        id: "connections",
        label: Text("Clients' connections"),
        value: |vitals| vitals.connections,
        in_words: |count| count.to_string(),
    },
    Figure {
        id: "in",
        label: Text("Stanzas from clients"),
        value: |vitals| vitals.tenths_per_sec(vitals.stanzas_in),
        in_words: per_sec,
    },
    Figure {
        id: "out",
        label: Text("Stanzas to clients"),
        value: |vitals| vitals.tenths_per_sec(vitals.stanzas_out),
        in_words: per_sec,
    },
    Figure {
        id: "tasks",
        label: Text("Tasks"),
        value: |vitals| vitals.tasks,
        in_words: |count| count.to_string(),
    },
    Figure {
        id: "descriptors",
        label: Text("Open files and sockets"),
        value: |vitals| vitals.descriptors,
        in_words: |count| count.to_string(),
    },
];

fn per_sec(tenths: u64) -> String {
    format!("{}.{}/s", tenths / 10, tenths % 10)
}

/// What time a chart is of.
#[derive(Clone, Copy)]
pub(crate) struct Time {
    /// For the page: whatever tells one chart from another.
    pub(crate) id: &'static str,
    /// In words.
    pub(crate) span: Text,
    /// From when to when, in microseconds since 1970.
    pub(crate) from: i64,
    pub(crate) to: i64,
    /// Moments that are farther apart than this have nothing between them, in microseconds.
    pub(crate) gap: i64,
}

/// A chart of each figure.
pub(crate) fn all(moments: &[Vitals], time: Time) -> Vec<Chart> {
    FIGURES.iter().map(|figure| Chart::of(figure, moments, time)).collect()
}

impl Chart {
    /// For whoever does not see it.
    fn in_words(&self) -> String {
        let figure = t2("{0}, {1}", self.label, self.span);
        t3("{0}: now {1}, at most {2}", figure, &self.now, &self.most)
    }

    fn of(figure: &Figure, moments: &[Vitals], time: Time) -> Self {
        let seen: Vec<(i64, u64)> = moments
            .iter()
            .filter(|vitals| (time.from..=time.to).contains(&vitals.at))
            .map(|vitals| (vitals.at, (figure.value)(vitals)))
            .collect();
        let most = seen.iter().map(|(_, value)| *value).max().unwrap_or(0);
        Self {
            id: format!("{}-{}", time.id, figure.id),
            label: figure.label,
            span: time.span,
            now: match seen.last() {
                Some((_, value)) => (figure.in_words)(*value),
                None => t("unknown").to_owned(),
            },
            most: (figure.in_words)(most),
            has_points: !seen.is_empty(),
            lines: lines(&columns(&seen, time), most, time),
        }
    }
}

/// The greatest value of each column, and when the first moment in it was: more points than there are columns are no use.
fn columns(seen: &[(i64, u64)], time: Time) -> Vec<(i64, i64, u64)> {
    let mut columns: Vec<(i64, i64, u64)> = Vec::new();
    for (at, value) in seen {
        let x = (at - time.from).saturating_mul(WIDTH) / (time.to - time.from).max(1);
        match columns.last_mut() {
            Some((last, _, most)) if *last == x => *most = (*most).max(*value),
            _ => columns.push((x, *at, *value)),
        }
    }
    columns
}

fn lines(columns: &[(i64, i64, u64)], most: u64, time: Time) -> Vec<String> {
    let gap = time.gap.max((time.to - time.from) * 2 / WIDTH);
    let mut lines: Vec<String> = Vec::new();
    let mut last: Option<i64> = None;
    for (x, at, value) in columns {
        let height = u128::from(*value) * u128::from(HEIGHT) / u128::from(most.max(1));
        let point = format!("{x},{}", HEIGHT - u64::try_from(height).unwrap_or(HEIGHT) + 2);
        match (lines.last_mut(), last) {
            (Some(line), Some(before)) if at - before <= gap => {
                line.push(' ');
                line.push_str(&point);
            }
            // A moment by itself is a short line.
            _ => lines.push(format!("{point} {point}")),
        }
        last = Some(*at);
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const TIME: Time = Time {
        id: "t",
        span: Text("some time"),
        from: 0,
        to: 2_400,
        gap: 100,
    };

    fn tasks(moments: &[(i64, u64)]) -> Chart {
        let vitals = moments.iter().map(|(at, tasks)| Vitals {
            at: *at,
            tasks: *tasks,
            ..Vitals::default()
        });
        let vitals: Vec<_> = vitals.collect();
        let charts = all(&vitals, TIME);
        charts
            .into_iter()
            .find(|chart| chart.label == Text("Tasks"))
            .expect("there is one")
    }

    #[test]
    fn a_line_goes_through_all_moments_and_breaks_where_nothing_is_known() {
        let chart = tasks(&[(0, 0), (100, 5), (200, 10), (1_000, 10)]);
        assert_eq!(chart.lines, ["0,46 0,46 10,24 20,2", "100,2 100,2"]);
        assert_eq!((chart.now.as_str(), chart.most.as_str()), ("10", "10"));
    }

    #[test]
    fn of_many_moments_in_a_column_the_greatest_is_drawn() {
        let chart = tasks(&[(10, 1), (11, 10), (12, 3)]);
        assert_eq!(chart.lines, ["1,2 1,2"]);
        assert_eq!(chart.now, "3");
    }

    #[test]
    fn nothing_known_is_said_and_what_is_of_another_time_is_not_drawn() {
        for moments in [&[][..], &[(-1, 5), (2_401, 5)]] {
            let chart = tasks(moments);
            assert_eq!(
                (chart.now.as_str(), chart.lines.len(), chart.has_points),
                ("unknown", 0, false)
            );
        }
        let huge = tasks(&[(0, u64::MAX), (10, u64::MAX / 2)]);
        assert_eq!(huge.lines, ["0,2 0,2 1,25"]);
    }
}
