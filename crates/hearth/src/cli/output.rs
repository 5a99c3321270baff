//! What commands print: text for people, or JSON.

use std::io::{self, Write};

use serde::Serialize;

/// How to print.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Output {
    pub(crate) is_json: bool,
}

impl Output {
    /// One thing: as JSON, or as the text that `text` makes.
    pub(crate) fn one<T: Serialize>(self, thing: &T, text: impl FnOnce(&T) -> String) {
        if self.is_json {
            self.json(thing);
        } else {
            line(&text(thing));
        }
    }

    /// Many things: a JSON list, or a table with these headings.
    pub(crate) fn table<T: Serialize, const N: usize>(
        self,
        things: &[T],
        headings: [&str; N],
        row: impl Fn(&T) -> [String; N],
    ) {
        if self.is_json {
            return self.json(&things);
        }
        let rows: Vec<[String; N]> = things.iter().map(row).collect();
        let headings = headings.map(str::to_owned);
        let width = |column: usize| {
            rows.iter()
                .chain([&headings])
                .map(|row| row[column].chars().count())
                .max()
        };
        let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
        for row in std::iter::once(&headings).chain(&rows) {
            let cells = row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            line(cells.collect::<Vec<_>>().join("  ").trim_end());
        }
    }

    /// Many things: a JSON list, or a text for each.
    pub(crate) fn list<T: Serialize>(self, things: &[T], text: impl Fn(&T) -> String) {
        match self.is_json {
            true => self.json(&things),
            false => things.iter().for_each(|thing| line(&text(thing))),
        }
    }

    fn json(self, thing: &impl Serialize) {
        line(&serde_json::to_string_pretty(thing).expect("what is printed has string keys only"));
    }
}

/// Prints a line. When nobody reads any more (`| head`), there is nobody to tell that either.
fn line(text: &str) {
    let _ = writeln!(io::stdout(), "{text}");
}

/// Microseconds since 1970 as a time in UTC.
pub(crate) fn time(micros: i64) -> String {
    let time = jiff::Timestamp::from_microsecond(micros);
    time.map_or_else(
        |_| micros.to_string(),
        |time| time.strftime("%Y-%m-%d %H:%M:%SZ").to_string(),
    )
}

/// The same; a dash for never.
pub(crate) fn time_or_dash(micros: Option<i64>) -> String {
    micros.map_or_else(|| "-".to_owned(), time)
}
