//! The last lines of the log, in memory, for the console.

use std::{
    collections::VecDeque,
    fmt::{self, Write as _},
    sync::Arc,
};

use ops::{LOG_PAGE_MAX, LogLevel, LogLine, LogPage, LogQuestion};
use parking_lot::Mutex;
use storage::{Clock, SystemClock};
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::{Layer, layer::Context};

/// Lines remembered at most: with [`LINE_BYTES_MAX`] that is 4 MB.
const LINES_MAX: usize = 2_000;
/// Bytes of a line at most; what is longer is cut.
const LINE_BYTES_MAX: usize = 2_000;

/// The last lines. Clones are the same.
#[derive(Clone, Default)]
pub(super) struct Ring(Arc<Mutex<Lines>>);

#[derive(Default)]
struct Lines {
    lines: VecDeque<LogLine>,
    last: u64,
}

impl Ring {
    fn push(&self, at: i64, level: LogLevel, target: &str, text: String) {
        let target = target.to_owned();
        let mut all = self.0.lock();
        all.last += 1;
        let line = LogLine {
            number: all.last,
            at,
            level,
            target,
            text,
        };
        if all.lines.len() == LINES_MAX {
            all.lines.pop_front();
        }
        all.lines.push_back(line);
    }

    /// The last lines that are asked for.
    pub(super) fn page(&self, question: &LogQuestion) -> LogPage {
        let wanted = Wanted::of(question);
        let limit = question.limit.clamp(1, LOG_PAGE_MAX) as usize;
        let all = self.0.lock();
        let behind = all.lines.iter().rev().take_while(|line| line.number > question.after);
        let mut lines: Vec<LogLine> = behind.filter(|line| wanted.has(line)).take(limit).cloned().collect();
        lines.reverse();
        let first = all.lines.front().map_or(all.last + 1, |line| line.number);
        LogPage {
            lines,
            last: all.last,
            // Whoever begins has missed nothing.
            missed: match question.after {
                0 => 0,
                after => first.saturating_sub(after + 1),
            },
            remembers: LINES_MAX as u64,
            ..LogPage::default()
        }
    }
}

/// What a line must be.
struct Wanted<'a> {
    question: &'a LogQuestion,
    text: String,
}

impl<'a> Wanted<'a> {
    fn of(question: &'a LogQuestion) -> Self {
        Self {
            text: question.text.to_lowercase(),
            question,
        }
    }

    fn has(&self, line: &LogLine) -> bool {
        self.question.level.is_none_or(|level| line.level <= level)
            && line.target.contains(&self.question.target)
            && (self.text.is_empty() || line.text.to_lowercase().contains(&self.text))
    }
}

impl<S: Subscriber> Layer<S> for Ring {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let mut words = Words::default();
        event.record(&mut words);
        let metadata = event.metadata();
        self.push(
            SystemClock.now_micros(),
            level(metadata),
            metadata.target(),
            words.text(),
        );
    }
}

fn level(metadata: &Metadata<'_>) -> LogLevel {
    match *metadata.level() {
        Level::ERROR => LogLevel::Error,
        Level::WARN => LogLevel::Warn,
        Level::INFO => LogLevel::Info,
        Level::DEBUG => LogLevel::Debug,
        Level::TRACE => LogLevel::Trace,
    }
}

/// What an event says: its message first, then its fields.
#[derive(Default)]
struct Words {
    message: Line,
    fields: Line,
}

impl Words {
    fn text(mut self) -> String {
        let fields = std::mem::take(&mut self.fields.0);
        let _ = self.message.write_str(&fields);
        self.message.0
    }
}

impl Visit for Words {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
    }
}

/// A line in the making: bounded, and without characters that steer whoever shows it.
#[derive(Default)]
struct Line(String);

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        const CUT: &str = " … cut";
        for character in text.chars() {
            if self.0.len() >= LINE_BYTES_MAX {
                // What comes after it needs no look.
                if !self.0.ends_with(CUT) {
                    self.0.push_str(CUT);
                }
                return Err(fmt::Error);
            }
            match steers(character) {
                true => self.0.extend(character.escape_default()),
                false => self.0.push(character),
            }
        }
        Ok(())
    }
}

/// Whether a character moves a cursor, ends a line, or turns the direction of what follows (UAX #9).
fn steers(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn ring(count: usize) -> Ring {
        let ring = Ring::default();
        for number in 1..=count {
            let level = LogLevel::ALL[number % 5];
            ring.push(
                0,
                level,
                if number % 2 == 0 { "c2s" } else { "router::deliver" },
                format!("Line {number}"),
            );
        }
        ring
    }

    fn ask(after: u64) -> LogQuestion {
        LogQuestion {
            after,
            level: None,
            target: String::new(),
            text: String::new(),
            limit: 3,
        }
    }

    #[track_caller]
    fn check(ring: &Ring, question: &LogQuestion, expected: &[u64]) {
        let numbers: Vec<u64> = ring.page(question).lines.iter().map(|line| line.number).collect();
        assert_eq!(numbers, expected, "{question:?}");
    }

    #[test]
    fn the_last_lines_are_told_and_then_what_is_new() {
        let ring = ring(10);
        check(&ring, &ask(0), &[8, 9, 10]);
        check(&ring, &ask(9), &[10]);
        check(&ring, &ask(10), &[]);
        check(
            &ring,
            &LogQuestion {
                level: Some(LogLevel::Warn),
                ..ask(0)
            },
            &[5, 6, 10],
        );
        check(
            &ring,
            &LogQuestion {
                target: "router".into(),
                ..ask(0)
            },
            &[5, 7, 9],
        );
        check(
            &ring,
            &LogQuestion {
                text: "line 1".into(),
                ..ask(0)
            },
            &[1, 10],
        );
        assert_eq!(ring.page(&ask(10)).last, 10);
    }

    #[test]
    fn no_more_lines_are_kept_than_there_is_room_for_and_whoever_was_away_learns_it() {
        let ring = ring(LINES_MAX + 100);
        assert_eq!(ring.0.lock().lines.len(), LINES_MAX);
        assert_eq!(ring.page(&ask(0)).missed, 0);
        assert_eq!(ring.page(&ask(50)).missed, 50);
        assert_eq!(ring.page(&ask(100)).missed, 0);
        let much = LogQuestion {
            limit: u32::MAX,
            ..ask(0)
        };
        assert_eq!(ring.page(&much).lines.len(), LOG_PAGE_MAX as usize);
    }

    #[test]
    fn what_steers_is_an_escape_and_what_is_long_is_cut() {
        let line = |text: &str| {
            let mut line = Line::default();
            let _ = line.write_str(text);
            line.0
        };
        assert_eq!(line("a\r\nb\u{1b}[2J\0"), "a\\r\\nb\\u{1b}[2J\\u{0}");
        assert_eq!(
            line("\u{202e}abc\u{2066}\u{2028}\u{200b}"),
            "\\u{202e}abc\\u{2066}\\u{2028}\\u{200b}"
        );
        assert_eq!(line("ünï <b>&"), "ünï <b>&");
        let long = line(&"ü".repeat(LINE_BYTES_MAX));
        assert!(
            long.ends_with(" … cut") && long.len() < LINE_BYTES_MAX + 16,
            "{}",
            long.len()
        );
    }
}
